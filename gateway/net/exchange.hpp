// One request and its answer on one connection.
#pragma once

#include "gateway/net/streams.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>

namespace trialgate::gateway {

using chunk_sink = std::function<boost::asio::awaitable<bool>(std::string_view)>;

struct exchange_options {
    std::string where;                                ///< "host:port", for error texts
    bool head_method = false;
    std::size_t most_answer_bytes = 0;
    std::chrono::steady_clock::time_point until;      ///< of the whole exchange; when there is an `idle`, of the way to the answer's head
    std::chrono::milliseconds idle{0};                ///< longest pause between two pieces of a streamed answer
    const chunk_sink* chunk = nullptr;                ///< a 2xx body goes here
};

struct exchange_outcome {
    http_response response;
    std::optional<net_error> error;
    bool sent = false;     ///< some byte of the request may have reached the other side
    bool answered = false; ///< some byte of an answer came
    bool reusable = false; ///< the connection may carry another request
};

/// `head` ends with the empty line. All references must live until the end. Cancellable.
boost::asio::awaitable<exchange_outcome> exchange(link& over, const std::string& head, const std::string& body, const exchange_options& options);

} // namespace trialgate::gateway
