// A person who takes part in a trial, as the study keeps them: what follows enrolment is computed from this and from the person's record.
#pragma once

#include "fhir/datetime.hpp"

#include <map>
#include <optional>
#include <string>

namespace trialgate::mappings {

/// Where a participation stands. Whoever is screened again is a new participation with a number of its own.
enum class participation_state : std::uint8_t {
    screening,      ///< consent given, not dosed
    on_study,       ///< enrolled; dosed or waiting for it
    completed,      ///< the last visit is done
    ended_early,    ///< treatment or study stopped, the early-termination visit is due
    withdrawn,      ///< consent withdrawn: nothing is asked of this person any more
    screen_failure, ///< did not get past screening
    died,
};
std::string_view to_code(participation_state s) noexcept; ///< "screening", "on-study", "completed", "ended-early", "withdrawn", "screen-failure", "died"
std::optional<participation_state> participation_state_of(std::string_view code) noexcept;
/// Something is still asked of this person: visits, or the one that follows an early end.
constexpr bool goes_on(participation_state s) noexcept {
    return s == participation_state::screening || s == participation_state::on_study || s == participation_state::ended_early;
}

/// A dated point of a participation from which visits count: "screening", "dosing" (Day 0), "end" (the decision to end early), or another name
/// that the trial file uses.
struct anchor_point {
    fhir::date on;                            ///< day at the site
    std::optional<std::int64_t> at = {};      ///< instant in seconds since 1970, when the time of day is known ("before the dose")
    std::string from = {};                    ///< resource of the record that dates it, "Procedure/p1"; empty: somebody said so
};

struct participant {
    std::string number;    ///< screening or subject number given by the study; what an alert may show of a person
    std::string trial, protocol_version;
    participation_state state = participation_state::screening;
    fhir::date since;      ///< first day in this state
    std::map<std::string, anchor_point> anchors;
};

} // namespace trialgate::mappings
