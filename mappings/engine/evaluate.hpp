// The answer of one test about one patient on one date: a pure function of (facts, test, as-of date).
//
// Each kind of test has its own file (evaluate_*.cpp). All of them follow three rules:
//   1. Only facts that began on or before `as_of` are seen. Later ones set `changes_on` and the note future-data.
//   2. `changes_on` is a date before which nothing in the outcome can change; it is taken from the same window test that selected the
//      facts, never computed apart from it.
//   3. With an explanation asked for, the outcome is the same; only words are added.
#pragma once

#include "mappings/engine/criterion.hpp"
#include "mappings/engine/explanation.hpp"
#include "mappings/engine/fact_table.hpp"

namespace trialgate::mappings {

struct evaluation_input {
    const catalog& codes; ///< for words only
    const fact_table& facts;
    const person_data* person; ///< may be nullptr: no Patient seen
    fhir::date as_of;
};

/// `parts` are the outcomes of the test's children, in order, for the same patient and date.
outcome evaluate(const test_kind& test, std::span<const outcome> parts, const evaluation_input& in,
                 explanation* why = nullptr);

// One function a kind; declared here for the tests.
outcome evaluate_age(const age_test& test, const evaluation_input& in, explanation* why);
outcome evaluate_sex(const sex_test& test, const evaluation_input& in, explanation* why);
outcome evaluate_logic(const logic_test& test, std::span<const outcome> parts);
outcome evaluate_count(const count_test& test, std::span<const outcome> parts);
outcome evaluate_score(const score_test& test, std::span<const outcome> parts);
outcome evaluate_prefer(std::span<const outcome> parts);
outcome evaluate_unless(std::span<const outcome> parts);
outcome evaluate_observation(const observation_test& test, const evaluation_input& in, explanation* why);
outcome evaluate_condition(const condition_test& test, std::span<const outcome> parts, const evaluation_input& in,
                           explanation* why);
outcome evaluate_diagnosis(const diagnosis_test& test, const evaluation_input& in, explanation* why);
outcome evaluate_procedure(const procedure_test& test, const evaluation_input& in, explanation* why);
outcome evaluate_egfr(const egfr_test& test, const evaluation_input& in, explanation* why);
outcome evaluate_change(const change_test& test, const evaluation_input& in, explanation* why);
outcome evaluate_person(const person_test& test, const evaluation_input& in, explanation* why);

// ---- shared by the kinds -------------------------------------------------------------------------------------------

/// Where a fact lies with respect to a window that ends on the as-of date.
enum class place : std::uint8_t { inside, perhaps, outside, future };
/// Undated facts are inside an unlimited window and `perhaps` inside any other.
place locate(const fact& f, const window& w, fhir::date as_of) noexcept;
/// First date after `as_of` on which `locate` answers differently; highest() when it never does.
fhir::date place_changes(const fact& f, const window& w, fhir::date as_of) noexcept;

/// "2026-02-20", "2025-09" for a month, "no date".
std::string day_text(const fact& f);
/// "eGFR 74 mL/min/1.73m2 on 2026-02-20"; a finding in the words of the hospital where it sent any.
std::string words(const fact& f, const catalog& codes);
/// "ANA titer" or "ANA titer, ANA screen"
std::string titles(std::span<const concept_id> concepts, const catalog& codes);
/// "since 2025-09-15", or empty for an unlimited window.
std::string since(const window& w, fhir::date as_of);

} // namespace trialgate::mappings
