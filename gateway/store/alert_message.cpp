#include "gateway/store/alert_message.hpp"

#include "gateway/core/crypto.hpp"
#include "gateway/core/json_text.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

std::string as_it_is(std::string_view reference) { return std::string(reference); }

void put_day(json_text& out, std::string_view name, const std::optional<fhir::date>& day) {
    if (day)
        out.key(name).string(to_string(*day));
}

/// The finding's JSON with what the row knows beside it.
std::string whole_alert(const alert_row& a, const std::string& body, alert_news news) {
    json_text out;
    out.begin_object();
    out.key("id").string(a.public_id).key("news").string(to_code(news)).key("open").boolean(a.open);
    out.key("participant").string(a.number).key("raised").string(to_text(a.raised)).key("changed").string(to_text(a.changed));
    if (a.acknowledged != 0)
        out.key("acknowledgedBy").string(a.acknowledged_by).key("acknowledgedAt").string(to_text(a.acknowledged));
    fhir::json::parser parser;
    if (const auto tree = parser.parse_copy(body.empty() ? std::string_view("{}") : std::string_view(body)))
        for (const fhir::json::member& m : tree->members())
            out.key(m.name).copy(m.content);
    out.end_object();
    return std::string(out.text());
}

} // namespace

std::string_view to_code(alert_news n) noexcept {
    switch (n) {
    case alert_news::raised: return "raised";
    case alert_news::corrected: return "corrected";
    case alert_news::withdrawn: return "withdrawn";
    case alert_news::acknowledged: break;
    }
    return "acknowledged";
}

std::string content_of(const matter& m) { return to_hex(sha256(m.key + '\n' + alert_json(m, as_it_is))).substr(0, 32); }

std::string alert_json(const matter& m, const std::function<std::string(std::string_view)>& reference) {
    json_text out;
    out.begin_object();
    out.key("kind").string(to_code(m.kind)).key("tier").string("T" + std::to_string(static_cast<unsigned>(m.urgency)));
    out.key("title").string(m.title).key("text").string(m.text);
    put_day(out, "earliest", m.earliest);
    put_day(out, "target", m.target);
    put_day(out, "latest", m.latest);
    out.key("missing").begin_array();
    for (const std::string& what : m.missing)
        out.string(what);
    out.end_array().key("evidence").begin_array();
    for (const mappings::evidence_item& e : m.evidence) {
        out.begin_object().key("reference").string(reference(e.reference)).key("version");
        e.version.empty() ? out.null() : out.string(e.version);
        out.key("date").string(e.date).key("text").string(e.text).end_object();
    }
    out.end_array().key("details").begin_object();
    for (const auto& [name, value] : m.details) {
        const bool names_one = std::any_of(m.evidence.begin(), m.evidence.end(), [&](const auto& e) { return e.reference == value; });
        out.key(name).string(names_one ? reference(value) : value);
    }
    out.end_object().end_object();
    return std::string(out.text());
}

std::vector<outbox_row> alert_messages(const alert_row& alert, alert_news news, instant now, const std::vector<sink_config>& sinks,
                                       const std::vector<source_config>& sources) {
    message m;
    m.kind = "alert";
    m.key = to_hex(sha256(alert.public_id + '|' + std::to_string(alert.version) + '|' + std::string(to_code(news)))).substr(0, 32);
    m.occurred = now;
    m.source = alert.source;
    m.subject = alert.subject;
    m.trial = alert.trial;
    m.number = alert.version;
    m.status = to_code(news);
    m.flag = alert.open;
    m.text = alert.title;
    std::vector<outbox_row> out;
    for (const sink_config& s : sinks) {
        if (!s.trials.empty() && std::find(s.trials.begin(), s.trials.end(), alert.trial) == s.trials.end())
            continue;
        message to = m;
        const bool references = s.subject == sink_config::identity::reference;
        to.alert = whole_alert(alert, references ? alert.body_with_references : alert.body, news);
        if (references) {
            to.patient = alert.patient;
            for (const source_config& from : sources)
                if (from.name == alert.source && alert.patient.starts_with("Patient/"))
                    to.patient_url = from.url + '/' + alert.patient;
        }
        outbox_row o;
        o.sink = s.name;
        o.subject = m.subject;
        o.trial = m.trial;
        o.kind = m.kind;
        o.key = m.key;
        o.body = encode(to);
        o.created = o.not_before = now;
        out.push_back(std::move(o));
    }
    return out;
}

bool acknowledge(store& rows, std::int64_t alert, std::string_view by, instant now, const std::vector<sink_config>& sinks,
                 const std::vector<source_config>& sources) {
    if (!rows.alert_acknowledge(alert, by, now))
        return false;
    for (const outbox_row& m : alert_messages(*rows.alert(alert), alert_news::acknowledged, now, sinks, sources))
        rows.outbox_add(m);
    return true;
}

} // namespace trialgate::gateway
