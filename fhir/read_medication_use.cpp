// The four resources that say that a medication was ordered, handed out, given or taken.
#include "fhir/read_types.hpp"

namespace trialgate::fhir::reading {

namespace {

void require_medication(scope& s) {
    require_any(
        s, s.root, "medication[x]", {"medicationCodeableConcept", "medicationReference", "medication"}
    );
}

void read_reasons(scope& s, std::vector<codeable_concept>& out) {
    read_list(s, s.root, "reasonCode", out);
    read_concepts(s, s.root, "reason", out);
}

void read_dispense_request(scope& s, medication_request& out) {
    const json::value v = s.root["dispenseRequest"];
    if (!present(v))
        return;
    const step here(s.context, "dispenseRequest");
    if (!usable_object(s, v))
        return;
    read_member(s, v, "validityPeriod", out.validity);
    out.repeats_allowed = read_decimal(s, v, "numberOfRepeatsAllowed");
    read_member(s, v, "expectedSupplyDuration", out.expected_supply);
}

/// R5 says in `status` only that something was recorded, and in `adherence` what. Nothing is read into a missing adherence.
std::string_view status_of_adherence(scope& s) {
    const json::value v = s.root["adherence"];
    if (!present(v))
        return "active"; // recorded as used, and nothing said against it
    const step here(s.context, "adherence");
    codeable_concept code;
    if (usable_object(s, v))
        read_member(s, v, "code", code);
    std::string_view found;
    for (const coding& c : code.codings) {
        std::string_view mapped;
        if (c.code == "not-taking")
            mapped = "not-taken";
        else if (c.code == "unknown")
            mapped = "unknown";
        else if (c.code == "taking" || c.code == "taking-as-directed" || c.code == "taking-not-as-directed")
            mapped = "active";
        else if (c.code == "on-hold" || c.code == "on-hold-as-directed" || c.code == "on-hold-not-as-directed")
            mapped = "on-hold";
        else if (c.code == "stopped" || c.code == "stopped-as-directed" || c.code == "stopped-not-as-directed")
            mapped = "stopped";
        else
            continue;
        if (!found.empty() && mapped != found) {
            s.context.report(
                severity::error, issue_type::invariant, "code", "codings that contradict each other", v["code"]
            );
            return "unknown";
        }
        found = mapped;
    }
    if (!found.empty())
        return found;
    s.context.report(
        severity::warning, issue_type::code_invalid, "code", "no known adherence; the status is unknown", v["code"]
    );
    return "unknown";
}

} // namespace

void read_body(scope& s, medication_request& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require(s, v, "intent");
    require_medication(s);
    require(s, v, "subject");
    out.status = read_code(
        s, v, "status",
        {"active", "completed", "stopped", "on-hold", "cancelled", "ended", "draft", "entered-in-error", "unknown"}
    );
    read_member(s, v, "statusReason", out.status_reason);
    out.intent = read_code(
        s, v, "intent",
        {"order", "plan", "proposal", "original-order", "reflex-order", "filler-order", "instance-order", "option"}
    );
    const auto do_not_perform = read_bool(s, v, "doNotPerform");
    out.do_not_perform = do_not_perform.value_or(false);
    if (!do_not_perform && present(v["doNotPerform"]))
        return forbid(s, out.header, "doNotPerform");
    out.medication = read_medication_choice(s, v, "medication");
    read_member(s, v, "subject", out.subject);
    out.authored_on = read_date_time(s, v, "authoredOn");
    read_reasons(s, out.reasons);
    read_list(s, v, "dosageInstruction", out.dosages);
    read_dispense_request(s, out);
}

void read_body(scope& s, medication_statement& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require_medication(s);
    require(s, v, "subject");
    out.status = read_code(
        s, v, "status",
        {"active", "completed", "entered-in-error", "intended", "stopped", "on-hold", "unknown", "not-taken",
         "recorded", "draft"}
    );
    if (out.status == "recorded")
        out.status = status_of_adherence(s);
    out.medication = read_medication_choice(s, v, "medication");
    read_member(s, v, "subject", out.subject);
    out.effective = read_time_or_period(s, v, "effective");
    out.date_asserted = read_date_time(s, v, "dateAsserted");
    read_reasons(s, out.reasons);
    read_list(s, v, "dosage", out.dosages);
}

void read_body(scope& s, medication_dispense& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require_medication(s);
    out.status = read_code(
        s, v, "status",
        {"completed", "in-progress", "preparation", "cancelled", "on-hold", "entered-in-error", "stopped", "declined",
         "unknown"}
    );
    out.medication = read_medication_choice(s, v, "medication");
    read_member(s, v, "subject", out.subject);
    out.when_prepared = read_date_time(s, v, "whenPrepared");
    out.when_handed_over = read_date_time(s, v, "whenHandedOver");
    read_member(s, v, "quantity", out.amount);
    read_member(s, v, "daysSupply", out.days_supply);
    read_list(s, v, "dosageInstruction", out.dosages);
}

void read_body(scope& s, medication_administration& out) {
    const json::value v = s.root;
    require(s, v, "status");
    require_medication(s);
    require(s, v, "subject");
    require_any(
        s, v, "effective[x]",
        {"effectiveDateTime", "effectivePeriod", "occurenceDateTime", "occurencePeriod", "occurenceTiming",
         "occurrenceDateTime", "occurrencePeriod", "occurrenceTiming"}
    );
    out.status = read_code(
        s, v, "status",
        {"completed", "in-progress", "not-done", "on-hold", "entered-in-error", "stopped", "unknown"}
    );
    out.medication = read_medication_choice(s, v, "medication");
    read_member(s, v, "subject", out.subject);
    // R5.0 spells it with one r.
    for (const char* const prefix : {"effective", "occurence", "occurrence"})
        if (std::holds_alternative<std::monostate>(out.effective))
            out.effective = read_time_or_period(s, v, prefix);
    read_reasons(s, out.reasons);

    const json::value dose = v["dosage"];
    if (!present(dose))
        return;
    const step here(s.context, "dosage");
    if (!usable_object(s, dose))
        return;
    read_member(s, dose, "route", out.route);
    read_member(s, dose, "dose", out.dose);
}

} // namespace trialgate::fhir::reading
