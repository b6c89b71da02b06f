#include "gateway/net/exchange.hpp"

#include "gateway/core/async.hpp"
#include "gateway/net/deadline.hpp"
#include "gateway/net/parsers.hpp"
#include "gateway/net/read_buffer.hpp"
#include "gateway/net/unpack.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <array>

namespace trialgate::gateway {

namespace {

using boost::system::error_code;

constexpr std::size_t most_answer_header = 64 << 10;
constexpr std::size_t first_buffer = 16 << 10, largest_buffer = most_answer_header + (4 << 10);
constexpr std::size_t unpacked_piece = 64 << 10; ///< what a streamed answer may hold in memory, whatever it packs

template <class Stream>
class one_exchange {
public:
    one_exchange(Stream& stream, const std::string& head, const std::string& body, const exchange_options& options, asio::any_io_executor on)
        : stream_(stream), head_(head), body_(body), options_(options), limit_(std::move(on), [this] { close(stream_); }),
          buffer_(first_buffer, largest_buffer) {}

    asio::awaitable<exchange_outcome> run() {
        limit_.set(options_.until);
        co_await write();
        // A refusal (413, 401) may be waiting to be read although the other side took no more of our request.
        const std::optional<net_error> write_error = std::exchange(out_.error, std::nullopt);
        if (!write_error || (out_.sent && !limit_.passed() && write_error->code == net_errc::closed))
            co_await read();
        if (write_error && (out_.error || !out_.answered))
            out_.error = write_error;
        if (out_.error)
            out_.error->maybe_sent = out_.sent;
        out_.reusable = !out_.error && !write_error && reusable_;
        co_return std::move(out_);
    }

private:
    asio::awaitable<void> write() {
        error_code ec;
        std::size_t n = 0;
        constexpr bool plain = std::is_same_v<Stream, tcp_socket>;
        out_.sent = !plain; // TLS does not tell how much of it left
        if (body_.empty()) {
            n = co_await asio::async_write(stream_, asio::buffer(head_), asio::redirect_error(asio::use_awaitable, ec));
        } else {
            const std::array<asio::const_buffer, 2> both{asio::buffer(head_), asio::buffer(body_)};
            n = co_await asio::async_write(stream_, both, asio::redirect_error(asio::use_awaitable, ec));
        }
        out_.sent |= n > 0;
        if (ec)
            fail(ec, "sending the request");
    }

    asio::awaitable<void> read() {
        for (;;) {
            answer_reader reader(most_answer_header, options_.head_method);
            if (!co_await read_head(reader))
                co_return;
            out_.response = std::move(reader.head());
            if (out_.response.status == 101)
                co_return fail(net_errc::protocol, "answered with another protocol");
            if (out_.response.status / 100 == 1) // 100 Continue, 103 Early Hints
                continue;
            co_await read_body(reader);
            reusable_ = !out_.error && reader.done() && reader.keep_alive() && buffer_.empty();
            co_return;
        }
    }

    asio::awaitable<bool> read_head(answer_reader& reader) {
        for (;;) {
            buffer_.use(reader.put(buffer_.unused()));
            if (!reader.failed().empty()) {
                fail(reader.too_large() ? net_errc::too_large : net_errc::protocol, "no usable answer: " + reader.failed());
                co_return false;
            }
            if (reader.header_done())
                co_return true;
            if (!buffer_.prepare()) {
                fail(net_errc::too_large, "the answer's header is too long");
                co_return false;
            }
            const error_code ec = co_await more();
            if (ec) {
                fail(ec, "waiting for the answer");
                co_return false;
            }
        }
    }

