#include "gateway/net/dial.hpp"

#include "gateway/core/async.hpp"
#include "gateway/net/deadline.hpp"
#include "gateway/net/tls_state.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace trialgate::gateway {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::steady_clock;

constexpr auto least_attempt = std::chrono::milliseconds(250);

/// An answer of the resolver that may come after nobody waits for it any more: getaddrinfo cannot be interrupted.
struct resolution {
    explicit resolution(asio::any_io_executor on) : resolver(on), done(on) {}
    tcp::resolver resolver;
    asio::steady_timer done;
    error_code failed;
    std::vector<tcp::endpoint> found;
    bool answered = false;
};

asio::awaitable<net_result<std::vector<tcp::endpoint>>> resolve(const url_parts& to, steady_clock::time_point until) {
    const auto port = static_cast<unsigned short>(std::stoul(to.port));
    error_code no_address;
    const auto address = asio::ip::make_address(to.host, no_address);
    if (!no_address)
        co_return std::vector<tcp::endpoint>{tcp::endpoint(address, port)};
    const auto pending = std::make_shared<resolution>(co_await asio::this_coro::executor);
    pending->done.expires_at(until);
    pending->resolver.async_resolve(to.host, to.port, tcp::resolver::numeric_service,
                                    [pending](const error_code& ec, const tcp::resolver::results_type& all) {
                                        pending->failed = ec;
                                        for (const auto& one : all)
                                            pending->found.push_back(one.endpoint());
                                        pending->answered = true;
                                        pending->done.expires_at(steady_clock::time_point::min());
                                    });
    error_code ended;
    co_await pending->done.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (!pending->answered) {
        pending->resolver.cancel();
        if (ended)
            co_return net_error{net_errc::cancelled, false, place_of(to) + ": cancelled"};
        co_return timed_out(place_of(to), "looking up the name");
    }
    if (pending->failed)
        co_return net_error{net_errc::resolve, false, "no address for " + to.host + ": " + pending->failed.message()};
    co_return std::move(pending->found);
}

/// One address after the other; none may use up the time of those behind it.
asio::awaitable<net_result<std::unique_ptr<tcp_socket>>> connect(const url_parts& to, steady_clock::time_point until) {
    auto found = co_await resolve(to, until);
    if (!found)
        co_return found.error();
    const auto on = co_await asio::this_coro::executor;
    net_error last{net_errc::resolve, false, "no address for " + to.host};
    for (std::size_t i = 0; i < found->size(); ++i) {
        const auto now = steady_clock::now();
        auto share = (until - now) / static_cast<int>(found->size() - i);
        if (share < least_attempt)
            share = std::min<steady_clock::duration>(least_attempt, until - now);
        auto socket = std::make_unique<tcp_socket>(on);
        deadline limit(on, [s = socket.get()] { close(*s); });
        limit.set(now + share);
        error_code ec;
        co_await socket->async_connect((*found)[i], asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) {
            socket->set_option(tcp::no_delay(true), ec);
            co_return std::move(socket);
        }
        if (limit.passed())
            last = timed_out(place_of(to), "connecting");
        else if (ec == asio::error::operation_aborted)
            co_return failed(ec, place_of(to));
        else
            last = {net_errc::connect, false, "cannot connect to " + place_of(to) + ": " + ec.message()};
        if (steady_clock::now() >= until)
            break;
    }
    co_return last;
}

asio::awaitable<net_result<link>> shake_hands(std::unique_ptr<tcp_socket> socket, const url_parts& to, const tls_context& tls,
                                              steady_clock::time_point until) {
    const auto on = co_await asio::this_coro::executor;
    auto stream = std::make_unique<tls_socket>(std::move(*socket), new_client_session(tls, to.host));
    deadline limit(on, [s = stream.get()] { close(*s); });
    limit.set(until);
    error_code ec;
    co_await stream->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, ec));
    if (!ec)
        co_return link(std::move(stream));
    if (limit.passed())
        co_return timed_out(place_of(to), "shaking hands (TLS)");
    if (ec == asio::error::operation_aborted)
        co_return failed(ec, place_of(to));
    const std::string distrust = verification_problem(stream->native_handle());
    co_return net_error{net_errc::tls, false,
                        "TLS with " + place_of(to) + ": " + (distrust.empty() ? ec.message() : "certificate not trusted: " + distrust)};
}

} // namespace

std::optional<net_error> not_allowed(const std::optional<url_parts>& url, bool allow_plain_remote) {
    if (!url)
        return net_error{net_errc::bad_url, false, "not an absolute http(s) or ws(s) URL without a user name"};
    if (!url->secure() && !allow_plain_remote && !is_loopback(url->host))
        return net_error{net_errc::bad_url, false,
                         place_of(*url) + ": plain " + url->scheme + " is for loopback only; use TLS, or allow it for this partner in the configuration"};
    return std::nullopt;
}

std::string place_of(const url_parts& url) {
    return url.authority() + ':' + url.port;
}

asio::awaitable<net_result<link>> dial(url_parts to, std::shared_ptr<tls_context> tls, steady_clock::time_point until) {
    auto socket = co_await connect(to, until);
    if (!socket)
        co_return socket.error();
    if (!to.secure())
        co_return link(std::move(*socket));
    co_return co_await shake_hands(std::move(*socket), to, *tls, until);
}

} // namespace trialgate::gateway
