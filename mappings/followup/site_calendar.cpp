#include "mappings/followup/site_calendar.hpp"

namespace trialgate::mappings {

using fhir::date;

namespace {

std::size_t weekday(date d) noexcept {
    constexpr int first_day = 3; // 1970-01-01 was a Thursday
    return static_cast<std::size_t>(((d.days + first_day) % 7 + 7) % 7);
}

} // namespace

bool site_calendar::is_working(date d) const {
    return works[weekday(d)] && !holidays.contains(d);
}

std::string site_calendar::why_closed(date d) const {
    if (const auto at = holidays.find(d); at != holidays.end())
        return at->second.empty() ? "a holiday" : "a holiday (" + at->second + ')';
    return works[weekday(d)] ? std::string{} : "a " + std::string(weekdays[weekday(d)]);
}

} // namespace trialgate::mappings
