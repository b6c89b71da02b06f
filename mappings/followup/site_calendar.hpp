// On which days a site works.
#pragma once

#include "fhir/datetime.hpp"

#include <array>
#include <map>
#include <string>

namespace trialgate::mappings {

/// Monday first, as in ISO 8601.
inline constexpr std::array<std::string_view, 7> weekdays{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};

struct site_calendar {
    std::array<bool, 7> works{true, true, true, true, true, false, false}; ///< as `weekdays`
    std::map<fhir::date, std::string> holidays;                            ///< with their names, which may be empty

    bool is_working(fhir::date d) const;
    /// "a Saturday", "a holiday (New Year)"; empty for a working day.
    std::string why_closed(fhir::date d) const;
};

} // namespace trialgate::mappings
