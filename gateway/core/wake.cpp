#include "gateway/core/wake.hpp"

#include "gateway/core/async.hpp"

namespace trialgate::gateway {

struct wake::state {
    std::mutex guard;
    bool rung = false;
    std::shared_ptr<asio::steady_timer> waiting; ///< expires never; set to the past by a ring, so that a wait that begins later ends too
};

wake::wake() : state_(std::make_shared<state>()) {}

void wake::ring() const {
    std::shared_ptr<asio::steady_timer> waiting;
    {
        const std::lock_guard lock(state_->guard);
        state_->rung = true;
        waiting = state_->waiting;
    }
    if (waiting)
        asio::post(waiting->get_executor(), [waiting] { waiting->expires_at(asio::steady_timer::time_point::min()); });
}

asio::awaitable<bool> wake::wait(clock& time, instant until) const {
    using namespace asio::experimental::awaitable_operators;
    const auto kept = state_;
    const auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    {
        const std::lock_guard lock(kept->guard);
        if (kept->rung) {
            kept->rung = false;
            co_return true;
        }
        kept->waiting = timer;
    }
    boost::system::error_code ended;
    if (until == std::numeric_limits<instant>::max())
        co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
    else
        co_await (hearing_total(timer->async_wait(asio::redirect_error(asio::use_awaitable, ended))) || hearing_total(time.wait_until(until)));
    if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
    const std::lock_guard lock(kept->guard);
    kept->waiting.reset();
    co_return std::exchange(kept->rung, false);
}

} // namespace trialgate::gateway
