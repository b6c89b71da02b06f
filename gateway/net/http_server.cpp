#include "gateway/net/http_server.hpp"

#include "gateway/core/async.hpp"
#include "gateway/net/http_session.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <list>
#include <stdexcept>
#include <unordered_map>

namespace trialgate::gateway {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr milliseconds accept_pause{50}; ///< when the process has no file handles left

/// A session with what cancels it. Kept alive by its coroutine's end, never destroyed while it is being cancelled.
struct served {
    std::shared_ptr<http_session> session;
    std::shared_ptr<asio::cancellation_signal> cancel = std::make_shared<asio::cancellation_signal>();
    std::string peer;
};

struct server_core : std::enable_shared_from_this<server_core> {
    server_core(asio::any_io_executor on) : executor(on), acceptor(on), empty(on, asio::steady_timer::time_point::max()) {}

    asio::any_io_executor executor;
    tcp::acceptor acceptor;
    asio::steady_timer empty; ///< cancelled when the last connection has ended
    std::shared_ptr<server_shared> shared = std::make_shared<server_shared>();
    std::list<std::shared_ptr<served>> all;
    std::unordered_map<std::string, std::size_t> by_peer;

    void take(tcp_socket socket) {
        error_code ec;
        const auto from = socket.remote_endpoint(ec);
        if (ec)
            return; // gone already
        std::string peer = from.address().to_string();
        ++shared->counted.connections;
        const http_server_options& options = shared->options;
        const auto known = by_peer.find(peer);
        if (all.size() >= options.most_connections || (known != by_peer.end() && known->second >= options.most_connections_per_peer)) {
            ++shared->counted.refused;
            return;
        }
        socket.set_option(tcp::no_delay(true), ec);
        const auto one = std::make_shared<served>();
        one->peer = peer;
        // The signal outlives its emission even when that ends the session.
        one->session = make_session(shared, std::move(socket), std::move(peer), options.tls,
                                    [signal = one->cancel] { signal->emit(asio::cancellation_type::terminal); });
        ++by_peer[one->peer];
        const auto at = all.insert(all.end(), one);
        shared->counted.open = all.size();
        asio::co_spawn(executor, one->session->run(),
                       asio::bind_cancellation_slot(one->cancel->slot(), [self = shared_from_this(), one, at](std::exception_ptr) {
                           self->ended(at);
                       }));
    }

    void ended(std::list<std::shared_ptr<served>>::iterator at) {
        const auto count = by_peer.find((*at)->peer);
        if (--count->second == 0)
            by_peer.erase(count);
        all.erase(at);
        shared->counted.open = all.size();
        if (all.empty())
            empty.cancel();
    }

    void abort_all() {
        const auto now = all; // abort may end some at once
        for (const auto& one : now)
            one->session->abort();
    }

    void listen_no_more() {
        shared->stopping = true;
        error_code ignored;
        acceptor.close(ignored);
    }
};

asio::awaitable<void> accept(std::shared_ptr<server_core> core) {
    while (core->acceptor.is_open()) {
        error_code ec;
        tcp_socket socket(core->executor);
        co_await core->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) {
            try {
                core->take(std::move(socket));
            } catch (const std::exception&) { // no memory for one more: the others go on
                ++core->shared->counted.refused;
            }
        } else if (ec != asio::error::operation_aborted && ec != asio::error::connection_aborted) {
            asio::steady_timer pause(core->executor, accept_pause);
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        }
    }
}

asio::awaitable<void> stop_server(std::shared_ptr<server_core> core, milliseconds grace) {
    core->listen_no_more();
    const auto begun = core->all;
    for (const auto& one : begun)
        one->session->finish();
    error_code ended;
    struct in_any_case { // also when waiting for the end was cancelled
        server_core& core;
        ~in_any_case() { core.abort_all(); }
    } const closing{*core};
    asio::steady_timer over(core->executor, grace);
    // A timer of its own for the grace: `empty` may be waited for by several.
    over.async_wait([core](const error_code& ec) {
        if (!ec)
            core->abort_all();
    });
    while (!core->all.empty())
        co_await core->empty.async_wait(asio::redirect_error(asio::use_awaitable, ended));
}

class listening final : public http_server {
public:
    explicit listening(std::shared_ptr<server_core> core) : core_(std::move(core)) {}
    ~listening() override {
        core_->listen_no_more();
        core_->abort_all();
    }
    unsigned short port() const noexcept override {
        error_code ignored;
        return port_ != 0 ? port_ : (port_ = core_->acceptor.local_endpoint(ignored).port());
    }
    asio::awaitable<void> stop(milliseconds grace) override { return stop_server(core_, grace); }
    figures counted() const noexcept override { return core_->shared->counted; }

private:
    std::shared_ptr<server_core> core_;
    mutable unsigned short port_ = 0;
};

/// "host:port", "[::1]:port"
tcp::endpoint endpoint_of(const asio::any_io_executor& on, const std::string& address) {
    const auto colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    const std::string port = colon == std::string::npos ? "" : address.substr(colon + 1);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']')
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        throw std::runtime_error("an IPv6 address is written in brackets: [::1]:8080");
    if (host.empty() || port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos || std::stoul(port) > 65535)
        throw std::runtime_error("expected host:port");
    const auto number = static_cast<unsigned short>(std::stoul(port));
    error_code ec;
    const auto literal = asio::ip::make_address(host, ec);
    if (!ec)
        return {literal, number};
    tcp::resolver resolver(on);
    const auto found = resolver.resolve(host, port, tcp::resolver::passive | tcp::resolver::numeric_service, ec);
    if (ec || found.empty())
        throw std::runtime_error("no such host");
    return *found.begin();
}

} // namespace

std::unique_ptr<http_server> listen(boost::asio::any_io_executor on, http_server_options options, http_handler handler, websocket_handler websockets) {
    const auto core = std::make_shared<server_core>(on);
    const std::string address = options.address;
    try {
        const tcp::endpoint at = endpoint_of(on, address);
        if (!options.tls && !options.allow_plain_remote && !at.address().is_loopback())
            throw std::runtime_error("without TLS only loopback is listened on; configure a certificate and a key, or allow it in the configuration");
        core->acceptor.open(at.protocol());
        core->acceptor.set_option(tcp::acceptor::reuse_address(true));
        core->acceptor.bind(at);
        core->acceptor.listen();
    } catch (const boost::system::system_error& e) {
        throw std::runtime_error("cannot listen on " + address + ": " + e.code().message());
    } catch (const std::exception& e) {
        throw std::runtime_error("cannot listen on " + address + ": " + e.what());
    }
    core->shared->options = std::move(options);
    core->shared->handler = std::move(handler);
    core->shared->websockets = std::move(websockets);
    auto server = std::make_unique<listening>(core);
    (void)server->port();
    asio::co_spawn(on, accept(core), asio::detached);
    return server;
}

} // namespace trialgate::gateway
