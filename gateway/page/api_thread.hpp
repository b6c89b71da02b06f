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
    explicit api_thread(std::unique_ptr<store> reading);
    ~api_thread(); ///< stops

    using work = std::function<http_response(store&)>;
    /// Runs `what` on the thread, in order of arrival, and resumes on the caller's executor. Cancelled: the work is done all the same. 503 when too much
    /// waits, or after `stop`; 503 for a store_error, 500 for anything else that is thrown.
    boost::asio::awaitable<http_response> run(work what);
    /// Finishes what waits.
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
