// Opens connections.
#pragma once

#include "gateway/net/http_client.hpp"
#include "gateway/net/streams.hpp"

namespace trialgate::gateway {

/// Why `url` may not be asked: not absolute, or plain to other than loopback. Nothing: it may.
std::optional<net_error> not_allowed(const std::optional<url_parts>& url, bool allow_plain_remote);

/// "host:port"
std::string place_of(const url_parts& url);

/// Resolves, connects and, for a secure URL, shakes hands, all before `until`; cancellable. `tls` may be empty for a plain URL.
boost::asio::awaitable<net_result<link>> dial(url_parts to, std::shared_ptr<tls_context> tls, std::chrono::steady_clock::time_point until);

} // namespace trialgate::gateway
