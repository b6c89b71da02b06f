// One connection of the server.
#pragma once

#include "gateway/net/http_server.hpp"
#include "gateway/net/streams.hpp"

namespace trialgate::gateway {

/// What the connections of one server share.
struct server_shared {
    http_server_options options;
    http_handler handler;
    websocket_handler websockets;
    http_server::figures counted;
    bool stopping = false;
};

class http_session {
public:
    virtual ~http_session() = default;
    /// Serves until the connection ends. Start it bound to a slot whose cancellation is `cancel`'s.
    virtual boost::asio::awaitable<void> run() = 0;
    /// The server stops: closes when no request was begun, else after its answer.
    virtual void finish() = 0;
    /// Cancels the handler and closes.
    virtual void abort() = 0;
};

/// `cancel` cancels the coroutine that runs the session. With `tls` empty: plain.
std::shared_ptr<http_session> make_session(std::shared_ptr<server_shared> shared, tcp_socket&& socket, std::string peer,
                                           std::shared_ptr<tls_context> tls, std::function<void()> cancel);

} // namespace trialgate::gateway
