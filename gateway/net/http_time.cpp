// Dates and patience as HTTP writes them.
#include "gateway/net/fhir_client.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace trialgate::gateway {

namespace {

constexpr duration_ms ten_years = 3653LL * 24 * hour_ms;

/// Takes pieces off the front of a text; `ok` stays false after the first that is not there.
struct reader {
    std::string_view text;
    bool ok = true;

    void literal(std::string_view piece) noexcept {
        ok = ok && text.starts_with(piece);
        if (ok)
            text.remove_prefix(piece.size());
    }
    /// Exactly `digits` digits; with `padded`, a space may stand for the first.
    int number(std::size_t digits, bool padded = false) noexcept {
        std::string_view part = text.substr(0, digits);
        ok = ok && part.size() == digits;
        if (!ok)
            return 0;
        text.remove_prefix(digits);
        if (padded && part.front() == ' ')
            part.remove_prefix(1);
        int out = 0;
        for (const char c : part) {
            ok = ok && c >= '0' && c <= '9';
            out = out * 10 + (c - '0');
        }
        return out;
    }
    /// Index of the name that stands here.
    template <std::size_t N>
    int name(const std::array<std::string_view, N>& names) noexcept {
        const auto it = std::find_if(names.begin(), names.end(), [&](std::string_view n) { return text.starts_with(n); });
        ok = ok && it != names.end();
        if (!ok)
            return 0;
        text.remove_prefix(it->size());
        return static_cast<int>(it - names.begin());
    }
};

constexpr std::array<std::string_view, 7> long_days{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct fields {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void read_time(reader& in, fields& out) noexcept {
    out.hour = in.number(2);
    in.literal(":");
    out.minute = in.number(2);
    in.literal(":");
    out.second = in.number(2);
}

std::optional<fields> complete(const reader& in, const fields& out) noexcept {
    return in.ok && in.text.empty() ? std::optional(out) : std::nullopt;
}

/// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<fields> read_fixdate(std::string_view text) noexcept {
    reader in{text};
    fields out;
    in.name(days);
    in.literal(", ");
    out.day = in.number(2);
    in.literal(" ");
    out.month = in.name(months) + 1;
    in.literal(" ");
    out.year = in.number(4);
    in.literal(" ");
    read_time(in, out);
    in.literal(" GMT");
    return complete(in, out);
}

/// Sunday, 06-Nov-94 08:49:37 GMT
std::optional<fields> read_rfc850(std::string_view text) noexcept {
    reader in{text};
    fields out;
    in.name(long_days);
    in.literal(", ");
    out.day = in.number(2);
    in.literal("-");
    out.month = in.name(months) + 1;
    in.literal("-");
    const int year = in.number(2);
    out.year = year + (year >= 70 ? 1900 : 2000);
    in.literal(" ");
    read_time(in, out);
    in.literal(" GMT");
    return complete(in, out);
}

/// Sun Nov  6 08:49:37 1994
std::optional<fields> read_asctime(std::string_view text) noexcept {
    reader in{text};
    fields out;
    in.name(days);
    in.literal(" ");
    out.month = in.name(months) + 1;
    in.literal(" ");
    out.day = in.number(2, true);
    in.literal(" ");
    read_time(in, out);
    in.literal(" ");
    out.year = in.number(4);
    return complete(in, out);
}

std::string_view trimmed(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == text.npos)
        return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

} // namespace

std::optional<instant> parse_http_date(std::string_view value) {
    value = trimmed(value);
    std::optional<fields> f = read_fixdate(value);
    if (!f)
        f = read_rfc850(value);
    if (!f)
        f = read_asctime(value);
    if (!f || f->hour > 23 || f->minute > 59 || f->second > 60) // 60: a leap second
        return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year(f->year), std::chrono::month(static_cast<unsigned>(f->month)),
                                           std::chrono::day(static_cast<unsigned>(f->day))};
    if (!date.ok())
        return std::nullopt;
    const instant days_since = std::chrono::sys_days(date).time_since_epoch().count();
    return days_since * 24 * hour_ms + f->hour * hour_ms + f->minute * minute_ms + f->second * second_ms;
}

std::optional<duration_ms> parse_retry_after(std::string_view value, instant now) {
    value = trimmed(value);
    if (const auto date = parse_http_date(value))
        return std::clamp<duration_ms>(*date - now, 0, ten_years);
    if (value.empty() || value.find_first_not_of("0123456789") != value.npos)
        return std::nullopt;
    duration_ms seconds = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), seconds);
    return read.ec == std::errc{} ? std::min(seconds, ten_years / second_ms) * second_ms : ten_years;
}

duration_ms backoff(std::uint32_t attempt, duration_ms first, duration_ms cap, double random) noexcept {
    if (first <= 0 || cap <= 0)
        return 0;
    duration_ms most = std::min(first, cap);
    for (std::uint32_t i = 0; i < attempt && most < cap; ++i)
        most = most > cap / 2 ? cap : most * 2;
    return static_cast<duration_ms>(static_cast<double>(most) * std::clamp(random, 0.0, 1.0));
}

} // namespace trialgate::gateway
