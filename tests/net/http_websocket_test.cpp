#include "net_support.hpp"

using namespace trialgate::tests;
using Catch::Matchers::Contains;

namespace {

/// Sends back what it hears until the other side has had enough.
asio::awaitable<void> echo_socket(websocket& socket) {
    for (;;) {
        auto text = co_await socket.receive(patience);
        if (!text)
            co_return;
        auto sent = co_await socket.send(std::move(*text));
        if (!sent)
            co_return;
    }
}

websocket_handler at(const std::string& target, std::function<asio::awaitable<void>(websocket&)> run) {
    return [target, run](const http_request& request) {
        return request.target == target ? run : std::function<asio::awaitable<void>(websocket&)>();
    };
}

std::string url_of(const http_server& server, const std::string& target, const std::string& scheme = "ws") {
    return scheme + "://localhost:" + std::to_string(server.port()) + target;
}

} // namespace

TEST_CASE("A WebSocket carries text both ways, plain and over TLS") {
    const certificates& certs = any_certificates();
    const bool secure = GENERATE(false, true);
    asio::io_context io;
    http_server_options options;
    if (secure)
        options.tls = tls(tls_context::role::server, certs.server());
    std::string token;
    const websocket_handler handler = [&](const http_request& request) {
        token = request.headers["Authorization"];
        return std::function<asio::awaitable<void>(websocket&)>(echo_socket);
    };
    const auto server = listen(io.get_executor(), options, echo, handler);
    const auto talk = [&]() -> asio::awaitable<void> {
        http_client_options mine;
        mine.tls = tls(tls_context::role::client, certs.client());
        http_headers headers{{"Authorization", "Bearer x"}};
        auto opened = co_await open_websocket(url_of(*server, "/ws", secure ? "wss" : "ws"), headers, mine, patience, 1 << 20);
        const auto socket = value_of(std::move(opened));
        for (const std::string& text : {std::string("bind 1"), std::string(), std::string(300'000, 'x')}) {
            auto sent = co_await socket->send(text);
            REQUIRE(sent.has_value());
            auto back = co_await socket->receive(patience);
            CHECK((value_of(std::move(back)) == text));
        }
        co_await socket->close();
        auto after = co_await socket->receive(patience);
        CHECK(error_of(after).code != net_errc::timeout);
    };
    run(io, talk());
    CHECK(token == "Bearer x");
}

TEST_CASE("A silent WebSocket is asked by ping whether it lives, and given up when it does not") {
    asio::io_context io;
    SECTION("alive: the answers to our pings count") {
        const auto slow = [&](websocket& socket) -> asio::awaitable<void> {
            // Reads, and so answers pings, but says something only after several idle times.
            auto nothing = co_await with_deadline(socket.receive(patience), milliseconds(200));
            CHECK_FALSE(nothing.has_value());
        };
        const auto server = listen(io.get_executor(), {}, echo, at("/ws", slow));
        const auto talk = [&]() -> asio::awaitable<void> {
            auto opened = co_await open_websocket(url_of(*server, "/ws"), {}, {}, patience, 1000);
            const auto socket = value_of(std::move(opened));
            auto text = co_await socket->receive(milliseconds(60));
            CHECK(error_of(text).code == net_errc::closed);
        };
        run(io, talk());
    }
    SECTION("dead") {
        // Shakes hands by hand and then says nothing, not even to pings.
        const auto dead = [](websocket&) -> asio::awaitable<void> {
            asio::steady_timer never(co_await asio::this_coro::executor, steady::time_point::max());
            co_await never.async_wait(asio::use_awaitable);
        };
        const auto server = listen(io.get_executor(), {}, echo, at("/ws", dead));
        const auto talk = [&]() -> asio::awaitable<void> {
            auto opened = co_await open_websocket(url_of(*server, "/ws"), {}, {}, patience, 1000);
            const auto socket = value_of(std::move(opened));
            auto text = co_await socket->receive(milliseconds(60));
            CHECK(error_of(text).code == net_errc::timeout);
            co_await server->stop(milliseconds(0));
        };
        run(io, talk());
        CHECK(server->counted().open == 0);
    }
}

TEST_CASE("A message beyond the limit ends the WebSocket") {
    asio::io_context io;
    const auto talker = [](websocket& socket) -> asio::awaitable<void> {
        (void)co_await socket.send(std::string(2000, 'x'));
        (void)co_await socket.receive(patience);
    };
    const auto server = listen(io.get_executor(), {}, echo, at("/ws", talker));
    const auto talk = [&]() -> asio::awaitable<void> {
        auto opened = co_await open_websocket(url_of(*server, "/ws"), {}, {}, patience, 1000);
        const auto socket = value_of(std::move(opened));
        auto text = co_await socket->receive(patience);
        CHECK(error_of(text).code == net_errc::too_large);
    };
    run(io, talk());
}

TEST_CASE("A WebSocket that is refused says with what status, a plain one to another machine is not tried") {
    asio::io_context io;
    const auto server = listen(io.get_executor(), {}, echo, at("/ws", echo_socket));
    const auto talk = [&]() -> asio::awaitable<void> {
        auto declined = co_await open_websocket(url_of(*server, "/elsewhere"), {}, {}, patience, 1000);
        CHECK(error_of(declined).code == net_errc::protocol);
        CHECK_THAT(error_of(declined).text, Contains("404"));
        auto remote = co_await open_websocket("ws://192.0.2.1/", {}, {}, patience, 1000);
        CHECK(error_of(remote).code == net_errc::bad_url);
    };
    run(io, talk());
}

TEST_CASE("Opening a WebSocket has a deadline") {
    asio::io_context io;
    const auto script = [](raw_end& end, int) -> asio::awaitable<void> { co_await end.hear_all(); };
    raw_server mute(io, script);
    std::string url = mute.url();
    const auto talk = [&]() -> asio::awaitable<void> {
        auto opened = co_await open_websocket(url.replace(0, 4, "ws"), {}, {}, milliseconds(30), 1000);
        CHECK(error_of(opened).code == net_errc::timeout);
    };
    run(io, talk());
}
