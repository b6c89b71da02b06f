// Small tools for coroutines. Heavy (Asio): for .cpp files only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace trialgate::gateway {

namespace asio = boost::asio;

/// For the operands of `||` and `&&`: lets a cancellation of type total through. They run as coroutines of their own, which hear only of terminal,
/// and their group passes on the first request alone: one that is not heard would swallow the next.
template <class T>
asio::awaitable<T> hearing_total(asio::awaitable<T> op) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    co_return co_await std::move(op);
}

namespace detail {

/// A failure is an end too: `||` would wait for the other operand's success.
template <class T>
asio::awaitable<std::optional<T>> ending(asio::awaitable<T> op, std::exception_ptr& failed) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
    try {
        co_return co_await std::move(op);
    } catch (...) {
        failed = std::current_exception();
    }
    co_return std::nullopt;
}

} // namespace detail

/// What `op` gives, or nothing when it took longer than `limit` of real time; it is cancelled then and has ended when this returns.
/// (Boost 1.81 has no asio::cancel_after.)
template <class T>
asio::awaitable<std::optional<T>> with_deadline(asio::awaitable<T> op, std::chrono::milliseconds limit) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(co_await asio::this_coro::executor, limit);
    std::exception_ptr failed;
    auto done = co_await (detail::ending(std::move(op), failed) || hearing_total(timer.async_wait(asio::use_awaitable)));
    if (done.index() != 0)
        co_return std::nullopt;
    if (failed)
        std::rethrow_exception(failed);
    co_return std::move(std::get<0>(done));
}

/// Runs coroutines that end together. `stop` asks all to end (cancellation type total first, terminal after `grace` of real time) and
/// returns when they have. Use on one executor only.
class task_group {
public:
    explicit task_group(asio::any_io_executor on) : executor_(std::move(on)), empty_(executor_) { empty_.expires_at(asio::steady_timer::time_point::max()); }
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;

    /// `name` and what() of an exception that is no cancellation go to `failed` (may be empty).
    void spawn(asio::awaitable<void> task, std::function<void(std::string)> failed = {});
    asio::awaitable<void> stop(std::chrono::milliseconds grace);
    /// Makes a running `stop` go on to terminal at once.
    void cut() { empty_.cancel(); }
    std::size_t running() const noexcept { return tasks_.size(); }

private:
    asio::any_io_executor executor_;
    asio::steady_timer empty_;
    std::list<asio::cancellation_signal> tasks_;
};

} // namespace trialgate::gateway
