#include "fhir/datetime.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

using namespace trialgate::fhir;

namespace {

date day(std::string_view text) {
    const auto read = parse_date(text);
    REQUIRE(read.has_value());
    return *read;
}

date_time moment(std::string_view text) {
    CAPTURE(std::string(text));
    const auto read = parse_date_time(text);
    REQUIRE(read.has_value());
    return *read;
}

constexpr std::int32_t hour = 3600;
constexpr std::int64_t spring_2026 = 1'774'746'000; ///< 2026-03-29T01:00:00Z
constexpr std::int64_t autumn_2026 = 1'792'890'000; ///< 2026-10-25T01:00:00Z

time_zone central_europe() {
    return {"Europe/Berlin", hour, {{spring_2026, 2 * hour}, {autumn_2026, hour}}};
}

const time_zone utc = time_zone::fixed(0);

std::string days_at(std::string_view text, const time_zone& site) {
    const date_range r = moment(text).days(site);
    return to_string(r.first) + (r.is_day() ? "" : "/" + to_string(r.last));
}

} // namespace

TEST_CASE("datetime: a date exists or not") {
    CHECK(make_date(1970, 1, 1)->days == 0);
    CHECK(make_date(2000, 3, 1)->days == 11'017);
    CHECK(make_date(1969, 12, 31)->days == -1);
    CHECK(make_date(1, 1, 1).has_value());
    CHECK(make_date(9999, 12, 31).has_value());
    CHECK(make_date(2024, 2, 29).has_value());
    CHECK(make_date(2000, 2, 29).has_value());
    CHECK_FALSE(make_date(2025, 2, 29).has_value());
    CHECK_FALSE(make_date(1900, 2, 29).has_value());
    CHECK_FALSE(make_date(2026, 4, 31).has_value());
    CHECK_FALSE(make_date(2026, 0, 1).has_value());
    CHECK_FALSE(make_date(2026, 13, 1).has_value());
    CHECK_FALSE(make_date(2026, 1, 0).has_value());
    CHECK_FALSE(make_date(2026, 1, 32).has_value());
    CHECK_FALSE(make_date(0, 1, 1).has_value());
    CHECK_FALSE(make_date(10000, 1, 1).has_value());
}

TEST_CASE("datetime: every day of the years 1 to 9999 makes the round trip, in order and without a gap") {
    date expected = *make_date(1, 1, 1);
    const date last = *make_date(9999, 12, 31);
    year_month_day before = civil(expected - 1);
    std::size_t wrong = 0;
    for (; expected <= last; expected = expected + 1) {
        const year_month_day c = civil(expected);
        const auto back = make_date(c.year, c.month, c.day);
        wrong += !back || *back != expected;
        const bool next_day = c.year == before.year && c.month == before.month && c.day == before.day + 1;
        const bool next_month =
            c.day == 1 && (c.month == before.month + 1 || (c.month == 1 && before.month == 12));
        wrong += !next_day && !next_month;
        before = c;
    }
    CHECK(wrong == 0);
    CHECK(last.days == 2'932'896);
}

TEST_CASE("datetime: dates print as FHIR writes them") {
    CHECK(to_string(day("2026-03-15")) == "2026-03-15");
    CHECK(to_string(*make_date(1, 2, 3)) == "0001-02-03");
    CHECK(to_string(date::lowest()) == "..");
    CHECK(to_string(date::highest()) == "..");
}

TEST_CASE("datetime: parse_date takes a whole day and nothing else") {
    CHECK(parse_date("2026-03-15") == make_date(2026, 3, 15));
    for (const auto* text :
         {"", "2026", "2026-03", "2026-3-15", "2026-03-1", "2026-03-15 ", " 2026-03-15", "2026-03-15T10:00",
          "2026-02-30", "0000-01-01", "2026/03/15", "20260315", "+2026-03-15", "2026-03-15-"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_date(text).has_value());
    }
}

TEST_CASE("datetime: the windows of clinical reference 9.4") {
    struct row {
        const char* screening;
        const char* six_months;
        int length;
        const char* days_180;
        const char* weeks_12;
    };
    const row rows[] = {
        {"2025-03-01", "2024-09-01", 181, "2024-09-02", "2024-12-07"},
        {"2025-06-30", "2024-12-30", 182, "2025-01-01", "2025-04-07"},
        {"2025-08-29", "2025-02-28", 182, "2025-03-02", "2025-06-06"},
        {"2025-08-31", "2025-02-28", 184, "2025-03-04", "2025-06-08"},
        {"2025-12-31", "2025-06-30", 184, "2025-07-04", "2025-10-08"},
        {"2024-08-31", "2024-02-29", 184, "2024-03-04", "2024-06-08"},
        {"2026-03-15", "2025-09-15", 181, "2025-09-16", "2025-12-21"},
    };
    for (const row& r : rows) {
        CAPTURE(r.screening);
        const date screening = day(r.screening);
        CHECK(to_string(add_months(screening, -6)) == r.six_months);
        CHECK(screening - add_months(screening, -6) == r.length);
        CHECK(to_string(screening - 180) == r.days_180);
        CHECK(to_string(screening - 84) == r.weeks_12);
    }
}

TEST_CASE("datetime: adding months clamps to the end of the month") {
    CHECK(add_months(day("2026-01-31"), 1) == day("2026-02-28"));
    CHECK(add_months(day("2024-01-31"), 1) == day("2024-02-29"));
    CHECK(add_months(day("2024-02-29"), 12) == day("2025-02-28"));
    CHECK(add_months(day("2024-02-29"), 48) == day("2028-02-29"));
    CHECK(add_months(day("2024-02-29"), -12) == day("2023-02-28"));
    CHECK(add_months(day("2026-01-15"), -1) == day("2025-12-15"));
    CHECK(add_months(day("2026-12-15"), 1) == day("2027-01-15"));
    CHECK(add_months(day("2026-12-15"), 0) == day("2026-12-15"));
    CHECK(add_months(date::lowest(), 6) == date::lowest());
    CHECK(add_months(date::highest(), -6) == date::highest());
    CHECK(add_months(day("2026-01-01"), std::numeric_limits<int>::max()) == date::highest());
    CHECK(add_months(day("2026-01-01"), std::numeric_limits<int>::min()) == date::lowest());
}

TEST_CASE("datetime: adding months is monotone in the date and in the months") {
    const date first = day("2023-01-01");
    std::size_t wrong = 0;
    for (int d = 0; d < 3 * 366; ++d)
        for (int n = -30; n <= 30; ++n) {
            const date moved = add_months(first + d, n);
            wrong += add_months(first + (d + 1), n) < moved;
            wrong += add_months(first + d, n + 1) <= moved;
            const auto from = civil(first + d);
            const auto to = civil(moved);
            wrong += (to.year * 12 + static_cast<int>(to.month)) -
                         (from.year * 12 + static_cast<int>(from.month)) !=
                     n;
            wrong += to.day > from.day;
        }
    CHECK(wrong == 0);
}

TEST_CASE("datetime: years are completed on the birthday, those of a leap day on 1 March in common years") {
    CHECK(completed_years(day("2000-06-15"), day("2018-06-14")) == 17);
    CHECK(completed_years(day("2000-06-15"), day("2018-06-15")) == 18);
    CHECK(completed_years(day("2000-06-15"), day("2000-06-15")) == 0);
    CHECK(completed_years(day("2008-02-29"), day("2026-02-28")) == 17);
    CHECK(completed_years(day("2008-02-29"), day("2026-03-01")) == 18);
    CHECK(completed_years(day("2008-02-29"), day("2028-02-28")) == 19);
    CHECK(completed_years(day("2008-02-29"), day("2028-02-29")) == 20);
    CHECK(completed_years(day("2000-06-15"), day("1999-12-31")) == -1);
    CHECK(birthday(day("2000-06-15"), 18) == day("2018-06-15"));
    CHECK(birthday(day("2008-02-29"), 18) == day("2026-03-01"));
    CHECK(birthday(day("2008-02-29"), 20) == day("2028-02-29"));
    CHECK(birthday(date::lowest(), 18) == date::lowest());
}

TEST_CASE("datetime: the birthday is the first day on which the years are completed") {
    std::size_t wrong = 0;
    for (date birth = day("2003-12-30"); birth < day("2009-01-02"); birth = birth + 1)
        for (int years = 0; years < 110; ++years) {
            const date on = birthday(birth, years);
            wrong += completed_years(birth, on) != years;
            wrong += completed_years(birth, on - 1) != years - 1;
        }
    CHECK(wrong == 0);
}

TEST_CASE("datetime: what is not written is an interval") {
    CHECK(days_at("2026", utc) == "2026-01-01/2026-12-31");
    CHECK(days_at("2026-03", utc) == "2026-03-01/2026-03-31");
    CHECK(days_at("2024-02", utc) == "2024-02-01/2024-02-29");
    CHECK(days_at("2025-02", utc) == "2025-02-01/2025-02-28");
    CHECK(days_at("2026-03-15", utc) == "2026-03-15");
    CHECK(moment("2026").precise == precision::year);
    CHECK(moment("2026-03").precise == precision::month);
    CHECK(moment("2026-03-15").precise == precision::day);
    CHECK(moment("2026-03-15T10:00").precise == precision::second);
    CHECK_FALSE(moment("2026-03-15").instant(utc).has_value());
    CHECK_FALSE(moment("2026-03").site_second(utc).has_value());
}

TEST_CASE("datetime: a date is the same day at every site, an instant is not") {
    const time_zone east = time_zone::fixed(3 * hour);
    const time_zone west = time_zone::fixed(-8 * hour);
    CHECK(days_at("2026-03-15", east) == "2026-03-15");
    CHECK(days_at("2026-03-15", west) == "2026-03-15");
    CHECK(days_at("2026-03-15T23:30:00Z", east) == "2026-03-16");
    CHECK(days_at("2026-03-15T23:30:00Z", west) == "2026-03-15");
    CHECK(days_at("2026-03-15T02:00:00+00:00", west) == "2026-03-14");
    CHECK(days_at("2026-12-31T23:30:00-02:00", utc) == "2027-01-01");
    CHECK(moment("2026-03-15T23:30:00Z").site_second(east) == 2 * hour + 1800);
    CHECK(moment("1960-03-15T23:30:00Z").site_second(west) == 15 * hour + 1800);
}

TEST_CASE("datetime: instants count from the epoch") {
    CHECK(moment("1970-01-01T00:00:00Z").instant(utc) == 0);
    CHECK(moment("1969-12-31T23:59:59Z").instant(utc) == -1);
    CHECK(moment("2026-03-29T01:00:00Z").instant(utc) == spring_2026);
    CHECK(moment("2026-10-25T01:00:00Z").instant(utc) == autumn_2026);
    CHECK(moment("2026-03-15T10:00:00+05:30").instant(utc) == moment("2026-03-15T04:30:00Z").instant(utc));
    CHECK(moment("2026-03-15T10:00:00-03:30").instant(utc) == moment("2026-03-15T13:30:00Z").instant(utc));
}

TEST_CASE("datetime: a time without zone is the site's") {
    const date_time t = moment("2026-07-01T00:30:00");
    CHECK_FALSE(t.offset.has_value());
    CHECK(t.instant(central_europe()) == moment("2026-06-30T22:30:00Z").instant(utc));
    CHECK(t.days(central_europe()).first == day("2026-07-01"));
    CHECK(t.site_second(central_europe()) == 1800);
    CHECK(
        moment("2026-01-01T00:30").instant(central_europe()) == moment("2025-12-31T23:30:00Z").instant(utc)
    );
}

TEST_CASE("datetime: tolerated forms mean what they say") {
    CHECK(moment("2026-03-15T10:20").second_of_day == 10 * hour + 20 * 60);
    CHECK(moment("2026-03-15 10:20:30Z").second_of_day == 10 * hour + 20 * 60 + 30);
    CHECK(moment("2026-03-15T10:20:30.123456789012345Z").second_of_day == 10 * hour + 20 * 60 + 30);
    CHECK(moment("2026-03-15T10:20:30.999Z").second_of_day == 10 * hour + 20 * 60 + 30);
    CHECK(moment("2026-03-15T10:20Z").offset == 0);
    CHECK(moment("2026-03-15T10:20:30+0530").offset == 5 * hour + 1800);
    CHECK(moment("2026-03-15T10:20:30-05:30").offset == -5 * hour - 1800);
    CHECK(moment("2026-03-15T10:20:30-00:00").offset == 0);
    CHECK(moment("2026-03-15T10:20:30+14:00").offset == 14 * hour);
    CHECK(moment(" \t2026-03-15\r\n").precise == precision::day);
    CHECK(days_at("2026-03-15T24:00:00Z", utc) == "2026-03-16");
    CHECK(moment("2026-03-15T24:00:00.000Z").second_of_day == 0);
    CHECK(days_at("2026-12-31T24:00Z", utc) == "2027-01-01");
    CHECK(days_at("2024-02-28T24:00:00", utc) == "2024-02-29");
}

TEST_CASE("datetime: a leap second stays on its day") {
    CHECK(days_at("2016-12-31T23:59:60Z", utc) == "2016-12-31");
    CHECK(moment("2016-12-31T23:59:60Z").second_of_day == 86'399);
}

TEST_CASE("datetime: any other text is no date") {
    for (const auto* text :
         {"",
          " ",
          "26",
          "202",
          "20260",
          "2026-",
          "2026-3",
          "2026-13",
          "2026-00",
          "2026-03-",
          "2026-03-1",
          "2026-03-32",
          "2026-02-29",
          "0000",
          "0000-01",
          "2026-03-15T",
          "2026-03-15T1",
          "2026-03-15T10",
          "2026-03-15T10Z",
          "2026-03-15T10:2",
          "2026-03-15T25:00",
          "2026-03-15T24:00:01",
          "2026-03-15T24:01",
          "2026-03-15T24:00:00.1",
          "2026-03-15T10:60",
          "2026-03-15T10:20:61",
          "2026-03-15T10:20:3",
          "2026-03-15T10:20:",
          "2026-03-15T10:20:30.",
          "2026-03-15T10:20:30.Z",
          "2026-03-15T10:20:30,5Z",
          "2026-03-15T10:20:30z",
          "2026-03-15t10:20",
          "2026-03-15T10:20:30 Z",
          "2026-03-15T10:20:30+",
          "2026-03-15T10:20:30+05",
          "2026-03-15T10:20:30+5:30",
          "2026-03-15T10:20:30+05:",
          "2026-03-15T10:20:30+05:3",
          "2026-03-15T10:20:30+05:60",
          "2026-03-15T10:20:30+15:00",
          "2026-03-15T10:20:30+14:01",
          "2026-03-15T10:20:30ZZ",
          "2026-03-15T10:20:30Z x",
          "2026-03-15Z",
          "2026-03T10:20",
          "2026T10:20",
          "2026-03-15  10:20",
          "15.03.2026",
          "03/15/2026",
          "9999-12-31T24:00:00",
          "-2026",
          "+2026",
          "\xD9\xA2\xD9\xA0\xD9\xA2\xD9\xA6"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_date_time(text).has_value());
    }
}

TEST_CASE("datetime: a zone's offset holds from its transition") {
    const time_zone site = central_europe();
    CHECK(site.name() == "Europe/Berlin");
    CHECK(site.offset_at(std::numeric_limits<std::int32_t>::min()) == hour);
    CHECK(site.offset_at(spring_2026 - 1) == hour);
    CHECK(site.offset_at(spring_2026) == 2 * hour);
    CHECK(site.offset_at(autumn_2026 - 1) == 2 * hour);
    CHECK(site.offset_at(autumn_2026) == hour);
}

TEST_CASE("datetime: midnight of the site moves with the season") {
    const time_zone site = central_europe();
    CHECK(days_at("2026-03-28T22:59:59Z", site) == "2026-03-28");
    CHECK(days_at("2026-03-28T23:00:00Z", site) == "2026-03-29");
    CHECK(days_at("2026-03-29T21:59:59Z", site) == "2026-03-29");
    CHECK(days_at("2026-03-29T22:00:00Z", site) == "2026-03-30");
    CHECK(days_at("2026-10-25T22:59:59Z", site) == "2026-10-25");
    CHECK(days_at("2026-10-25T23:00:00Z", site) == "2026-10-26");
    CHECK(moment("2026-03-29T01:00:00Z").site_second(site) == 3 * hour);
}

TEST_CASE("datetime: a local time that does not occur or occurs twice has one instant and keeps its day") {
    const time_zone site = central_europe();
    const auto instant = [&site](std::string_view text) { return *moment(text).instant(site); };
    CHECK(instant("2026-03-29T01:59:59") == spring_2026 - 1);
    CHECK(instant("2026-03-29T02:30:00") == spring_2026 + 1800);
    CHECK(instant("2026-03-29T03:00:00") == spring_2026);
    CHECK(instant("2026-10-25T01:59:59") == autumn_2026 - hour - 1);
    CHECK(instant("2026-10-25T02:30:00") == autumn_2026 - 1800);
    CHECK(instant("2026-10-25T03:00:00") == autumn_2026 + hour);
    CHECK(days_at("2026-03-29T02:30:00", site) == "2026-03-29");

    // clocks that skip midnight: 00:00 to 01:00, as Beirut and Sao Paulo did
    const time_zone skips_midnight("Test/Skip", -3 * hour, {{spring_2026 + 2 * hour, -2 * hour}});
    CHECK(days_at("2026-03-29T00:30:00", skips_midnight) == "2026-03-29");
    CHECK(
        skips_midnight.date_of(*moment("2026-03-29T00:30:00").instant(skips_midnight)) == day("2026-03-29")
    );

    // a zone that left out a whole day when it crossed the date line, as Samoa did on 2011-12-30
    const std::int64_t crossing = *moment("2011-12-30T10:00:00Z").instant(utc);
    const time_zone samoa("Test/Samoa", -10 * hour, {{crossing, 14 * hour}});
    CHECK(samoa.date_of(crossing - 1) == day("2011-12-29"));
    CHECK(samoa.date_of(crossing) == day("2011-12-31"));
    CHECK(days_at("2011-12-30T12:00:00", samoa) == "2011-12-30");
}

TEST_CASE("datetime: every local time that occurs finds its instant back") {
    const time_zone site = central_europe();
    std::size_t wrong = 0;
    for (const std::int64_t change : {spring_2026, autumn_2026})
        for (std::int64_t t = change - 2 * 86'400; t < change + 2 * 86'400; t += 60) {
            const std::int64_t local = t + site.offset_at(t);
            const std::int64_t back = local - site.offset_of_local(local);
            const bool second_time = t >= autumn_2026 && t < autumn_2026 + hour;
            wrong += back != (second_time ? t - hour : t);
        }
    CHECK(wrong == 0);
}

TEST_CASE("datetime: fixed zones are named by their offset") {
    CHECK(time_zone::fixed(0).name() == "UTC");
    CHECK(time_zone::fixed(3 * hour).name() == "UTC+3");
    CHECK(time_zone::fixed(-8 * hour).name() == "UTC-8");
    CHECK(time_zone::fixed(5 * hour + 1800).name() == "UTC+5:30");
    CHECK(time_zone::fixed(-3 * hour - 300).name() == "UTC-3:05");
    CHECK(time_zone::fixed(3 * hour).offset_at(12345) == 3 * hour);
}

TEST_CASE("datetime: far instants stay within the range of dates") {
    CHECK(utc.date_of(std::numeric_limits<std::int64_t>::max()) == date::highest());
    CHECK(utc.date_of(std::numeric_limits<std::int64_t>::min()) == date::lowest());
    const time_zone east = time_zone::fixed(14 * hour);
    CHECK(east.date_of(std::numeric_limits<std::int64_t>::max()) == date::highest());
    CHECK(time_zone::fixed(-12 * hour).date_of(std::numeric_limits<std::int64_t>::min()) == date::lowest());
}
