#include "mappings/engine/duration.hpp"

#include "mappings/engine/code_check.hpp"
#include "mappings/engine/trial_file.hpp"

#include <charconv>

namespace trialgate::mappings {

std::optional<span_of_time> parse_span(std::string_view text) noexcept {
    text = trimmed(text);
    std::int32_t n = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (failed != std::errc{} || n < 0 || text.starts_with('-'))
        return std::nullopt;
    std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
    if (!unit.starts_with(' '))
        return std::nullopt;
    unit = trimmed(unit);
    if (unit.ends_with('s'))
        unit.remove_suffix(1);
    const auto times = [n](std::int32_t each, std::int32_t most) -> std::optional<std::int32_t> {
        return n > most / each ? std::nullopt : std::optional(n * each);
    };
    constexpr std::int32_t most_months = 200 * 12, most_days = 200 * 366;
    std::optional<std::int32_t> months, days;
    if (unit == "day")
        days = times(1, most_days);
    else if (unit == "week")
        days = times(7, most_days);
    else if (unit == "month")
        months = times(1, most_months);
    else if (unit == "year")
        months = times(12, most_months);
    if (!months && !days)
        return std::nullopt;
    return span_of_time{months.value_or(0), days.value_or(0)};
}

std::optional<window> parse_duration(std::string_view text) noexcept {
    const auto span = parse_span(text);
    if (!span || (span->months == 0 && span->days == 0))
        return std::nullopt;
    return window{span->months, span->days};
}

} // namespace trialgate::mappings
