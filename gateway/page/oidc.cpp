#include "gateway/page/oidc.hpp"

#include "fhir/json.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/net/id_token.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace json = fhir::json;

namespace {

constexpr std::chrono::milliseconds patience{10'000};
constexpr duration_ms metadata_lifetime = hour_ms, keys_pause = minute_ms, fault_lifetime = 5 * second_ms;

/// What the issuer says of itself.
struct provider {
    std::string authorization, token, keys_url, userinfo;
    bool secret_in_form = false, names_issuer = false;
    instant read = 0;
    std::string fault;
};

bool has(json::value list, std::string_view word) {
    const auto all = list.elements();
    return std::any_of(all.begin(), all.end(), [&](const json::value& one) { return one.text() == word; });
}

/// Only over TLS, or on this machine: the browser is sent there, and codes go there.
std::string endpoint(json::value v) {
    const auto url = v.is_string() ? parse_url(v.text()) : std::nullopt;
    return url && (url->scheme == "https" || (url->scheme == "http" && is_loopback(url->host))) ? std::string(v.text()) : std::string();
}

std::string_view without_slash(std::string_view url) noexcept { return url.ends_with('/') ? url.substr(0, url.size() - 1) : url; }

provider read_provider(const std::string& text, const std::string& issuer) {
    provider out;
    json::parser parser;
    const auto v = parser.parse_copy(text);
    if (!v || !v->is_object()) {
        out.fault = "the issuer's configuration is no JSON object";
        return out;
    }
    out.authorization = endpoint((*v)["authorization_endpoint"]);
    out.token = endpoint((*v)["token_endpoint"]);
    out.keys_url = endpoint((*v)["jwks_uri"]);
    out.userinfo = endpoint((*v)["userinfo_endpoint"]);
    out.names_issuer = (*v)["authorization_response_iss_parameter_supported"].as_bool();
    const json::value methods = (*v)["token_endpoint_auth_methods_supported"], challenges = (*v)["code_challenge_methods_supported"];
    out.secret_in_form = methods && !has(methods, "client_secret_basic") && has(methods, "client_secret_post");
    if (without_slash((*v)["issuer"].text()) != without_slash(issuer))
        out.fault = "the issuer's configuration names another issuer";
    else if (out.authorization.empty() || out.token.empty() || out.keys_url.empty())
        out.fault = "the issuer's configuration lacks a usable authorization_endpoint, token_endpoint or jwks_uri";
    else if (challenges && !has(challenges, "S256"))
        out.fault = "the issuer does not support PKCE with S256";
    return out;
}

std::string form(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    std::string out;
    for (const auto& [name, value] : fields)
        if (!value.empty())
            out += (out.empty() ? "" : "&") + std::string(name) + '=' + fhir::percent_encode(value);
    return out;
}

std::unique_ptr<http_client> client_of(const page_config::oidc_config& config) {
    http_client_options o;
    o.most_answer_bytes = std::size_t{1} << 20;
    if (!config.ca.empty())
        o.tls = std::make_shared<tls_context>(tls_context::role::client, tls_files{config.ca, {}, {}, false});
    return make_http_client(std::move(o));
}

} // namespace

struct oidc_login::state : std::enable_shared_from_this<oidc_login::state> {
    state(page_config::oidc_config c, std::shared_ptr<clock> t) : config(std::move(c)), time(std::move(t)), http(client_of(config)) {}

    page_config::oidc_config config;
    std::shared_ptr<clock> time;
    std::unique_ptr<http_client> http;
    pending_logins pending;
    provider about;
    oidc_fault unusable; ///< how asking for `about` failed, at `failed`
    instant failed = 0;
    std::string keys;
    instant keys_read = 0;

    /// The body of a 200; else `fault` is set.
    asio::awaitable<std::string> fetch(std::string url, std::string bearer, oidc_fault& fault) {
        http_request r;
        r.target = std::move(url);
        r.headers = {{"Accept", "application/json"}};
        if (!bearer.empty())
            r.headers.add("Authorization", "Bearer " + bearer);
        auto got = co_await http->send(std::move(r), patience);
        if (got && got->status == 200)
            co_return std::move(got->body);
        fault = {"unreachable", got ? "the issuer answered " + std::to_string(got->status) : got.error().text};
        co_return std::string();
    }

    asio::awaitable<oidc_fault> discover() {
        oidc_fault fault;
        const instant now = time->now();
        if (about.read != 0 && about.fault.empty() && now - about.read < metadata_lifetime && now >= about.read)
            co_return fault;
        if (failed != 0 && now - failed < fault_lifetime && now >= failed) // an issuer in trouble is not asked by every click
            co_return unusable;
        fault = co_await ask_about();
        failed = fault.why.empty() ? 0 : time->now();
        unusable = fault;
        co_return fault;
    }

    asio::awaitable<oidc_fault> ask_about() {
        oidc_fault fault;
        std::string url = std::string(without_slash(config.issuer)) + "/.well-known/openid-configuration";
        const std::string text = co_await fetch(std::move(url), {}, fault);
        if (!fault.why.empty())
            co_return fault;
        about = read_provider(text, config.issuer);
        about.read = time->now();
        if (!about.fault.empty())
            fault = {"unreachable", about.fault};
        co_return fault;
    }

    asio::awaitable<oidc_fault> read_keys(bool again) {
        oidc_fault fault;
        const duration_ms age = time->now() - keys_read;
        if (!keys.empty() && age >= 0 && age < (again ? keys_pause : metadata_lifetime))
            co_return fault;
        std::string text = co_await fetch(about.keys_url, {}, fault);
        if (fault.why.empty()) {
            keys = std::move(text);
            keys_read = time->now();
        }
        co_return fault;
    }

