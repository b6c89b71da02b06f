#include "fhir/datetime.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::fhir {

namespace {

constexpr std::int64_t seconds_per_day = 86'400;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
    return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}

constexpr bool is_leap(std::int64_t year) noexcept {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

constexpr unsigned days_in_month(std::int64_t year, unsigned month) noexcept {
    constexpr std::array<unsigned char, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : lengths[month - 1];
}

// Both directions count in years that begin on 1 March, where the leap day comes last, and in cycles of 400
// years.
constexpr std::int64_t days_per_cycle = 146'097;
constexpr std::int64_t cycle_start_to_epoch = 719'468; ///< 0000-03-01 to 1970-01-01

constexpr std::int64_t days_of(std::int64_t year, unsigned month, unsigned day) noexcept {
    const std::int64_t shifted = month > 2 ? year : year - 1;
    const std::int64_t cycle = floor_div(shifted, 400);
    const std::int64_t year_of_cycle = shifted - cycle * 400;
    const std::int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    const std::int64_t day_of_cycle =
        year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    return cycle * days_per_cycle + day_of_cycle - cycle_start_to_epoch;
}

constexpr date clamp_to_date(std::int64_t days) noexcept {
    return {
        static_cast<std::int32_t>(std::clamp<std::int64_t>(days, date::lowest().days, date::highest().days))};
}

constexpr bool is_open_end(date d) noexcept {
    return d <= date::lowest() || d >= date::highest();
}

} // namespace

std::optional<date> make_date(int year, unsigned month, unsigned day) noexcept {
    if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return std::nullopt;
    return date{static_cast<std::int32_t>(days_of(year, month, day))};
}

year_month_day civil(date d) noexcept {
    const std::int64_t shifted = d.days + cycle_start_to_epoch;
    const std::int64_t cycle = floor_div(shifted, days_per_cycle);
    const std::int64_t day_of_cycle = shifted - cycle * days_per_cycle;
    const std::int64_t year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36'524 - day_of_cycle / 146'096) / 365;
    const std::int64_t day_of_year =
        day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    const std::int64_t shifted_month = (5 * day_of_year + 2) / 153;
    const std::int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    const std::int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    const std::int64_t year = year_of_cycle + cycle * 400 + (month <= 2 ? 1 : 0);
    return {static_cast<int>(year), static_cast<unsigned>(month), static_cast<unsigned>(day)};
}

std::string to_string(date d) {
    if (is_open_end(d))
        return "..";
    const year_month_day at = civil(d);
    const auto two = [](unsigned n) { return std::string{static_cast<char>('0' + n / 10 % 10), static_cast<char>('0' + n % 10)}; };
    std::string year = std::to_string(at.year);
    if (at.year >= 0 && year.size() < 4)
        year.insert(0, 4 - year.size(), '0');
    return year + '-' + two(at.month) + '-' + two(at.day);
}

date add_months(date d, int n) noexcept {
    if (is_open_end(d))
        return d;
    const year_month_day at = civil(d);
    const std::int64_t months = std::int64_t{at.year} * 12 + (at.month - 1) + n;
    const std::int64_t year = floor_div(months, 12);
    const auto month = static_cast<unsigned>(months - year * 12 + 1);
    return clamp_to_date(days_of(year, month, std::min(at.day, days_in_month(year, month))));
}

int completed_years(date birth, date on) noexcept {
    const year_month_day b = civil(birth);
    const year_month_day o = civil(on);
    return o.year - b.year - (std::pair(o.month, o.day) < std::pair(b.month, b.day) ? 1 : 0);
}

date birthday(date birth, int years) noexcept {
    if (is_open_end(birth))
        return birth;
    const year_month_day b = civil(birth);
    const std::int64_t year = std::int64_t{b.year} + years;
    if (b.day > days_in_month(year, b.month))
        return clamp_to_date(days_of(year, 3, 1));
    return clamp_to_date(days_of(year, b.month, b.day));
}

