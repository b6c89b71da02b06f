// What is to come, if nothing else happens: visits, and criteria that expire before a planned screening.
//
// For a single day, `visit_findings` with that day as its as-of date is the forecast: it looks at nothing but the date and the record.
#pragma once

#include "mappings/engine/projection.hpp"
#include "mappings/followup/visits.hpp"

namespace trialgate::mappings {

/// True for a visit that is asked of this person and can still be held: planned, not held, not missed, its window not over (overdue ones can still be).
bool is_open(const participant& who, const visit_standing& s) noexcept;

/// True for a visit that is asked of this person and was missed.
bool is_missed(const participant& who, const visit_standing& s) noexcept;

/// Open visits whose window has a day in [first, last], by proposed day, then in the order of the trial.
std::vector<visit_standing> open_visits(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, fhir::date as_of,
    const fhir::time_zone& zone, fhir::date first, fhir::date last
);

/// A criterion whose verdict will be another one on the planned day, with no new data.
struct expiring_criterion {
    std::string id, text;
    verdict now = verdict::unknown, then = verdict::unknown;
    reason why = reason::none;         ///< of `then`, when it is unknown
    std::optional<fhir::date> changes_on; ///< the first day on which the verdict is not the present one; in (as-of, planned]
};

/// Top criteria of the trial, in its order. `screen` must be evaluated; `planned` later than its as-of date, else nothing expires. A verdict that changes
/// and changes back before `planned` is not listed.
std::vector<expiring_criterion> expired_by(const patient_screen& screen, const compiled_trial& which, fhir::date planned);

} // namespace trialgate::mappings