    /// What can be said of a callback by itself.
    oidc_fault fault_of(bool known, const std::map<std::string, std::string, std::less<>>& query) const {
        const auto value = [&](std::string_view name) {
            const auto at = query.find(name);
            return at == query.end() ? std::string_view() : std::string_view(at->second);
        };
        if (!known)
            return {"state", "the callback belongs to no login that this browser began", false};
        if (query.contains("iss") ? without_slash(value("iss")) != without_slash(config.issuer) : about.names_issuer) // RFC 9207
            return {"state", "the callback is of another issuer"};
        if (query.contains("error") || value("code").empty())
            return {"refused", "the issuer refused the login"};
        return {};
    }

    /// The ID token, and the access token for userinfo.
    struct tokens {
        std::string id, access;
    };
    asio::awaitable<tokens> redeem(std::string code, pending_logins::login login, oidc_fault& fault) {
        http_request r;
        r.method = "POST";
        r.target = about.token;
        r.headers = {{"Accept", "application/json"}, {"Content-Type", "application/x-www-form-urlencoded"}};
        const std::string& password = config.client_secret.value;
        const bool in_header = !password.empty() && !about.secret_in_form;
        r.body = form({{"grant_type", "authorization_code"}, {"code", code}, {"redirect_uri", login.redirect_uri}, {"code_verifier", login.verifier},
                       {"client_id", in_header ? std::string_view() : std::string_view(config.client_id)},
                       {"client_secret", in_header ? std::string_view() : std::string_view(password)}});
        if (in_header) // RFC 6749, section 2.3.1: encoded before they are joined
            r.headers.add("Authorization", "Basic " + to_base64(fhir::percent_encode(config.client_id) + ':' + fhir::percent_encode(password)));
        tokens out;
        auto got = co_await http->send(std::move(r), patience);
        if (!got) {
            fault = {"unreachable", got.error().text};
            co_return out;
        }
        json::parser parser;
        const auto v = parser.parse_copy(got->body);
        if (got->status != 200 || !v || !(*v)["id_token"].is_string())
            fault = {"token", "the token endpoint answered " + std::to_string(got->status) + (got->status == 200 ? " without an ID token" : "")};
        else
            out = {std::string((*v)["id_token"].text()), std::string((*v)["access_token"].text())};
        co_return out;
    }

    asio::awaitable<std::string> checked(std::string token, std::string nonce, oidc_fault& fault) {
        id_token_rules rules{config.issuer, config.client_id, std::move(nonce), time->now() / second_ms};
        id_token_outcome outcome;
        for (const bool again : {false, true}) {
            fault = co_await read_keys(again);
            if (!fault.why.empty())
                co_return std::string();
            outcome = check_id_token(token, keys, rules);
            if (outcome.ok() || !outcome.other_key)
                break;
        }
        if (!outcome.ok())
            fault = {"id-token", outcome.fault};
        co_return std::move(outcome.claims);
    }

    asio::awaitable<oidc_user> user_of(std::string claims, std::string access_token) {
        std::string more;
        if (!tells_enough(claims, config) && !about.userinfo.empty() && !access_token.empty()) {
            oidc_fault ignored; // then the user is what the token tells
            more = co_await fetch(about.userinfo, std::move(access_token), ignored);
        }
        co_return read_user(claims, more, config);
    }
};

oidc_login::oidc_login(page_config::oidc_config config, std::shared_ptr<clock> time)
    : state_(std::make_shared<state>(std::move(config), std::move(time))) {}

oidc_login::~oidc_login() = default;

asio::awaitable<std::variant<oidc_login::begun, oidc_fault>> oidc_login::begin(std::string redirect_uri, std::string before) {
    const auto s = state_; // a reload may take this away meanwhile
    oidc_fault fault = co_await s->discover();
    if (!fault.why.empty())
        co_return fault;
    const pending_logins::login login = s->pending.begin(std::move(redirect_uri), s->time->now(), std::move(before));
    const std::string challenge = to_base64url(sha256(login.verifier));
    begun out;
    out.state = login.state;
    out.cookie = login.cookie;
    out.location = s->about.authorization + (s->about.authorization.find('?') == std::string::npos ? '?' : '&') +
                   form({{"response_type", "code"}, {"client_id", s->config.client_id}, {"redirect_uri", login.redirect_uri}, {"scope", s->config.scope},
                         {"state", login.state}, {"nonce", login.nonce}, {"code_challenge", challenge}, {"code_challenge_method", "S256"}});
    co_return out;
}

asio::awaitable<std::variant<oidc_user, oidc_fault>> oidc_login::finish(std::map<std::string, std::string, std::less<>> query, std::vector<std::string> cookies) {
    const auto s = state_;
    std::optional<pending_logins::login> login;
    for (const std::string& one : cookies)
        if (!login)
            login = s->pending.take(query["state"], one, s->time->now());
    oidc_fault fault = s->fault_of(login.has_value(), query);
    if (fault.why.empty())
        fault = co_await s->discover();
    if (!fault.why.empty())
        co_return fault;
    std::string nonce = login->nonce, before = std::move(login->before);
    const state::tokens got = co_await s->redeem(query["code"], std::move(*login), fault);
    if (!fault.why.empty())
        co_return fault;
    std::string claims = co_await s->checked(got.id, std::move(nonce), fault);
    if (!fault.why.empty())
        co_return fault;
    oidc_user user = co_await s->user_of(std::move(claims), got.access);
    user.before = std::move(before);
    co_return user;
}

} // namespace trialgate::gateway
