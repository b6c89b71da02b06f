// Dates and times as FHIR writes them: of any precision, and therefore intervals.
//
// "2026-03" is the whole of March. A rule such as "within six months" compares intervals with intervals, and
// where the answer depends on the part that was not written it is unknown. Rules compare calendar dates of the site:
//   2026-03-15            stays 2026-03-15 in every zone (a date is never converted)
//   2026-03-15T23:30:00Z  is 2026-03-16 at a site in UTC+3
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::fhir {

/// A day of the proleptic Gregorian calendar, as days since 1970-01-01.
struct date {
    std::int32_t days = 0;

    static constexpr date lowest() noexcept { return {-2'000'000'000}; }
    static constexpr date highest() noexcept { return {2'000'000'000}; }

    friend constexpr auto operator<=>(const date&, const date&) = default;
    friend constexpr date operator+(date d, std::int32_t n) noexcept { return {d.days + n}; }
    friend constexpr date operator-(date d, std::int32_t n) noexcept { return {d.days - n}; }
    friend constexpr std::int32_t operator-(date a, date b) noexcept { return a.days - b.days; }
};

struct year_month_day {
    int year;
    unsigned month; ///< 1..12
    unsigned day;   ///< 1..31
};

/// Nothing when there is no such day. Years 1..9999.
std::optional<date> make_date(int year, unsigned month, unsigned day) noexcept;
year_month_day civil(date d) noexcept;
/// "2026-03-15". `lowest()` and `highest()` print as "..".
std::string to_string(date d);
/// Whole text "YYYY-MM-DD" only.
std::optional<date> parse_date(std::string_view text) noexcept;

/// `n` calendar months later (earlier if negative); the day is clamped to the end of the month:
/// 2025-08-31 minus 6 months is 2025-02-28. Clinical reference 9.4.
date add_months(date d, int n) noexcept;
/// Completed years at `on` of somebody born on `birth`. Born on 29 February: a year older on 1 March in common years.
int completed_years(date birth, date on) noexcept;
/// The first day on which somebody born on `birth` has completed `years` years.
date birthday(date birth, int years) noexcept;

/// A set of consecutive days, both ends included. first <= last.
struct date_range {
    date first = date::lowest();
    date last = date::highest();
    bool is_day() const noexcept { return first == last; }
    friend bool operator==(const date_range&, const date_range&) = default;
};

/// As short as it can be written: "2026-02-20", "2025-09" for that month, "2004" for that year, else "2004-01-05 to 2004-02-10"; open ends as
/// "2004-01-05 or later", "2004-01-05 or before", both open as "an unknown day".
std::string to_string(const date_range& r);

/// The offsets of a time zone as a table, so that this layer needs no files and no clock.
/// Made by the gateway from the zone database, or `fixed` for "UTC+3".
class time_zone {
public:
    struct transition {
        std::int64_t at;     ///< seconds since 1970-01-01T00:00Z from which the offset holds
        std::int32_t offset; ///< seconds east of UTC
    };
    /// `transitions` ascending by `at`; `before` holds earlier than the first.
    time_zone(std::string name, std::int32_t before, std::vector<transition> transitions);
    static time_zone fixed(std::int32_t offset_seconds);

    const std::string& name() const noexcept { return name_; }
    std::int32_t offset_at(std::int64_t instant) const noexcept;
    /// The offset of a local time (seconds since 1970-01-01T00:00 on the site's clocks). Where clocks go back and a time
    /// occurs twice, the first; where they go forward and it does not occur, the offset that held before.
    std::int32_t offset_of_local(std::int64_t local) const noexcept;
    /// The site's calendar date of an instant.
    date date_of(std::int64_t instant) const noexcept;

private:
    std::string name_;
    std::int32_t before_;
    std::vector<transition> transitions_;
};

enum class precision : std::uint8_t { year, month, day, second };

/// One FHIR date, dateTime or instant.
struct date_time {
    precision precise = precision::day;
    year_month_day at{};                 ///< month and day are 1 where not written
    std::int32_t second_of_day = 0;      ///< only for precision::second; 24:00:00 is read as 00:00 of the next day
    std::optional<std::int32_t> offset;  ///< seconds east of UTC; nothing when no zone was written (invalid FHIR, but sent)

    /// Seconds since the epoch, for precision::second; a missing offset is taken from `site`.
    std::optional<std::int64_t> instant(const time_zone& site) const noexcept;
    /// The days at the site that this can be.
    date_range days(const time_zone& site) const noexcept;
    /// Second of the site's day, if the precision goes that far.
    std::optional<std::int32_t> site_second(const time_zone& site) const noexcept;
};

/// Reads YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DDThh:mm[:ss[.fff...]][Z|+hh:mm|-hh:mm]. Tolerates: missing seconds, missing zone, a
/// space for the T, 24:00, second 60, any number of fraction digits, zone "+hhmm" and surrounding white space. Nothing for other text.
std::optional<date_time> parse_date_time(std::string_view text) noexcept;

} // namespace trialgate::fhir
