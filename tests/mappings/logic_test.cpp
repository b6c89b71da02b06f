// Kleene logic, counts and scores with bounds: the tables, whole.
#include "mappings/engine/evaluate.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

constexpr verdict no = verdict::not_met, open = verdict::unknown, yes = verdict::met;

outcome made(verdict v, std::int32_t changes = 100) {
    const fhir::date until{changes};
    return v == yes ? outcome::met(until) : v == no ? outcome::not_met(until) : outcome::unknown(reason::no_data, until);
}

verdict of(logic op, std::vector<verdict> parts) {
    std::vector<outcome> outcomes;
    for (verdict v : parts)
        outcomes.push_back(made(v));
    return evaluate_logic({op}, outcomes).is;
}

} // namespace

TEST_CASE("logic: all, any and not are Kleene's") {
    for (verdict a : {no, open, yes})
        for (verdict b : {no, open, yes}) {
            REQUIRE(of(logic::all, {a, b}) == std::min(a, b));
            REQUIRE(of(logic::any, {a, b}) == std::max(a, b));
        }
    REQUIRE(of(logic::negation, {no}) == yes);
    REQUIRE(of(logic::negation, {open}) == open);
    REQUIRE(of(logic::negation, {yes}) == no);
}

TEST_CASE("logic: an unknown gives the reason that is closest to a decision") {
    const std::vector<outcome> parts{outcome::unknown(reason::no_data), outcome::unknown(reason::pending), outcome::unknown(reason::imprecise)};
    REQUIRE(evaluate_logic({logic::any}, parts).why == reason::pending);
    REQUIRE(evaluate_logic({logic::all}, parts).why == reason::pending);
}

TEST_CASE("logic: nothing can change before its first part does") {
    const std::vector<outcome> parts{made(yes, 30), made(open, 20), made(no, 50)};
    REQUIRE(evaluate_logic({logic::any}, parts).changes_on == fhir::date{20});
    REQUIRE(evaluate_count({2}, parts).changes_on == fhir::date{20});
}

TEST_CASE("logic: all is for good with one part, any with all of them") {
    outcome gone = made(no);
    gone.for_good = true;
    REQUIRE(evaluate_logic({logic::all}, std::vector{gone, made(open)}).for_good);
    REQUIRE_FALSE(evaluate_logic({logic::any}, std::vector{gone, made(no)}).for_good);
    REQUIRE(evaluate_logic({logic::any}, std::vector{gone, gone}).for_good);
}

TEST_CASE("count: met when enough are proven, not met when too few can be") {
    const auto verdict_of = [](int yeses, int opens, int noes, int needed) {
        std::vector<outcome> parts(static_cast<std::size_t>(yeses), made(yes));
        parts.insert(parts.end(), static_cast<std::size_t>(opens), made(open));
        parts.insert(parts.end(), static_cast<std::size_t>(noes), made(no));
        const outcome out = evaluate_count({needed}, parts);
        REQUIRE(out.low == yeses);
        REQUIRE(out.high == yeses + opens);
        return out.is;
    };
    REQUIRE(verdict_of(4, 0, 7, 4) == yes);
    REQUIRE(verdict_of(3, 1, 7, 4) == open);
    REQUIRE(verdict_of(3, 0, 8, 4) == no);
    REQUIRE(verdict_of(0, 11, 0, 4) == open);
}

TEST_CASE("score: the sum has bounds, and only a sum that cannot reach the limit is not met") {
    const std::vector<outcome> parts{made(yes), made(open), made(no)};
    const outcome reached = evaluate_score({{4, 8, 2}, 4}, parts);
    REQUIRE(reached.is == yes);
    REQUIRE(reached.low == 4);
    REQUIRE(reached.high == 12);
    REQUIRE(evaluate_score({{4, 8, 2}, 6}, parts).is == open);
    REQUIRE(evaluate_score({{4, 1, 2}, 6}, parts).is == no);
}

TEST_CASE("prefer: what is recorded decides, and is contradicted only by what is proven") {
    const auto of_two = [](verdict a, verdict b) { return evaluate_prefer(std::vector{made(a), made(b)}); };
    REQUIRE(of_two(open, yes).is == yes);
    REQUIRE(of_two(open, no).is == no);
    REQUIRE(of_two(yes, no).is == yes);
    REQUIRE(of_two(no, open).is == no);
    REQUIRE(of_two(no, yes).is == open);
    REQUIRE(of_two(no, yes).why == reason::conflicting);
    REQUIRE(of_two(no, yes).notes.has(note::conflict));
}

TEST_CASE("unless: a cause turns met into unknown and leaves everything else alone") {
    const auto of_two = [](verdict a, verdict cause) { return evaluate_unless(std::vector{made(a), made(cause)}); };
    REQUIRE(of_two(yes, yes).is == open);
    REQUIRE(of_two(yes, yes).why == reason::cause_to_exclude);
    REQUIRE(of_two(yes, open).is == yes);
    REQUIRE(of_two(no, yes).is == no);
    REQUIRE(of_two(open, yes).is == open);
}
