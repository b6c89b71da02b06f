// What is pure of the login: what was begun, and who the user is.
#include "fhir/json.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/page/oidc.hpp"

#include <algorithm>

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

pending_logins::login pending_logins::begin(std::string redirect_uri, instant now) {
    std::erase_if(all_, [&](const login& one) { return one.until <= now; });
    if (all_.size() >= most)
        all_.pop_front();
    all_.push_back({random_token(32), random_token(32), random_token(32), random_token(32), std::move(redirect_uri), now + lifetime});
    return all_.back();
}

std::optional<pending_logins::login> pending_logins::take(std::string_view state, std::string_view browser, instant now) {
    for (auto at = all_.begin(); at != all_.end(); ++at) {
        if (state.empty() || !same_secret(at->state, state))
            continue;
        // Another browser's attempt leaves it to its owner.
        if (browser.empty() || !same_secret(at->browser, browser))
            return std::nullopt;
        login out = std::move(*at);
        all_.erase(at);
        return out.until > now ? std::optional(std::move(out)) : std::nullopt;
    }
    return std::nullopt;
}

bool tells_groups(std::string_view claims, const std::string& group_claim) {
    json::parser parser;
    const auto v = parser.parse_copy(claims);
    return v && claim(*v, group_claim);
}

oidc_user read_user(std::string_view claims, std::string_view userinfo, const std::string& issuer, const std::string& group_claim) {
    oidc_user out;
    json::parser first, second;
    const auto token = first.parse_copy(claims), more = second.parse_copy(userinfo.empty() ? std::string_view("{}") : userinfo);
    const json::value t = token ? *token : json::value();
    // userinfo may be of somebody else only by a mistake of the issuer: then it does not count (OpenID Connect Core, section 5.3.2).
    const json::value m = more && (*more)["sub"].text() == t["sub"].text() ? *more : json::value();
    out.id = "oidc:" + issuer + '|' + std::string(t["sub"].text());
    for (const std::string_view name : {"name", "preferred_username", "email", "sub"})
        for (const json::value& from : {t, m})
            if (out.name.empty() && from[name].is_string())
                out.name = shown(from[name].text());
    const auto add_name = [&](json::value v) {
        if (v.is_string() && !v.text().empty())
            out.claims.names.emplace_back(v.text());
    };
    add_name(t["sub"]);
    for (const json::value& from : {t, m}) {
        add_name(from["preferred_username"]);
        if (from["email_verified"].as_bool()) // anybody may have written any other
            add_name(from["email"]);
        add_groups(claim(from, group_claim), out.claims.groups);
    }
    return out;
}

} // namespace trialgate::gateway
