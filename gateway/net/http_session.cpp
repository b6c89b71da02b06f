#include "gateway/net/http_session.hpp"

#include "gateway/core/async.hpp"
#include "gateway/net/answer_text.hpp"
#include "gateway/net/deadline.hpp"
#include "gateway/net/parsers.hpp"
#include "gateway/net/read_buffer.hpp"
#include "gateway/net/tls_state.hpp"
#include "gateway/net/websocket.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstdio>

namespace trialgate::gateway {

namespace {

using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t first_buffer = 16 << 10, largest_buffer = 64 << 10;
constexpr std::size_t copied_body = 16 << 10;        ///< up to here a body is cheaper to copy behind its header than to write apart
constexpr std::size_t most_lingering = 4 << 20;
constexpr milliseconds linger_timeout{1'000}, goodbye_timeout{250};

/// What to do when the deadline passes.
enum class phase : std::uint8_t {
    idle,      ///< nothing was asked: close
    receiving, ///< interrupt, so that a 408 can be said
    handling,  ///< cancel the handler
    sending,   ///< close
    streaming, ///< there is none: the handler takes its time
};

template <class Stream>
class session final : public http_session, public std::enable_shared_from_this<session<Stream>> {
    static constexpr bool plain = std::is_same_v<Stream, tcp_socket>;

public:
    template <class... Args>
    session(std::shared_ptr<server_shared> shared, std::string peer, std::function<void()> cancel, Args&&... stream)
        : shared_(std::move(shared)), options_(shared_->options), peer_(std::move(peer)), cancel_(std::move(cancel)),
          stream_(std::forward<Args>(stream)...), buffer_(first_buffer, std::max(largest_buffer, options_.most_header_bytes + (4 << 10))),
          reader_(options_.most_header_bytes, options_.most_body_bytes) {}

    asio::awaitable<void> run() override {
        // The session may be gone when the timer fires.
        limit_ = std::make_unique<deadline>(stream_.get_executor(), [weak = this->weak_from_this()] {
            if (const auto self = weak.lock())
                self->out_of_time();
        });
        if (!co_await shake_hands())
            co_return;
        // The first request's header counts from the accept.
        limit_->in(options_.header_timeout);
        for (bool first = true; co_await serve_one(first); first = false)
            ;
        gateway::close(stream_);
    }

    void finish() override {
        if (!busy_)
            gateway::close(stream_);
        ending_ = true;
        if (phase_ == phase::streaming)
            cancel_();
    }

    void abort() override {
        aborted_ = true;
        cancel_();
        gateway::close(stream_);
    }

private:
    void out_of_time() {
        error_code ignored;
        switch (phase_) {
        case phase::receiving: socket().cancel(ignored); break;
        case phase::handling: cancel_(); break;
        case phase::idle:
        case phase::sending: gateway::close(stream_); break;
        case phase::streaming: break;
        }
    }

    tcp_socket& socket() noexcept {
        if constexpr (plain)
            return stream_;
        else
            return stream_.next_layer();
    }

    asio::awaitable<bool> shake_hands() {
        if constexpr (!plain) {
            limit_->in(options_.header_timeout);
            error_code ec;
            co_await stream_.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, ec));
            if (ec) {
                ++(limit_->passed() ? shared_->counted.timeouts : shared_->counted.tls_failures);
                co_return false;
            }
            subject_ = peer_subject(stream_.native_handle());
        }
        co_return true;
    }

    /// One request and its answer. False: the connection ends.
    asio::awaitable<bool> serve_one(bool first) {
        busy_ = false;
        if (shared_->stopping)
            co_return false;
        if (!co_await receive(first))
            co_return false;
        ++shared_->counted.requests;
        const bool upgrade = shared_->websockets && reader_.wants_upgrade();
        http_request request = std::move(reader_.request());
        request.peer = peer_;
        request.client_certificate = subject_;
        if (upgrade)
            co_return co_await talk(std::move(request));
        const bool head = request.method == "HEAD", http11 = reader_.http11();
        bool keep = reader_.keep_alive() && !aborted_;
        http_response response = co_await handle(std::move(request));
        if (aborted_)
            co_return false;
        if (response.stream && !head && may_have_body(response.status))
            co_return co_await answer_bit_by_bit(response, http11);
        keep = keep && !shared_->stopping && !has_token(response.headers["Connection"], "close");
        if (!co_await answer(response, head, keep))
            co_return false;
        if (!keep)
            co_await say_goodbye();
        co_return keep;
    }

