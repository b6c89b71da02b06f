// What somebody responsible ought to know about a participant today. Findings are recomputed from the record, the participation and the date; who
// compares them with those of yesterday raises, corrects and withdraws alerts. Equal input gives equal findings in equal order.
#pragma once

#include "mappings/engine/screening.hpp"
#include "mappings/followup/participant.hpp"

namespace trialgate::mappings {

/// How soon a person has to look: T1 at once, T2 the same day, T3 at the next review.
enum class tier : std::uint8_t { t1 = 1, t2, t3 };

enum class finding_kind : std::uint8_t {
    // visits
    upcoming, due, closing, overdue, missed, done_incomplete, out_of_window,
    // safety
    lab_grade, hys_law, kidney_injury, pregnancy, trial_rule,
};
std::string_view to_code(finding_kind k) noexcept; ///< "upcoming", ..., "done-incomplete", "out-of-window", "lab-grade", "hys-law", "kidney-injury", ...

struct concern {
    /// Stable: the same matter has the same key for as long as it lasts, whatever else is known of it. "visit/v5", "lab/alt/Observation/o1".
    std::string key;
    finding_kind kind = finding_kind::upcoming;
    tier urgency = tier::t3;
    std::string title;                    ///< "Visit 5 (day 14) is overdue", "ALT increased, grade 3 (CTCAE v5.0)"; no patient data beyond the matter
    std::string text;                     ///< the whole matter in a sentence or two: value, limits, baseline, what is missing
    std::optional<fhir::date> earliest, target, latest; ///< of a visit
    std::vector<std::string> missing;     ///< what a visit still lacks, in words: "C4 not resulted"
    std::vector<evidence_item> evidence;  ///< resources that led here
    std::map<std::string, std::string> details; ///< machine-readable: "visit", "analyte", "grade", "baselineGrade", "ctcae", "value", "limit", ...
};

struct followup {
    std::vector<concern> findings;         ///< by key
    std::optional<fhir::date> changes_on;  ///< first date on which the findings can differ with no new data; nothing is never
};

} // namespace trialgate::mappings
