// Day 0 and other anchors as the record itself dates them: nobody types what the hospital has documented.
#pragma once

#include "mappings/engine/population.hpp"
#include "mappings/followup/schedule.hpp"

namespace trialgate::mappings {

/// The first day on which a visit that *is* an anchor (its countsAsDone names it) is shown to have been held: by a completed procedure or an
/// administration that it names, or by an Encounter or Appointment of its own type, urn:trialgate:visit|TRIAL/VISIT. Types that several visits share date
/// nothing. Only days from the beginning of screening (else of the participation) to `as_of`. `from` of each names the resource.
std::map<std::string, anchor_point> recorded_anchors(const trial& t, const participant& who, const patient_data& record, fhir::date as_of);

} // namespace trialgate::mappings
