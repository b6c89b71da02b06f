#include "gateway/net/deadline.hpp"

#include "gateway/core/async.hpp"

namespace trialgate::gateway {

namespace {
constexpr auto again = std::chrono::milliseconds(20);
}

// The timer is left alone while the deadline moves away from it: it fires early, looks and waits for the rest.
struct deadline::state : std::enable_shared_from_this<state> {
    state(asio::any_io_executor on, std::function<void()> what) : timer(std::move(on)), act(std::move(what)) {}

    void arm(time_point when) {
        armed_for = when;
        timer.expires_at(when);
        timer.async_wait([self = shared_from_this(), number = ++waits](const boost::system::error_code&) {
            if (number == self->waits)
                self->fired();
        });
    }
    void fired() {
        armed_for = time_point::max();
        if (!live || at == time_point::max())
            return;
        if (std::chrono::steady_clock::now() < at)
            return arm(at);
        passed = true;
        const auto when = at;
        act();
        if (live && at == when)
            arm(std::chrono::steady_clock::now() + again);
    }

    asio::steady_timer timer;
    std::function<void()> act;
    time_point at = time_point::max(), armed_for = time_point::max();
    std::uint64_t waits = 0;
    bool live = true, passed = false;
};

deadline::deadline(boost::asio::any_io_executor on, std::function<void()> act) : state_(std::make_shared<state>(std::move(on), std::move(act))) {}

deadline::~deadline() {
    state_->live = false;
    ++state_->waits;
    state_->timer.cancel();
}

void deadline::set(time_point at) {
    state_->at = at;
    state_->passed = false;
    if (at < state_->armed_for)
        state_->arm(at);
}

bool deadline::passed() const noexcept {
    return state_->passed;
}

} // namespace trialgate::gateway
