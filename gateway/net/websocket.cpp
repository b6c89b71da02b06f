#include "gateway/net/websocket.hpp"

#include "gateway/core/async.hpp"
#include "gateway/net/deadline.hpp"
#include "gateway/net/dial.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

namespace trialgate::gateway {

namespace {

namespace ws = boost::beast::websocket;
namespace http = boost::beast::http;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds send_timeout{30'000}, close_timeout{2'000}, accept_timeout{10'000};

net_error websocket_failed(const error_code& ec, const std::string& where) {
    if (ec == ws::error::closed)
        return {net_errc::closed, false, where + " closed the WebSocket"};
    if (ec == ws::error::message_too_big || ec == ws::error::buffer_overflow)
        return {net_errc::too_large, false, where + ": a WebSocket message is too large"};
    if (ec.category() == make_error_code(ws::error::closed).category())
        return {net_errc::protocol, false, where + ": " + ec.message()};
    return failed(ec, where);
}

template <class Stream>
class session final : public websocket {
public:
    /// `keep` holds the stream: a ping may be under way when the session ends.
    session(Stream& stream, std::shared_ptr<void> keep, std::string where, std::size_t most)
        : keep_(std::move(keep)), where_(std::move(where)), executor_(stream.get_executor()), stream_(stream), ws_(stream) {
        ws_.read_message_max(most);
        ws_.set_option(ws::stream_base::timeout{ws::stream_base::none(), ws::stream_base::none(), false}); // deadlines are ours
        ws_.text(true);
        ws_.control_callback([this](ws::frame_type, boost::beast::string_view) { last_ = steady_clock::now(); });
    }
    ws::stream<Stream&>& raw() noexcept { return ws_; }

    asio::awaitable<net_result<void>> send(std::string text) override {
        deadline limit(executor_, [this] { close_stream(); });
        limit.in(send_timeout);
        error_code ec;
        co_await ws_.async_write(asio::buffer(text), asio::redirect_error(asio::use_awaitable, ec));
        if (!ec)
            co_return net_result<void>();
        net_error e = limit.passed() ? timed_out(where_, "sending a WebSocket message") : websocket_failed(ec, where_);
        e.maybe_sent = true;
        co_return e;
    }

    asio::awaitable<net_result<std::string>> receive(milliseconds idle) override {
        last_ = steady_clock::now();
        bool silent = false;
        // Half the time without a word: ask whether the other side is there. The answer counts as a word.
        deadline limit(executor_, [&] { silent |= !listen_on(limit, idle); });
        limit.in(idle / 2);
        for (;;) {
            error_code ec;
            co_await ws_.async_read_some(buffer_, 0, asio::redirect_error(asio::use_awaitable, ec));
            last_ = steady_clock::now();
            if (ec)
                co_return silent ? timed_out(where_, "waiting for a WebSocket message") : websocket_failed(ec, where_);
            if (!ws_.is_message_done())
                continue;
            const std::string_view all(static_cast<const char*>(buffer_.data().data()), buffer_.size());
            std::string text(ws_.got_text() ? all : std::string_view());
            buffer_.clear();
            if (ws_.got_text()) // binary messages are not for us
                co_return text;
        }
    }

    asio::awaitable<void> close() override {
        if (!ws_.is_open())
            co_return;
        deadline limit(executor_, [this] { close_stream(); });
        limit.in(close_timeout);
        error_code ignored;
        co_await ws_.async_close(ws::close_code::normal, asio::redirect_error(asio::use_awaitable, ignored));
    }

private:
    void close_stream() noexcept { gateway::close(stream_); }

    /// False when nothing came for `idle`.
    bool listen_on(deadline& limit, milliseconds idle) {
        const auto quiet = steady_clock::now() - last_;
        if (quiet >= idle) {
            close_stream();
            return false;
        }
        if (quiet >= idle / 2 && !*pinging_) {
            *pinging_ = true;
            ws_.async_ping({}, [keep = keep_, pinging = pinging_](const error_code&) { *pinging = false; });
            limit.set(last_ + idle);
        } else {
            limit.set(last_ + (quiet >= idle / 2 ? idle : idle / 2));
        }
        return true;
    }

