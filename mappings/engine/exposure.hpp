// "On a medication for at least twelve weeks": the rule of clinical reference 7.3, and whether a drug was used at all.
//
// Both are pure functions of the facts in any order. `changes_on` is found by asking the same function again at each of the
// finitely many days on which one of its comparisons can turn, so it can be no other than the day on which the answer differs.
//
// What the answers mean, in the order in which they are tried:
//   met                          one ingredient's course began at least `at_least_days` ago and reaches the day (or ended at most its gap
//                                before: supply-ended), whatever the imprecise dates were. Dose changes are noted, not judged
//   unknown, conflicting         the same, but something says that it was not to be taken, or was not
//   unknown, imprecise           the same, if the imprecise dates were favourable
//   unknown, support-only        the same, by orders alone, though dispensing is recorded for other drugs: never-dispensed
//   unknown, needs-person        a long enough course that ended (past-course), several drugs that only together are long enough
//                                (switched-drug), or a course that only a hold breaks
//   not-met                      a course is running and not yet long enough; `changes_on` is then its day
//   unknown, history-incomplete  nothing, or too little; administrations alone that do not last long enough
//   not-met                      the same, when the history is known to be complete; for good when only `other_drugs` were ever used
#pragma once

#include "mappings/engine/criterion.hpp"
#include "mappings/engine/explanation.hpp"

namespace trialgate::mappings {

/// `facts`: all exposure facts of the patient about the test's drugs and other drugs; others are ignored. The evidence of `why`
/// points into `facts`.
outcome evaluate_exposure(const exposure_test& test, std::span<const fact> facts, fhir::date as_of,
                          explanation* why = nullptr);

/// Met when there is evidence of use within the window. Never not-met: no evidence of use is unknown, history-incomplete.
outcome evaluate_drug(const drug_test& test, std::span<const fact> facts, fhir::date as_of, explanation* why = nullptr);

/// Uses of one ingredient that possibly make one run.
struct course {
    std::size_t drug = 0;             ///< index into exposure_test::drugs
    fhir::date_range start;
    fhir::date_range end;             ///< the last day of the last supply
    bool open = false;                ///< no end is known
    std::vector<std::uint32_t> facts; ///< indexes into the facts given
    exposure_source strongest = exposure_source::ordered;
    note_set notes;                   ///< name_match_only, order_only
};

/// The courses that began on or before `as_of`, by drug, oldest first. Short courses included.
std::vector<course> courses(const exposure_test& test, std::span<const fact> facts, fhir::date as_of);

} // namespace trialgate::mappings
