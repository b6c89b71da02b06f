#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

/// A CodeableConcept; up to STU3 it was a code, which is read as one of `system`.
void read_status(
    scope& s, resource_header& header, std::string_view name, std::string_view system, codeable_concept& out
) {
    const json::value v = s.root[name];
    if (!present(v))
        return;
    if (v.is_string()) {
        const std::string_view code = read_token(s, s.root, name);
        s.context.report(
            severity::warning, issue_type::structure, name, "a code where a CodeableConcept is expected", v,
            std::string(code)
        );
        out.codings.push_back({system, code, {}});
        return;
    }
    read_member(s, s.root, name, out);
    if (out.empty() && !(v.is_object() && !has_modifier(v)))
        forbid(s, header, name);
}

} // namespace

void read_body(scope& s, condition& out) {
    const json::value v = s.root;
    require(s, v, "subject");
    read_status(
        s, out.header, "clinicalStatus", "http://terminology.hl7.org/CodeSystem/condition-clinical",
        out.clinical_status
    );
    read_status(
        s, out.header, "verificationStatus", "http://terminology.hl7.org/CodeSystem/condition-ver-status",
        out.verification_status
    );
    read_list(s, v, "category", out.category);
    read_member(s, v, "code", out.code);
    read_member(s, v, "subject", out.subject);
    out.onset = read_event_time(s, v, "onset");
    out.abatement = read_event_time(s, v, "abatement");
    out.recorded_date = read_date_time(s, v, "recordedDate");
}

void read_body(scope& s, procedure& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require(s, v, "subject");
    out.status = read_code(
        s, v, "status",
        {"completed", "in-progress", "preparation", "not-done", "on-hold", "stopped", "entered-in-error", "unknown"}
    );
    read_member(s, v, "code", out.code);
    read_member(s, v, "subject", out.subject);
    out.performed = read_time_or_period(s, v, "performed");
    if (std::holds_alternative<std::monostate>(out.performed))
        out.performed = read_time_or_period(s, v, "occurrence");
    read_list(s, v, "reasonCode", out.reasons);
    read_concepts(s, v, "reason", out.reasons);
}

namespace {

/// One Coding in R4, a list of CodeableConcept in R5: the codings of all.
void read_class(scope& s, json::value v, codeable_concept& out) {
    if (v.is_object() && !v["coding"] && !v["text"]) {
        if (coding read; read_into(s, v, read))
            out.codings.push_back(read);
        return;
    }
    codeable_concept read;
    if (!read_into(s, v, read))
        return;
    out.codings.insert(out.codings.end(), read.codings.begin(), read.codings.end());
    if (out.text.empty())
        out.text = read.text;
}

/// Encounter: one CodeableConcept in R4, CodeableReferences in R5. Appointment: a list of CodeableConcept, or of CodeableReference.
void read_service_type(scope& s, json::value v, std::vector<codeable_concept>& out) {
    for_each(
        s, v, "serviceType",
        [&](json::value element) {
            const json::value inner = element["concept"];
            if (present(element["reference"]) && !present(inner))
                return;
            if (codeable_concept read; read_into(s, present(inner) ? inner : element, read))
                out.push_back(std::move(read));
        },
        cardinality::one_or_many
    );
}

/// Nothing when two people take part: whose appointment it is cannot be told.
reference read_participant(scope& s, json::value v) {
    reference out;
    bool several = false;
    for_each(s, v, "participant", [&](json::value element) {
        reference actor;
        read_member(s, element, "actor", actor);
        if (actor.type != "Patient")
            return;
        several = several || (!out.empty() && out.literal != actor.literal);
        out = actor;
    });
    return several ? reference{} : out;
}

} // namespace

void read_body(scope& s, appointment& out) {
    const json::value v = s.root;
    require(s, v, "status");
    out.status = read_code(
        s, v, "status",
        {"proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error", "checked-in",
         "waitlist"}
    );
    if (codeable_concept type; read_member(s, v, "appointmentType", type), !type.empty())
        out.types.push_back(std::move(type));
    read_service_type(s, v, out.types);
    read_member(s, v, "subject", out.subject);
    if (out.subject.empty())
        out.subject = read_participant(s, v);
    out.start = read_date_time(s, v, "start");
    out.end = read_date_time(s, v, "end");
}

void read_body(scope& s, encounter& out) {
    const json::value v = s.root;
    require(s, v, "status");
    out.status = read_code(
        s, v, "status",
        {"finished", "completed", "in-progress", "planned", "arrived", "triaged", "onleave", "on-hold", "discharged",
         "cancelled", "discontinued", "entered-in-error", "unknown"}
    );
    for_each(
        s, v, "class", [&](json::value element) { read_class(s, element, out.class_); }, cardinality::one_or_many
    );
    read_list(s, v, "type", out.types);
    read_service_type(s, v, out.types);
    read_member(s, v, "subject", out.subject);
    read_member(s, v, "period", out.period_);
    if (!out.period_)
        read_member(s, v, "actualPeriod", out.period_);
}

} // namespace trialgate::fhir::reading