    /// Reads one request. False: there is none, or it was refused.
    asio::awaitable<bool> receive(bool first) {
        reader_.restart();
        phase_ = phase::idle;
        if (!first)
            limit_->in(options_.idle_timeout);
        bool greeted = false; // the header is complete and was looked at
        for (;;) {
            if (!buffer_.empty()) {
                if (!busy_)
                    begin();
                buffer_.use(reader_.put(buffer_.unused()));
                if (reader_.failed() != 0)
                    co_return co_await refuse(reader_.failed());
                if (reader_.header_done() && !greeted) {
                    greeted = true;
                    if (!co_await greet())
                        co_return false;
                }
                if (reader_.done())
                    co_return true;
            }
            if (!buffer_.prepare())
                co_return co_await refuse(greeted ? 400 : 431);
            error_code ec;
            const std::size_t n = co_await stream_.async_read_some(asio::buffer(buffer_.space(), buffer_.space_size()),
                                                                   asio::redirect_error(asio::use_awaitable, ec));
            buffer_.filled(n);
            if (limit_->passed() && (busy_ || first))
                ++shared_->counted.timeouts;
            if (limit_->passed() && busy_)
                co_return co_await refuse(408);
            if (ec || limit_->passed())
                co_return false;
        }
    }

    void begin() {
        busy_ = true;
        phase_ = phase::receiving;
        limit_->in(options_.header_timeout);
    }

    /// The header is there: is the body welcome?
    asio::awaitable<bool> greet() {
        const http_headers& headers = reader_.request().headers;
        const std::string_view coding = headers["Content-Encoding"], expects = headers["Expect"];
        if (!coding.empty() && coding != "identity")
            co_return co_await refuse(415);
        if (!expects.empty() && !has_token(expects, "100-continue"))
            co_return co_await refuse(417);
        if (reader_.done())
            co_return true;
        limit_->in(options_.body_timeout);
        if (expects.empty() || !reader_.http11() || !buffer_.empty()) // RFC 9110, section 10.1.1: not when the body is already coming
            co_return true;
        static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        error_code ec;
        co_await asio::async_write(stream_, asio::buffer(go_on), asio::redirect_error(asio::use_awaitable, ec));
        co_return !ec;
    }

    asio::awaitable<http_response> handle(http_request request) {
        phase_ = phase::handling;
        limit_->in(options_.handler_timeout);
        http_response response;
        bool threw = false;
        try {
            response = co_await shared_->handler(std::move(request));
        } catch (...) {
            threw = true;
        }
        const bool late = limit_->passed();
        limit_->clear();
        if (late) {
            ++shared_->counted.timeouts;
            if (!aborted_) // what was cancelled is the handler, not the connection
                co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
        }
        if (threw)
            response = late ? short_answer(503) : http_response{500, {}, {}};
        co_return response;
    }

    void add_what_is_always_said(http_headers& to) const {
        for (const auto& [name, value] : options_.always)
            if (!to.has(name))
                to.add(name, value);
    }

    asio::awaitable<bool> answer(http_response& response, bool head, bool keep) {
        add_what_is_always_said(response.headers);
        phase_ = phase::sending;
        limit_->in(options_.body_timeout); // a slow reader is as bad as a slow sender
        error_code ec;
        head_of(response, head, keep, out_);
        const bool body = !head && may_have_body(response.status);
        if (!body || response.body.size() <= copied_body) {
            if (body)
                out_ += response.body;
            co_await asio::async_write(stream_, asio::buffer(out_), asio::redirect_error(asio::use_awaitable, ec));
        } else {
            const std::array<asio::const_buffer, 2> both{asio::buffer(out_), asio::buffer(response.body)};
            co_await asio::async_write(stream_, both, asio::redirect_error(asio::use_awaitable, ec));
        }
        if (limit_->passed())
            ++shared_->counted.timeouts;
        co_return !ec;
    }

