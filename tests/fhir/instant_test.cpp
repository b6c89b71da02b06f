#include "fhir/instant.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace trialgate::fhir;

TEST_CASE("instant: written with milliseconds and in UTC") {
    CHECK(instant_text(0) == "1970-01-01T00:00:00.000Z");
    CHECK(instant_text(1'768'473'000'007) == "2026-01-15T10:30:00.007Z");
    CHECK(instant_text(-1) == "1969-12-31T23:59:59.999Z");
    CHECK(instant_text(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59.999Z");
    CHECK(instant_text(std::numeric_limits<std::int64_t>::min()) == "0001-01-01T00:00:00.000Z");
}

TEST_CASE("instant: read with fractions cut to milliseconds") {
    CHECK(parse_instant("2026-01-15T10:30:00.007Z") == 1'768'473'000'007);
    CHECK(parse_instant("2026-01-15T10:00:00.123Z") == parse_instant("2026-01-15T11:00:00.123999+01:00"));
    CHECK(parse_instant("2026-01-15T10:00:00.5Z").value() - parse_instant("2026-01-15T10:00:00Z").value() == 500);
    CHECK(parse_instant("1969-12-31T23:59:59.999Z") == -1);
    CHECK_FALSE(parse_instant("2026-01-15"));
    CHECK_FALSE(parse_instant("yesterday"));
    CHECK_FALSE(parse_instant(""));
}
