#include "gateway/net/oauth.hpp"

#include "fhir/json.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/net/token_answer.hpp"

#include <algorithm>
#include <stdexcept>

namespace trialgate::gateway {

namespace {

constexpr std::chrono::milliseconds request_limit{15'000};
constexpr duration_ms first_pause = second_ms, longest_pause = minute_ms;
constexpr duration_ms between_refusals = 5 * second_ms; ///< a server that refuses every token must not make us ask for tokens without end
constexpr instant backdated_s = 5, assertion_s = 300;

/// "host:port" for messages.
std::string peer_of(std::string_view url) {
    const auto parts = parse_url(url);
    return parts ? parts->host + ":" + parts->port : "a URL that cannot be asked";
}

http_request form_post(const std::string& url, std::string body) {
    http_request out;
    out.method = "POST";
    out.target = url;
    out.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    out.body = std::move(body);
    return out;
}

/// What all who ask share; the request for a token that is under way keeps it alive.
class token_keeper final : public std::enable_shared_from_this<token_keeper> {
public:
    token_keeper(oauth_options options, std::shared_ptr<http_client> http, std::shared_ptr<clock> time, std::function<void(std::string)> warn)
        : options_(std::move(options)), http_(std::move(http)), time_(std::move(time)), warn_(std::move(warn)) {
        if (options_.keys.empty() && options_.client_secret.empty())
            throw std::invalid_argument("an OAuth client needs a key or a secret");
        if (options_.token_url.empty() && options_.fhir_base.empty())
            throw std::invalid_argument("an OAuth client needs a token URL or a FHIR server that tells it");
        while (options_.fhir_base.ends_with('/'))
            options_.fhir_base.pop_back();
        endpoint_ = options_.token_url;
    }

    asio::awaitable<net_result<std::string>> authorization(bool refresh) {
        if (refresh && (flight_ || time_->now() >= refused_until_)) {
            header_.clear();
            refused_until_ = time_->now() + between_refusals;
        }
        const auto self = shared_from_this();
        const std::uint64_t before = granted_;
        while (!stopped_) {
            const instant now = time_->now();
            if (!header_.empty() && (now < refresh_at_ || granted_ != before))
                co_return header_;
            // The old token is still good for a while: nobody waits for a renewal that is under way or has just failed.
            const bool good = !header_.empty() && now < expires_at_;
            if (good && (flight_ || now < pause_until_))
                co_return header_;
            if (!flight_ && now < pause_until_)
                co_return failure_;
            if (!flight_)
                launch(co_await asio::this_coro::executor);
            co_await landing();
        }
        co_return net_error{net_errc::cancelled, false, "access token: shutting down"};
    }

    void stop() {
        stopped_ = true;
        if (const auto running = flight_)
            running->cancel.emit(asio::cancellation_type::terminal);
    }

private:
    /// A request for a token. It belongs to nobody who waits for it: one that has no more time leaves the others waiting, and the token is
    /// there for the next.
    struct flight {
        explicit flight(const asio::any_io_executor& on) : landed(on, asio::steady_timer::time_point::max()) {}
        asio::steady_timer landed; ///< expires at the end
        asio::cancellation_signal cancel;
    };

    void launch(const asio::any_io_executor& on) {
        const auto started = flight_ = std::make_shared<flight>(on);
        asio::co_spawn(on, fly(started), asio::bind_cancellation_slot(started->cancel.slot(), [started](std::exception_ptr) {}));
    }

    /// Waits until the flight that is under way has ended, in whatever way.
    asio::awaitable<void> landing() {
        const auto waited = flight_;
        boost::system::error_code ended;
        if (waited)
            co_await waited->landed.async_wait(asio::redirect_error(asio::use_awaitable, ended));
        if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted);
    }

    asio::awaitable<void> fly(std::shared_ptr<flight> mine) {
        // Also when this coroutine is destroyed without being resumed.
        const std::shared_ptr<void> land(nullptr, [self = shared_from_this(), mine](void*) {
            self->flight_.reset();
            mine->landed.expires_at(asio::steady_timer::time_point::min());
        });
        const instant sent = time_->now();
        try {
            net_result<token_grant> grant = co_await fetch();
            if (grant)
                keep(*grant, sent);
            else if (!stopped_)
                failed(std::move(grant.error()));
        } catch (const std::exception&) {
            failed({net_errc::auth, false, "access token: a request for it cannot be made"});
        }
    }

    void keep(const token_grant& grant, instant sent) {
        header_ = "Bearer " + grant.token;
        refresh_at_ = sent + grant.lifetime / 5 * 4;
        expires_at_ = sent + grant.lifetime;
        ++granted_;
        failures_ = 0;
        pause_until_ = 0;
        if (!grant.scope || scope_reported_)
            return;
        std::string missing;
        for (const std::string& s : missing_scopes(options_.scope, *grant.scope))
            missing += " " + s;
        if (missing.empty())
            return;
        scope_reported_ = true;
        say("the authorisation server did not grant:" + missing);
    }

    void failed(net_error e) {
        failure_ = std::move(e);
        const duration_ms pause = std::min(longest_pause, first_pause << std::min(failures_++, 6u));
        pause_until_ = time_->now() + std::max(pause, std::min(asked_to_wait_, longest_pause));
    }

    asio::awaitable<net_result<token_grant>> fetch() {
        asked_to_wait_ = 0;
        if (endpoint_.empty()) {
            net_result<void> found = co_await discover();
            if (!found)
                co_return found.error();
        }
        http_request request = token_request();
        net_result<http_response> answer = co_await http_->send(std::move(request), request_limit);
        if (!answer) {
            forget_endpoint();
            co_return net_error{net_errc::auth, false, "access token: " + answer.error().text};
        }
        net_result<token_grant> grant = read_token_answer(*answer);
        if (grant)
            co_return grant;
        asked_to_wait_ = parse_retry_after(answer->headers["Retry-After"], time_->now()).value_or(0);
        std::string text = "access token: " + peer_of(endpoint_) + " " + grant.error().text;
        if (answer->status != 400 && answer->status != 401) // those know us: it is the right place
            forget_endpoint();
        co_return net_error{net_errc::auth, false, std::move(text)};
    }

    /// A discovered endpoint may have moved.
    void forget_endpoint() { endpoint_ = options_.token_url; }

    asio::awaitable<net_result<void>> discover() {
        oauth_endpoints found;
        net_result<http_response> answer = co_await get("/.well-known/smart-configuration", "application/json");
        if (answer && answer->status == 200)
            found = read_smart_configuration(answer->body, options_.fhir_base);
        if (found.token.empty()) {
            answer = co_await get("/metadata", "application/fhir+json");
            if (answer && answer->status == 200)
                found = read_capability_security(answer->body, options_.fhir_base);
        }
        if (!answer && found.token.empty())
            co_return net_error{net_errc::auth, false, "access token: " + answer.error().text};
        if (found.token.empty())
            co_return net_error{net_errc::auth, false,
                                "access token: " + peer_of(options_.fhir_base) + " names no token endpoint; configure the token URL"};
        endpoint_ = std::move(found.token);
        note_algorithms(found.algorithms);
        co_return net_result<void>();
    }

    asio::awaitable<net_result<http_response>> get(std::string_view path, std::string_view accept) {
        http_request request;
        request.target = options_.fhir_base + std::string(path);
        request.headers.add("Accept", std::string(accept));
        return http_->send(std::move(request), request_limit);
    }

    void note_algorithms(const std::vector<std::string>& offered) {
        if (options_.keys.empty() || offered.empty() || algorithm_reported_)
            return;
        const std::string_view ours = options_.keys.front()->algorithm();
        if (std::find(offered.begin(), offered.end(), ours) != offered.end())
            return;
        algorithm_reported_ = true;
        say("the authorisation server does not list " + std::string(ours) + ", with which the first key signs");
    }

    /// Nothing that a server must see once only is made twice from one assertion: each attempt has its own.
    http_request token_request() const {
        using fhir::percent_encode;
        std::string form = "grant_type=client_credentials";
        if (!options_.scope.empty())
            form += "&scope=" + percent_encode(options_.scope);
        if (!options_.keys.empty()) {
            form += "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=" +
                    options_.keys.front()->jwt(claims(), options_.jku);
            return form_post(endpoint_, std::move(form));
        }
        const std::string id = percent_encode(options_.client_id), secret = percent_encode(options_.client_secret);
        if (!options_.secret_in_header)
            return form_post(endpoint_, form + "&client_id=" + id + "&client_secret=" + secret);
        http_request out = form_post(endpoint_, std::move(form));
        out.headers.add("Authorization", "Basic " + to_base64(id + ":" + secret)); // encoded first: RFC 6749, section 2.3.1
        return out;
    }

    std::string claims() const {
        using fhir::json::quote;
        const instant issued = time_->now() / 1000 - backdated_s; // servers refuse what seems to come from the future
        const std::string id = quote(options_.client_id);
        return R"({"iss":)" + id + R"(,"sub":)" + id + R"(,"aud":)" + quote(endpoint_) + R"(,"jti":)" + quote(random_token(24)) +
               R"(,"iat":)" + std::to_string(issued) + R"(,"exp":)" + std::to_string(issued + assertion_s) + "}";
    }

    void say(std::string text) const {
        if (warn_)
            warn_(std::move(text));
    }

    oauth_options options_;
    std::shared_ptr<http_client> http_;
    std::shared_ptr<clock> time_;
    std::function<void(std::string)> warn_;

    std::string endpoint_;                        ///< empty: to be discovered
    std::string header_;                          ///< empty: no token, or it was refused
    instant refresh_at_ = 0, expires_at_ = 0;
    std::uint64_t granted_ = 0;                   ///< tokens so far
    std::shared_ptr<flight> flight_;              ///< set while a token is being fetched
    bool stopped_ = false;
    net_error failure_;                           ///< answered until pause_until_
    instant pause_until_ = 0;
    unsigned failures_ = 0;
    duration_ms asked_to_wait_ = 0;               ///< the token endpoint's own Retry-After
    instant refused_until_ = 0;                   ///< before that, a 401 gets the same token again
    bool scope_reported_ = false, algorithm_reported_ = false;
};

class oauth final : public authorizer {
public:
    explicit oauth(std::shared_ptr<token_keeper> keeper) : keeper_(std::move(keeper)) {}
    ~oauth() override { keeper_->stop(); }
    asio::awaitable<net_result<std::string>> authorization(bool refresh) override { return keeper_->authorization(refresh); }

private:
    std::shared_ptr<token_keeper> keeper_;
};

class fixed_value final : public authorizer {
public:
    explicit fixed_value(std::string value) : value_(std::move(value)) {
        if (std::any_of(value_.begin(), value_.end(), [](char c) { return c < ' ' || c > '~'; }))
            throw std::invalid_argument("a token with characters that cannot stand in a header");
    }
    asio::awaitable<net_result<std::string>> authorization(bool) override { co_return value_; }

private:
    std::string value_;
};

} // namespace

std::shared_ptr<authorizer> make_oauth(oauth_options options, std::shared_ptr<http_client> http, std::shared_ptr<clock> time,
                                       std::function<void(std::string)> warn) {
    return std::make_shared<oauth>(std::make_shared<token_keeper>(std::move(options), std::move(http), std::move(time), std::move(warn)));
}

std::shared_ptr<authorizer> make_oauth(oauth_options options, std::shared_ptr<clock> time, std::function<void(std::string)> warn) {
    std::shared_ptr<http_client> http = make_http_client(options.http);
    return make_oauth(std::move(options), std::move(http), std::move(time), std::move(warn));
}

std::shared_ptr<authorizer> make_basic_auth(std::string user, std::string password) {
    return std::make_shared<fixed_value>("Basic " + to_base64(user + ":" + password));
}

std::shared_ptr<authorizer> make_static_token(std::string token) { return std::make_shared<fixed_value>("Bearer " + token); }

} // namespace trialgate::gateway
