// "page": where the coordinator's page listens, and who may use it.
#include "gateway/core/config_reader.hpp"
#include "gateway/core/pem_files.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

constexpr duration_ms day_ms = 24 * hour_ms;

bool is_token_word(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; });
}

} // namespace

void config_reader::read_page(value v, gateway_config& whole) {
    page_config& into = whole.page;
    if (v.is_boolean()) {
        into.enabled = v.as_bool();
        return;
    }
    object m(*this, v, "'page'");
    m.truth("enabled", into.enabled);
    read_page_listener(m, v, whole);
    m.one_of("identity", into.shows, {{"pseudonym", page_config::identity::pseudonym}, {"reference", page_config::identity::reference}});
    m.span("session", into.session, 5 * minute_ms, 7 * day_ms);
    m.span("idle", into.idle, minute_ms, 7 * day_ms);
    if (into.idle > into.session && (v["idle"] || v["session"]))
        error("out-of-range", v["idle"] ? v["idle"] : v["session"], "'idle' is longer than 'session'");
    if (const value oidc = m.take("oidc")) {
        read_oidc(oidc, into.oidc);
        into.local_login = false;
    }
    m.truth("localLogin", into.local_login);
    read_page_access(m.take("access"), into);
    read_ehr_link(m.take("ehrLink"), into);
    m.finish();
    if (!v.is_object() || !into.enabled)
        return;
    if (!v["oidc"] && !into.local_login)
        error("no-login", v["localLogin"], "nobody could log in: there is neither 'oidc' nor a local login");
    if (v["oidc"] && into.access.empty() && !v["access"])
        warn("nobody-may", v["oidc"], "nobody has a role on the page", R"(e.g. "access": [{"group": "study-nurses", "roles": ["coordinator"]}])");
    if (!v["oidc"] && v["access"])
        warn("not-used", v["access"], "'access' is not used without 'oidc'", "who opens the local link has every role");
}

/// Loopback needs no TLS; any other address has its own, or that of `listen`.
void config_reader::read_page_listener(object& m, value v, gateway_config& whole) {
    page_config& into = whole.page;
    const auto address = read_address(m, into.address);
    const value public_url = m.take("publicUrl");
    url(public_url, into.public_url);
    if (const auto u = parse_url(into.public_url); u && u->target != "/")
        error("bad-url", public_url, "the page is at the root of its host: no path");
    const value tls = m.take("tls");
    if (tls.is_string() && tls.text() == "terminated")
        into.plain = true;
    else if (tls.is_string())
        error("wrong-type", tls, "expected an object, or \"terminated\" when a proxy in front does TLS");
    else
        into.tls = read_tls(tls, side::server);
    if (into.plain && !into.public_url.starts_with("https://"))
        error("missing-member", tls, "'page' needs 'publicUrl' with https: what browsers see of the proxy", "e.g. \"https://trialgate.example.org\"");
    if (into.enabled && into.public_url.empty() && address && (address->host == "0.0.0.0" || address->host == "::"))
        error("missing-member", v, "'page' needs 'publicUrl': the name by which browsers reach it; others are refused",
              "e.g. \"https://trialgate.example.org:8444\"");
    const bool local = !address || is_loopback(address->host);
    if (local || into.plain || tls || !into.enabled)
        return;
    into.tls.certificate = whole.listen.tls.certificate;
    into.tls.key = whole.listen.tls.key;
    if (into.tls.certificate.empty())
        error("not-protected", v["address"], "other machines reach this address, and there is no TLS",
              "give 'tls' with certificate and key, or \"terminated\" when a proxy in front does TLS");
}

void config_reader::read_oidc(value v, page_config::oidc_config& into) {
    object m(*this, v, "'oidc'");
    url(m.need("issuer"), into.issuer);
    if (auto t = text(m.need("clientId")))
        into.client_id = std::move(*t);
    read_secret(m.take("clientSecret"), into.client_secret, 1, level::error);
    const value scope = m.take("scope");
    if (auto t = text(scope)) {
        if ((' ' + *t + ' ').find(" openid ") == std::string::npos)
            error("bad-scope", scope, "the scope must have the word 'openid'", "e.g. \"openid profile email\"");
        else
            into.scope = std::move(*t);
    }
    const auto claim = [&](const char* member, std::string& name) {
        const value given = m.take(member);
        if (auto t = text(given)) {
            if (t->empty() || !is_token_word(*t))
                error("bad-claim", given, "expected the name of a claim", "e.g. \"" + name + '"');
            else
                name = std::move(*t);
        }
    };
    claim("groupsClaim", into.groups_claim);
    claim("userClaim", into.user_claim);
    const value ca = m.take("ca");
    if (const auto written = text(ca)) {
        into.ca = path(*written);
        if (const auto content = file_text(ca, into.ca))
            if (const auto fault = certificate_fault(*content))
                error("bad-pem", ca, "'" + into.ca + "' " + fault->text, fault->hint);
    }
    m.finish();
}

void config_reader::read_page_access(value v, page_config& into) {
    if (v && !v.is_array())
        return wrong_type(v, "a list of who has which roles");
    static constexpr std::string_view known[] = {"coordinator", "investigator", "operator", "auditor"};
    for (const value& one : v.elements()) {
        page_access out;
        object m(*this, one, "an entry of 'access'");
        m.text("group", out.group);
        m.text("user", out.user);
        m.need("roles");
        m.texts("roles", out.roles);
        m.texts("trials", out.trials);
        m.finish();
        if (!one.is_object())
            continue;
        if (static_cast<bool>(one["group"]) == static_cast<bool>(one["user"]))
            error("bad-access", one, "an entry of 'access' is about either a 'group' or a 'user'");
        for (const value& role : one["roles"].elements())
            if (role.is_string() && std::find(std::begin(known), std::end(known), role.text()) == std::end(known)) {
                mappings::nearest_name near(role.text());
                for (const std::string_view name : known)
                    near.consider(name);
                error("unknown-role", role, "expected one of coordinator, investigator, operator, auditor", near.hint());
            }
        for (const std::string_view list : {"roles", "trials"})
            if (one[list].is_array() && one[list].size() == 0)
                error("empty-list", one[list], list == "roles" ? "somebody without a role may do nothing" : "a role for no trial allows nothing",
                      list == "roles" ? "" : "leave 'trials' out for all");
        into.access.push_back(std::move(out));
    }
}

void config_reader::read_ehr_link(value v, page_config& into) {
    auto t = text(v);
    if (!t)
        return;
    std::string shown = *t;
    const auto at = shown.find("{id}");
    if (at != shown.npos)
        shown.replace(at, 4, "x");
    const auto u = parse_url(shown);
    if (at == shown.npos || !u || shown.find_first_of("{}") != shown.npos || shown.find_first_of("<>\"'` ") != shown.npos)
        error("bad-url", v, "expected the URL of a patient with {id} in it", "e.g. \"https://ehr.example.org/chart?patient={id}\"");
    else
        into.ehr_link = std::move(*t);
}

} // namespace trialgate::gateway
