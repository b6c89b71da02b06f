// What is pure of the login: what was begun, and who the user is.
#include "fhir/json.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/page/oidc.hpp"

#include <algorithm>
#include <cstdlib>

namespace trialgate::gateway {

namespace json = fhir::json;

namespace {

constexpr std::size_t longest_name = 100, most_groups = 1'000;

/// The member of that name, else what a path with dots leads to ("realm_access.roles").
json::value claim(json::value of, std::string_view name) {
    if (const json::value direct = of[name])
        return direct;
    const auto dot = name.find('.');
    return dot == name.npos ? json::value() : claim(of[name.substr(0, dot)], name.substr(dot + 1));
}

void add_groups(json::value v, std::vector<std::string>& into) {
    if (v.is_string())
        into.emplace_back(v.text());
    for (const json::value& one : v.elements())
        if (one.is_string() && into.size() < most_groups)
            into.emplace_back(one.text());
}

/// Fit for a heading and a line of the trail. A character of UTF-8 is not cut.
std::string shown(std::string_view name) {
    std::string out;
    for (const char c : name)
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)
            out += c;
    if (out.size() > longest_name) {
        std::size_t end = longest_name;
        while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80)
            --end;
        out.resize(end);
    }
    return out;
}

} // namespace

pending_logins::pending_logins() : key_(sha256(random_token(32))) {}

pending_logins::login pending_logins::begin(std::string redirect_uri, instant now, std::string before) const {
    login out{random_token(32), random_token(32), random_token(32), std::move(redirect_uri), std::move(before), now + lifetime};
    std::string text;
    for (const std::string& part : {out.state, out.nonce, out.verifier, std::to_string(out.until), out.before})
        text += part + '\n';
    out.cookie = seal_text(key_, text + out.redirect_uri);
    return out;
}

std::optional<pending_logins::login> pending_logins::take(std::string_view state, std::string_view cookie, instant now) {
    const auto text = open_sealed(key_, cookie);
    if (!text || state.empty())
        return std::nullopt;
    login out;
    std::string until;
    std::string_view rest = *text;
    for (std::string* const part : {&out.state, &out.nonce, &out.verifier, &until, &out.before}) {
        const auto end = std::min(rest.find('\n'), rest.size());
        *part = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out.redirect_uri = rest;
    out.until = std::strtoll(until.c_str(), nullptr, 10);
    std::erase_if(taken_, [&](const auto& one) { return one.second <= now; });
    // Refused rather than forgotten: what is forgotten could be finished twice.
    if (!same_secret(out.state, state) || out.until <= now || taken_.size() >= most || !taken_.emplace(out.state, out.until).second)
        return std::nullopt;
    return out;
}

bool tells_enough(std::string_view claims, const page_config::oidc_config& config) {
    json::parser parser;
    const auto v = parser.parse_copy(claims);
    return v && claim(*v, config.groups_claim) && claim(*v, config.user_claim) && (*v)["email"];
}

oidc_user read_user(std::string_view claims, std::string_view userinfo, const page_config::oidc_config& config) {
    oidc_user out;
    json::parser first, second;
    const auto token = first.parse_copy(claims), more = second.parse_copy(userinfo.empty() ? std::string_view("{}") : userinfo);
    const json::value t = token ? *token : json::value();
    // userinfo may be of somebody else only by a mistake of the issuer: then it does not count (OpenID Connect Core, section 5.3.2).
    const json::value m = more && (*more)["sub"].text() == t["sub"].text() ? *more : json::value();
    out.id = "oidc:" + config.issuer + '|' + std::string(t["sub"].text());
    for (const std::string_view name : {"name", "preferred_username", "email", "sub"})
        for (const json::value& from : {t, m})
            if (out.name.empty() && from[name].is_string())
                out.name = shown(from[name].text());
    for (const json::value& from : {t, m}) {
        const json::value user = claim(from, config.user_claim), email = from["email"];
        if (out.claims.user.empty() && user.is_string())
            out.claims.user = user.text();
        if (out.claims.email.empty() && email.is_string() && from["email_verified"].as_bool()) // anybody may have written any other
            out.claims.email = email.text();
        add_groups(claim(from, config.groups_claim), out.claims.groups);
    }
    return out;
}

} // namespace trialgate::gateway
