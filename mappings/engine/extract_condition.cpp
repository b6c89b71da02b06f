#include "mappings/engine/coded.hpp"

namespace trialgate::mappings {

namespace {

/// A status that is there but cannot be read is no confirmation.
verification verification_of(const fhir::codeable_concept& status) {
    if (says(status, {"refuted"}))
        return verification::refuted;
    if (status.empty() || says(status, {"confirmed"}))
        return verification::confirmed;
    return verification::support;
}

clinical_state state_of(const fhir::condition& from) {
    if (says(from.clinical_status, {"active", "recurrence", "relapse"}))
        return clinical_state::current;
    if (says(from.clinical_status, {"inactive", "remission", "resolved"}))
        return clinical_state::past;
    // con-4: what has abated is inactive, resolved or in remission.
    const bool abated = !std::holds_alternative<std::monostate>(from.abatement);
    return abated && from.clinical_status.empty() ? clinical_state::past : clinical_state::unspecified;
}

condition_category category_of(const fhir::condition& from) {
    condition_category out = condition_category::other;
    for (const fhir::codeable_concept& c : from.category) {
        if (says(c, {"problem-list-item", "problem list item", "problem list"}))
            return condition_category::problem_list;
        if (says(c, {"encounter-diagnosis", "encounter diagnosis"}))
            out = condition_category::encounter;
    }
    return out;
}

/// An onset given as age, range or text leaves the fact with the day on which it was recorded, an age with none: it
/// would need the date of birth.
void set_onset(fact& f, const fhir::condition& from, const fhir::time_zone& site) {
    if (const auto* at = std::get_if<fhir::date_time>(&from.onset))
        return set_time(f, *at, site);
    if (const auto* during = std::get_if<fhir::period>(&from.onset); during && during->start)
        return set_time(f, *during->start, site);
    if (std::holds_alternative<fhir::quantity>(from.onset))
        return;
    if (from.recorded_date)
        set_time(f, *from.recorded_date, site);
}

} // namespace

record extract_condition(const fhir::condition& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (says(from.verification_status, {"entered-in-error"})) {
        out.withdrawn = true;
        return out;
    }
    const std::uint32_t identifier = identifier_hash(from.identifiers);
    for (const coded_meaning& c : meanings_of(from.code, with, out.notes)) {
        fact f = start_fact(c.means, fact_kind::condition, c.text, identifier);
        f.condition.verified = verification_of(from.verification_status);
        if (from.recorded_date)
            f.condition.recorded = from.recorded_date->days(with.site);
        f.condition.state = state_of(from);
        f.condition.category = category_of(from);
        set_onset(f, from, with.site);
        if (holds(c.means, f))
            out.facts.push_back(std::move(f));
    }
    return out;
}

record extract_procedure(const fhir::procedure& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (from.status == "entered-in-error") {
        out.withdrawn = true;
        return out;
    }
    const auto meanings = meanings_of(from.code, with, out.notes);
    if (from.status != "completed")
        return out;
    const std::uint32_t identifier = identifier_hash(from.identifiers);
    for (const coded_meaning& c : meanings) {
        fact f = start_fact(c.means, fact_kind::procedure, c.text, identifier);
        if (const auto* at = std::get_if<fhir::date_time>(&from.performed))
            set_time(f, *at, with.site);
        else if (const auto* during = std::get_if<fhir::period>(&from.performed)) {
            if (during->end || during->start)
                set_time(f, during->end ? *during->end : *during->start, with.site);
        }
        if (holds(c.means, f))
            out.facts.push_back(std::move(f));
    }
    return out;
}

} // namespace trialgate::mappings
