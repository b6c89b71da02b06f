#include "gateway/core/report_json.hpp"

#include "gateway/core/json_text.hpp"

namespace trialgate::gateway {

using namespace mappings;

namespace {


void write_date(json_text& out, const char* key, const std::optional<fhir::date>& d) {
    out.key(key);
    d ? out.string(to_string(*d)) : out.null();
}

void write_notes(json_text& out, const std::vector<shown_note>& notes) {
    out.key("notes").begin_array();
    for (const shown_note& n : notes)
        out.string(n.id);
    out.end_array();
}

void write_criterion(json_text& out, const criterion_report& c, const report_names& names) {
    out.begin_object();
    out.key("id").string(c.id);
    out.key("verdict").string(to_code(c.is.is));
    out.key("reason");
    c.is.is == verdict::unknown ? out.string(to_code(c.is.why)) : out.null();
    out.key("explanation").string(c.explanation);
    write_date(out, "changesOn", c.changes_on);
    out.key("needs").begin_array();
    for (const std::string& n : c.needs)
        out.string(n);
    out.end_array();
    write_notes(out, c.notes);
    out.key("evidence").begin_array();
    for (const evidence_item& e : c.evidence) {
        const evidence_item shown = shown_evidence(e, names);
        out.begin_object();
        out.key("reference").string(shown.reference);
        out.key("version");
        shown.version.empty() ? out.null() : out.string(shown.version);
        out.key("date");
        shown.date.empty() ? out.null() : out.string(shown.date);
        out.key("text").string(shown.text);
        out.end_object();
    }
    out.end_array();
    out.key("parts").begin_array();
    for (const criterion_report& p : c.parts)
        write_criterion(out, p, names);
    out.end_array();
    out.end_object();
}

} // namespace

evidence_item shown_evidence(const evidence_item& e, const report_names& names) {
    evidence_item out = e;
    if (!names.reference)
        return out;
    out.reference = names.reference(e.reference);
    if (e.reference.starts_with("Patient/") && e.date.size() > 4) {
        out.date = e.date.substr(0, 4);
        out.text = "born " + out.date;
    }
    return out;
}

std::string report_json(const trial_report& r, const report_names& names) {
    json_text out;
    out.begin_object();
    out.key("patient").string(names.patient.empty() ? r.patient : names.patient);
    out.key("trial").string(r.trial);
    out.key("protocolVersion").string(r.version);
    out.key("asOf").string(to_string(r.as_of));
    out.key("status");
    r.status ? out.string(to_code(*r.status)) : out.null();
    write_date(out, "changesOn", r.changes_on);
    write_notes(out, r.notes);
    out.key("criteria").begin_array();
    for (const criterion_report& c : r.criteria)
        write_criterion(out, c, names);
    out.end_array();
    out.end_object();
    return std::string(out.text());
}

} // namespace trialgate::gateway
