#include "fhir/instant.hpp"

#include "fhir/datetime.hpp"

#include <algorithm>

namespace trialgate::fhir {

std::optional<std::int64_t> parse_instant(std::string_view text) noexcept {
    static const time_zone utc = time_zone::fixed(0);
    const auto read = parse_date_time(text);
    if (!read || read->precise != precision::second)
        return std::nullopt;
    const auto seconds = read->instant(utc);
    if (!seconds)
        return std::nullopt;
    std::int64_t out = *seconds * 1000;
    if (const auto point = text.find('.'); point != text.npos)
        for (std::size_t i = point + 1, unit = 100; unit > 0 && i < text.size() && text[i] >= '0' && text[i] <= '9'; ++i, unit /= 10)
            out += static_cast<std::int64_t>(unit) * (text[i] - '0');
    return out;
}

std::string instant_text(std::int64_t ms) {
    constexpr std::int64_t day_ms = 86'400'000;
    ms = std::clamp(ms, std::int64_t{-62'135'596'800'000}, std::int64_t{253'402'300'799'999});
    const std::int64_t days = (ms >= 0 ? ms : ms - day_ms + 1) / day_ms;
    const std::int64_t rest = ms - days * day_ms;
    const auto padded = [](std::int64_t n, std::size_t width) {
        std::string text = std::to_string(n);
        return std::string(width > text.size() ? width - text.size() : 0, '0') + text;
    };
    return to_string(date{static_cast<std::int32_t>(days)}) + "T" + padded(rest / 3'600'000, 2) + ":" +
           padded(rest / 60'000 % 60, 2) + ":" + padded(rest / 1000 % 60, 2) + "." + padded(rest % 1000, 3) + "Z";
}

} // namespace trialgate::fhir
