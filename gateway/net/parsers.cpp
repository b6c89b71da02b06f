#include "gateway/net/parsers.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace trialgate::gateway {

namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using view = boost::beast::string_view;

constexpr std::size_t first_reserve = 64 << 10; ///< a stranger's Content-Length buys no more memory than this before bytes arrive

std::string_view std_view(view v) noexcept {
    return {v.data(), v.size()};
}

/// What both directions do alike.
template <bool Request>
class collecting : public http::basic_parser<Request> {
public:
    http_headers headers;
    std::string body;
    bool http11 = false;
    bool strange_coding = false; ///< a Transfer-Encoding other than chunked: where the message ends would be a guess
    unsigned hosts = 0;
    bool upgrade = false;

private:
    void on_field_impl(http::field name, view name_text, view value, error_code&) override {
        if (this->is_header_done())
            return; // trailers: nothing of ours reads them, and they must not look like headers
        switch (name) {
        case http::field::transfer_encoding: strange_coding |= !boost::beast::iequals(value, "chunked"); break;
        case http::field::host: ++hosts; break;
        case http::field::upgrade: upgrade |= has_token(std_view(value), "websocket"); break;
        default: break;
        }
        headers.add(std::string(name_text.data(), name_text.size()), std::string(value.data(), value.size()));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
        if (length)
            body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, first_reserve)));
    }
    std::size_t on_body_impl(view piece, error_code&) override {
        body.append(piece.data(), piece.size());
        return piece.size();
    }
    void on_chunk_header_impl(std::uint64_t, view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, view piece, error_code&) override {
        body.append(piece.data(), piece.size());
        return piece.size();
    }
    void on_finish_impl(error_code&) override {}
};

class request_parser final : public collecting<true> {
public:
    std::string method, target;

private:
    void on_request_impl(http::verb, view method_text, view target_text, int version, error_code&) override {
        method.assign(method_text.data(), method_text.size());
        target.assign(target_text.data(), target_text.size());
        http11 = version >= 11;
    }
    void on_response_impl(int, view, int, error_code&) override {}
};

class answer_parser final : public collecting<false> {
public:
    int status = 0;

private:
    void on_request_impl(http::verb, view, view, int, error_code&) override {}
    void on_response_impl(int code, view, int version, error_code&) override {
        status = code;
        http11 = version >= 11;
    }
};

/// `put` of Beast; that it wants more is no error.
template <class Parser>
std::size_t feed(Parser& parser, std::string_view bytes, error_code& ec) {
    ec = {};
    const std::size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
    if (ec == http::error::need_more)
        ec = {};
    return used;
}

} // namespace

bool has_token(std::string_view list, std::string_view token) noexcept {
    while (!list.empty()) {
        const auto comma = list.find(',');
        std::string_view one = list.substr(0, comma);
        while (!one.empty() && (one.front() == ' ' || one.front() == '\t'))
            one.remove_prefix(1);
        while (!one.empty() && (one.back() == ' ' || one.back() == '\t'))
            one.remove_suffix(1);
        if (boost::beast::iequals(view(one.data(), one.size()), view(token.data(), token.size())))
            return true;
        if (comma == std::string_view::npos)
            return false;
        list.remove_prefix(comma + 1);
    }
    return false;
}

struct request_reader::state {
    std::size_t most_header, most_body;
    std::optional<request_parser> parser;
    http_request request;
    int failed = 0;
    bool header_seen = false;

    void refuse(const error_code& ec) {
        if (ec == http::error::header_limit)
            failed = 431;
        else if (ec == http::error::body_limit)
            failed = 413;
        else if (ec == http::error::bad_version)
            failed = 505;
        else
            failed = 400;
    }
    void header_complete() {
        header_seen = true;
        request.method = std::move(parser->method);
        request.target = std::move(parser->target);
        request.headers = std::move(parser->headers);
        if (parser->strange_coding)
            failed = 501;
        else if (parser->hosts > 1 || (parser->http11 && parser->hosts == 0)) // RFC 9112, section 3.2
            failed = 400;
    }
};

