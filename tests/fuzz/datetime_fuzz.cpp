// Any text and any days: what is read is a day of the calendar with consistent bounds, and the calendar
// arithmetic agrees with the standard library's.
#include "fhir/datetime.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace fhir = trialgate::fhir;

namespace {

void require(bool fact) {
    if (!fact)
        std::abort();
}

fhir::time_zone site() {
    // Ordinary seasons, and a jump across the date line.
    return {
        "Test/Zone",
        3600,
        {{-100'000'000, 7200}, {0, 3600}, {1'000'000'000, 50'400}, {1'500'000'000, -36'000}}};
}

void check_text(std::string_view text) {
    const auto read = fhir::parse_date_time(text);
    if (const auto day = fhir::parse_date(text)) {
        require(read && read->precise == fhir::precision::day && fhir::to_string(*day) == text);
        require(read->days(site()) == fhir::date_range{*day, *day});
    }
    if (!read)
        return;
    require(fhir::make_date(read->at.year, read->at.month, read->at.day).has_value());
    require(read->second_of_day >= 0 && read->second_of_day < 86'400);
    const auto zone = site();
    const auto days = read->days(zone);
    require(days.first <= days.last);
    require(days.is_day() == (read->precise >= fhir::precision::day));
    require(read->instant(zone).has_value() == (read->precise == fhir::precision::second));
    require(read->site_second(zone).has_value() == (read->precise == fhir::precision::second));
    if (read->offset)
        require(zone.date_of(*read->instant(zone)) == days.first);
}

void check_days(std::int32_t n, std::int32_t m, std::int32_t months) {
    constexpr std::int32_t year_9999 = 2'932'896;
    const fhir::date a{n % year_9999};
    const fhir::date b{m % year_9999};
    const auto civil = fhir::civil(a);
    const std::chrono::year_month_day oracle{std::chrono::sys_days{std::chrono::days{a.days}}};
    require(civil.year == int(oracle.year()) && civil.month == unsigned(oracle.month()));
    require(civil.day == unsigned(oracle.day()));
    const int step = months % 24'000;
    require((a <= b) <= (fhir::add_months(a, step) <= fhir::add_months(b, step)));
    require((a < fhir::add_months(a, step)) == (step > 0));
    const int years = fhir::completed_years(a, b);
    require(fhir::birthday(a, years) <= b && b < fhir::birthday(a, years + 1));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_text({reinterpret_cast<const char*>(data), size});
    std::int32_t numbers[3];
    if (size >= sizeof numbers) {
        std::memcpy(numbers, data, sizeof numbers);
        check_days(numbers[0], numbers[1], numbers[2]);
    }
    return 0;
}
