// HTTP as the rest of the gateway sees it. Beast stays behind http_client.cpp and http_server.cpp.
#pragma once

#include "gateway/core/url.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::gateway {

/// Names compare without case; order and repetition are kept.
class http_headers {
public:
    http_headers() = default;
    http_headers(std::initializer_list<std::pair<std::string, std::string>> all) : all_(all) {}
    /// The first of that name; empty when there is none.
    std::string_view operator[](std::string_view name) const noexcept;
    bool has(std::string_view name) const noexcept;
    void add(std::string name, std::string value) { all_.emplace_back(std::move(name), std::move(value)); }
    /// Replaces all of that name.
    void set(std::string_view name, std::string value);
    void remove(std::string_view name);
    auto begin() const noexcept { return all_.begin(); }
    auto end() const noexcept { return all_.end(); }

private:
    std::vector<std::pair<std::string, std::string>> all_;
};

struct http_request {
    std::string method = "GET";
    std::string target; ///< client: absolute URL. Server: path and query as sent
    http_headers headers;
    std::string body;
    std::string peer;   ///< server: address of the other side
    std::string client_certificate; ///< server: subject of the verified client certificate; empty without one
};

/// Server: takes the body of an answer whose end is not known when it begins.
class body_writer {
public:
    virtual ~body_writer() = default;
    /// Sends a piece. False: nobody reads any more, or the server stops; whoever writes ends then. A reader that takes no bytes for as long as a body may
    /// take to arrive is gone.
    virtual boost::asio::awaitable<bool> write(std::string piece) = 0;
};

struct http_response {
    int status = 200;
    http_headers headers;
    std::string body;
    /// Server: the body comes from here, after the head, and for as long as this runs: no deadline holds but that of each piece. Cancelled (terminal) when
    /// the server stops. The connection ends with it. What it throws ends the body in the middle.
    std::function<boost::asio::awaitable<void>(body_writer&)> stream = {};
};

enum class net_errc : std::uint8_t {
    resolve,   ///< no such host
    connect,   ///< refused, unreachable
    tls,       ///< handshake failed, certificate not trusted or not for this name
    timeout,
    closed,    ///< the other side went away in the middle
    too_large, ///< answer beyond the limit
    protocol,  ///< no HTTP
    bad_url,
    cancelled,
    refused,   ///< not sent: breaker open, or the server asked us to wait (Retry-After) for longer than the deadline
    auth,      ///< no access token could be had
};
std::string_view to_code(net_errc e) noexcept;

/// An operation failed (as opposed to: was answered with an error status).
struct net_error {
    net_errc code = net_errc::closed;
    bool maybe_sent = false; ///< the request may have reached the other side: its effect is uncertain
    std::string text;        ///< one sentence for the operator: host, port, reason. No path, no query, no patient data
};
template <class T>
using net_result = boost::system::result<T, net_error>;
[[noreturn]] void throw_exception_from_error(const net_error& e, const boost::source_location& loc);

} // namespace trialgate::gateway
