#include "net_support.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <zlib.h>

using namespace trialgate::tests;
using Catch::Matchers::Contains;

namespace {

using answer_result = net_result<http_response>;

std::string answer_text(const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

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

/// Sends one request with a new client.
answer_result ask(asio::io_context& io, http_request request, http_client_options options = {}, milliseconds deadline = patience) {
    std::optional<answer_result> out;
    const auto talk = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client(options);
        out.emplace(co_await client->send(std::move(request), deadline));
    };
    run(io, talk());
    return std::move(*out);
}

/// A server that answers the first request of each connection with `text` and closes.
raw_server::script say_once(const std::string& text) {
    return [text](raw_end& end, int) -> asio::awaitable<void> {
        co_await end.hear("\r\n\r\n");
        co_await end.say(text);
    };
}

} // namespace

TEST_CASE("A request goes out as it was given, with what belongs to it") {
    asio::io_context io;
    std::string heard;
    const auto script = [&](raw_end& end, int) -> asio::awaitable<void> {
        heard = co_await end.hear("body");
        co_await end.say(answer_text("ok", "X-A: 1\r\n"));
    };
    raw_server server(io, script);
    http_request request = post(server.url("/x?y=a%20b"), "body");
    request.headers.add("X-Mine", "z");
    request.headers.add("Host", "evil");
    const http_response answer = value_of(ask(io, std::move(request)));
    CHECK(answer.status == 200);
    CHECK(answer.body == "ok");
    CHECK(answer.headers["x-a"] == "1");
    CHECK_THAT(heard, Catch::Matchers::StartsWith("POST /x?y=a%20b HTTP/1.1\r\nHost: 127.0.0.1:"));
    CHECK_THAT(heard, Contains("User-Agent: trialgate/") && Contains("Accept-Encoding: gzip") && Contains("X-Mine: z") && Contains("Content-Length: 4") && !Contains("evil"));
}

TEST_CASE("What would break out of its line is not sent") {
    asio::io_context io;
    http_request header = get("http://127.0.0.1:1/");
    header.headers.add("X", "a\r\nY: b");
    http_request name = get("http://127.0.0.1:1/");
    name.headers.add("X: a\r\nY", "b");
    http_request method = get("http://127.0.0.1:1/");
    method.method = "GET / HTTP/1.1\r\nX:";
    for (const http_request& bad : {header, name, method}) {
        const net_error e = error_of(ask(io, bad));
        CHECK(e.code == net_errc::protocol);
        CHECK_FALSE(e.maybe_sent);
    }
}

TEST_CASE("Plain HTTP to another machine is refused with a hint, unless allowed") {
    asio::io_context io;
    const net_error e = error_of(ask(io, get("http://192.0.2.1/")));
    CHECK(e.code == net_errc::bad_url);
    CHECK_THAT(e.text, Contains("192.0.2.1:80") && Contains("TLS"));
    CHECK(error_of(ask(io, get("file:///etc/passwd"))).code == net_errc::bad_url);
}

TEST_CASE("A kept connection carries the next request") {
    asio::io_context io;
    const auto server = listen(io.get_executor(), {}, echo);
    const auto talk = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client({});
        for (int i = 0; i < 5; ++i) {
            http_request request = post("http://127.0.0.1:" + std::to_string(server->port()) + "/a", std::to_string(i));
            auto answer = co_await client->send(std::move(request), patience);
            CHECK(value_of(std::move(answer)).body == "POST /a " + std::to_string(i));
        }
    };
    run(io, talk());
    CHECK(server->counted().connections == 1);
    CHECK(server->counted().requests == 5);
}

TEST_CASE("No more connections than allowed are opened to an origin, and who waits longest is next") {
    asio::io_context io;
    std::vector<std::string> order;
    asio::steady_timer gate(io, steady::time_point::max());
    const auto handler = [&](http_request request) -> asio::awaitable<http_response> {
        order.push_back(request.target);
        if (order.size() <= 2) {
            error_code ignored;
            co_await gate.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        }
        co_return co_await echo(std::move(request));
    };
    const auto server = listen(io.get_executor(), {}, handler);
    http_client_options options;
    options.connections_per_origin = 2;
    const auto client = make_http_client(options);
    int finished = 0;
    const auto one = [&](int number, milliseconds deadline) -> asio::awaitable<void> {
        auto answer = co_await client->send(get("http://127.0.0.1:" + std::to_string(server->port()) + "/" + std::to_string(number)), deadline);
        if (deadline == patience) {
            CHECK(value_of(std::move(answer)).status == 200);
        } else {
            const net_error e = error_of(answer);
            CHECK(e.code == net_errc::timeout);
            CHECK_FALSE(e.maybe_sent);
        }
        ++finished;
    };
    const auto talk = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 6; ++i) {
            asio::co_spawn(io, one(i, i == 3 ? milliseconds(20) : patience), asio::detached);
            co_await breathe();
        }
        co_await until([&] { return finished == 1 && order.size() == 2; }); // number 3 gave up waiting
        CHECK(server->counted().open == 2);
        gate.cancel();
        co_await until([&] { return finished == 6; });
    };
    run(io, talk());
    CHECK(server->counted().connections == 2);
    CHECK(std::vector<std::string>(order.begin() + 2, order.end()) == std::vector<std::string>{"/2", "/4", "/5"});
}

