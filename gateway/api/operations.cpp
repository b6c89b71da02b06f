#include "gateway/api/operations.hpp"

#include "gateway/core/crypto.hpp"
#include "gateway/core/json_text.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

constexpr std::string_view keys_path = "/.well-known/jwks.json";

http_response answer(int status, std::string_view type, std::string body) {
    http_response out;
    out.status = status;
    out.headers = {{"Content-Type", std::string(type)},
                   {"Cache-Control", "no-store"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
                   {"Referrer-Policy", "no-referrer"}};
    out.body = std::move(body);
    return out;
}

http_response plain(int status, std::string_view words) { return answer(status, "text/plain; charset=utf-8", std::string(words) + '\n'); }

std::string_view path_of(const http_request& request) noexcept {
    const std::string_view target = request.target;
    return target.substr(0, target.find('?'));
}

bool same_word(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

bool may_look(const http_request& request, const std::string& token) { return token.empty() || same_secret(bearer_of(request), token); }

http_response readiness(const std::vector<readiness_check>& checks, bool names) {
    const bool ready = std::all_of(checks.begin(), checks.end(), [](const readiness_check& c) { return c.ok; });
    json_text out;
    out.begin_object().key("ready").boolean(ready);
    if (names) {
        out.key("checks").begin_array();
        for (const readiness_check& c : checks)
            out.begin_object().key("name").string(c.name).key("ok").boolean(c.ok).end_object();
        out.end_array();
    }
    out.end_object();
    return answer(ready ? 200 : 503, "application/json", std::string(out.text()) + '\n');
}

http_response respond(const http_request& request, const operations_callbacks& c) {
    const std::string_view path = path_of(request);
    if (auto keys = answer_published_keys(request, c.jwks))
        return std::move(*keys);
    if (path != "/livez" && path != "/readyz" && path != "/metrics")
        return plain(404, "not found");
    if (request.method != "GET" && request.method != "HEAD") {
        http_response refused = plain(405, "only GET");
        refused.headers.add("Allow", "GET, HEAD");
        return refused;
    }
    if (path == "/livez")
        return plain(200, "ok");
    const bool allowed = may_look(request, c.token);
    if (path == "/readyz")
        return readiness(c.ready ? c.ready() : std::vector<readiness_check>(), allowed);
    if (!allowed) {
        http_response refused = plain(401, "a token is needed");
        refused.headers.add("WWW-Authenticate", "Bearer");
        return refused;
    }
    return answer(200, "text/plain; version=0.0.4; charset=utf-8", c.metrics_text ? c.metrics_text() : std::string());
}

/// Owns what it uses: it may end after the listener that began it.
boost::asio::awaitable<http_response> answered(std::shared_ptr<const operations_callbacks> callbacks, http_request request) {
    http_response out = respond(request, *callbacks);
    if (request.method == "HEAD")
        out.body.clear();
    co_return out;
}

} // namespace

std::string_view bearer_of(const http_request& request) noexcept {
    const std::string_view given = request.headers["Authorization"];
    constexpr std::string_view scheme = "Bearer";
    const bool is = given.size() > scheme.size() && same_word(given.substr(0, scheme.size()), scheme) && given[scheme.size()] == ' ';
    return is ? given.substr(scheme.size() + 1) : std::string_view();
}

std::optional<http_response> answer_published_keys(const http_request& request, const std::function<std::string()>& jwks) {
    if (path_of(request) != keys_path || (request.method != "GET" && request.method != "HEAD"))
        return std::nullopt;
    http_response out = answer(200, "application/json", jwks ? jwks() : R"({"keys":[]})");
    // Public and asked for often; short enough that a new key is known before it signs.
    out.headers.set("Cache-Control", "public, max-age=300");
    if (request.method == "HEAD")
        out.body.clear();
    return out;
}

http_handler make_operations_handler(operations_callbacks callbacks) {
    return [c = std::make_shared<const operations_callbacks>(std::move(callbacks))](http_request request) { return answered(c, std::move(request)); };
}

} // namespace trialgate::gateway
