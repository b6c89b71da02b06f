// Spans of time as people write them in a trial.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace trialgate::mappings {

/// Months or days, never both; may be zero.
struct span_of_time {
    std::int32_t months = 0, days = 0;
};

/// "6 months", "90 days", "12 weeks", "1 year", "0 days". Nothing for other text, nor for more than 200
/// years.
std::optional<span_of_time> parse_span(std::string_view text) noexcept;

} // namespace trialgate::mappings
