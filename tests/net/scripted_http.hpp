// An http_client that answers from a script, and a place to run coroutines in which no time passes unless the test says so.
#pragma once

#include "gateway/core/async.hpp"
#include "gateway/net/http_client.hpp"

#include <catch2/catch.hpp>
#include <deque>

namespace trialgate::tests {

using namespace trialgate::gateway;

class scripted_http final : public http_client {
public:
    using answer = net_result<http_response>;

    /// Asked for each request; the default has none to give.
    std::function<answer(const http_request&)> script = [](const http_request&) -> answer {
        return net_error{net_errc::connect, false, "no script"};
    };
    std::vector<http_request> asked;
    std::vector<std::chrono::milliseconds> limits;
    /// Requests wait before they are answered until `release`.
    bool holding = false;

    void release() {
        holding = false;
        for (const auto& timer : held_)
            timer->expires_at(asio::steady_timer::time_point::min());
        held_.clear();
    }

    asio::awaitable<answer> send(http_request request, std::chrono::milliseconds deadline) override {
        asked.push_back(request);
        limits.push_back(deadline);
        if (holding) {
            held_.push_back(std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, asio::steady_timer::time_point::max()));
            const auto timer = held_.back();
            boost::system::error_code ended;
            co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
            if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
                throw boost::system::system_error(asio::error::operation_aborted);
        }
        co_return script(request);
    }

    asio::awaitable<answer> stream(http_request request, std::chrono::milliseconds idle,
                                   std::function<asio::awaitable<bool>(std::string_view)> chunk) override {
        answer out = co_await send(std::move(request), idle);
        if (!out || out->status < 200 || out->status >= 300)
            co_return out;
        const std::string body = std::exchange(out->body, {});
        const bool go_on = co_await chunk(body);
        if (!go_on)
            co_return net_error{net_errc::cancelled, true, "stopped"};
        co_return out;
    }

private:
    std::vector<std::shared_ptr<asio::steady_timer>> held_;
};

inline http_response response(int status, std::string body = {}, http_headers headers = {}) {
    http_response out;
    out.status = status;
    out.headers = std::move(headers);
    out.body = std::move(body);
    return out;
}

/// 2026-03-15T10:00:00Z
inline constexpr instant start_of_test = 1'773'568'800'000;

/// One thread, one standing clock.
class still_world {
public:
    std::shared_ptr<manual_clock> time = make_manual_clock(start_of_test);
    asio::io_context io{1};

    template <class T>
    struct pending {
        std::optional<T> value;
        std::exception_ptr failed;
        asio::cancellation_signal cancel;
        bool done() const noexcept { return value || failed; }
    };

    /// Begins `op` and runs until nothing more happens by itself.
    template <class T>
    std::shared_ptr<pending<T>> start(asio::awaitable<T> op) {
        auto out = std::make_shared<pending<T>>();
        asio::co_spawn(io, std::move(op), asio::bind_cancellation_slot(out->cancel.slot(), [out](std::exception_ptr e, T v) {
                           if (e)
                               out->failed = e;
                           else
                               out->value = std::move(v);
                       }));
        settle();
        return out;
    }

    template <class T>
    T run(asio::awaitable<T> op) {
        const auto p = start(std::move(op));
        if (p->failed)
            std::rethrow_exception(p->failed);
        REQUIRE(p->value);
        return std::move(*p->value);
    }

    void settle() {
        io.restart();
        while (io.poll() > 0) {
        }
    }

    void pass(duration_ms d) {
        time->set(time->now() + d);
        settle();
    }
};

} // namespace trialgate::tests
