#include "gateway/probe/ledger.hpp"

#include "gateway/core/async.hpp"

#include <charconv>

namespace trialgate::gateway::probe {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

ledger::ledger(politeness rules) : rules_(std::move(rules)), started_(steady_clock::now()), next_(started_) {}

asio::awaitable<std::optional<net_error>> ledger::turn() {
    if (!cleaning_ && sent_ >= rules_.most_requests)
        co_return net_error{net_errc::refused, false,
                            "the probe's limit of " + std::to_string(rules_.most_requests) + " requests is reached"};
    if (!cleaning_ && rules_.paced && steady_clock::now() - started_ > rules_.most_time)
        co_return net_error{net_errc::refused, false, "the probe's time is over"};
    ++sent_;
    if (!rules_.paced)
        co_return std::nullopt;
    // Spaced evenly, with a credit of one burst.
    const auto space = std::chrono::microseconds(1'000'000 / std::max(1u, rules_.per_second));
    next_ = std::max(next_, steady_clock::now()) + space;
    const auto at = next_ - space * std::max(1u, rules_.burst);
    asio::steady_timer timer(co_await asio::this_coro::executor, at);
    if (at > steady_clock::now())
        co_await timer.async_wait(asio::use_awaitable);
    co_return std::nullopt;
}

asio::awaitable<void> ledger::rest() {
    asio::steady_timer timer(co_await asio::this_coro::executor, next_);
    if (rules_.paced && next_ > steady_clock::now())
        co_await timer.async_wait(asio::use_awaitable);
}

namespace {

exchange_note::kind kind_of(std::string_view body) noexcept {
    const auto first = body.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first == body.npos)
        return exchange_note::kind::none;
    if (body[first] == '{' || body[first] == '[')
        return exchange_note::kind::json;
    return body[first] == '<' ? exchange_note::kind::html : exchange_note::kind::other;
}

class polite_http final : public http_client {
public:
    polite_http(std::shared_ptr<ledger> book, std::shared_ptr<http_client> inner) : book_(std::move(book)), inner_(std::move(inner)) {}

    asio::awaitable<net_result<http_response>> send(http_request request, milliseconds deadline) override {
        std::optional<net_error> refused = co_await book_->turn();
        if (refused)
            co_return std::move(*refused);
        request.headers.set("User-Agent", book_->rules().user_agent);
        exchange_note n;
        n.method = request.method;
        n.url = request.target;
        const auto since = steady_clock::now();
        net_result<http_response> ended = co_await inner_->send(std::move(request), deadline);
        n.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - since);
        if (!ended) {
            n.error = ended.error().code;
        } else {
            n.status = ended->status;
            n.content_type = std::string(ended->headers["Content-Type"]);
            n.retry_after = std::string(ended->headers["Retry-After"]);
            n.body = kind_of(ended->body);
            if (const std::string_view told = ended->headers[elapsed_header]; !told.empty()) {
                std::int64_t ms = 0;
                std::from_chars(told.data(), told.data() + told.size(), ms);
                n.took = milliseconds(ms);
                ended->headers.remove(elapsed_header);
            }
        }
        book_->note(std::move(n));
        co_return ended;
    }

    asio::awaitable<net_result<http_response>> stream(http_request, milliseconds,
                                                      std::function<asio::awaitable<bool>(std::string_view)>) override {
        co_return net_error{net_errc::refused, false, "a probe streams nothing"};
    }

private:
    std::shared_ptr<ledger> book_;
    std::shared_ptr<http_client> inner_;
};

} // namespace

std::shared_ptr<http_client> make_polite_http(std::shared_ptr<ledger> book, std::shared_ptr<http_client> inner) {
    return std::make_shared<polite_http>(std::move(book), std::move(inner));
}

} // namespace trialgate::gateway::probe
