// The results of a participant as the safety rules look at them: before or after the dose, measured, in order. Internal to safety.cpp.
#pragma once

#include "mappings/followup/ctcae.hpp"
#include "mappings/followup/safety.hpp"

namespace trialgate::mappings {

enum class phase : std::uint8_t {
    before,
    dose_day, ///< no time of day tells: before it for a baseline (clinical reference 10.2), and graded as if after
    after,
    undated, ///< or of a span that holds the day of the dose: graded, never a baseline
    unseen,  ///< later than the as-of date, or than the end of the participation
};

struct lab_result {
    const fact* source;
    phase when;
    measurement now;
    bool pending = false;     ///< preliminary
    std::string reference;    ///< "Observation/o1"
    std::string version;
    std::string day() const;  ///< "2026-03-20"
};

/// Day 0; while nobody said which day that is, the first day on study: a dose that is not recorded may have been given.
std::optional<anchor_point> dose_of(const participant& who);

class safety_results {
public:
    /// `of.who` has a dose_of().
    explicit safety_results(const safety_case& of);

    /// Results of some analytes that may be seen, oldest first; equal times by reference.
    std::vector<lab_result> of(std::span<const concept_id> concepts) const;
    /// Only what is dated after the dose.
    fact_table since_dosing() const;
    const fact_table& facts() const noexcept { return facts_; }
    phase phase_of(const fact& f) const;
    evidence_item evidence(const fact& f) const;
    /// The as-of date, or the end of the participation when that was before it.
    fhir::date last_seen() const noexcept { return last_seen_; }
    /// First date on which a fact that is not seen yet is seen.
    fhir::date changes_on() const noexcept { return changes_on_; }

private:
    const safety_case& case_;
    fact_table facts_;
    fhir::date dosing_, last_seen_;
    std::int64_t dosing_second_ = -1; ///< of the site's day; -1: not known
    mutable fhir::date changes_on_ = fhir::date::highest();
};

/// The last readable, final result before the dose; nullptr when there is none. What may be after the dose itself (`of`) is held against
/// what is surely before it.
const lab_result* baseline_of(std::span<const lab_result> results, const lab_result* of = nullptr) noexcept;

} // namespace trialgate::mappings
