// Where each visit of a participant stands, and what somebody ought to know about it.
//
// Of every visit at most one thing is said at a time. With the window [earliest, latest], the proposed day P (schedule.hpp) and the settings of the
// trial file (visit_alerts: upcoming U, closing C, grace G, results R):
//
//   not held    upcoming    U days before `earliest` until the day before P
//               due         from P on; P itself is never "closing"
//               closing     the last C days of the window, after P
//               overdue     after `latest`: not held, and it may still be made up for
//               missed      from the earlier of `latest` + G + 1 and the first day of the next window on (never before `latest` + 1)
//   held        done-incomplete  in the window, and R days later something is still missing
//               out-of-window    on a day outside the window, whatever is missing
//
// A visit that nothing in a record could ever show (visit_evidence::can_tell) is upcoming, due and closing, and then nothing: that it was missed
// would be a guess. One counted from another visit is not spoken of until that one was held or missed.
//
// Who takes part: in screening and on study all planned visits count; who ended early is asked for the early-termination visit alone; who completed
// leaves what has to be documented (missed, done-incomplete, out-of-window). Withdrawn, screen failure and death leave nothing, a Patient who is recorded
// as deceased neither.
//
// What shows a visit (visit_evidence), on the as-of date or before: an Encounter or Appointment of its type and status, a procedure, an anchor's day, or
// enough of its results on one day of the window. A type that several visits list is given to the visit whose window holds the day, else to the nearest one
// within a week that was not held, else to the unscheduled visit. A result belongs to one visit: to the one whose window holds it, then to the
// nearest, then to the earlier. Nothing here depends on the order of the records.
#pragma once

#include "mappings/followup/finding.hpp"
#include "mappings/followup/schedule.hpp"

namespace trialgate::mappings {

enum class visit_state : std::uint8_t {
    not_planned, ///< its anchor has no date, it is unscheduled, or the participation ended before it
    ahead,       ///< nothing to say yet
    upcoming, due, closing, overdue, missed,
    passed,      ///< the window is over and nothing could show whether it was held
    done,
    incomplete,  ///< held, and something is missing
    outside,     ///< held outside its window
};
std::string_view to_code(visit_state s) noexcept; ///< "not-planned", "ahead", "upcoming", ..., "done", "done-incomplete", "out-of-window"

struct visit_standing {
    planned_visit plan;
    visit_state state = visit_state::ahead;
    std::optional<fhir::date> held;     ///< the day that counts
    std::optional<fhir::date> booked;   ///< of an Appointment that is booked
    std::vector<std::string> missing;   ///< "C4 not resulted", "blood count: platelets pending"; told as soon as the visit was held
    std::vector<evidence_item> evidence;
};

/// All visits of the trial, in its order, whatever the state of the participation; nothing is awaited of one that ended.
std::vector<visit_standing> visit_standings(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, fhir::date as_of,
    const fhir::time_zone& zone
);

/// What there is to say on `as_of`, by key: "visit/ID/KIND", so that each kind can be raised once per subject and visit. `changes_on` is exact: on every
/// day before it the findings are these, on that day they are not.
followup visit_findings(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, fhir::date as_of,
    const fhir::time_zone& zone
);

/// As `visit_findings(...).findings`, without looking for the day on which they change.
std::vector<concern> visit_findings_on(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, fhir::date as_of,
    const fhir::time_zone& zone
);

/// Equal in every word.
bool same(const concern& a, const concern& b);

} // namespace trialgate::mappings
