// The decision about one person from what is kept: pure.
#pragma once

#include "gateway/store/message.hpp"
#include "gateway/work/person.hpp"
#include "mappings/engine/screening.hpp"

#include <span>

namespace trialgate::gateway {

/// One record of a person: several when records were merged or a person goes by an identifier.
struct named_records {
    std::string key;
    const person_records* records;
};

struct person_decision {
    std::string key;
    std::vector<mappings::trial_report> reports; ///< of every trial, in the network's order; status null when not listed
    fhir::date changes_on = fhir::date::highest(); ///< first date on which anything can differ with no new data
};

/// `definitions`: what the records refer to (Medication, Specimen, ResearchStudy).
std::vector<person_decision> decide(const std::shared_ptr<const mappings::network>& net, std::span<const named_records> person,
                                    std::span<const mappings::record> definitions, fhir::date as_of);

/// What the world is told when a decision changes; design.md, section 3. Pure.
struct transition {
    decision_row after;
    bool told = false; ///< a message goes out
    std::string kind;  ///< "status" | "contradiction"
    bool flag = false;
    std::string subject_status, text;
};
/// `before` may be nullptr. Of whom the study knows by itself (already-in-study) and of inactive records nothing new is told.
transition change(const decision_row* before, const mappings::trial_report& now, instant at);

/// What R4 ResearchSubject.status shows for a status; empty status: no longer listed.
std::string_view subject_status(std::string_view status) noexcept;

} // namespace trialgate::gateway
