// Asks other servers. Connections are kept and reused per origin; every request has a deadline.
#pragma once

#include "gateway/net/http.hpp"
#include "gateway/net/tls.hpp"

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace trialgate::gateway {

struct http_client_options {
    std::shared_ptr<tls_context> tls;             ///< empty: the system's trust, no client certificate
    std::chrono::milliseconds connect_timeout{10'000};
    std::size_t most_answer_bytes = std::size_t{64} << 20;
    std::size_t connections_per_origin = 8;       ///< more wait their turn
    std::chrono::milliseconds keep_idle{30'000};
    bool allow_plain_remote = false;              ///< http:// to other than loopback (P10); otherwise bad_url
};

/// For one executor (not thread-safe). Redirects are not followed. gzip answers are unpacked.
class http_client {
public:
    virtual ~http_client() = default;
    /// A request on a kept connection that turns out to be closed before any byte of answer is sent again on a new one when the method
    /// is GET, HEAD, PUT or DELETE.
    virtual boost::asio::awaitable<net_result<http_response>> send(http_request request, std::chrono::milliseconds deadline) = 0;
    /// As `send`, but a 2xx body goes to `chunk` piece by piece (unpacked) and the response's body stays empty; `chunk` returns false to stop
    /// (cancelled). `idle` is the longest pause between pieces.
    virtual boost::asio::awaitable<net_result<http_response>> stream(http_request request, std::chrono::milliseconds idle,
                                                                     std::function<boost::asio::awaitable<bool>(std::string_view)> chunk) = 0;
};
std::unique_ptr<http_client> make_http_client(http_client_options options);

/// A WebSocket we opened (ws:// or wss://).
class websocket {
public:
    virtual ~websocket() = default;
    virtual boost::asio::awaitable<net_result<void>> send(std::string text) = 0;
    /// The next text message; `closed` when the other side ended it, `timeout` when nothing (no ping either) came within `idle`.
    virtual boost::asio::awaitable<net_result<std::string>> receive(std::chrono::milliseconds idle) = 0;
    virtual boost::asio::awaitable<void> close() = 0;
};
boost::asio::awaitable<net_result<std::unique_ptr<websocket>>> open_websocket(std::string url, http_headers headers, http_client_options options,
                                                                             std::chrono::milliseconds deadline, std::size_t most_message_bytes);

} // namespace trialgate::gateway