time_zone::time_zone(std::string name, std::int32_t before, std::vector<transition> transitions)
    : name_(std::move(name)), before_(before), transitions_(std::move(transitions)) {}

time_zone time_zone::fixed(std::int32_t offset_seconds) {
    if (offset_seconds == 0)
        return {"UTC", 0, {}};
    const std::int32_t minutes = std::abs(offset_seconds) / 60;
    std::string name = offset_seconds < 0 ? "UTC-" : "UTC+";
    name += std::to_string(minutes / 60);
    if (minutes % 60 != 0)
        name += (minutes % 60 < 10 ? ":0" : ":") + std::to_string(minutes % 60);
    return {std::move(name), offset_seconds, {}};
}

std::int32_t time_zone::offset_at(std::int64_t instant) const noexcept {
    const auto next = std::upper_bound(
        transitions_.begin(), transitions_.end(), instant,
        [](std::int64_t t, const transition& x) { return t < x.at; }
    );
    return next == transitions_.begin() ? before_ : std::prev(next)->offset;
}

std::int32_t time_zone::offset_of_local(std::int64_t local) const noexcept {
    auto next = std::upper_bound(
        transitions_.begin(), transitions_.end(), local - seconds_per_day,
        [](std::int64_t t, const transition& x) { return t < x.at; }
    );
    std::int32_t offset = next == transitions_.begin() ? before_ : std::prev(next)->offset;
    for (; next != transitions_.end() && local - offset >= next->at; ++next) {
        const bool skipped = local - next->offset < next->at;
        if (skipped)
            break;
        offset = next->offset;
    }
    return offset;
}

date time_zone::date_of(std::int64_t instant) const noexcept {
    // A thousand times farther than the range of dates, and far from the range of the integer.
    constexpr std::int64_t far = 1'000'000'000'000'000'000;
    const std::int64_t local = std::clamp(instant, -far, far) + offset_at(instant);
    return clamp_to_date(floor_div(local, seconds_per_day));
}

std::optional<std::int64_t> date_time::instant(const time_zone& site) const noexcept {
    if (precise != precision::second)
        return std::nullopt;
    const std::int64_t local = days_of(at.year, at.month, at.day) * seconds_per_day + second_of_day;
    return local - offset.value_or(site.offset_of_local(local));
}

date_range date_time::days(const time_zone& site) const noexcept {
    const auto day = [this](unsigned m, unsigned d) { return clamp_to_date(days_of(at.year, m, d)); };
    switch (precise) {
    case precision::year:
        return {day(1, 1), day(12, 31)};
    case precision::month:
        return {day(at.month, 1), day(at.month, days_in_month(at.year, at.month))};
    case precision::day:
        break;
    case precision::second:
        if (offset) {
            const date d = site.date_of(*instant(site));
            return {d, d};
        }
        break;
    }
    return {day(at.month, at.day), day(at.month, at.day)};
}

std::optional<std::int32_t> date_time::site_second(const time_zone& site) const noexcept {
    if (precise != precision::second)
        return std::nullopt;
    if (!offset)
        return second_of_day;
    const std::int64_t t = *instant(site);
    const std::int64_t local = t + site.offset_at(t);
    return static_cast<std::int32_t>(local - floor_div(local, seconds_per_day) * seconds_per_day);
}

std::string to_string(const date_range& r) {
    if (r.is_day())
        return to_string(r.first);
    if (r.first == date::lowest())
        return r.last == date::highest() ? "an unknown day" : to_string(r.last) + " or before";
    if (r.last == date::highest())
        return to_string(r.first) + " or later";
    const year_month_day first = civil(r.first), last = civil(r.last);
    const std::string text = to_string(r.first);
    if (first.day == 1 && civil(r.last + 1).day == 1 && first.year == last.year) {
        if (first.month == last.month)
            return text.substr(0, 7);
        if (first.month == 1 && last.month == 12)
            return text.substr(0, 4);
    }
    return text + " to " + to_string(r.last);
}

} // namespace trialgate::fhir
