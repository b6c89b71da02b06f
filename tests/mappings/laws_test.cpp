// The laws of design.md, section 3, on random histories over the shipped trials. A failure prints the seed:
//   mappings_tests "laws: *" --rng-seed has no part in it; the seed is in the message and reproduces the history.
#include "mappings/engine/patient_screen.hpp"
#include "mappings/engine/projection.hpp"
#include "tests/support/random_history.hpp"
#include "tests/support/shipped.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::mappings;
using trialgate::fhir::date;

namespace {

constexpr date today{20'527}; // 2026-03-15

/// An evaluation from nothing.
patient_screen fresh(const std::vector<std::optional<record>>& slots, const std::optional<person_data>& person, date as_of) {
    patient_screen out(tests::shipped().net);
    for (std::uint32_t n = 0; n < slots.size(); ++n)
        if (slots[n])
            out.put(n, *slots[n]);
    out.person(person);
    out.evaluate(as_of);
    return out;
}

void same(const patient_screen& a, const patient_screen& b) {
    REQUIRE(std::vector(a.considered().begin(), a.considered().end()) == std::vector(b.considered().begin(), b.considered().end()));
    for (trial_index t : a.considered())
        for (node_id n : a.net().trials()[t].nodes) {
            INFO("node " << n << " of trial " << a.net().trials()[t].source->id << ", test kind " << a.net()[n].test.index());
            REQUIRE(a.outcome_of(n).is == b.outcome_of(n).is);
            REQUIRE(a.outcome_of(n) == b.outcome_of(n));
        }
}

std::vector<std::optional<record>> history(tests::random_history& make, std::size_t size) {
    std::vector<std::optional<record>> out;
    for (std::size_t n = 0; n < size; ++n)
        out.push_back(make.record(today));
    return out;
}

/// Everything of an outcome but its date.
auto content(const outcome& o) { return std::tuple(o.is, o.why, o.for_good, o.notes.bits(), o.low, o.high); }

} // namespace

TEST_CASE("laws: the shipped library and trials load without a problem") {
    for (const problem& p : tests::shipped().problems)
        UNSCOPED_INFO(to_string(p));
    REQUIRE(tests::shipped().problems.empty());
    REQUIRE(tests::shipped().trials.size() >= 2);
}

TEST_CASE("laws: incremental equals full evaluation") {
    int considered = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        INFO("seed " << seed);
        tests::random_history make(*tests::shipped().net, seed);
        std::vector<std::optional<record>> slots(30);
        std::optional<person_data> person;
        patient_screen screen(tests::shipped().net);
        date as_of = today;
        for (int step = 0; step < 60; ++step) {
            const auto slot = static_cast<std::uint32_t>(make.below(slots.size()));
            if (make.chance(80)) {
                slots[slot] = make.record(today);
                screen.put(slot, *slots[slot]);
            } else {
                slots[slot].reset();
                screen.take(slot);
            }
            if (make.chance(10)) {
                person = make.person();
                screen.person(person);
            }
            if (make.chance(30))
                as_of = as_of + static_cast<std::int32_t>(make.below(60)) - (make.chance(20) ? 90 : 0);
            if (make.chance(50)) {
                screen.evaluate(as_of);
                same(screen, fresh(slots, person, as_of));
                considered += !screen.considered().empty();
            }
        }
    }
    REQUIRE(considered > 1000); // else the law was tested on nothing
}

TEST_CASE("laws: until its horizon an outcome does not change") {
    int moved = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        INFO("seed " << seed);
        tests::random_history make(*tests::shipped().net, seed);
        const auto slots = history(make, 25);
        const std::optional<person_data> person = make.person();
        const patient_screen now = fresh(slots, person, today);
        patient_screen later = now;
        for (std::int32_t days = 1; days <= 240; ++days) {
            later = fresh(slots, person, today + days);
            for (trial_index t : now.considered())
                for (node_id n : now.net().trials()[t].nodes) {
                    const outcome& a = now.outcome_of(n);
                    if (a.changes_on <= today + days) {
                        moved += content(a) != content(later.outcome_of(n));
                        continue;
                    }
                    INFO("node " << n << ", test kind " << now.net()[n].test.index() << ", after " << days << " days");
                    REQUIRE(content(a) == content(later.outcome_of(n)));
                }
        }
    }
    REQUIRE(moved > 1000);
}

