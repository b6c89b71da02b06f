// Time zones and today's date: the only place where the program asks the machine.
#pragma once

#include "fhir/datetime.hpp"

namespace trialgate::gateway {

/// "Europe/Berlin" (zone database of the system), "UTC", "UTC+3", "+03:00". Nothing for an unknown name.
std::optional<fhir::time_zone> find_zone(std::string_view name);

/// The machine's own zone; UTC when it has none.
fhir::time_zone machine_zone();

/// Today at the site.
fhir::date today(const fhir::time_zone& site);

} // namespace trialgate::gateway