TEST_CASE("A kept connection that turns out to be closed is replaced for what may be repeated") {
    asio::io_context io;
    // The first connection answers once and then hears one more request without an answer: as a server does that was about to close.
    const auto script = [](raw_end& end, int number) -> asio::awaitable<void> {
        co_await end.hear("\r\n\r\n");
        co_await end.say(answer_text("from " + std::to_string(number)));
        co_await end.hear("\r\n\r\n");
    };
    raw_server server(io, script);
    const std::string method = GENERATE(as<std::string>(), "GET", "PUT", "DELETE", "POST", "PATCH");
    const auto talk = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client({});
        auto first = co_await client->send(get(server.url()), patience);
        CHECK(value_of(std::move(first)).body == "from 1");
        http_request request = get(server.url());
        request.method = method;
        auto second = co_await client->send(std::move(request), patience);
        if (method == "POST" || method == "PATCH") {
            const net_error e = error_of(second);
            CHECK(e.code == net_errc::closed);
            CHECK(e.maybe_sent);
        } else {
            CHECK(value_of(std::move(second)).body == "from 2");
        }
    };
    run(io, talk());
}

TEST_CASE("A kept connection that was closed meanwhile is noticed before a POST goes out on it") {
    asio::io_context io;
    bool closed = false;
    const auto script = [&](raw_end& end, int number) -> asio::awaitable<void> {
        co_await end.hear("\r\n\r\n");
        co_await end.say(answer_text("from " + std::to_string(number)));
        end.socket.close();
        closed = true;
    };
    raw_server server(io, script);
    const auto talk = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client({});
        auto first = co_await client->send(get(server.url()), patience);
        CHECK(value_of(std::move(first)).body == "from 1");
        co_await until([&] { return closed; });
        http_request request = post(server.url(), "");
        auto second = co_await client->send(std::move(request), patience);
        CHECK(value_of(std::move(second)).body == "from 2");
    };
    run(io, talk());
}

TEST_CASE("A connection on which the server said more than one answer is not used again") {
    asio::io_context io;
    const auto script = [](raw_end& end, int number) -> asio::awaitable<void> {
        co_await end.hear("\r\n\r\n");
        co_await end.say(answer_text("from " + std::to_string(number)) + answer_text("unasked"));
        co_await end.hear("\r\n\r\n");
    };
    raw_server server(io, script);
    const auto talk = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client({});
        for (int i = 1; i <= 2; ++i) {
            auto answer = co_await client->send(get(server.url()), patience);
            CHECK(value_of(std::move(answer)).body == "from " + std::to_string(i));
        }
    };
    run(io, talk());
}

TEST_CASE("Errors say whether the request may have arrived") {
    asio::io_context io;
    SECTION("nobody listens") {
        unsigned short port = 0;
        {
            tcp::acceptor gone(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
            port = gone.local_endpoint().port();
        }
        const net_error e = error_of(ask(io, get("http://127.0.0.1:" + std::to_string(port) + "/secret?patient=1")));
        CHECK(e.code == net_errc::connect);
        CHECK_FALSE(e.maybe_sent);
        CHECK_THAT(e.text, Contains("127.0.0.1:" + std::to_string(port)) && !Contains("secret") && !Contains("patient"));
    }
    SECTION("no such host") {
        http_client_options options;
        options.allow_plain_remote = true;
        const net_error e = error_of(ask(io, get("http://no-such-host.invalid/"), options, milliseconds(5000)));
        CHECK((e.code == net_errc::resolve || e.code == net_errc::timeout));
        CHECK_FALSE(e.maybe_sent);
    }
    SECTION("no answer in time") {
        const auto script = [](raw_end& end, int) -> asio::awaitable<void> {
            co_await end.hear("\r\n\r\n");
            co_await end.hear("\r\n\r\n");
        };
        raw_server server(io, script);
        const net_error e = error_of(ask(io, get(server.url()), {}, milliseconds(30)));
        CHECK(e.code == net_errc::timeout);
        CHECK(e.maybe_sent);
    }
    SECTION("closed in the middle of an answer") {
        raw_server server(io, say_once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
        const net_error e = error_of(ask(io, get(server.url())));
        CHECK(e.code == net_errc::closed);
        CHECK(e.maybe_sent);
    }
    SECTION("no HTTP") {
        raw_server server(io, say_once("220 mail.example.org ESMTP\r\n\r\n"));
        const net_error e = error_of(ask(io, get(server.url())));
        CHECK(e.code == net_errc::protocol);
        CHECK(e.maybe_sent);
    }
    SECTION("a handshake that never comes") {
        const auto script = [](raw_end& end, int) -> asio::awaitable<void> { co_await end.hear_all(); };
        raw_server server(io, script);
        std::string url = server.url();
        const net_error e = error_of(ask(io, get(url.replace(0, 4, "https")), {}, milliseconds(30)));
        CHECK(e.code == net_errc::timeout);
        CHECK_FALSE(e.maybe_sent);
    }
}

TEST_CASE("A cancelled request ends at once and its connection slot is free again") {
    asio::io_context io;
    const auto script = [](raw_end& end, int number) -> asio::awaitable<void> {
        co_await end.hear("\r\n\r\n");
        if (number > 1)
            co_await end.say(answer_text("late"));
        co_await end.hear_all();
    };
    raw_server server(io, script);
    http_client_options options;
    options.connections_per_origin = 1;
    const auto talk = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client(options);
        auto first = co_await with_deadline(client->send(get(server.url()), patience), milliseconds(20));
        CHECK_FALSE(first.has_value());
        auto second = co_await client->send(get(server.url()), patience);
        CHECK(value_of(std::move(second)).body == "late");
    };
    run(io, talk());
}

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
        run(io, stream(server.url(), milliseconds(40)));
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
