// `committed`: waiting for a commit in a coroutine.
//
// The wait belongs to the io_context (it is that of a timer which never expires), not to the committer: a context that is destroyed destroys it,
// and the committing thread then finds nobody to wake.
#include "gateway/core/async.hpp"
#include "gateway/store/committer.hpp"

#include <mutex>

namespace trialgate::gateway {

namespace {

struct meeting {
    explicit meeting(const asio::any_io_executor& on) : timer(std::make_shared<asio::steady_timer>(on, asio::steady_timer::time_point::max())) {}

    std::mutex guard;
    std::shared_ptr<asio::steady_timer> timer; ///< nothing: nobody waits any more
    commit_outcome outcome;
};

/// Ends the meeting when the wait ends or is destroyed, before what it would resume is.
struct leave {
    void operator()(meeting* m) const noexcept {
        std::shared_ptr<asio::steady_timer> gone;
        const std::lock_guard lock(m->guard);
        gone.swap(m->timer);
    }
};

/// The handler of the timer. It names no cancellation slot: the wait is not cancellable.
template <class Handler>
struct waiter {
    Handler resume;
    std::shared_ptr<meeting> kept;
    std::unique_ptr<meeting, leave> present; // last: goes first

    void operator()(const boost::system::error_code&) {
        present.reset();
        commit_outcome outcome = std::move(kept->outcome);
        std::move(resume)(std::move(outcome));
    }
};

void tell(const std::shared_ptr<meeting>& m, commit_outcome outcome) {
    const std::lock_guard lock(m->guard); // held: as long as the timer is there, its context is
    m->outcome = std::move(outcome);
    if (m->timer)
        asio::post(m->timer->get_executor(), [timer = m->timer] { timer->expires_at(asio::steady_timer::time_point::min()); });
}

} // namespace

asio::awaitable<commit_outcome> committed(committer& into, std::function<void(store&)> work) {
    const asio::any_io_executor here = co_await asio::this_coro::executor;
    auto begin = [&](auto handler) {
        const auto m = std::make_shared<meeting>(here);
        const auto timer = m->timer;
        timer->async_wait(waiter<decltype(handler)>{std::move(handler), m, std::unique_ptr<meeting, leave>(m.get())});
        into.submit(std::move(work), [m](commit_outcome outcome) { tell(m, std::move(outcome)); });
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(commit_outcome)>(begin, asio::use_awaitable);
}

} // namespace trialgate::gateway