    std::shared_ptr<void> keep_;
    const std::string where_;
    asio::any_io_executor executor_;
    Stream& stream_;
    ws::stream<Stream&> ws_;
    boost::beast::flat_buffer buffer_;
    steady_clock::time_point last_;
    std::shared_ptr<bool> pinging_ = std::make_shared<bool>(false);
};

template <class Stream>
asio::awaitable<void> serve(Stream& stream, std::shared_ptr<void> keep, const http_request& request, std::size_t most, const websocket_session& run) {
    http::request<http::empty_body> upgrade;
    upgrade.method_string(request.method);
    upgrade.target(request.target);
    upgrade.version(11);
    for (const auto& [name, value] : request.headers)
        upgrade.insert(name, value);
    session<Stream> own(stream, std::move(keep), request.peer, most);
    error_code ec;
    {
        deadline limit(stream.get_executor(), [&stream] { close(stream); });
        limit.in(accept_timeout);
        co_await own.raw().async_accept(upgrade, asio::redirect_error(asio::use_awaitable, ec));
    }
    if (ec)
        co_return;
    co_await run(own);
    co_await own.close();
}

template <class Stream>
asio::awaitable<net_result<std::unique_ptr<websocket>>> upgrade(Stream& stream, std::shared_ptr<void> keep, url_parts url, http_headers headers,
                                                                steady_clock::time_point until, std::size_t most) {
    const std::string where = place_of(url);
    auto own = std::make_unique<session<Stream>>(stream, std::move(keep), where, most);
    own->raw().set_option(ws::stream_base::decorator([&headers](ws::request_type& request) {
        request.set(http::field::user_agent, "trialgate/" TRIALGATE_VERSION);
        for (const auto& [name, value] : headers)
            request.set(name, value);
    }));
    deadline limit(stream.get_executor(), [&stream] { close(stream); });
    limit.set(until);
    const std::string host = url.port == (url.secure() ? "443" : "80") ? url.authority() : where;
    ws::response_type response;
    error_code ec;
    co_await own->raw().async_handshake(response, host, url.target, asio::redirect_error(asio::use_awaitable, ec));
    own->raw().set_option(ws::stream_base::decorator([](ws::request_type&) {}));
    if (!ec)
        co_return std::unique_ptr<websocket>(std::move(own));
    if (limit.passed())
        co_return timed_out(where, "opening a WebSocket");
    if (ec == ws::error::upgrade_declined)
        co_return net_error{net_errc::protocol, false, where + " answered " + std::to_string(response.result_int()) + " to the WebSocket upgrade"};
    co_return websocket_failed(ec, where);
}

} // namespace

asio::awaitable<void> serve_websocket(tcp_socket& stream, std::shared_ptr<void> keep, const http_request& request, std::size_t most,
                                      const websocket_session& session) {
    return serve(stream, std::move(keep), request, most, session);
}

asio::awaitable<void> serve_websocket(tls_socket& stream, std::shared_ptr<void> keep, const http_request& request, std::size_t most,
                                      const websocket_session& session) {
    return serve(stream, std::move(keep), request, most, session);
}

asio::awaitable<net_result<std::unique_ptr<websocket>>> open_websocket(std::string url, http_headers headers, http_client_options options,
                                                                       milliseconds deadline, std::size_t most_message_bytes) {
    const auto until = steady_clock::now() + deadline;
    const auto parts = parse_url(url);
    if (auto no = not_allowed(parts, options.allow_plain_remote))
        co_return std::move(*no);
    for (const auto& [name, value] : headers)
        if (name.find_first_of(std::string_view("\r\n\0: ", 5)) != std::string::npos || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
            co_return net_error{net_errc::protocol, false, place_of(*parts) + ": not sent, a header has characters that a header cannot have"};
    if (!options.tls && parts->secure())
        options.tls = std::make_shared<tls_context>(tls_context::role::client, tls_files{});
    auto dialled = co_await dial(*parts, options.tls, std::min(until, steady_clock::now() + options.connect_timeout));
    if (!dialled)
        co_return dialled.error();
    const auto owned = std::make_shared<link>(std::move(*dialled));
    if (owned->plain)
        co_return co_await upgrade(*owned->plain, owned, *parts, std::move(headers), until, most_message_bytes);
    co_return co_await upgrade(*owned->tls, owned, *parts, std::move(headers), until, most_message_bytes);
}

} // namespace trialgate::gateway
