// What the tests of net/ share: an io_context with a limit of patience, raw ends of connections, certificates of their own.
#pragma once

#include "gateway/core/async.hpp"
#include "gateway/net/http_client.hpp"
#include "gateway/net/http_server.hpp"
#include "gateway/net/tls.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/support/source_folder.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace trialgate::tests {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;
using steady = std::chrono::steady_clock;
using namespace trialgate::gateway;

/// Longer than anything here takes: whoever needs it hangs.
inline constexpr milliseconds patience{20'000};

/// Runs `what` to its end; what it throws is thrown here.
inline void run(asio::io_context& io, asio::awaitable<void> what) {
    bool done = false;
    std::exception_ptr error;
    asio::co_spawn(io, std::move(what), [&](std::exception_ptr e) {
        done = true;
        error = e;
    });
    io.restart();
    const auto until = steady::now() + patience;
    while (!done && steady::now() < until)
        io.run_one_until(until);
    if (error)
        std::rethrow_exception(error);
    REQUIRE(done);
}

/// Lets everything else run that can.
inline asio::awaitable<void> breathe() {
    for (int i = 0; i < 20; ++i)
        co_await asio::post(asio::use_awaitable);
}

/// Returns when `true_now` is.
inline asio::awaitable<void> until(std::function<bool()> true_now) {
    const auto end = steady::now() + patience;
    while (!true_now() && steady::now() < end)
        co_await asio::post(asio::use_awaitable);
    REQUIRE(true_now());
}

/// One end of a connection that says exactly what it is told.
struct raw_end {
    explicit raw_end(asio::any_io_executor on) : socket(on) {}
    explicit raw_end(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    std::string unread;

    asio::awaitable<void> connect(unsigned short port) {
        const tcp::endpoint to(asio::ip::address_v4::loopback(), port);
        co_await socket.async_connect(to, asio::use_awaitable);
    }
    asio::awaitable<void> say(std::string text) { co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable); }
    /// Up to and with `end`; what came instead when the other side closes.
    asio::awaitable<std::string> hear(std::string end) {
        error_code ec;
        const std::size_t n = co_await asio::async_read_until(socket, asio::dynamic_buffer(unread), end, asio::redirect_error(asio::use_awaitable, ec));
        std::string out = unread.substr(0, ec ? unread.size() : n);
        unread.erase(0, out.size());
        co_return out;
    }
    /// Everything until the other side closes.
    asio::awaitable<std::string> hear_all() {
        error_code ec;
        while (!ec)
            co_await asio::async_read_until(socket, asio::dynamic_buffer(unread), "\x01never\x01", asio::redirect_error(asio::use_awaitable, ec));
        co_return std::exchange(unread, {});
    }
};

/// Accepts connections one after the other and lets `serve` have them.
class raw_server {
public:
    using script = std::function<asio::awaitable<void>(raw_end&, int number)>;
    raw_server(asio::io_context& io, script serve)
        : acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), serve_(std::move(serve)) {
        asio::co_spawn(io, accept(), asio::detached);
    }
    std::string url(const std::string& target = "/") const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + target; }
    int connections() const { return connections_; }

private:
    asio::awaitable<void> accept() {
        for (;;) {
            tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
            asio::co_spawn(acceptor_.get_executor(), serve(std::make_shared<raw_end>(std::move(socket)), ++connections_), asio::detached);
        }
    }
    asio::awaitable<void> serve(std::shared_ptr<raw_end> end, int number) { co_await serve_(*end, number); }

    tcp::acceptor acceptor_;
    script serve_;
    int connections_ = 0;
};

struct temporary_folder : scratch_folder {
    std::string file(const std::string& name) const { return *this / name; }
};

/// Runs a shell command in silence.
inline bool shell(const std::string& command) {
    return std::system(("(" + command + ") >/dev/null 2>&1").c_str()) == 0;
}

/// Certificates by certs/make.sh.
class certificates : public temporary_folder {
public:
    certificates() { make("localhost client other.example"); }
    void make(const std::string& arguments) const { REQUIRE(shell(trialgate::test::source_folder() + "/certs/make.sh --to '" + path().string() + "' " + arguments)); }
    /// As `NAME`, but its time is over.
    void make_expired(const std::string& name) const {
        write("expired.conf", "subjectAltName = DNS:localhost,IP:127.0.0.1,IP:::1\n");
        REQUIRE(shell("cd '" + path().string() + "' && openssl req -new -key " + name + ".key -subj /CN=" + name + " -out expired.csr && "
                      "openssl x509 -req -in expired.csr -CA ca.pem -CAkey ca.key -set_serial 99 -days -1 -extfile expired.conf -out " + name + ".pem"));
    }
    tls_files server(const std::string& name = "localhost") const { return {"", file(name + ".pem"), file(name + ".key"), false}; }
    tls_files client() const { return {file("ca.pem"), "", "", false}; }
};

/// For tests that change none of the files.
inline const certificates& any_certificates() {
    static const certificates one;
    return one;
}

inline std::shared_ptr<tls_context> tls(tls_context::role role, tls_files files) {
    return std::make_shared<tls_context>(role, std::move(files));
}

template <class T>
T value_of(net_result<T> result) {
    if (!result)
        FAIL(to_code(result.error().code) << ": " << result.error().text);
    return std::move(*result);
}

template <class T>
net_error error_of(const net_result<T>& result) {
    REQUIRE(result.has_error());
    return result.error();
}

using answer_result = net_result<http_response>;

inline std::string answer_text(const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

/// Sends one request with a new client.
inline answer_result ask(asio::io_context& io, http_request request, http_client_options options = {}, milliseconds deadline = patience) {
    std::optional<answer_result> out;
    const auto talk = [&]() -> asio::awaitable<void> {
        const auto client = make_http_client(options);
        out.emplace(co_await client->send(std::move(request), deadline));
    };
    run(io, talk());
    return std::move(*out);
}

/// A server that answers the first request of each connection with `text` and closes.
inline raw_server::script say_once(const std::string& text) {
    return [text](raw_end& end, int) -> asio::awaitable<void> {
        co_await end.hear("\r\n\r\n");
        co_await end.say(text);
    };
}

/// Answers with what was asked: method, target, body.
inline asio::awaitable<http_response> echo(http_request request) {
    http_response out;
    out.headers.add("Content-Type", "text/plain");
    out.body = request.method + ' ' + request.target + ' ' + request.body;
    co_return out;
}

inline http_request get(const std::string& url) {
    http_request out;
    out.target = url;
    return out;
}

inline http_request post(const std::string& url, std::string body) {
    http_request out;
    out.method = "POST";
    out.target = url;
    out.body = std::move(body);
    return out;
}

} // namespace trialgate::tests