request_reader::request_reader(std::size_t most_header_bytes, std::size_t most_body_bytes) : state_(std::make_unique<state>()) {
    state_->most_header = most_header_bytes;
    state_->most_body = most_body_bytes;
    restart();
}

request_reader::~request_reader() = default;

void request_reader::restart() {
    state_->parser.emplace();
    state_->parser->header_limit(static_cast<std::uint32_t>(state_->most_header));
    state_->parser->body_limit(state_->most_body);
    state_->parser->eager(true);
    state_->request = {};
    state_->failed = 0;
    state_->header_seen = false;
}

std::size_t request_reader::put(std::string_view bytes) {
    state& s = *state_;
    std::size_t used = 0;
    if (s.failed == 0 && !s.parser->is_done() && !bytes.empty()) {
        error_code ec;
        used = feed(*s.parser, bytes, ec);
        if (ec)
            s.refuse(ec);
        else if (!s.header_seen && s.parser->is_header_done())
            s.header_complete();
        if (s.failed == 0 && s.parser->is_done())
            s.request.body = std::move(s.parser->body);
    }
    return used;
}

bool request_reader::header_done() const noexcept { return state_->header_seen; }
bool request_reader::done() const noexcept { return state_->failed == 0 && state_->parser->is_done(); }
int request_reader::failed() const noexcept { return state_->failed; }
http_request& request_reader::request() noexcept { return state_->request; }
bool request_reader::keep_alive() const noexcept { return state_->parser->keep_alive(); }
bool request_reader::http11() const noexcept { return state_->parser->http11; }
bool request_reader::wants_upgrade() const noexcept { return state_->parser->upgrade && has_token(state_->request.headers["Connection"], "upgrade"); }

struct answer_reader::state {
    answer_parser parser;
    http_response head;
    std::string failed;
    bool header_seen = false, too_large = false;
};

answer_reader::answer_reader(std::size_t most_header_bytes, bool to_head_request) : state_(std::make_unique<state>()) {
    state_->parser.header_limit(static_cast<std::uint32_t>(most_header_bytes));
    state_->parser.body_limit(boost::none);
    state_->parser.eager(true);
    state_->parser.skip(to_head_request);
}

answer_reader::~answer_reader() = default;

std::size_t answer_reader::put(std::string_view bytes) {
    state& s = *state_;
    if (!s.failed.empty() || s.parser.is_done() || bytes.empty())
        return 0;
    error_code ec;
    const std::size_t used = feed(s.parser, bytes, ec);
    if (ec) {
        s.failed = ec.message();
        s.too_large = ec == http::error::header_limit;
    } else if (!s.header_seen && s.parser.is_header_done()) {
        s.header_seen = true;
        s.head.status = s.parser.status;
        s.head.headers = std::move(s.parser.headers);
        if (s.parser.strange_coding)
            s.failed = "a Transfer-Encoding other than chunked";
    }
    return used;
}

void answer_reader::end_of_stream() {
    error_code ec;
    if (state_->failed.empty() && !state_->parser.is_done()) {
        state_->parser.put_eof(ec);
        if (ec)
            state_->failed = "the answer ends in the middle";
    }
}

bool answer_reader::header_done() const noexcept { return state_->header_seen; }
bool answer_reader::done() const noexcept { return state_->failed.empty() && state_->parser.is_done(); }
const std::string& answer_reader::failed() const noexcept { return state_->failed; }
bool answer_reader::too_large() const noexcept { return state_->too_large; }
http_response& answer_reader::head() noexcept { return state_->head; }
std::string& answer_reader::body() noexcept { return state_->parser.body; }
bool answer_reader::keep_alive() const noexcept { return state_->parser.keep_alive(); }

} // namespace trialgate::gateway
