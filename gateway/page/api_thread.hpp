// The thread on which the API answers: it may wait for the store, what reads sockets may not.
#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/net/http.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <memory>

namespace trialgate::gateway {

class api_thread {
public:
    /// A piece of what is done while nobody waits, some 50 ms of it; true: there is more. What it throws ends it until the next time.
    using slice = std::function<bool(store&)>;
    /// `background` is looked at after each work and each `look`.
    explicit api_thread(std::unique_ptr<store> reading, slice background = {});
    ~api_thread(); ///< stops

    using work = std::function<http_response(store&)>;
    /// Runs `what` on the thread, in order of arrival, and resumes on the caller's executor. Cancelled: what has not begun is not done; the answer is 503 and says
    /// so, or that it is not known. 503 when too much waits, or after `stop`; 503 for a store_error, 500 for anything else that is thrown.
    boost::asio::awaitable<http_response> run(work what);
    /// There may be something to do in the background. From any thread.
    void look();
    /// Finishes what waits.
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
