// Points in time with milliseconds, as meta.lastUpdated, Bundle.timestamp and _since need them. Rules about patients use datetime.hpp, which
// drops fractions of a second; here two versions of a resource may lie within one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::fhir {

/// Milliseconds since the epoch of "2026-01-15T10:00:00.123+01:00", further digits cut off; UTC where no zone is written. Nothing for text that
/// is no date and time or is less precise than a second.
std::optional<std::int64_t> parse_instant(std::string_view text) noexcept;

/// "2026-03-15T10:00:00.123Z". What lies outside the years 1 to 9999, which a FHIR instant cannot hold, becomes the nearest that it can.
std::string instant_text(std::int64_t ms);

} // namespace trialgate::fhir
