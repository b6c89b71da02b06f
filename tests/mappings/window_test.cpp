#include "mappings/engine/criterion.hpp"
#include "mappings/engine/trial_file.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

fhir::date day(std::string_view text) {
    const auto d = fhir::parse_date(text);
    REQUIRE(d);
    return *d;
}

constexpr window half_year{6, 0};
constexpr window days_180{0, 180};
constexpr window weeks_12{0, 84};

} // namespace

TEST_CASE("window: the first day inside is that of the clinical reference 9.4") {
    struct row {
        const char *screening, *months, *days, *weeks;
    };
    const auto r = GENERATE(
        row{"2025-03-01", "2024-09-01", "2024-09-02", "2024-12-07"}, row{"2025-06-30", "2024-12-30", "2025-01-01", "2025-04-07"},
        row{"2025-08-29", "2025-02-28", "2025-03-02", "2025-06-06"}, row{"2025-08-31", "2025-02-28", "2025-03-04", "2025-06-08"},
        row{"2025-12-31", "2025-06-30", "2025-07-04", "2025-10-08"}, row{"2024-08-31", "2024-02-29", "2024-03-04", "2024-06-08"},
        row{"2026-03-15", "2025-09-15", "2025-09-16", "2025-12-21"}
    );
    INFO(r.screening);
    CHECK(to_string(half_year.start(day(r.screening))) == r.months);
    CHECK(to_string(days_180.start(day(r.screening))) == r.days);
    CHECK(to_string(weeks_12.start(day(r.screening))) == r.weeks);
}

TEST_CASE("window: a result expires on the first day on which the window starts after it") {
    CHECK(to_string(window{0, 90}.expires(day("2026-02-20"))) == "2026-05-22");
    CHECK(to_string(half_year.expires(day("2025-09-15"))) == "2026-03-16");
    CHECK(to_string(half_year.expires(day("2025-02-28"))) == "2025-09-01");
    CHECK(to_string(half_year.expires(day("2024-02-29"))) == "2024-09-01");
    CHECK(to_string(half_year.expires(day("2025-08-31"))) == "2026-03-01");
    CHECK(to_string(window{12, 0}.expires(day("2024-02-29"))) == "2025-03-01");
}

TEST_CASE("window: expiry agrees with the start of the window on every day of five years") {
    for (const window w : {half_year, days_180, weeks_12, window{1, 0}, window{12, 0}, window{0, 1}, window{5, 3}}) {
        const fhir::date first = day("2023-01-01");
        int wrong = 0;
        for (int i = 0; i < 5 * 366; ++i) {
            const fhir::date d = first + i;
            const fhir::date t = w.expires(d);
            wrong += !(w.start(t) > d);
            wrong += !(w.start(t - 1) <= d);
            wrong += !(t > d);
        }
        CHECK(wrong == 0);
    }
}

TEST_CASE("window: without length it holds everything and nothing expires") {
    const window ever;
    CHECK(ever.unlimited());
    CHECK(ever.start(day("2026-03-15")) == fhir::date::lowest());
    CHECK(ever.expires(day("1990-01-01")) == fhir::date::highest());
}

TEST_CASE("window: open ends stay open") {
    CHECK(half_year.start(fhir::date::lowest()) == fhir::date::lowest());
    CHECK(half_year.start(fhir::date::highest()) == fhir::date::highest());
    CHECK(half_year.expires(fhir::date::highest()) == fhir::date::highest());
    CHECK(half_year.expires(fhir::date::lowest()) == fhir::date::lowest());
    CHECK(days_180.expires(fhir::date::highest() - 10) == fhir::date::highest());
    CHECK(half_year.expires(day("9999-12-31")) > day("9999-12-31"));
    CHECK(half_year.expires(day("0001-01-01")) > day("0001-01-01"));
}

TEST_CASE("window: durations are read as people write them") {
    CHECK(parse_duration("6 months") == half_year);
    CHECK(parse_duration("1 month") == window{1, 0});
    CHECK(parse_duration("90 days") == window{0, 90});
    CHECK(parse_duration("12 weeks") == weeks_12);
    CHECK(parse_duration("1 year") == window{12, 0});
    CHECK(parse_duration(" 2 years ") == window{24, 0});
}

TEST_CASE("window: other text is no duration") {
    for (const char* text : {"", "6", "months", "6months", "-6 months", "6 moons", "0 days", "1.5 years", "6 months ago", "99999999999 days", "1000000 weeks", "6  ", "six months"}) {
        INFO(text);
        CHECK_FALSE(parse_duration(text));
    }
}