    asio::awaitable<void> read_body(answer_reader& reader) {
        const int status = out_.response.status;
        streaming_ = options_.chunk != nullptr && status >= 200 && status < 300;
        unpacker_ = options_.head_method ? nullptr : unpacker::of(out_.response.headers["Content-Encoding"]);
        if (unpacker_)
            forget_packing();
        for (;;) {
            buffer_.use(reader.put(buffer_.unused()));
            if (!reader.failed().empty())
                co_return fail(net_errc::protocol, "no usable answer: " + reader.failed());
            if (!co_await deliver(reader.body()))
                co_return;
            if (reader.done())
                break;
            if (!buffer_.prepare())
                co_return fail(net_errc::protocol, "a line of the answer is too long");
            if (streaming_)
                limit_.in(options_.idle);
            const error_code ec = co_await more();
            if (ec == asio::error::eof) {
                reader.end_of_stream();
                if (!reader.done())
                    co_return fail(net_errc::closed, "closed the connection in the middle of the answer");
            } else if (ec) {
                co_return fail(ec, "reading the answer");
            }
        }
        if (unpacker_ && !unpacker_->complete())
            fail(net_errc::protocol, "the packed answer ends in the middle");
    }

    /// What arrived goes on, unpacked; `raw` is empty afterwards. False after a failure.
    asio::awaitable<bool> deliver(std::string& raw) {
        if (!unpacker_)
            co_return co_await pass_on(raw);
        std::string_view in = raw;
        for (auto outcome = unpacker::outcome::more_output; outcome == unpacker::outcome::more_output;) {
            outcome = unpacker_->step(in, unpacked_, unpacked_piece);
            if (outcome == unpacker::outcome::broken) {
                fail(net_errc::protocol, "the packed answer is broken");
                co_return false;
            }
            if (!co_await pass_on(unpacked_))
                co_return false;
        }
        raw.clear();
        co_return true;
    }

    asio::awaitable<bool> pass_on(std::string& piece) {
        if (piece.empty())
            co_return true;
        if (streaming_) {
            limit_.clear(); // the receiver's time is not the sender's
            const bool go_on = co_await (*options_.chunk)(piece);
            if (!go_on)
                fail(net_errc::cancelled, "stopped by the receiver");
            piece.clear();
            co_return go_on;
        }
        if (out_.response.body.size() + piece.size() > options_.most_answer_bytes) {
            fail(net_errc::too_large, "the answer is larger than " + std::to_string(options_.most_answer_bytes) + " bytes");
            co_return false;
        }
        if (out_.response.body.empty())
            out_.response.body.swap(piece);
        else
            out_.response.body += piece;
        piece.clear();
        co_return true;
    }

    asio::awaitable<error_code> more() {
        error_code ec;
        const std::size_t n = co_await stream_.async_read_some(asio::buffer(buffer_.space(), buffer_.space_size()),
                                                               asio::redirect_error(asio::use_awaitable, ec));
        buffer_.filled(n);
        out_.answered |= n > 0;
        co_return ec;
    }

    void forget_packing() {
        out_.response.headers.remove("Content-Encoding");
        out_.response.headers.remove("Content-Length");
    }

    void fail(const error_code& ec, std::string_view doing) {
        out_.error = limit_.passed() ? timed_out(options_.where, doing) : failed(ec, options_.where);
    }
    void fail(net_errc code, const std::string& text) { out_.error = net_error{code, false, options_.where + ": " + text}; }

    Stream& stream_;
    const std::string& head_;
    const std::string& body_;
    const exchange_options& options_;
    deadline limit_;
    read_buffer buffer_;
    exchange_outcome out_;
    std::unique_ptr<unpacker> unpacker_;
    std::string unpacked_;
    bool streaming_ = false, reusable_ = false;
};

} // namespace

asio::awaitable<exchange_outcome> exchange(link& over, const std::string& head, const std::string& body, const exchange_options& options) {
    const auto on = co_await asio::this_coro::executor;
    if (over.plain) {
        one_exchange<tcp_socket> plain(*over.plain, head, body, options, on);
        co_return co_await plain.run();
    }
    one_exchange<tls_socket> tls(*over.tls, head, body, options, on);
    co_return co_await tls.run();
}

} // namespace trialgate::gateway
