#include "gateway/net/http_client.hpp"

#include "gateway/core/async.hpp"
#include "gateway/net/dial.hpp"
#include "gateway/net/exchange.hpp"

#include <algorithm>
#include <deque>
#include <map>

namespace trialgate::gateway {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct kept_link {
    link connection;
    steady_clock::time_point until;
};

struct waiter {
    asio::steady_timer bell;
    bool granted = false;
};

/// The connections to one origin: `busy` of them carry a request, the others wait in `idle`.
struct origin_pool {
    std::size_t busy = 0;
    std::deque<kept_link> idle; ///< the one used last at the back: the others may grow old
    std::list<std::shared_ptr<waiter>> queue;
};

struct client_core {
    http_client_options options;
    std::map<std::string, std::shared_ptr<origin_pool>, std::less<>> origins;

    std::shared_ptr<origin_pool> pool_of(const std::string& origin) {
        forget_old();
        auto& at = origins[origin];
        if (!at)
            at = std::make_shared<origin_pool>();
        return at;
    }
    /// Also of the other origins: nothing else looks after those that are not asked any more.
    void forget_old() {
        const auto now = steady_clock::now();
        for (auto it = origins.begin(); it != origins.end();) {
            auto& idle = it->second->idle;
            std::erase_if(idle, [&](const kept_link& k) { return k.until <= now; });
            if (idle.empty() && it->second->busy == 0 && it->second->queue.empty())
                it = origins.erase(it);
            else
                ++it;
        }
    }
};

/// The right to use one connection. Given back to whoever has waited longest.
class slot {
public:
    explicit slot(std::shared_ptr<origin_pool> of) : of_(std::move(of)) {}
    slot(slot&&) = default;
    slot& operator=(slot&&) = delete;
    ~slot() {
        if (!of_)
            return;
        if (of_->queue.empty()) {
            --of_->busy;
            return;
        }
        const auto next = of_->queue.front();
        of_->queue.pop_front();
        next->granted = true;
        next->bell.expires_at(steady_clock::time_point::min());
    }

private:
    std::shared_ptr<origin_pool> of_;
};

/// Takes a waiter out of the queue when its coroutine ends, however it ends.
struct queued {
    std::shared_ptr<origin_pool> pool;
    std::shared_ptr<waiter> self;
    bool used = false;
    queued(std::shared_ptr<origin_pool> p, std::shared_ptr<waiter> s) : pool(std::move(p)), self(std::move(s)) { pool->queue.push_back(self); }
    queued(const queued&) = delete;
    ~queued() {
        if (!self->granted)
            pool->queue.remove(self);
        else if (!used)
            slot unused(pool); // granted in the moment it was given up: on to the next
    }
};

asio::awaitable<net_result<slot>> take_slot(std::shared_ptr<origin_pool> pool, std::size_t most, std::string where, steady_clock::time_point until) {
    if (pool->busy < most) {
        ++pool->busy;
        co_return slot(pool);
    }
    const auto self = std::make_shared<waiter>(waiter{asio::steady_timer(co_await asio::this_coro::executor, until), false});
    queued place(pool, self);
    boost::system::error_code ended;
    co_await self->bell.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    if (self->granted) {
        place.used = true;
        co_return slot(pool);
    }
    if (ended)
        co_return net_error{net_errc::cancelled, false, where + ": cancelled"};
    co_return timed_out(where, "waiting for a free connection");
}

std::optional<link> take_idle(origin_pool& pool) {
    while (!pool.idle.empty()) {
        link l = std::move(pool.idle.back().connection);
        pool.idle.pop_back();
        if (still_idle(l))
            return l;
    }
    return std::nullopt;
}

bool token_char(char c) noexcept {
    static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != others.npos;
}

bool token(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), token_char);
}

