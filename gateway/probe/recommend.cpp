#include "gateway/core/json_text.hpp"
#include "gateway/core/url.hpp"
#include "gateway/probe/probe.hpp"

#include "fhir/ascii.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

std::string in_quotes(std::string_view text) { return fhir::json::quote(text); }

std::string list(const auto& all) {
    std::string out = "[";
    for (const auto& one : all)
        out += (out.size() > 1 ? ", " : "") + in_quotes(one);
    return out + "]";
}

/// "hapi.fhir.org" -> "hapi-fhir-org"; an address says nothing to a person.
std::string name_of(const bench& b) {
    if (!b.source.name.empty())
        return b.source.name;
    const auto parts = parse_url(b.client->base());
    std::string out;
    for (const char c : parts ? fhir::lower(parts->host) : std::string())
        out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
    const bool named = out.find_first_of("abcdefghijklmnopqrstuvwxyz") != out.npos && !is_loopback(parts->host) &&
                       parts->host.find(':') == std::string::npos;
    return named ? out : "ehr";
}

std::string secret_text(const secret& s) {
    const auto space = s.from.find(' ');
    if (space == s.from.npos)
        return R"({"file": "ehr.token"})";
    return "{" + in_quotes(s.from.substr(0, space)) + ": " + in_quotes(s.from.substr(space + 1)) + "}";
}

std::string auth_text(const auth_config& a) {
    using method = auth_config::method;
    std::string out;
    const auto add = [&](const char* name, const std::string& value) {
        out += (out.empty() ? "{" : ", ") + in_quotes(name) + ": " + value;
    };
    switch (a.how) {
    case method::none: return {};
    case method::token: add("method", in_quotes("token")); break;
    case method::basic:
        add("method", in_quotes("basic"));
        add("user", in_quotes(a.client_id));
        break;
    case method::smart: add("method", in_quotes("smart")); break;
    case method::client_secret: add("method", in_quotes("client-secret")); break;
    }
    if (a.how == method::smart || a.how == method::client_secret) {
        add("clientId", in_quotes(a.client_id));
        if (!a.scope.empty())
            add("scope", in_quotes(a.scope));
        if (!a.token_url.empty())
            add("tokenUrl", in_quotes(a.token_url));
    }
    if (a.how == method::smart) {
        std::string keys;
        for (const auto& k : a.keys)
            keys += (keys.empty() ? "{" : ", {") + in_quotes("file") + ": " + in_quotes(k.file) +
                    (k.id.empty() ? "" : ", " + in_quotes("id") + ": " + in_quotes(k.id)) + "}";
        add("keys", "[" + keys + "]");
    } else {
        add("secret", secret_text(a.password));
    }
    if (a.how == method::client_secret && !a.secret_in_header)
        add("secretInHeader", "false");
    return out + "}";
}

std::string tls_text(const tls_files& t) {
    std::string out;
    for (const auto& [name, file] :
         {std::pair<const char*, const std::string&>{"ca", t.ca}, {"certificate", t.certificate}, {"key", t.key}})
        if (!file.empty())
            out += (out.empty() ? "{" : ", ") + in_quotes(name) + ": " + in_quotes(file);
    return out.empty() ? out : out + "}";
}

} // namespace

std::vector<recommended_member> recommend(const bench& b) {
    std::vector<recommended_member> out;
    if (!b.access)
        return out;
    const auto seen = [&](const char* id) {
        const auto found = b.seen.find(id);
        return found == b.seen.end() ? verdict::untested : found->second;
    };
    const auto add = [&](const char* name, std::string json, std::string why = {}) {
        out.push_back({name, std::move(json), std::move(why)});
    };
    add("name", in_quotes(name_of(b)));
    add("url", in_quotes(b.client->base()));
    if (b.can && b.can->version != fhir::release::unknown)
        add("fhirVersion", in_quotes(b.can->version == fhir::release::r5 ? "5.0" : b.can->version == fhir::release::r4b ? "4.3" : "4.0"));
    if (const std::string auth = auth_text(b.source.auth); !auth.empty())
        add("auth", auth);
    if (const std::string tls = tls_text(b.source.tls); !tls.empty())
        add("tls", tls);

    const bool tried = b.options.write && b.listener;
    if (b.subscription_kind.empty())
        add("delivery", in_quotes("poll"),
            tried ? "no Subscription made the way there and back" : "Subscriptions were not tried: probe with --write and --listen");
    else
        add("delivery", in_quotes(b.subscription_kind), "made the way there and back");
    if (b.subscription_kind == "topic")
        add("topics", list(b.topics));
    if (b.subscription_kind == "rest-hook" && seen("subscription.rest-hook") != verdict::works)
        add("payload", "false", "notifications come without content only");
    if (!b.subscription_kind.empty() && b.source.subscription_path != "Subscription")
        add("subscriptionPath", in_quotes(b.source.subscription_path));
    if (!b.subscription_kind.empty() && b.source.subscription_status != "requested")
        add("subscriptionStatus", in_quotes(b.source.subscription_status));
    if (!b.subscription_kind.empty() && seen("write.delete") != verdict::untested && seen("write.delete") != verdict::fails)
        add("canary", "true", "a test resource can be written and removed");

    const bool some_fail = std::any_of(b.samples.begin(), b.samples.end(), [](const auto& s) { return s.second.search == verdict::fails; });
    if (seen("search.types") == verdict::limited && some_fail) {
        std::vector<std::string> types;
        for (const auto& [type, s] : b.samples)
            if (s.search != verdict::fails)
                types.push_back(type);
        add("types", list(types), "the others that the trials read cannot be searched here");
    }
    if (seen("updated.filter") == verdict::fails)
        add("pollEvery", in_quotes("1h"), "_lastUpdated is not honoured: each poll reads everything");
    if (seen("write.visible") == verdict::fails || seen("write.visible") == verdict::limited)
        add("overlap", in_quotes("10m"), "what is written is found late");
    if (seen("history.type") == verdict::fails || seen("history.deletes") == verdict::fails)
        add("sweepEvery", in_quotes("24h"), "deletions are found by reading every considered patient again");
    const bool bulk = seen("bulk.export") == verdict::works;
    add("firstLoad", in_quotes(bulk ? "bulk" : "search"));
    if (bulk)
        add("bulkPath", in_quotes(b.source.bulk_path));
    if (b.largest_page > 0)
        add("pageSize", std::to_string(b.largest_page), "larger pages are not given");
    if (seen("rate.parallel") == verdict::limited)
        add("concurrency", "1");
    return out;
}

std::string source_text(const std::vector<recommended_member>& members, bool comments, std::size_t indent) {
    const std::string before(indent, ' ');
    std::string out = before + "{\n";
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& m = members[i];
        out += before + "  " + in_quotes(m.name) + ": " + m.json + (i + 1 < members.size() ? "," : "");
        out += (comments && !m.why.empty() ? " // " + m.why : "") + "\n";
    }
    return out + before + "}";
}

} // namespace trialgate::gateway::probe
