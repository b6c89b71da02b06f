// The server's side of a WebSocket; the client's is in http_client.hpp.
#pragma once

#include "gateway/net/http_client.hpp"
#include "gateway/net/streams.hpp"

namespace trialgate::gateway {

using websocket_session = std::function<boost::asio::awaitable<void>(websocket&)>;

/// Accepts the upgrade that `request` asks for, runs `session`, says goodbye. `keep` holds the stream.
/// `request` and `session` must live until the end.
boost::asio::awaitable<void> serve_websocket(tcp_socket& stream, std::shared_ptr<void> keep, const http_request& request, std::size_t most_message_bytes,
                                            const websocket_session& session);
boost::asio::awaitable<void> serve_websocket(tls_socket& stream, std::shared_ptr<void> keep, const http_request& request, std::size_t most_message_bytes,
                                            const websocket_session& session);

} // namespace trialgate::gateway
