// The trail of who saw and did what, for auditors: as rows, and as FHIR AuditEvent for the house's own archive.
#include "gateway/page/answers.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::gateway {

namespace {

constexpr std::size_t rows_at_a_time = 1'000;
constexpr std::int64_t looked_through_at_a_time = 100'000; ///< ids; some 300 ms for words that no row has
constexpr std::string_view dicom = "http://dicom.nema.org/resources/ontology/DCM";

void write_row(json_text& out, const audit_row& r) {
    out.begin_object().key("id").number(r.id).key("at").string(to_text(r.at)).key("by").string(r.by).key("name").string(r.name).key("role").string(r.role);
    out.key("address").string(r.address).key("action").string(r.action).key("trial").string(r.trial).key("subject").string(r.subject);
    out.key("detail").string(r.detail).key("refused").boolean(r.refused).key("seal").string(r.seal).end_object();
}

std::string word_of(const api_request& request, std::string_view name) {
    const auto at = request.query.find(name);
    if (at != request.query.end() && at->second.size() > 200)
        throw api_error(400, "'" + std::string(name) + "' is too long.");
    return at == request.query.end() ? std::string() : at->second;
}

/// The beginning of a day at the site, `later` days after the one that the parameter says; 0 without it.
instant day_begin(const api_request& request, const api_ground& ground, std::string_view name, std::int32_t later) {
    const std::string text = word_of(request, name);
    const auto day = text.empty() ? std::nullopt : fhir::parse_date(text);
    if (!text.empty() && !day)
        throw api_error(400, "'" + std::string(name) + "' is a day: YYYY-MM-DD.");
    if (!day)
        return 0;
    const std::int64_t local = std::int64_t{(*day + later).days} * 24 * 60 * 60;
    return (local - ground.setting->site.offset_of_local(local)) * second_ms;
}

audit_filter period_of(const api_request& request, const api_ground& ground) {
    audit_filter out;
    out.from = day_begin(request, ground, "from", 0);
    out.until = day_begin(request, ground, "to", 1);
    return out;
}

void write_seals(json_text& out, const seal_standing& s, std::int64_t newest) {
    out.key("seals").begin_object().key("intact").boolean(s.intact).key("checkedThrough").number(s.checked_through).key("newest").number(newest);
    out.key("brokenAt");
    s.broken_at ? out.number(s.broken_at) : out.null();
    out.end_object();
}

/// Newest first. A request looks through so many rows and no more: of a long trail with a rare word there may be few or none, and `older` to go on.
http_response trail(const api_request& request, const api_ground& ground, audit_note&) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::int64_t before = query_number(request, "before", most, 1, most);
    const auto limit = static_cast<std::size_t>(query_number(request, "limit", 200, 1, 500));
    audit_filter filter = period_of(request, ground);
    filter.who = word_of(request, "who");
    filter.action = word_of(request, "action");
    filter.subject = word_of(request, "subject");
    const std::vector<audit_row> last = ground.reading.audit_latest(1);
    const std::int64_t newest = last.empty() ? 0 : last.front().id;
    const std::int64_t top = before > newest ? newest + 1 : before, bottom = std::max<std::int64_t>(0, top - 1 - looked_through_at_a_time);
    const std::vector<audit_row> rows = ground.reading.audit_between(bottom, top, filter, limit);
    json_text out;
    out.begin_object().key("entries").begin_array();
    for (const audit_row& r : rows)
        write_row(out, r);
    out.end_array().key("older");
    const std::int64_t older = rows.size() == limit ? rows.back().id : bottom + 1;
    older > 1 ? out.number(older) : out.null();
    write_seals(out, ground.seals, newest);
    out.end_object();
    return json_answer(std::string(out.text()));
}

struct event_kind {
    std::string_view action, code, display, crud;
};
/// What DICOM calls it (PS3.15, A.5); anything else is an activity of the application.
constexpr event_kind kinds[] = {
    {"login", "110114", "User Authentication", "E"},       {"logout", "110114", "User Authentication", "E"},
    {"view-patient", "110110", "Patient Record", "R"},     {"view-list", "110112", "Query", "E"},
    {"reveal", "110113", "Security Alert", "R"},           {"judge", "110110", "Patient Record", "C"},
    {"undo", "110110", "Patient Record", "U"},             {"export", "110106", "Export", "R"},
    {"view-audit", "110101", "Audit Log Used", "R"}};

event_kind kind_of(std::string_view action) noexcept {
    const auto at = std::find_if(std::begin(kinds), std::end(kinds), [&](const event_kind& k) { return k.action == action; });
    return at == std::end(kinds) ? event_kind{action, "110100", "Application Activity", "E"} : *at;
}

void write_agent(json_text& out, const audit_row& r) {
    out.key("agent").begin_array().begin_object();
    if (!r.role.empty())
        out.key("role").begin_array().begin_object().key("text").string(r.role).end_object().end_array();
    if (!r.by.empty())
        out.key("who").begin_object().key("identifier").begin_object().key("value").string(r.by).end_object().end_object();
    if (!r.name.empty())
        out.key("name").string(r.name);
    out.key("requestor").boolean(true);
    if (!r.address.empty())
        out.key("network").begin_object().key("address").string(r.address).key("type").string("2").end_object();
    out.end_object().end_array();
}

void write_coding(json_text& out, std::string_view name, std::string_view system, std::string_view code, std::string_view display) {
    out.key(name).begin_object().key("system").string(system).key("code").string(code);
    if (!display.empty())
        out.key("display").string(display);
    out.end_object();
}

