// What must be the same on every machine: the numbers, and the laboratory's arithmetic.
#include "gateway/synth/course.hpp"
#include "gateway/synth/random.hpp"

#include <catch2/catch.hpp>

using namespace trialgate::gateway::synth;

TEST_CASE("random: splitmix64 gives the published sequence of seed 1234567") {
    splitmix64 r(1234567);
    for (const std::uint64_t expected :
         {6457827717110365317u, 3203168211198807973u, 9817491932198370423u, 4593380528125082431u, 16408922859458223821u})
        CHECK(r.next() == expected);
}

TEST_CASE("random: xoshiro256** gives the published sequence of state 1 2 3 4") {
    random_numbers r({1, 2, 3, 4});
    for (const std::uint64_t expected :
         {std::uint64_t{11520}, std::uint64_t{0}, std::uint64_t{1509978240}, std::uint64_t{1215971899390074240}})
        CHECK(r.next() == expected);
}

TEST_CASE("random: a range gives its ends and nothing beyond") {
    random_numbers r(7);
    std::vector<int> seen(7);
    for (int n = 0; n < 10'000; ++n) {
        const std::int64_t v = r.between(-3, 3);
        REQUIRE((v >= -3 && v <= 3));
        ++seen[static_cast<std::size_t>(v + 3)];
    }
    for (const int times : seen)
        CHECK((times > 1200 && times < 1660)); // 1429 each, give or take six standard deviations
    CHECK(r.between(5, 5) == 5);
    CHECK_FALSE(r.percent(0));
    CHECK(r.percent(100));
    for (int n = 0; n < 100; ++n)
        CHECK(r.weighted({0, 1, 0}) == 1);
}

// Clinical reference 5, "Creatinine only" and "from umol/L": CKD-EPI 2021 computed there in floating point.
TEST_CASE("egfr: fixed point agrees with the reference to one tenth") {
    struct {
        std::int64_t creatinine;
        int age;
        bool female;
        double expected;
    } const all[] = {
        {62, 30, true, 118.9677}, {177, 40, true, 31.7483}, {186, 40, true, 29.9139}, {212, 60, false, 30.1619}, {221, 60, false, 28.6940}};
    for (const auto& each : all) {
        INFO(each.creatinine << " umol/L at " << each.age);
        CHECK(std::abs(static_cast<double>(egfr_tenths(each.creatinine, each.age, each.female)) / 10 - each.expected) <= 0.11);
    }
}
