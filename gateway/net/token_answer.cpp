#include "gateway/net/token_answer.hpp"

#include "fhir/json.hpp"
#include "fhir/search.hpp"

#include <algorithm>
#include <charconv>

namespace trialgate::gateway {

namespace {

namespace json = fhir::json;

constexpr duration_ms longest_lifetime = 366 * 24 * hour_ms; // against overflow
constexpr std::string_view oauth_uris = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";

net_error refused(std::string text) { return {net_errc::auth, false, std::move(text)}; }

bool is_letter_or_digit(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// An error code is a word (RFC 6749, section 5.2); a server could write a sentence there, and a person's name in it.
bool is_code(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](char c) { return is_letter_or_digit(c) || c == '_'; });
}

bool can_stand_in_header(std::string_view token) noexcept {
    return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

bool equal_ignoring_case(std::string_view a, std::string_view lower) noexcept {
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
        return (x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x) == y;
    });
}

/// A number or a numeric string, with or without a fraction; 300 s for anything else, and for what is no time at all.
duration_ms lifetime_of(json::value expires_in) {
    const std::string_view text = expires_in.text();
    double seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc{} || end != text.data() + text.size() || !(seconds > 0))
        return token_grant{}.lifetime;
    return static_cast<duration_ms>(std::min(seconds * 1000, static_cast<double>(longest_lifetime)));
}

/// As the server wrote it when absolute: it becomes the audience of assertions, which is compared exactly.
std::string absolute(std::string_view link, const std::string& base) {
    if (link.empty() || parse_url(link))
        return std::string(link);
    return fhir::resolve_url(link, base + "/");
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        if (end > at)
            out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

/// system/Observation.rs?category=laboratory
struct scope {
    std::string_view level, type, query;
    std::string letters; ///< of "cruds"
};

std::optional<scope> parse_scope(std::string_view text) {
    scope out;
    const std::size_t query = std::min(text.find('?'), text.size());
    out.query = text.substr(query);
    text = text.substr(0, query);
    const std::size_t slash = text.find('/');
    const std::size_t dot = text.rfind('.');
    if (slash == text.npos || dot == text.npos || dot < slash)
        return std::nullopt;
    out.level = text.substr(0, slash);
    out.type = text.substr(slash + 1, dot - slash - 1);
    const std::string_view may = text.substr(dot + 1);
    out.letters = may == "read" ? "rs" : may == "write" ? "cud" : may == "*" ? "cruds" : std::string(may);
    if (out.letters.empty() || out.letters.find_first_not_of("cruds") != std::string::npos)
        return std::nullopt;
    return out;
}

bool covers(std::string_view asked, const std::vector<std::string_view>& granted) {
    if (std::find(granted.begin(), granted.end(), asked) != granted.end())
        return true;
    std::optional<scope> want = parse_scope(asked);
    if (!want)
        return false;
    for (const std::string_view text : granted) {
        const std::optional<scope> have = parse_scope(text);
        if (have && have->level == want->level && (have->type == want->type || have->type == "*") &&
            (have->query.empty() || have->query == want->query))
            std::erase_if(want->letters, [&](char c) { return have->letters.find(c) != std::string::npos; });
    }
    return want->letters.empty();
}

} // namespace

net_result<token_grant> read_token_answer(const http_response& answer) {
    const std::string status = "answered " + std::to_string(answer.status);
    if (answer.status >= 300 && answer.status < 400)
        return refused(status + ": redirects of a token endpoint are not followed");
    json::parser parser;
    const auto read = parser.parse_copy(answer.body);
    const json::value v = read ? *read : json::value{};
    if (answer.status < 200 || answer.status >= 300) {
        const std::string_view code = v["error"].text();
        return refused(is_code(code) ? status + " " + std::string(code) : status);
    }
    if (!v.is_object())
        return refused(status + " without a JSON object");
    if (v["token_type"] && !equal_ignoring_case(v["token_type"].text(), "bearer"))
        return refused(status + " with a token that is no bearer token");
    token_grant out;
    out.token = v["access_token"].text();
    if (!v["access_token"].is_string() || !can_stand_in_header(out.token))
        return refused(status + " without a usable access_token");
    out.lifetime = lifetime_of(v["expires_in"]);
    if (v["scope"].is_string())
        out.scope = v["scope"].text();
    return out;
}

oauth_endpoints read_smart_configuration(std::string_view text, const std::string& base) {
    oauth_endpoints out;
    json::parser parser;
    const auto v = parser.parse_copy(text);
    if (!v)
        return out;
    out.token = absolute((*v)["token_endpoint"].is_string() ? (*v)["token_endpoint"].text() : std::string_view{}, base);
    for (const json::value& a : (*v)["token_endpoint_auth_signing_alg_values_supported"].elements())
        out.algorithms.emplace_back(a.text());
    return out;
}

oauth_endpoints read_capability_security(std::string_view text, const std::string& base) {
    json::parser parser;
    const auto v = parser.parse_copy(text);
    if (!v)
        return {};
    for (const json::value& rest : (*v)["rest"].elements())
        for (const json::value& extension : rest["security"]["extension"].elements()) {
            if (extension["url"].text() != oauth_uris)
                continue;
            for (const json::value& child : extension["extension"].elements())
                if (child["url"].text() == "token" && child["valueUri"].is_string())
                    return {absolute(child["valueUri"].text(), base), {}};
        }
    return {};
}

std::vector<std::string> missing_scopes(std::string_view asked, std::string_view granted) {
    const std::vector<std::string_view> have = words(granted);
    std::vector<std::string> out;
    for (const std::string_view want : words(asked))
        if (!covers(want, have))
            out.emplace_back(want);
    return out;
}

} // namespace trialgate::gateway
