#include "gateway/core/clock.hpp"

#include "fhir/instant.hpp"
#include "gateway/core/async.hpp"

#include <chrono>
#include <cstdlib>

namespace trialgate::gateway {

std::string to_text(instant at) { return fhir::instant_text(at); }

namespace {

class machine_clock final : public clock {
public:
    instant now() const noexcept override {
        return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    }
    asio::awaitable<void> wait_until(instant at) override {
        asio::steady_timer timer(co_await asio::this_coro::executor);
        // In steps, so that a clock that is set forward or back is noticed.
        for (instant left = at - now(); left > 0; left = at - now()) {
            timer.expires_after(std::chrono::milliseconds(std::min<instant>(left, 30 * second_ms)));
            co_await timer.async_wait(asio::use_awaitable);
        }
    }
};

class standing_clock final : public manual_clock {
public:
    explicit standing_clock(instant start) : now_(start) {}
    instant now() const noexcept override {
        const std::lock_guard lock(guard_);
        return now_;
    }
    asio::awaitable<void> wait_until(instant at) override {
        const auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
        waiters::iterator mine;
        {
            const std::lock_guard lock(guard_);
            if (at <= now_)
                co_return;
            mine = waiting_.emplace(at, timer);
        }
        // Also when this coroutine is destroyed without being resumed.
        const std::shared_ptr<void> leave(nullptr, [this, mine](void*) {
            const std::lock_guard lock(guard_);
            waiting_.erase(mine);
        });
        boost::system::error_code ended;
        while (now() < at) {
            co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
            if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
    }
    void set(instant at) override {
        const std::lock_guard lock(guard_);
        now_ = at;
        for (auto it = waiting_.begin(); it != waiting_.end() && it->first <= at; ++it)
            asio::post(it->second->get_executor(), [timer = it->second] { timer->expires_at(asio::steady_timer::time_point::min()); });
    }

private:
    using waiters = std::multimap<instant, std::shared_ptr<asio::steady_timer>>;
    mutable std::mutex guard_;
    instant now_;
    waiters waiting_;
};

} // namespace

std::shared_ptr<clock> system_clock() {
    // A test sets the clock of every verb: milliseconds since 1970.
    if (const char* set = std::getenv("TRIALGATE_TEST_CLOCK"))
        return make_manual_clock(std::strtoll(set, nullptr, 10));
    return std::make_shared<machine_clock>();
}
std::shared_ptr<manual_clock> make_manual_clock(instant start) { return std::make_shared<standing_clock>(start); }

} // namespace trialgate::gateway
