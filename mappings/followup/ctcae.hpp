// Grades one laboratory result by one term of a grading table. Clinical reference 10.2; pure and exact.
//
//   const measurement now = measurement_of(fact.observation), before = measurement_of(baseline.observation);
//   const grade_result g = grade(term, now, &before);
//   g.grade  nothing: ungradable, and g.why says why; a result that cannot be read is never grade 0
#pragma once

#include "mappings/engine/safety.hpp"
#include "mappings/followup/exact.hpp"

namespace trialgate::mappings {

/// Why a result has no grade.
enum class ungradable : std::uint8_t {
    none,
    unreadable,    ///< no number in it, implausible, of the wrong specimen
    unit,          ///< without a unit that fits
    contradictory, ///< value, flags or codes contradict each other
    spoiled,       ///< a remark says that the specimen was hemolyzed
    no_limits,     ///< the limit that decides was not sent with the result
    imprecise,     ///< "<5" where the edge is at 4: it may be normal
    uncorrected,   ///< calcium without an albumin of the same draw or day, in whose light it could be normal or not
};
std::string_view to_code(ungradable why) noexcept; ///< "no-limits", ...
std::string_view sentence(ungradable why) noexcept; ///< "the limits of the laboratory were not sent with it"

/// A result in the canonical unit of its analyte, with the limits sent with it.
struct measurement {
    ungradable why = ungradable::unreadable; ///< `none`: the value can be used
    exact_span value;
    std::optional<exact> lower, upper;
    fhir::ratio factor{};   ///< from the unit in which it was reported
    bool readable() const noexcept { return why == ungradable::none; }
};
/// `spoiled`: the specimen was (note::specimen_spoiled). A preliminary value is read as it stands.
measurement measurement_of(const observation_fact& result, bool spoiled = false);
/// `value` corrected by another result (calcium by albumin); unreadable when that one is.
measurement corrected(const measurement& value, const measurement& by, const grading_correction& rule);

struct grade_result {
    std::optional<int> grade; ///< 0 to 4, the worse one where symptoms decide; nothing: ungradable
    int least = 0, most = 0;  ///< what it can be; `most` is meant for the ungradable too: 1 needs nobody's attention
    ungradable why = ungradable::none;
    bool symptoms = false;             ///< "up to grade n, depends on symptoms"
    bool value_is_bound = false;       ///< a ">60" that may lie in a higher grade: `grade` is the highest
    bool baseline_missing = false;     ///< a rule that looks at the baseline had none, or one whose limits are not known
    bool limits_missing = false;       ///< graded without a limit that could have made it worse
    bool limit_beyond_floor = false;   ///< inside the laboratory's limits, and still beyond the absolute edge of grade 2
    std::string rule;                  ///< edge that decided, as the table writes it: "> 3.0 x ULN"; empty for grade 0
};

/// `baseline` may be nullptr or unreadable: missing. For a corrected term both are given corrected.
grade_result grade(const grading_term& term, const measurement& now, const measurement* baseline);

/// Whether a result is surely beyond a limit of a signal; `perhaps` asks whether it can be. Limits of the laboratory are those of `now`.
bool beyond(const safety_limit& limit, const measurement& now, bool perhaps = false);

} // namespace trialgate::mappings