/// What the caller gives must stay within its line.
std::optional<net_error> unfit(const http_request& request, const std::string& where) {
    if (!token(request.method))
        return net_error{net_errc::protocol, false, where + ": not sent, the method is no word"};
    for (const auto& [name, value] : request.headers)
        if (!token(name) || value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
            return net_error{net_errc::protocol, false, where + ": not sent, a header has characters that a header cannot have"};
    return std::nullopt;
}

std::string head_of(const http_request& request, const url_parts& url) {
    std::string out = request.method + ' ' + url.target + " HTTP/1.1\r\nHost: " + url.authority();
    if (url.port != (url.secure() ? "443" : "80"))
        out += ':' + url.port;
    out += "\r\n";
    if (!request.headers.has("User-Agent"))
        out += "User-Agent: trialgate/" TRIALGATE_VERSION "\r\n";
    if (!request.headers.has("Accept-Encoding"))
        out += "Accept-Encoding: gzip, deflate\r\n";
    for (const auto& [name, value] : request.headers) {
        const http_headers one{{name, ""}};
        if (!one.has("Host") && !one.has("Content-Length") && !one.has("Transfer-Encoding") && !one.has("Connection"))
            out += name + ": " + value + "\r\n";
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH")
        out += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    return out + "\r\n";
}

bool repeatable(std::string_view method) noexcept {
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

/// `idle` other than zero: a streamed answer; `patience` is then for the way to the answer's head.
asio::awaitable<net_result<http_response>> ask(std::shared_ptr<client_core> core, http_request request, milliseconds patience, milliseconds idle,
                                               chunk_sink chunk) {
    const auto until = steady_clock::now() + patience;
    const auto url = parse_url(request.target);
    if (auto no = not_allowed(url, core->options.allow_plain_remote))
        co_return std::move(*no);
    const std::string where = place_of(*url);
    if (auto no = unfit(request, where))
        co_return std::move(*no);
    const std::string head = head_of(request, *url);
    exchange_options options{where, request.method == "HEAD", core->options.most_answer_bytes, until, idle, chunk ? &chunk : nullptr};

    const auto pool = core->pool_of(url->origin());
    auto right = co_await take_slot(pool, std::max<std::size_t>(1, core->options.connections_per_origin), where, until);
    if (!right)
        co_return right.error();
    std::optional<link> connection = take_idle(*pool);
    bool sent = false;
    for (bool kept = connection.has_value();; kept = false) {
        if (!kept) {
            auto fresh = co_await dial(*url, core->options.tls, std::min(until, steady_clock::now() + core->options.connect_timeout));
            if (!fresh) {
                net_error e = fresh.error();
                e.maybe_sent = sent;
                co_return e;
            }
            connection.emplace(std::move(*fresh));
        }
        exchange_outcome out = co_await exchange(*connection, head, request.body, options);
        sent |= out.sent;
        const bool stale = kept && out.error && !out.answered && (out.error->code == net_errc::closed || out.error->code == net_errc::tls);
        if (stale && repeatable(request.method))
            continue;
        if (out.reusable)
            pool->idle.push_back({std::move(*connection), steady_clock::now() + core->options.keep_idle});
        if (!out.error)
            co_return std::move(out.response);
        out.error->maybe_sent = sent;
        co_return std::move(*out.error);
    }
}

class pooled_client final : public http_client {
public:
    explicit pooled_client(http_client_options options) : core_(std::make_shared<client_core>()) {
        if (!options.tls)
            options.tls = std::make_shared<tls_context>(tls_context::role::client, tls_files{});
        core_->options = std::move(options);
    }
    asio::awaitable<net_result<http_response>> send(http_request request, milliseconds deadline) override {
        return ask(core_, std::move(request), deadline, milliseconds(0), {});
    }
    asio::awaitable<net_result<http_response>> stream(http_request request, milliseconds idle, chunk_sink chunk) override {
        return ask(core_, std::move(request), idle, idle, std::move(chunk));
    }

private:
    std::shared_ptr<client_core> core_; ///< shared with the requests under way
};

} // namespace

std::unique_ptr<http_client> make_http_client(http_client_options options) {
    return std::make_unique<pooled_client>(std::move(options));
}

} // namespace trialgate::gateway