    class pieces final : public body_writer {
    public:
        pieces(session& to, bool chunked) : to_(to), chunked_(chunked) {}
        asio::awaitable<bool> write(std::string piece) override {
            if (piece.empty() || to_.ending_ || to_.aborted_ || broken)
                co_return !to_.ending_ && !to_.aborted_ && !broken;
            if (chunked_) {
                char size[20];
                std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
                piece.insert(0, size);
                piece += "\r\n";
            }
            broken = true; // also when it is cancelled in the middle: then nobody knows how much was sent
            broken = !co_await to_.send_piece(piece);
            co_return !broken && !to_.ending_ && !to_.aborted_;
        }
        bool broken = false;

    private:
        session& to_;
        const bool chunked_;
    };

    asio::awaitable<bool> send_piece(const std::string& piece) {
        phase_ = phase::sending; // a slow reader ends here
        limit_->in(options_.body_timeout);
        error_code ec;
        co_await asio::async_write(stream_, asio::buffer(piece), asio::redirect_error(asio::use_awaitable, ec));
        if (limit_->passed())
            ++shared_->counted.timeouts;
        else
            phase_ = phase::streaming;
        limit_->clear();
        co_return !ec;
    }

    /// Always false: the connection ends with the body.
    asio::awaitable<bool> answer_bit_by_bit(http_response& response, bool http11) {
        add_what_is_always_said(response.headers);
        head_of(response, false, false, out_, http11 ? body_end::chunked : body_end::by_close);
        if (!co_await send_piece(out_))
            co_return false;
        pieces body(*this, http11);
        bool whole = true;
        try {
            if (!ending_)
                co_await response.stream(body);
        } catch (...) {
            whole = ending_; // a stop may end it anywhere between two pieces
        }
        if (aborted_ || body.broken || !whole)
            co_return false;
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
        static const std::string last_chunk = "0\r\n\r\n";
        if (!http11 || co_await send_piece(last_chunk))
            co_await say_goodbye();
        co_return false;
    }

    /// Always false: nobody knows where the next request would begin.
    asio::awaitable<bool> refuse(int status) {
        http_response response = short_answer(status);
        if (co_await answer(response, false, false))
            co_await say_goodbye();
        co_return false;
    }

    /// Closes so that the last answer arrives: closing with unread input resets the connection, and the answer would be lost.
    asio::awaitable<void> say_goodbye() {
        phase_ = phase::sending;
        error_code ec;
        if constexpr (!plain) {
            limit_->in(goodbye_timeout);
            phase_ = phase::receiving; // interrupted, not closed: the plain half below is still to come
            co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, ec));
            phase_ = phase::sending;
        }
        limit_->in(linger_timeout);
        socket().shutdown(tcp_socket::shutdown_send, ec);
        for (std::size_t total = 0; !ec && total < most_lingering;) {
            buffer_.use(buffer_.unused().size());
            buffer_.prepare();
            total += co_await socket().async_read_some(asio::buffer(buffer_.space(), buffer_.space_size()),
                                                       asio::redirect_error(asio::use_awaitable, ec));
        }
    }

    /// Always false: afterwards it is no HTTP connection any more.
    asio::awaitable<bool> talk(http_request request) {
        const auto run = shared_->websockets(request);
        if (!run)
            co_return co_await refuse(404);
        limit_->clear();
        try {
            co_await serve_websocket(stream_, this->shared_from_this(), request, options_.most_body_bytes, run);
        } catch (...) { // as for requests: a handler's trouble is its own
        }
        co_return false;
    }

    const std::shared_ptr<server_shared> shared_;
    const http_server_options& options_;
    const std::string peer_;
    std::string subject_;
    std::function<void()> cancel_;
    Stream stream_;
    std::unique_ptr<deadline> limit_;
    read_buffer buffer_;
    request_reader reader_;
    std::string out_; ///< kept: its memory serves the next answer
    phase phase_ = phase::idle;
    bool busy_ = false, aborted_ = false, ending_ = false;
};

} // namespace

std::shared_ptr<http_session> make_session(std::shared_ptr<server_shared> shared, tcp_socket&& socket, std::string peer,
                                           std::shared_ptr<tls_context> tls, std::function<void()> cancel) {
    if (!tls)
        return std::make_shared<session<tcp_socket>>(std::move(shared), std::move(peer), std::move(cancel), std::move(socket));
    return std::make_shared<session<tls_socket>>(std::move(shared), std::move(peer), std::move(cancel), std::move(socket), new_server_session(*tls));
}

} // namespace trialgate::gateway
