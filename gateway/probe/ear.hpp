// Hears notifications: our own listener, or what a recording holds.
#pragma once

#include "gateway/net/http_server.hpp"

#include <map>

namespace trialgate::gateway::probe {

struct heard {
    std::string kind; ///< "nudge" | "content" | "handshake" | "heartbeat" | "event" | "query-status" | "query-event" | "unreadable"
    std::vector<std::string> about;    ///< "Type/id"
    std::string method, tail;          ///< how it came; tail below the hook
    bool deletion = false;
};

class ear {
public:
    virtual ~ear() = default;
    /// What the server is to be told.
    virtual std::string endpoint(const std::string& name) const = 0;
    /// What came so far to that name.
    virtual const std::vector<heard>& of(const std::string& name) = 0;
    virtual boost::asio::awaitable<void> stop() = 0;
};

/// Throws std::runtime_error when the address cannot be had. `secret` is a part of the path. `public_url` empty: scheme and address.
std::unique_ptr<ear> make_listener(boost::asio::any_io_executor on, const std::string& address, const std::string& public_url,
                                   std::shared_ptr<tls_context> tls, const std::string& secret);

/// Of a request as it arrived.
heard read_heard(const http_request& request, std::string tail);

} // namespace trialgate::gateway::probe
