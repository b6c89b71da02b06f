// Answers as they arrive: framing, packing, size, streaming.
#include "net_support.hpp"

#include <zlib.h>

using namespace trialgate::tests;

namespace {

/// window 31: gzip, 15: zlib, -15: raw deflate.
std::string packed(const std::string& text, int window) {
    z_stream z{};
    REQUIRE(deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string out(deflateBound(&z, text.size()) + 64, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    z.avail_in = static_cast<uInt>(text.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out.resize(z.total_out);
    deflateEnd(&z);
    return out;
}

} // namespace

TEST_CASE("Answers come whole: chunked, until the end of the connection, after 100 Continue, without a body") {
    asio::io_context io;
    struct form {
        std::string text, body;
        int status;
    };
    const auto c = GENERATE(values<form>({
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", 200},
        {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", 200},
        {"HTTP/1.0 404 Not Found\r\n\r\n", "", 404},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", "x", 201},
        {"HTTP/1.1 204 No Content\r\n\r\n", "", 204},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "", 304},
    }));
    raw_server server(io, say_once(c.text));
    const http_response answer = value_of(ask(io, get(server.url())));
    CHECK(answer.status == c.status);
    CHECK(answer.body == c.body);
}

TEST_CASE("The answer to HEAD has headers only, whatever length it names") {
    asio::io_context io;
    raw_server server(io, say_once("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Encoding: gzip\r\n\r\n"));
    http_request request = get(server.url());
    request.method = "HEAD";
    const http_response answer = value_of(ask(io, std::move(request)));
    CHECK(answer.body.empty());
    CHECK(answer.headers["Content-Length"] == "1000");
}

TEST_CASE("Answers beyond the limit are an error, packed or not") {
    asio::io_context io;
    const std::string large(200'000, 'x');
    const bool gzip = GENERATE(false, true);
    raw_server server(io, say_once(gzip ? answer_text(packed(large, 31), "Content-Encoding: gzip\r\n") : answer_text(large)));
    http_client_options options;
    options.most_answer_bytes = 100'000;
    CHECK(error_of(ask(io, get(server.url()), options)).code == net_errc::too_large);
    options.most_answer_bytes = 200'000;
    CHECK(value_of(ask(io, get(server.url()), options)).body == large);
    raw_server talker(io, say_once("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x')));
    CHECK(error_of(ask(io, get(talker.url()))).code == net_errc::too_large);
}

TEST_CASE("Packed answers are unpacked") {
    asio::io_context io;
    std::string text;
    for (int i = 0; i < 20'000; ++i)
        text += std::to_string(i * 7919) + ' ';
    struct form {
        std::string name;
        int window;
    };
    const auto c = GENERATE(values<form>({{"gzip", 31}, {"x-gzip", 31}, {"GZIP", 31}, {"deflate", 15}, {"deflate", -15}}));
    SECTION("whole") {
        raw_server server(io, say_once(answer_text(packed(text, c.window), "Content-Encoding: " + c.name + "\r\n")));
        const http_response answer = value_of(ask(io, get(server.url())));
        CHECK((answer.body == text));
        CHECK_FALSE(answer.headers.has("Content-Encoding"));
    }
    SECTION("cut short or broken") {
        std::string data = packed(text, c.window);
        raw_server cut(io, say_once(answer_text(data.substr(0, data.size() / 2), "Content-Encoding: " + c.name + "\r\n")));
        CHECK(error_of(ask(io, get(cut.url()))).code == net_errc::protocol);
        data.replace(data.size() / 2, 200, std::string(200, '\xff'));
        raw_server broken(io, say_once(answer_text(data, "Content-Encoding: " + c.name + "\r\n")));
        CHECK(error_of(ask(io, get(broken.url()))).code == net_errc::protocol);
    }
}

TEST_CASE("Two gzip members are one answer, and an empty answer needs none") {
    asio::io_context io;
    raw_server two(io, say_once(answer_text(packed("one ", 31) + packed("two", 31), "Content-Encoding: gzip\r\n")));
    CHECK(value_of(ask(io, get(two.url()))).body == "one two");
    raw_server none(io, say_once(answer_text("", "Content-Encoding: gzip\r\n")));
    CHECK(value_of(ask(io, get(none.url()))).body.empty());
}

TEST_CASE("A streamed answer comes in bounded pieces, is unpacked and may be stopped") {
    asio::io_context io;
    const std::string text(5'000'000, 'y');
    const bool gzip = GENERATE(true, false);
    raw_server server(io, say_once(gzip ? answer_text(packed(text, 31), "Content-Encoding: gzip\r\n") : answer_text(text)));
    std::size_t total = 0, largest = 0, stop_after = GENERATE(std::size_t{0}, std::size_t{100'000});
    std::optional<answer_result> out;
    const auto talk = [&]() -> asio::awaitable<void> {
        http_client_options options;
        options.most_answer_bytes = 1000; // for what is not streamed
        const auto client = make_http_client(options);
        const auto take = [&](std::string_view piece) -> asio::awaitable<bool> {
            total += piece.size();
            largest = std::max(largest, piece.size());
            co_return stop_after == 0 || total < stop_after;
        };
        out.emplace(co_await client->stream(get(server.url()), patience, take));
    };
    run(io, talk());
    CHECK(largest <= 128 << 10);
    if (stop_after == 0) {
        const http_response answer = value_of(std::move(*out));
        CHECK(answer.body.empty());
        CHECK(answer.status == 200);
        CHECK(total == text.size());
    } else {
        CHECK(error_of(*out).code == net_errc::cancelled);
        CHECK(total < 2 * stop_after);
    }
}

TEST_CASE("A streamed answer that pauses too long is given up, and an error status is not streamed") {
    asio::io_context io;
    int pieces = 0;
    std::optional<answer_result> out;
    const auto stream = [&](const std::string& url, milliseconds idle) -> asio::awaitable<void> {
        const auto client = make_http_client({});
        const auto take = [&](std::string_view) -> asio::awaitable<bool> {
            ++pieces;
            co_return true;
        };
        out.emplace(co_await client->stream(get(url), idle, take));
    };
    SECTION("pause") {
        const auto script = [](raw_end& end, int) -> asio::awaitable<void> {
            co_await end.hear("\r\n\r\n");
            co_await end.say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
            co_await end.hear_all();
        };
        raw_server server(io, script);
        run(io, stream(server.url(), milliseconds(400)));
        CHECK(error_of(*out).code == net_errc::timeout);
        CHECK(pieces == 1);
    }
    SECTION("status") {
        raw_server server(io, say_once("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc"));
        run(io, stream(server.url(), patience));
        const http_response answer = value_of(std::move(*out));
        CHECK(answer.status == 404);
        CHECK(answer.body == "abc");
        CHECK(pieces == 0);
    }
}
