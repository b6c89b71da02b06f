#include "mappings/engine/coded.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

/// Scope or category "research", categories rsdid and rsreid (consentcategorycodes), purpose HRESCH (v3).
bool is_about_research(const fhir::codeable_concept& c) {
    return says(c, {"research", "rsdid", "rsreid", "hresch"});
}

/// v3 OPTOUT: disagreement, whatever the scope.
bool is_opt_out(const fhir::codeable_concept& c) {
    return says(c, {"optout", "optoute"});
}

bool forbids(const fhir::consent& from) {
    // Q02: whatever it was that was refused, privacy comes first.
    if (from.status == "rejected")
        return true;
    const bool research = is_about_research(from.scope) ||
                          std::any_of(from.category.begin(), from.category.end(), is_about_research);
    return (research && from.decision == "deny") ||
           std::any_of(from.category.begin(), from.category.end(), is_opt_out);
}

/// What the gateway itself wrote into a study system that is also a source: its own suggestion is no participation.
/// What a person made of it is.
bool is_own_suggestion(const fhir::research_subject& from) {
    const bool ours = std::any_of(from.header.tags.begin(), from.header.tags.end(), [](const fhir::coding& t) {
        return t.system == "urn:trialgate:tag" && t.code == "generated";
    });
    return ours && (from.status == "eligible" || from.status == "candidate" || from.status == "potential-candidate" ||
                    from.status == "ineligible");
}

} // namespace

record extract_consent(const fhir::consent& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.patient);
    if (from.status == "entered-in-error") {
        out.withdrawn = true;
        return out;
    }
    if (from.status != "active" && from.status != "rejected")
        return out;
    consent_data& data = out.consent.emplace();
    data.forbids = forbids(from);
    if (from.valid) {
        if (from.valid->start)
            data.when.first = from.valid->start->days(with.site).first;
        if (from.valid->end)
            data.when.last = from.valid->end->days(with.site).last;
    } else if (from.date_) {
        data.when.first = from.date_->days(with.site).first;
    }
    if (data.when.last < data.when.first)
        data.when = {};
    return out;
}

record extract_research_study(const fhir::research_study& from, const extraction&) {
    record out = start_record(from.header);
    if (from.status == "entered-in-error") {
        out.withdrawn = true;
        return out;
    }
    definition_data& data = out.definition.emplace();
    for (const fhir::identifier& i : from.identifiers)
        if (!i.value.empty())
            data.identifiers.emplace_back(i.value);
    return out;
}

record extract_research_subject(const fhir::research_subject& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.individual);
    if (from.status == "entered-in-error" || is_own_suggestion(from)) {
        out.withdrawn = true;
        return out;
    }
    participation_data& data = out.participation.emplace();
    // "identifier value of the study" is what a trial file lists: a registry number, without the system.
    if (from.study.type == "ResearchStudy" || from.study.is_urn())
        data.study = reference_key(from.study, "ResearchStudy");
    else if (!from.study.logical.value.empty())
        data.study = from.study.logical.value;
    data.status = from.status;
    if (from.period_) {
        if (from.period_->start)
            data.when.first = from.period_->start->days(with.site).first;
        if (from.period_->end)
            data.when.last = from.period_->end->days(with.site).last;
        if (data.when.last < data.when.first)
            data.when = {};
    }
    return out;
}

} // namespace trialgate::mappings
