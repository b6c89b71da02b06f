#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

bool read_into(scope& s, json::value v, observation_component& out) {
    if (!usable_object(s, v))
        return false;
    require(s, v, "code");
    read_member(s, v, "code", out.code);
    out.value = read_value(s, v, "value");
    read_member(s, v, "dataAbsentReason", out.data_absent_reason);
    read_list(s, v, "interpretation", out.interpretation, cardinality::one_or_many);
    read_list(s, v, "referenceRange", out.reference_ranges);
    return true;
}

} // namespace

void read_body(scope& s, observation& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require(s, v, "code");
    out.status = read_code(
        s, v, "status",
        {"final", "amended", "corrected", "preliminary", "registered", "cancelled", "entered-in-error", "unknown"}
    );
    read_list(s, v, "category", out.category);
    read_member(s, v, "code", out.code);
    read_member(s, v, "subject", out.subject);
    out.effective = read_time_or_period(s, v, "effective");
    out.issued = read_date_time(s, v, "issued");
    out.value = read_value(s, v, "value");
    read_member(s, v, "dataAbsentReason", out.data_absent_reason);
    read_list(s, v, "interpretation", out.interpretation, cardinality::one_or_many);
    read_list(s, v, "note", out.notes);
    read_member(s, v, "bodySite", out.body_site);
    read_member(s, v, "method", out.method);
    read_member(s, v, "specimen", out.specimen);
    read_list(s, v, "referenceRange", out.reference_ranges);
    read_list(s, v, "hasMember", out.has_member);
    read_list(s, v, "derivedFrom", out.derived_from);
    read_list(s, v, "performer", out.performers);
    for_each(s, v, "component", [&](json::value element) {
        if (observation_component read; read_into(s, element, read))
            out.components.push_back(std::move(read));
    });
}

void read_body(scope& s, diagnostic_report& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require(s, v, "code");
    out.status = read_code(
        s, v, "status",
        {"final", "amended", "corrected", "appended", "modified", "preliminary", "partial", "registered", "cancelled",
         "entered-in-error", "unknown"}
    );
    read_list(s, v, "category", out.category, cardinality::one_or_many);
    read_member(s, v, "code", out.code);
    read_member(s, v, "subject", out.subject);
    out.effective = read_time_or_period(s, v, "effective");
    out.issued = read_date_time(s, v, "issued");
    read_list(s, v, "result", out.results);
    out.conclusion = read_string(s, v, "conclusion");
    read_list(s, v, "conclusionCode", out.conclusion_codes);
    for_each(s, v, "presentedForm", [&](json::value) { out.has_attachment = true; });
}

void read_body(scope& s, specimen& out) {
    const json::value v = s.root;
    out.status =
        read_code(s, v, "status", {"available", "unavailable", "unsatisfactory", "entered-in-error"});
    read_member(s, v, "type", out.type);
    read_member(s, v, "subject", out.subject);
    out.received = read_date_time(s, v, "receivedTime");

    const json::value collection = v["collection"];
    if (!present(collection))
        return;
    const step here(s.context, "collection");
    if (usable_object(s, collection))
        out.collected = read_time_or_period(s, collection, "collected");
}

} // namespace trialgate::fhir::reading
