#include "net_support.hpp"

using namespace trialgate::tests;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

const std::string two_posts = "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\noneGET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

/// Says `text` to a new server with `options` and returns all that comes back until the server closes.
std::string dialogue(const std::string& text, http_server_options options = {}, http_handler handler = echo, http_server::figures* figures = nullptr) {
    asio::io_context io;
    const auto server = listen(io.get_executor(), options, handler);
    std::string heard;
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        if (!text.empty())
            co_await end.say(text);
        heard = co_await end.hear_all();
    };
    run(io, talk());
    if (figures != nullptr)
        *figures = server->counted();
    return heard;
}

http_server_options with(std::function<void(http_server_options&)> set) {
    http_server_options out;
    set(out);
    return out;
}

} // namespace

TEST_CASE("Pipelined requests of one connection are answered in order") {
    http_server::figures figures;
    const std::string heard = dialogue(two_posts, {}, echo, &figures);
    const auto first = heard.find("POST /a one"), second = heard.find("GET /b ");
    REQUIRE(first != std::string::npos);
    REQUIRE(second != std::string::npos);
    CHECK(first < second);
    CHECK_THAT(heard, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    CHECK_THAT(heard, Contains("Connection: keep-alive") && Contains("Connection: close"));
    CHECK(figures.connections == 1);
    CHECK(figures.requests == 2);
}

TEST_CASE("A request that arrives byte by byte is understood") {
    asio::io_context io;
    const auto server = listen(io.get_executor(), {}, echo);
    std::string heard;
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        for (char c : two_posts) {
            co_await end.say(std::string(1, c));
            co_await breathe();
        }
        heard = co_await end.hear_all();
    };
    run(io, talk());
    CHECK_THAT(heard, Contains("POST /a one") && Contains("GET /b "));
}

