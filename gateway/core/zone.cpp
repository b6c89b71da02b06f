#include "gateway/core/zone.hpp"

#include "gateway/core/clock.hpp"

#include <charconv>
#include <chrono>
#include <date/tz.h>

namespace trialgate::gateway {

namespace {

/// "+3", "+03:00", "-0330"; seconds.
std::optional<std::int32_t> parse_offset(std::string_view text) {
    if (text.empty() || (text.front() != '+' && text.front() != '-'))
        return std::nullopt;
    const int sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
    const auto number = [](std::string_view digits) -> std::optional<int> {
        int n = 0;
        const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
        return bad == std::errc{} && end == digits.data() + digits.size() && !digits.empty() ? std::optional(n) : std::nullopt;
    };
    std::string_view hours = text, minutes = "0";
    if (const auto colon = text.find(':'); colon != text.npos) {
        hours = text.substr(0, colon);
        minutes = text.substr(colon + 1);
    } else if (text.size() == 4) {
        hours = text.substr(0, 2);
        minutes = text.substr(2);
    }
    const auto h = number(hours), m = number(minutes);
    if (!h || !m || *h > 14 || *m > 59)
        return std::nullopt;
    return sign * (*h * 3600 + *m * 60);
}

fhir::time_zone table_of(const date::time_zone& zone) {
    using namespace std::chrono;
    // Rules are tabulated up to a year that no trial reaches; beyond it the last offset holds.
    const auto end = date::sys_seconds{date::sys_days{date::year{2150} / 1 / 1}};
    auto info = zone.get_info(date::sys_seconds{date::sys_days{date::year{1900} / 1 / 1}});
    const auto before = static_cast<std::int32_t>(info.offset.count());
    std::vector<fhir::time_zone::transition> changes;
    while (info.end < end) {
        const auto at = info.end;
        info = zone.get_info(at);
        changes.push_back({at.time_since_epoch().count(), static_cast<std::int32_t>(info.offset.count())});
    }
    return {zone.name(), before, std::move(changes)};
}

} // namespace

std::optional<fhir::time_zone> find_zone(std::string_view name) {
    if (name == "UTC" || name == "Z")
        return fhir::time_zone::fixed(0);
    for (std::string_view prefix : {"UTC", "GMT", ""})
        if (name.starts_with(prefix))
            if (const auto offset = parse_offset(name.substr(prefix.size())))
                return fhir::time_zone::fixed(*offset);
    try { // the library reports an unknown name by an exception only
        return table_of(*date::locate_zone(std::string(name)));
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

fhir::time_zone machine_zone() {
    try {
        return table_of(*date::current_zone());
    } catch (const std::exception&) {
        return fhir::time_zone::fixed(0);
    }
}

fhir::date today(const fhir::time_zone& site) {
    return site.date_of(system_clock()->now() / second_ms);
}

} // namespace trialgate::gateway
