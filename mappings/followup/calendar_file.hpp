// Visits as an iCalendar file (RFC 5545), for the calendar of a site or of a coordinator.
//
// A visit is an all-day event on the day booked, else on the day proposed. Its UID depends on trial, number and visit alone, so that a calendar which reads
// the file again moves the event instead of adding one. Of the person there is the screening number and nothing else.
#pragma once

#include "mappings/followup/visits.hpp"

namespace trialgate::mappings {

struct calendar_event {
    std::string uid;
    fhir::date first, last; ///< all day, both included
    std::string summary, description;
    enum class certainty : std::uint8_t { tentative, confirmed, cancelled } status = certainty::tentative;
};

struct calendar_options {
    std::string name;        ///< shown by calendars as the name of the whole; may be empty
    std::int64_t stamp = 0;  ///< when the file was made, seconds since 1970-01-01T00:00Z
};

/// The file: lines end with CR LF and are folded at 75 bytes, never within a character. Control characters but line feeds are left out of texts.
std::string write_calendar(std::span<const calendar_event> events, const calendar_options& how);

/// Visits with a day in [first, last] that can still be held: those not held, missed or passed. In the order of the trial.
std::vector<calendar_event>
calendar_of(const trial& t, const participant& who, std::span<const visit_standing> visits, fhir::date first, fhir::date last);

} // namespace trialgate::mappings
