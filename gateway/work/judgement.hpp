// What people said of somebody in a trial, laid over what the record says. Pure.
//
// A criterion that a person confirmed is met or not met until that is undone, whatever the record says; a mark leaves the status as it is and says
// what a person decided about it all. Of several on one matter the last one that stands holds, so undoing it gives back the one before.
#pragma once

#include "gateway/store/store.hpp"
#include "mappings/engine/screening.hpp"

#include <map>
#include <span>

namespace trialgate::gateway {

/// Of one person in one trial: what holds.
struct standing_judgements {
    std::map<std::string, judgement_row, std::less<>> criteria; ///< by criterion
    std::optional<judgement_row> mark;
    std::size_t comments = 0;
};
/// `all` may be of several trials; the last made of those that stand.
standing_judgements standing_judgements_of(std::span<const judgement_row> all, std::string_view trial);

/// The judgement that holds for this criterion. Nothing when there is none, or when another text was confirmed than the trial has now: a person
/// answered another question then.
const judgement_row* judgement_on(const standing_judgements& said, const mappings::criterion& about);

/// Where a person stands in a trial, as people see it.
struct judged_standing {
    mappings::trial_status status = mappings::trial_status::possible;
    std::string strip;                                       ///< decision_row::strip
    std::vector<bool> by_person;                             ///< by criterion, in the trial's order
    std::vector<std::string> against;                        ///< criteria of which the record says the opposite of what a person said
};
/// `record`: what the record alone says, by criterion, in the trial's order.
judged_standing judge(const mappings::trial& trial, std::span<const mappings::outcome> record, const standing_judgements& said);
/// The same in the words of a report of the record: status, and the criteria that a person decided; what the record says of them stays in their parts.
void lay_over(mappings::trial_report& report, const mappings::trial& trial, const standing_judgements& said);
/// The outcomes out of a report, for `judge`.
std::vector<mappings::outcome> outcomes_of(const mappings::trial_report& report);

/// What R4 ResearchSubject.status (and R5's state) shows for a mark:
///   not-interested  withdrawn   "withdrawn their participation in the study before registration"
///   screened        screening
///   enrolled        on-study
///   excluded        ineligible  "did not meet one or more criteria ... considered to have failed screening or is ineligible"
/// Empty for what is no mark.
std::string_view subject_status_of_mark(std::string_view mark) noexcept;

/// The decision of a person that holds: the study system's or the page's, whichever came later.
struct deciding_word {
    std::string status;   ///< ResearchSubject status; empty: nobody decided
    bool on_page = false; ///< else in the study system
};
deciding_word deciding_word_of(const decision_row& row);

/// decision_row::contradiction in its parts: a status by which the record contradicts the decision of a person, and criteria ("criterion:renal-function")
/// by which it contradicts what a person confirmed.
std::vector<std::string> contradictions_of(std::string_view text);
std::string contradictions_text(std::span<const std::string> parts);

} // namespace trialgate::gateway
