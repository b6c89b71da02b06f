#include "gateway/core/zone.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;

TEST_CASE("zone: fixed offsets in the spellings people use") {
    const auto offset = [](const char* name) { return gateway::find_zone(name)->offset_at(0); };
    REQUIRE(offset("UTC") == 0);
    REQUIRE(offset("UTC+3") == 3 * 3600);
    REQUIRE(offset("+03:30") == 3 * 3600 + 1800);
    REQUIRE(offset("GMT-5") == -5 * 3600);
    REQUIRE(offset("-0330") == -(3 * 3600 + 1800));
}

TEST_CASE("zone: nonsense is no zone") {
    for (const char* name : {"", "Mars/Olympus", "+25", "+3:99", "UTC+", "europe"})
        REQUIRE_FALSE(gateway::find_zone(name));
}

TEST_CASE("zone: the zone database knows summer time") {
    const auto berlin = gateway::find_zone("Europe/Berlin");
    REQUIRE(berlin);
    // 2026-03-29T01:00Z: the clock goes from 02:00 to 03:00.
    constexpr std::int64_t change = 1'774'746'000;
    REQUIRE(berlin->offset_at(change - 1) == 3600);
    REQUIRE(berlin->offset_at(change) == 7200);
    // Half past eleven at night in London is tomorrow in Berlin.
    REQUIRE(to_string(berlin->date_of(1'773'617'400)) == "2026-03-16");
    REQUIRE(to_string(gateway::find_zone("UTC")->date_of(1'773'617'400)) == "2026-03-15");
}
