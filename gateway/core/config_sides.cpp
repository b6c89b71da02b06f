#include "gateway/core/config_reader.hpp"

#include "fhir/resource_types.hpp"
#include "fhir/resources.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

constexpr duration_ms day_ms = 24 * hour_ms;

} // namespace

void config_reader::check_access(value at, const std::string& url, const auth_config& auth, const tls_files& tls) const {
    const web_url u = split_url(url);
    if (u.fault.empty() && !is_loopback(u.host) && auth.how == auth_config::method::none && tls.certificate.empty() && !at["auth"])
        warn("no-access", at, "neither 'auth' nor a client certificate is given for a server on another machine",
             "method smart (SMART Backend Services), client-secret, basic or token");
}

source_config config_reader::read_source(value v) {
    source_config out;
    object m(*this, v, "a source");
    name(m.need("name"), out.name, source_names_);
    url(m.need("url"), out.url);
    m.one_of("fhirVersion", out.fhir_version, {{"4.0", std::string("4.0")}, {"4.3", std::string("4.3")}, {"5.0", std::string("5.0")}});
    out.auth = read_auth(m.take("auth"));
    out.tls = read_tls(m.take("tls"), side::client);
    m.one_of("delivery", out.how,
             {{"auto", delivery::automatic},
              {"topic", delivery::topic},
              {"rest-hook", delivery::rest_hook},
              {"websocket", delivery::websocket},
              {"poll", delivery::poll}});
    m.texts("topics", out.topics);
    for (const value& topic : v["topics"].elements())
        if (topic.is_string() && topic.text().find(':') == std::string_view::npos)
            error("bad-url", topic, "a topic is named by its canonical URL");
    if (!out.topics.empty() && out.how != delivery::automatic && out.how != delivery::topic)
        warn("not-used", v["topics"], "'topics' is not used with this 'delivery'");
    read_types(m.take("types"), out);
    read_criteria(m.take("criteria"), out);
    m.path_below("subscriptionPath", out.subscription_path);
    m.one_of("subscriptionStatus", out.subscription_status, {{"requested", std::string("requested")}, {"active", std::string("active")}});
    m.truth("payload", out.payload);
    m.truth("canary", out.canary);
    read_secret(m.take("hmac"), out.hmac, 16, level::warning);
    read_source_timing(m, out);
    m.number("pageSize", out.page_size, 1, 10'000);
    m.number("mostPages", out.most_pages, 1, 10'000'000);
    m.number("concurrency", out.concurrency, 1, 64);
    m.truth("completeMedicationHistory", out.complete_medication_history);
    m.finish();
    check_access(v, out.url, out.auth, out.tls);
    if (const auto [first, fresh] = source_urls_.try_emplace(out.url, out.name); !fresh && !out.url.empty())
        warn("same-url", v["url"], "the source '" + first->second + "' has the same URL", "its people would be kept and reported twice");
    return out;
}

void config_reader::read_source_timing(object& m, source_config& into) {
    using first_load = source_config::first_load;
    m.span("pollEvery", into.poll_every, 100, 7 * day_ms);
    m.span("overlap", into.overlap, 0, day_ms);
    m.span("heartbeat", into.heartbeat, second_ms, day_ms);
    m.span("gapPatience", into.gap_patience, 0, hour_ms);
    m.span("silence", into.silence, second_ms, 90 * day_ms);
    m.span("sweepEvery", into.sweep_every, 0, 365 * day_ms);
    m.one_of("firstLoad", into.initial, {{"search", first_load::search}, {"bulk", first_load::bulk}, {"none", first_load::none}});
    m.path_below("bulkPath", into.bulk_path);
    if (m.whole()["bulkPath"] && into.initial != first_load::bulk)
        warn("not-used", m.whole()["bulkPath"], "'bulkPath' is not used unless 'firstLoad' is \"bulk\"");
}

void config_reader::read_types(value v, source_config& into) const {
    if (v && !v.is_array())
        return wrong_type(v, "a list of resource types");
    for (const value& one : v.elements()) {
        const auto type = text(one);
        if (!type)
            continue;
        if (!fhir::is_read(*type))
            error("unknown-type", one, "'" + *type + "' is no resource type that trialgate reads", mappings::nearest_hint(*type, fhir::readable_types()));
        into.types.push_back(*type);
    }
}

void config_reader::read_criteria(value v, source_config& into) const {
    if (v && !v.is_object())
        return wrong_type(v, "an object of criteria by resource type");
    for (const fhir::json::member& m : v.members()) {
        const std::string type(m.name);
        if (!fhir::is_read(type)) {
            file_.report(mappings::problem::level::error, "unknown-type", m, "'" + type + "' is no resource type that trialgate reads",
                         mappings::nearest_hint(type, fhir::readable_types()));
            continue;
        }
        const auto criteria = text(m.content);
        if (!criteria)
            continue;
        if (*criteria != type && !criteria->starts_with(type + "?"))
            error("bad-criteria", m.content, "criteria of " + type + " begin with \"" + type + "?\"", "e.g. \"Observation?category=laboratory\"");
        into.criteria[type] = *criteria;
    }
}

sink_config config_reader::read_sink(value v) {
    sink_config out;
    object m(*this, v, "a sink");
    name(m.need("name"), out.name, sink_names_);
    m.one_of("type", out.kind, {{"fhir", sink_config::type::fhir}, {"webhook", sink_config::type::webhook}});
    const bool fhir = out.kind == sink_config::type::fhir, known = fhir == (!v["type"] || v["type"].text() == "fhir");
    url(m.need("url"), out.url, !fhir);
    out.auth = read_auth(m.take("auth"));
    out.tls = read_tls(m.take("tls"), side::client);
    m.one_of("identity", out.subject, {{"pseudonym", sink_config::identity::pseudonym}, {"reference", sink_config::identity::reference}});
    if (fhir) {
        m.one_of("fhirVersion", out.fhir_version, {{"4.0", std::string("4.0")}, {"4.3", std::string("4.3")}, {"5.0", std::string("5.0")}});
        m.truth("clientIds", out.client_ids);
        m.truth("readBack", out.read_back);
        m.span("readBackEvery", out.read_back_every, 100, day_ms);
        if (known)
            m.useless("signingSecret", "only webhooks are signed");
        else
            m.take("signingSecret");
    } else {
        for (std::string_view name : {"fhirVersion", "clientIds", "readBack", "readBackEvery"})
            m.useless(name, "it is for sinks of type \"fhir\"");
        out.read_back = false;
        if (const value signing = m.take("signingSecret"))
            read_secret(signing, out.signing, 16, level::warning);
        else
            warn("unsigned", v, "a webhook without 'signingSecret' cannot tell our messages from others'");
    }
    m.number("concurrency", out.concurrency, 1, 64);
    m.span("deadline", out.deadline, 100, 10 * minute_ms);
    m.span("firstRetry", out.first_retry, 10, hour_ms);
    m.span("longestRetry", out.longest_retry, 10, day_ms);
    m.span("giveUpAfter", out.give_up_after, second_ms, 365 * day_ms);
    m.truth("faults", out.faults);
    m.texts("trials", out.trials);
    m.finish();
    if (out.longest_retry < out.first_retry)
        error("out-of-range", v["longestRetry"] ? v["longestRetry"] : v["firstRetry"], "'longestRetry' is shorter than 'firstRetry'");
    if (v["trials"].is_array() && v["trials"].size() == 0)
        error("empty-list", v["trials"], "a sink for no trial gets nothing", "leave 'trials' out for all");
    check_access(v, out.url, out.auth, out.tls);
    return out;
}

} // namespace trialgate::gateway
