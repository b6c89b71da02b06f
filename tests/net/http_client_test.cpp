#include "net_support.hpp"

using namespace trialgate::tests;
using Catch::Matchers::Contains;

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