TEST_CASE("A chunked body is put together and its trailers are no headers") {
    const auto handler = [](http_request request) -> asio::awaitable<http_response> {
        http_response out;
        out.body = request.body + (request.headers.has("X-Trailer") ? " trailer" : " none");
        co_return out;
    };
    const std::string heard = dialogue("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                                       "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n", {}, handler);
    CHECK_THAT(heard, EndsWith("abcdefg none"));
}

TEST_CASE("HEAD is answered with the length of the body that GET would have") {
    const std::string heard = dialogue("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK_THAT(heard, Contains("Content-Length: 8\r\n"));
    CHECK_THAT(heard, EndsWith("\r\n\r\n"));
}

TEST_CASE("204 has neither a body nor a length") {
    const auto handler = [](http_request) -> asio::awaitable<http_response> {
        http_response out;
        out.status = 204;
        out.body = "never";
        co_return out;
    };
    const std::string heard = dialogue("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", {}, handler);
    CHECK_THAT(heard, StartsWith("HTTP/1.1 204 No Content") && EndsWith("\r\n\r\n") && !Contains("Content-Length"));
}

TEST_CASE("What breaks a limit or the grammar is refused with a short text and the end of the connection") {
    struct refusal {
        std::string request;
        int status;
    };
    const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
    const auto c = GENERATE_COPY(values<refusal>({
        {post + "Content-Length: 101\r\n\r\n", 413},
        {post + "Transfer-Encoding: chunked\r\n\r\n50\r\n" + std::string(80, 'x') + "\r\n50\r\n", 413},
        {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(3000, 'x') + "\r\n\r\n", 431},
        {"GET /" + std::string(3000, 'x'), 431},
        {post + "Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n12345", 415},
        {post + "Expect: miracles\r\nContent-Length: 5\r\n\r\n", 417},
        {post + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
        {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400},
        {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
        {post + "Content-Length: -1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
        {"\x16\x03\x01 hello, is that TLS?\r\n\r\n", 400},
    }));
    CAPTURE(c.request.substr(0, 200));
    http_server_options options;
    options.most_body_bytes = 100;
    options.most_header_bytes = 2000;
    http_server::figures figures;
    const std::string heard = dialogue(c.request, options, echo, &figures);
    CHECK_THAT(heard, StartsWith("HTTP/1.1 " + std::to_string(c.status)) && Contains("Connection: close") && Contains("\r\n\r\n" + std::to_string(c.status)));
    CHECK(figures.requests == 0);
}

TEST_CASE("A refusal arrives although most of the request is still unread") {
    asio::io_context io;
    const auto server = listen(io.get_executor(), with([](auto& o) { o.most_body_bytes = 1000; }), echo);
    net_result<http_response> answer = net_error{};
    const auto ask = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client({});
        http_request request = post("http://127.0.0.1:" + std::to_string(server->port()) + "/", std::string(3'000'000, 'x'));
        answer = co_await client->send(std::move(request), patience);
    };
    run(io, ask());
    CHECK(value_of(std::move(answer)).status == 413);
}

TEST_CASE("Slow senders are cut off with 408") {
    SECTION("in the header") {
        http_server::figures figures;
        const std::string heard = dialogue("GET / HT", with([](auto& o) { o.header_timeout = milliseconds(30); }), echo, &figures);
        CHECK_THAT(heard, StartsWith("HTTP/1.1 408"));
        CHECK(figures.timeouts == 1);
    }
    SECTION("in the body") {
        const std::string heard = dialogue("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc",
                                           with([](auto& o) { o.body_timeout = milliseconds(30); }));
        CHECK_THAT(heard, StartsWith("HTTP/1.1 408"));
    }
    SECTION("one byte at a time wins nothing") {
        asio::io_context io;
        const auto server = listen(io.get_executor(), with([](auto& o) { o.header_timeout = milliseconds(40); }), echo);
        std::string heard;
        const auto drip = [&]() -> asio::awaitable<void> {
            raw_end end(io.get_executor());
            co_await end.connect(server->port());
            co_await end.say("GET / HTTP/1.1\r\nX: ");
            while (server->counted().timeouts == 0) {
                error_code gone;
                co_await asio::async_write(end.socket, asio::buffer("x", 1), asio::redirect_error(asio::use_awaitable, gone));
                asio::steady_timer pause(io, milliseconds(5));
                co_await pause.async_wait(asio::use_awaitable);
            }
            heard = co_await end.hear_all();
        };
        run(io, drip());
        CHECK_THAT(heard, StartsWith("HTTP/1.1 408"));
    }
}

TEST_CASE("Silent connections are closed without a word") {
    SECTION("before the first request") {
        http_server::figures figures;
        CHECK(dialogue("", with([](auto& o) { o.header_timeout = milliseconds(30); }), echo, &figures).empty());
        CHECK(figures.timeouts == 1);
    }
    SECTION("between requests") {
        http_server::figures figures;
        const std::string heard = dialogue("GET /x HTTP/1.1\r\nHost: h\r\n\r\n", with([](auto& o) { o.idle_timeout = milliseconds(30); }), echo, &figures);
        CHECK_THAT(heard, Contains("Connection: keep-alive") && EndsWith("GET /x "));
        CHECK(figures.timeouts == 0);
    }
}

TEST_CASE("A handler that takes too long is cancelled, answered with 503, and the connection goes on") {
    bool cancelled = false;
    const auto handler = [&](http_request request) -> asio::awaitable<http_response> {
        if (request.target != "/slow")
            co_return co_await echo(std::move(request));
        asio::steady_timer never(co_await asio::this_coro::executor, steady::time_point::max());
        error_code ec;
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        cancelled = ec == asio::error::operation_aborted;
        throw boost::system::system_error(ec);
    };
    const std::string heard = dialogue("GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /quick HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
                                       with([](auto& o) { o.handler_timeout = milliseconds(30); }), handler);
    CHECK(cancelled);
    CHECK_THAT(heard, StartsWith("HTTP/1.1 503") && Contains("GET /quick "));
}

TEST_CASE("An exception of a handler is a 500 without words") {
    const auto handler = [](http_request) -> asio::awaitable<http_response> {
        throw std::runtime_error("a secret");
        co_return http_response{};
    };
    const std::string heard = dialogue("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", {}, handler);
    CHECK_THAT(heard, StartsWith("HTTP/1.1 500") && EndsWith("\r\n\r\n") && !Contains("secret"));
}

TEST_CASE("Headers of a handler cannot break out of their line") {
    const auto handler = [](http_request) -> asio::awaitable<http_response> {
        http_response out;
        out.headers.add("Location", "/x\r\nSet-Cookie: evil");
        out.headers.add("X-Good", "y");
        co_return out;
    };
    const std::string heard = dialogue("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", {}, handler);
    CHECK_THAT(heard, !Contains("evil") && Contains("X-Good: y"));
}

TEST_CASE("Expect: 100-continue is told to go on, or why not") {
    asio::io_context io;
    const auto server = listen(io.get_executor(), with([](auto& o) { o.most_body_bytes = 10; }), echo);
    std::string first, rest, refused;
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        co_await end.say("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
        first = co_await end.hear("\r\n\r\n");
        co_await end.say("abc");
        rest = co_await end.hear_all();
        raw_end large(io.get_executor());
        co_await large.connect(server->port());
        co_await large.say("POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 30\r\n\r\n");
        refused = co_await large.hear_all();
    };
    run(io, talk());
    CHECK(first == "HTTP/1.1 100 Continue\r\n\r\n");
    CHECK_THAT(rest, StartsWith("HTTP/1.1 200") && EndsWith("POST /x abc"));
    CHECK_THAT(refused, StartsWith("HTTP/1.1 413"));
}

TEST_CASE("Connections beyond the limits are closed at once and counted") {
    const auto options = GENERATE(with([](auto& o) { o.most_connections = 1; }), with([](auto& o) { o.most_connections_per_peer = 1; }));
    asio::io_context io;
    const auto server = listen(io.get_executor(), options, echo);
    std::string second, third;
    const auto talk = [&]() -> asio::awaitable<void> {
        {
            raw_end one(io.get_executor()), two(io.get_executor());
            co_await one.connect(server->port());
            co_await two.connect(server->port());
            second = co_await two.hear_all();
            CHECK(server->counted().open == 1);
        }
        co_await until([&] { return server->counted().open == 0; });
        raw_end again(io.get_executor());
        co_await again.connect(server->port());
        co_await again.say("GET /again HTTP/1.0\r\n\r\n");
        third = co_await again.hear_all();
    };
    run(io, talk());
    CHECK(second.empty());
    CHECK_THAT(third, EndsWith("GET /again "));
    CHECK(server->counted().refused == 1);
    CHECK(server->counted().connections == 3);
}

TEST_CASE("Stopping lets begun requests finish, closes idle connections at once and accepts no more") {
    asio::io_context io;
    asio::steady_timer release(io, steady::time_point::max());
    bool begun = false;
    const auto handler = [&](http_request request) -> asio::awaitable<http_response> {
        begun = true;
        error_code ignored;
        co_await release.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        co_return co_await echo(std::move(request));
    };
    const auto server = listen(io.get_executor(), {}, handler);
    std::string busy_heard, idle_heard;
    bool refused = false;
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end busy(io.get_executor()), idle(io.get_executor()), late(io.get_executor());
        co_await busy.connect(server->port());
        co_await idle.connect(server->port());
        co_await busy.say("GET /busy HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await until([&] { return begun && server->counted().open == 2; });
        bool stopped = false;
        asio::co_spawn(io, server->stop(patience), [&](std::exception_ptr) { stopped = true; });
        idle_heard = co_await idle.hear_all();
        try {
            co_await late.connect(server->port());
        } catch (const boost::system::system_error&) {
            refused = true;
        }
        CHECK_FALSE(stopped);
        release.cancel();
        busy_heard = co_await busy.hear_all();
        busy.socket.close();
        co_await until([&] { return stopped; });
    };
    run(io, talk());
    CHECK(idle_heard.empty());
    CHECK(refused);
    CHECK_THAT(busy_heard, Contains("Connection: close") && EndsWith("GET /busy "));
    CHECK(server->counted().open == 0);
}

TEST_CASE("After the grace a stop cancels what still runs") {
    asio::io_context io;
    bool cancelled = false, begun = false;
    const auto handler = [&](http_request) -> asio::awaitable<http_response> {
        begun = true;
        asio::steady_timer never(co_await asio::this_coro::executor, steady::time_point::max());
        error_code ec;
        co_await never.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        cancelled = true;
        co_return http_response{};
    };
    auto server = listen(io.get_executor(), {}, handler);
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        co_await end.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await until([&] { return begun; });
        co_await server->stop(milliseconds(20));
        const std::string heard = co_await end.hear_all();
        CHECK(heard.empty());
    };
    run(io, talk());
    CHECK(cancelled);
    CHECK(server->counted().open == 0);
}

TEST_CASE("Where a server cannot or must not listen it says so and names the address") {
    asio::io_context io;
    const auto listen_on = [&](const std::string& address) { return listen(io.get_executor(), with([&](auto& o) { o.address = address; }), echo); };
    CHECK_THROWS_WITH(listen_on("0.0.0.0:0"), Contains("0.0.0.0:0") && Contains("TLS"));
    CHECK_THROWS_WITH(listen_on("nowhere"), Contains("nowhere") && Contains("host:port"));
    CHECK_THROWS_WITH(listen_on("::1:0"), Contains("brackets"));
    CHECK_THROWS_WITH(listen_on("127.0.0.1:70000"), Contains("host:port"));
    const auto first = listen_on("127.0.0.1:0");
    const std::string taken = "127.0.0.1:" + std::to_string(first->port());
    CHECK_THROWS_WITH(listen_on(taken), Contains(taken) && Contains("in use"));
    CHECK(listen(io.get_executor(), with([](auto& o) {
              o.address = "0.0.0.0:0";
              o.allow_plain_remote = true;
          }), echo)->port() != 0);
}
