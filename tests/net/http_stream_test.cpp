// Answers whose end is not known when they begin.
#include "net_support.hpp"

using namespace trialgate::tests;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;

namespace {

/// Pieces now and then, until nobody reads them.
struct source_of_pieces {
    int most = 3;
    milliseconds pause{1};
    std::size_t bytes = 5;
    int sent = 0;
    bool ended = false, cancelled = false;

    http_handler handler() {
        return [this](http_request) -> asio::awaitable<http_response> {
            http_response out;
            out.headers.set("Content-Type", "text/event-stream");
            out.stream = [this](body_writer& to) { return write(to); };
            co_return out;
        };
    }
    asio::awaitable<void> write(body_writer& to) {
        try {
            asio::steady_timer timer(co_await asio::this_coro::executor);
            for (int n = 0; n < most; ++n) {
                if (!co_await to.write(std::string(bytes, static_cast<char>('a' + n % 26))))
                    break;
                ++sent;
                timer.expires_after(pause);
                co_await timer.async_wait(asio::use_awaitable);
            }
        } catch (...) {
            cancelled = true;
        }
        ended = true;
    }
};

std::string ask(source_of_pieces& from, const std::string& request, http_server_options options = {}) {
    asio::io_context io;
    const auto server = listen(io.get_executor(), options, from.handler());
    std::string heard;
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        co_await end.say(request);
        heard = co_await end.hear_all();
    };
    run(io, talk());
    return heard;
}

} // namespace

TEST_CASE("A streamed answer arrives in chunks and ends the connection") {
    source_of_pieces from;
    const std::string heard = ask(from, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK_THAT(heard, Contains("Transfer-Encoding: chunked\r\n") && Contains("Connection: close\r\n") && !Contains("Content-Length"));
    CHECK_THAT(heard, EndsWith("\r\n\r\n5\r\naaaaa\r\n5\r\nbbbbb\r\n5\r\nccccc\r\n0\r\n\r\n"));
}

TEST_CASE("For HTTP/1.0 a streamed answer ends with the connection") {
    source_of_pieces from;
    const std::string heard = ask(from, "GET / HTTP/1.0\r\nHost: h\r\n\r\n");
    CHECK_THAT(heard, !Contains("Transfer-Encoding"));
    CHECK_THAT(heard, EndsWith("\r\n\r\naaaaabbbbbccccc"));
}

TEST_CASE("HEAD of a streamed answer does not begin the stream") {
    source_of_pieces from;
    const std::string heard = ask(from, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    CHECK_THAT(heard, EndsWith("\r\n\r\n"));
    CHECK(from.sent == 0);
}

TEST_CASE("The handler's deadline does not hold for a stream") {
    source_of_pieces from;
    from.pause = milliseconds(60);
    http_server_options options;
    options.handler_timeout = milliseconds(30);
    CHECK_THAT(ask(from, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", options), EndsWith("0\r\n\r\n"));
    CHECK(from.sent == 3);
}

TEST_CASE("A stream whose reader is gone ends") {
    asio::io_context io;
    source_of_pieces from;
    from.most = 1'000'000;
    const auto server = listen(io.get_executor(), {}, from.handler());
    const auto talk = [&]() -> asio::awaitable<void> {
        {
            raw_end end(io.get_executor());
            co_await end.connect(server->port());
            co_await end.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
            (void)co_await end.hear("aaaaa");
        }
        co_await until([&] { return from.ended && server->counted().open == 0; });
    };
    run(io, talk());
    CHECK_FALSE(from.cancelled);
}

TEST_CASE("A stream whose reader is too slow is cut off") {
    asio::io_context io;
    source_of_pieces from;
    from.most = 1'000'000;
    from.bytes = 1 << 20;
    http_server_options options;
    options.body_timeout = milliseconds(100);
    const auto server = listen(io.get_executor(), options, from.handler());
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        co_await end.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        co_await until([&] { return from.ended && server->counted().open == 0; });
    };
    run(io, talk());
    CHECK(server->counted().timeouts == 1);
}

TEST_CASE("Stopping the server ends a stream in order and at once") {
    asio::io_context io;
    source_of_pieces from;
    from.most = 1'000'000;
    from.pause = milliseconds(60'000);
    const auto server = listen(io.get_executor(), {}, from.handler());
    std::string heard;
    const auto begun = steady::now();
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        co_await end.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        (void)co_await end.hear("aaaaa\r\n");
        co_await breathe(); // the next piece is waited for
        const auto stop = [&]() -> asio::awaitable<void> { co_await server->stop(milliseconds(15'000)); };
        asio::co_spawn(io, stop(), asio::detached);
        heard = co_await end.hear_all();
        co_await until([&] { return server->counted().open == 0; });
    };
    run(io, talk());
    CHECK(heard == "0\r\n\r\n");
    CHECK(from.cancelled);
    CHECK(steady::now() - begun < milliseconds(10'000));
}

TEST_CASE("What a stream throws cuts the body off in the middle") {
    asio::io_context io;
    const http_handler handler = [](http_request) -> asio::awaitable<http_response> {
        http_response out;
        out.stream = [](body_writer& to) -> asio::awaitable<void> {
            co_await to.write("some");
            throw std::runtime_error("trouble");
        };
        co_return out;
    };
    const auto server = listen(io.get_executor(), {}, handler);
    std::string heard;
    const auto talk = [&]() -> asio::awaitable<void> {
        raw_end end(io.get_executor());
        co_await end.connect(server->port());
        co_await end.say("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        heard = co_await end.hear_all();
    };
    run(io, talk());
    CHECK_THAT(heard, EndsWith("4\r\nsome\r\n"));
}
