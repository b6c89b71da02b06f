// Listens. Limits everything that a stranger could make large or slow.
#pragma once

#include "gateway/net/http.hpp"
#include "gateway/net/tls.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>

namespace trialgate::gateway {

struct http_server_options {
    std::string address = "127.0.0.1:0";          ///< host:port; port 0 = any free one. IPv6 as [::1]:0
    std::shared_ptr<tls_context> tls;             ///< empty: plain; refused outside loopback unless allow_plain_remote
    bool allow_plain_remote = false;
    std::size_t most_body_bytes = std::size_t{16} << 20; ///< beyond: 413
    std::size_t most_header_bytes = 16 << 10;            ///< beyond: 431
    std::chrono::milliseconds header_timeout{10'000};    ///< from the first byte (or accept) to the end of the headers
    std::chrono::milliseconds body_timeout{30'000};      ///< for the whole body: a slow sender is cut off
    std::chrono::milliseconds idle_timeout{60'000};      ///< between requests of one connection
    std::chrono::milliseconds handler_timeout{30'000};   ///< then 503
    std::size_t most_connections = 1024;                 ///< beyond: closed at once, and counted
    std::size_t most_connections_per_peer = 256;
    http_headers always = {};                            ///< of every answer that has no header of that name, refusals included
};

/// Answers one request. An exception becomes a 500 without words.
using http_handler = std::function<boost::asio::awaitable<http_response>(http_request)>;
/// For tests and demos that answer WebSockets: given the request's target, returns a handler of the session or nothing to refuse.
/// The session ends when the handler returns.
class websocket;
using websocket_handler = std::function<std::function<boost::asio::awaitable<void>(websocket&)>(const http_request&)>;

/// For one executor (not thread-safe).
class http_server {
public:
    virtual ~http_server() = default;
    /// The port it listens on.
    virtual unsigned short port() const noexcept = 0;
    /// Accepts no more, lets requests that were begun finish for at most `grace`, then closes.
    virtual boost::asio::awaitable<void> stop(std::chrono::milliseconds grace) = 0;
    struct figures {
        std::uint64_t connections = 0, requests = 0, refused = 0, timeouts = 0, tls_failures = 0;
        std::size_t open = 0;
    };
    virtual figures counted() const noexcept = 0;
};
/// Listens at once; throws std::runtime_error naming the address when that cannot be had.
std::unique_ptr<http_server> listen(boost::asio::any_io_executor on, http_server_options options, http_handler handler,
                                    websocket_handler websockets = {});

} // namespace trialgate::gateway
