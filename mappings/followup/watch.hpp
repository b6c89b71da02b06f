// Everything that is to be said about a participant today: visits and laboratory safety together.
#pragma once

#include "mappings/followup/schedule.hpp"
#include "mappings/followup/safety.hpp"

namespace trialgate::mappings {

/// By key, with the first date on which anything of it can differ with no new data. Pure.
followup watch_participant(const safety_case& of, const site_calendar& site);

/// The first day on which ending the study means completing it: the earliest day of the last planned visit's window. Nothing while its anchor has no date.
std::optional<fhir::date> completed_from(const trial& t, const participant& who, const site_calendar& site);

} // namespace trialgate::mappings