void write_entities(json_text& out, const audit_row& r) {
    constexpr std::string_view entity_type = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
    constexpr std::string_view object_role = "http://terminology.hl7.org/CodeSystem/object-role";
    out.key("entity").begin_array();
    if (!r.subject.empty()) {
        out.begin_object().key("what").begin_object().key("identifier").begin_object().key("value").string(r.subject).end_object().end_object();
        write_coding(out, "type", entity_type, "1", "Person");
        write_coding(out, "role", object_role, "1", "Patient");
        out.end_object();
    }
    if (!r.trial.empty()) {
        out.begin_object();
        write_coding(out, "type", entity_type, "4", "Other");
        out.key("name").string(r.trial).end_object();
    }
    out.begin_object();
    write_coding(out, "type", entity_type, "4", "Other");
    out.key("name").string("row " + std::to_string(r.id) + " of the trail").key("detail").begin_array();
    out.begin_object().key("type").string("seal").key("valueString").string(r.seal).end_object();
    out.end_array().end_object().end_array();
}

/// https://hl7.org/fhir/R4/valueset-audit-event-outcome.html: 4 is the client's fault, 8 ours.
std::string_view outcome_of(const audit_row& r) noexcept { return r.status >= 500 ? "8" : r.refused || r.status >= 400 ? "4" : "0"; }

/// https://hl7.org/fhir/R4/auditevent.html
std::string audit_event(const audit_row& r) {
    const event_kind kind = kind_of(r.action);
    json_text out;
    out.begin_object().key("resourceType").string("AuditEvent").key("id").string("trialgate-" + std::to_string(r.id));
    write_coding(out, "type", dicom, kind.code, kind.display);
    out.key("subtype").begin_array().begin_object();
    const bool in = r.action == "login";
    if (in || r.action == "logout")
        out.key("system").string(dicom).key("code").string(in ? "110122" : "110123").key("display").string(in ? "Login" : "Logout");
    else
        out.key("code").string(r.action);
    out.end_object().end_array().key("action").string(kind.crud).key("recorded").string(to_text(r.at));
    out.key("outcome").string(outcome_of(r));
    if (!r.detail.empty())
        out.key("outcomeDesc").string(r.detail);
    write_agent(out, r);
    out.key("source").begin_object().key("observer").begin_object().key("display").string("trialgate").end_object().end_object();
    write_entities(out, r);
    out.end_object();
    return std::string(out.text());
}

/// The trail as a Bundle, bit by bit. It ends with the row that was the newest when it was asked for.
class exported_trail {
public:
    exported_trail(audit_filter filter, std::int64_t through, instant now) : filter_(std::move(filter)), through_(through) {
        begin_.begin_object().key("resourceType").string("Bundle").key("type").string("collection").key("timestamp").string(to_text(now));
    }
    /// Empty after the end.
    std::string next(store& rows) {
        if (ended_)
            return {};
        std::string out;
        const std::vector<audit_row> some = rows.audit_after(at_, rows_at_a_time);
        for (const audit_row& r : some)
            if (r.id <= through_ && fits(r))
                add(out, r);
        at_ = some.empty() ? through_ : some.back().id;
        ended_ = at_ >= through_;
        if (ended_ && begun_)
            out += "\n]}\n";
        else if (ended_) // FHIR has no empty arrays
            out += std::string(begin_.text()) + "}\n";
        else if (out.empty())
            out = ' '; // to be gone on with
        return out;
    }

private:
    bool fits(const audit_row& r) const { return r.at >= filter_.from && (filter_.until == 0 || r.at < filter_.until); }

    void add(std::string& out, const audit_row& r) {
        if (std::exchange(begun_, true)) {
            out += ",\n";
        } else {
            out += begin_.text();
            out += ",\"entry\":[\n";
        }
        out += R"({"fullUrl":"urn:trialgate:audit:)" + std::to_string(r.id) + R"(","resource":)" + audit_event(r) + '}';
    }

    audit_filter filter_;
    std::int64_t through_ = 0, at_ = 0;
    bool begun_ = false, ended_ = false;
    json_text begin_;
};

http_response exported(const api_request& request, const api_ground& ground, audit_note& note) {
    const audit_filter filter = period_of(request, ground);
    const std::vector<audit_row> last = ground.reading.audit_latest(1);
    const std::int64_t through = last.empty() ? 0 : last.front().id;
    const std::string from = word_of(request, "from"), to = word_of(request, "to");
    note.detail = "audit trail" + (from.empty() ? "" : " from " + from) + (to.empty() ? "" : " to " + to) + ", through row " + std::to_string(through);
    http_response out;
    out.headers = {{"Content-Type", "application/fhir+json"}, {"Content-Disposition", "attachment; filename=\"trialgate-audit.json\""}};
    const auto body = std::make_shared<exported_trail>(filter, through, ground.time.now());
    // The first piece is asked for when the trail tells of the export: one that it does not tell of leaves no anchor.
    ground.in_pieces(out, [body, last, intact = ground.seals.intact, begun = false](store& rows) mutable {
        if (!std::exchange(begun, true) && !last.empty())
            log_anchor(last.front(), "export", intact);
        return body->next(rows);
    });
    return out;
}

} // namespace

std::vector<api_route> audit_routes() {
    return {{"GET", "/api/v1/audit", permission::view_audit, "view-audit", trail}, {"GET", "/api/v1/audit/fhir", permission::view_audit, "export", exported}};
}

} // namespace trialgate::gateway