TEST_CASE("laws: the projected date is the first on which the verdict differs") {
    int flips = 0;
    for (std::uint64_t seed = 100; seed <= 125; ++seed) {
        INFO("seed " << seed);
        tests::random_history make(*tests::shipped().net, seed);
        const auto slots = history(make, 25);
        const std::optional<person_data> person = make.person();
        const patient_screen now = fresh(slots, person, today);
        for (trial_index t : now.considered()) {
            const compiled_trial& which = now.net().trials()[t];
            const projection seen = project(now, which);
            std::vector<date> first(which.nodes.size(), date::highest());
            constexpr std::int32_t horizon = 260;
            for (std::int32_t days = 1; days <= horizon; ++days) {
                const patient_screen later = fresh(slots, person, today + days);
                for (std::size_t n = 0; n < which.nodes.size(); ++n)
                    if (first[n] == date::highest() && later.outcome_of(which.nodes[n]).is != now.outcome_of(which.nodes[n]).is)
                        first[n] = today + days;
            }
            for (std::size_t n = 0; n < which.nodes.size(); ++n) {
                const date said = seen.of(which.nodes[n]);
                INFO("node " << which.nodes[n] << ", test kind " << now.net()[which.nodes[n]].test.index());
                if (said <= today + horizon || first[n] != date::highest())
                    REQUIRE(to_string(said) == to_string(first[n]));
                flips += first[n] != date::highest();
            }
        }
    }
    REQUIRE(flips > 100);
}

TEST_CASE("laws: the order in which resources arrive leaves no trace") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        INFO("seed " << seed);
        tests::random_history make(*tests::shipped().net, seed);
        auto slots = history(make, 20);
        const std::optional<person_data> person = make.person();
        const patient_screen first = fresh(slots, person, today);
        for (std::size_t n = slots.size() - 1; n > 0; --n)
            std::swap(slots[n], slots[make.below(n + 1)]);
        same(first, fresh(slots, person, today));
    }
}

TEST_CASE("laws: what cannot be read never makes a criterion not met") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        INFO("seed " << seed);
        tests::random_history make(*tests::shipped().net, seed);
        auto slots = history(make, 20);
        for (auto& slot : slots)
            for (fact& f : slot->facts) {
                if (f.kind == fact_kind::observation && f.observation.use == usability::usable)
                    f.observation.use = usability::value_unusable;
                f.condition.verified = verification::confirmed; // a refutation is readable
            }
        std::erase_if(slots, [](const auto& s) { return s->facts.front().kind == fact_kind::exposure; });
        const patient_screen screen = fresh(slots, std::nullopt, today);
        for (node_id n = 0; n < screen.net().size(); ++n)
            if (std::holds_alternative<observation_test>(screen.net()[n].test) || std::holds_alternative<egfr_test>(screen.net()[n].test))
                REQUIRE(screen.outcome_of(n).is == verdict::unknown);
    }
}

TEST_CASE("laws: asking for words does not change the answer") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        INFO("seed " << seed);
        tests::random_history make(*tests::shipped().net, seed);
        const auto slots = history(make, 30);
        const patient_screen screen = fresh(slots, make.person(), today);
        for (trial_index t : screen.considered())
            for (node_id n : screen.net().trials()[t].nodes) {
                std::vector<outcome> parts;
                for (node_id p : screen.net()[n].parts)
                    parts.push_back(screen.outcome_of(p));
                explanation why;
                REQUIRE(evaluate(screen.net()[n].test, parts, screen.input(), &why) == screen.outcome_of(n));
                for (const fact* f : why.evidence)
                    REQUIRE(f->when.first <= today);
            }
    }
}
