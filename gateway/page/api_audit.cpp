// The trail of who saw and did what, for auditors: as rows, and as FHIR AuditEvent for the house's own archive.
#include "gateway/page/answers.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::gateway {

namespace {

constexpr std::size_t rows_at_a_time = 1'000;
constexpr std::string_view dicom = "http://dicom.nema.org/resources/ontology/DCM";

/// Of rows in order: is each the next one of the one before, as it was when it was written?
class chain {
public:
    /// `before`: seal of the row before the first.
    explicit chain(std::string before) : seal_(std::move(before)) {}
    void add(const audit_row& row) {
        intact_ = intact_ && row.seal == audit_seal(seal_, row);
        seal_ = row.seal;
    }
    bool intact() const noexcept { return intact_; }

private:
    std::string seal_;
    bool intact_ = true;
};

void write_row(json_text& out, const audit_row& r) {
    out.begin_object().key("id").number(r.id).key("at").string(to_text(r.at)).key("by").string(r.by).key("name").string(r.name).key("role").string(r.role);
    out.key("address").string(r.address).key("action").string(r.action).key("trial").string(r.trial).key("subject").string(r.subject);
    out.key("detail").string(r.detail).key("refused").boolean(r.refused).key("seal").string(r.seal).end_object();
}

/// The whole trail is checked when its first page is asked for; of a further one, that page.
http_response trail(const api_request& request, const api_ground& ground, audit_note& note) {
    const std::int64_t after = query_number(request, "after", 0, 0, std::numeric_limits<std::int64_t>::max());
    const auto most = static_cast<std::size_t>(query_number(request, "limit", 200, 1, 1'000));
    if (after > 0)
        note.action.clear(); // one view, one row
    json_text out;
    out.begin_object().key("rows").begin_array();
    const std::vector<audit_row> before = after > 0 ? ground.reading.audit_after(after - 1, 1) : std::vector<audit_row>();
    const bool follows = !before.empty() && before.front().id == after;
    chain checked(follows ? before.front().seal : "");
    const std::vector<audit_row> rows = ground.reading.audit_after(after, most);
    for (const audit_row& r : rows) {
        write_row(out, r);
        checked.add(r);
    }
    for (auto more = rows; after == 0 && !more.empty();) {
        more = ground.reading.audit_after(more.back().id, rows_at_a_time);
        for (const audit_row& r : more)
            checked.add(r);
    }
    out.end_array().key("intact").boolean(checked.intact()).end_object();
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
    out.end_object().end_array().key("action").string(kind.crud).key("recorded").string(to_text(r.at)).key("outcome").string(r.refused ? "4" : "0");
    if (!r.detail.empty())
        out.key("outcomeDesc").string(r.detail);
    write_agent(out, r);
    out.key("source").begin_object().key("observer").begin_object().key("display").string("trialgate").end_object().end_object();
    write_entities(out, r);
    out.end_object();
    return std::string(out.text());
}

http_response exported(const api_request&, const api_ground& ground, audit_note& note) {
    http_response out;
    out.headers = {{"Content-Type", "application/fhir+ndjson"}, {"Content-Disposition", "attachment; filename=\"trialgate-audit.ndjson\""}};
    std::int64_t rows = 0;
    for (auto some = ground.reading.audit_after(0, rows_at_a_time); !some.empty(); some = ground.reading.audit_after(some.back().id, rows_at_a_time)) {
        rows += static_cast<std::int64_t>(some.size());
        for (const audit_row& r : some)
            out.body += audit_event(r) + '\n';
    }
    note.detail = "audit trail, " + std::to_string(rows) + " rows";
    return out;
}

} // namespace

std::vector<api_route> audit_routes() {
    return {{"GET", "/api/v1/audit", permission::view_audit, "view-audit", trail}, {"GET", "/api/v1/audit/fhir", permission::view_audit, "export", exported}};
}

} // namespace trialgate::gateway
