#include "mappings/engine/exposure.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

using namespace trialgate;
using namespace trialgate::mappings;
using fhir::date;
using fhir::date_range;

namespace {

constexpr concept_id hcq{1}, chloroquine{2}, azathioprine{3}, mmf{4}, mycophenolate_sodium{5}, methotrexate{6},
    cyclophosphamide{7}, belimumab{8}, prednisone{9};

date on(std::string_view text) {
    return fhir::parse_date(text).value();
}

const date screening = on("2026-03-15");

exposure_test background() {
    exposure_test t;
    t.drugs = {{hcq}, {chloroquine}, {azathioprine}, {mmf, mycophenolate_sodium}, {methotrexate}, {cyclophosphamide}};
    t.max_gap = {30, 30, 30, 30, 30, 60};
    t.short_course_drugs = {hcq, chloroquine, methotrexate};
    t.other_drugs = {belimumab, prednisone};
    return t;
}

fact use_of(concept_id drug, exposure_source source, date_range start, date_range end = {date::highest(), date::highest()}) {
    fact f;
    f.what = drug;
    f.kind = fact_kind::exposure;
    f.text = "drug " + std::to_string(static_cast<int>(drug));
    f.exposure.source = source;
    f.exposure.start = start;
    f.exposure.end = end;
    f.exposure.end_known = f.exposure.ended = end.last != date::highest();
    f.when = start;
    f.dated = true;
    return f;
}

fact stated(concept_id drug, date start, date end = date::highest()) {
    return use_of(drug, exposure_source::stated, {start, start}, {end, end});
}
fact ordered(concept_id drug, date start, date end = date::highest()) {
    return use_of(drug, exposure_source::ordered, {start, start}, {end, end});
}
fact dispensed(concept_id drug, date start, int days) {
    return use_of(drug, exposure_source::dispensed, {start, start}, {start + days, start + days});
}
fact administered(concept_id drug, date day) {
    return use_of(drug, exposure_source::administered, {day, day}, {day, day});
}
fact forbidden(concept_id drug, date since) {
    fact f = ordered(drug, since);
    f.exposure.against = true;
    return f;
}

outcome at_screening(std::vector<fact> facts, exposure_test test = background()) {
    return evaluate_exposure(test, facts, screening);
}

bool unknown_for(const outcome& o, reason why) {
    return o.is == verdict::unknown && o.why == why;
}

} // namespace

TEST_CASE("exposure: M01 a course of exactly 84 days is met") {
    const outcome o = at_screening({stated(hcq, on("2025-12-21"))});
    CHECK(o.is == verdict::met);
    CHECK(o.notes.empty());
    CHECK(o.changes_on == date::highest());
}

TEST_CASE("exposure: M02 a running course of 83 days is not met until the day after") {
    const outcome o = at_screening({stated(hcq, on("2025-12-22"))});
    CHECK(o.is == verdict::not_met);
    CHECK_FALSE(o.for_good);
    CHECK(o.changes_on == on("2026-03-16"));
}

TEST_CASE("exposure: M04 a long course that ended long ago is for a person") {
    const outcome o = at_screening({ordered(hcq, on("2024-02-01"), on("2025-10-10"))});
    CHECK(unknown_for(o, reason::needs_person));
    CHECK(o.notes.has(note::past_course));
}

TEST_CASE("exposure: a past course outweighs a running one that is too young") {
    const outcome o = at_screening({ordered(hcq, on("2020-02-01"), on("2022-10-10")), stated(hcq, on("2026-02-01"))});
    CHECK(unknown_for(o, reason::needs_person));
    CHECK(o.changes_on == on("2026-02-01") + 84);
}

TEST_CASE("exposure: M05 ordered but never dispensed while others are is support only") {
    const outcome o = at_screening({ordered(hcq, on("2025-01-01")), dispensed(prednisone, on("2025-06-01"), 90)});
    CHECK(unknown_for(o, reason::support_only));
    CHECK(o.notes.has(note::never_dispensed));
    SECTION("dispensed once, the order counts") {
        CHECK(at_screening({ordered(hcq, on("2025-01-01")), dispensed(hcq, on("2025-01-10"), 90),
                            dispensed(prednisone, on("2025-06-01"), 90)})
                  .is == verdict::met);
    }
    SECTION("without any dispensing on record the order counts, with a note") {
        const outcome only = at_screening({ordered(hcq, on("2025-01-01"))});
        CHECK(only.is == verdict::met);
        CHECK(only.notes == note_set{note::order_only});
    }
}

TEST_CASE("exposure: M08 a word against use conflicts with use") {
    CHECK(unknown_for(at_screening({stated(hcq, on("2024-01-01")), forbidden(hcq, on("2026-01-05"))}), reason::conflicting));
    CHECK(unknown_for(at_screening({forbidden(hcq, on("2026-01-05"))}), reason::history_incomplete));
    CHECK(at_screening({stated(hcq, on("2024-01-01")), forbidden(hcq, on("2023-01-05"))}).is == verdict::met);
    CHECK(at_screening({stated(hcq, on("2024-01-01")), forbidden(hcq, on("2026-01-05")), stated(azathioprine, on("2024-01-01"))})
              .is == verdict::met);
}

TEST_CASE("exposure: M10 a hold of three weeks is bridged, or unknown when the gap allowed is shorter") {
    fact before = ordered(hcq, on("2025-12-01"), on("2026-01-15"));
    before.exposure.on_hold = true;
    const fact after = ordered(hcq, on("2026-02-05"));
    CHECK(at_screening({before, after}).is == verdict::met);
    exposure_test strict = background();
    strict.max_gap.assign(6, 14);
    CHECK(unknown_for(at_screening({before, after}, strict), reason::needs_person));
}

TEST_CASE("exposure: M11 supply that ran out within the gap is met with a note, until the gap is over") {
    std::vector<fact> refills;
    for (int ago : {280, 190, 100})
        refills.push_back(dispensed(hcq, screening - ago, 90));
    const outcome o = at_screening(refills);
    CHECK(o.is == verdict::met);
    CHECK(o.notes == note_set{note::supply_ended});
    CHECK(o.changes_on == screening - 10 + 31);
    CHECK(unknown_for(evaluate_exposure(background(), refills, o.changes_on), reason::needs_person));
}

TEST_CASE("exposure: M13 different drugs are not added up") {
    const std::vector<fact> staggered{stated(azathioprine, on("2025-12-08"), on("2026-01-26")), stated(hcq, on("2026-01-26"))};
    const outcome o = at_screening(staggered);
    CHECK(unknown_for(o, reason::needs_person));
    CHECK(o.notes.has(note::switched_drug));
    CHECK(o.changes_on == on("2026-01-26") + 84);
    SECTION("together too short, they are not met with the day on which they are long enough together") {
        const outcome young =
            at_screening({stated(azathioprine, on("2026-01-08"), on("2026-02-20")), stated(hcq, on("2026-02-20"))});
        CHECK(young.is == verdict::not_met);
        CHECK(young.changes_on == on("2026-01-08") + 84);
    }
}

TEST_CASE("exposure: M14 two forms of one moiety are one drug") {
    CHECK(at_screening({stated(mmf, on("2025-12-10"), on("2026-01-21")), stated(mycophenolate_sodium, on("2026-01-21"))}).is ==
          verdict::met);
}

TEST_CASE("exposure: M16 only other drugs is not met for good when the history is complete") {
    const std::vector<fact> facts{stated(belimumab, on("2025-03-01"))};
    CHECK(unknown_for(at_screening(facts), reason::history_incomplete));
    exposure_test complete = background();
    complete.history_complete = true;
    const outcome o = at_screening(facts, complete);
    CHECK(o.is == verdict::not_met);
    CHECK(o.for_good);
    const outcome nothing = at_screening({}, complete);
    CHECK(nothing.is == verdict::not_met);
    CHECK_FALSE(nothing.for_good);
}

TEST_CASE("exposure: M17 another drug beside does no harm") {
    CHECK(at_screening({stated(belimumab, on("2025-03-01")), stated(hcq, on("2025-03-01"))}).is == verdict::met);
}

TEST_CASE("exposure: M19 one injection is no course") {
    CHECK(unknown_for(at_screening({administered(methotrexate, on("2026-03-01"))}), reason::history_incomplete));
    CHECK(unknown_for(at_screening({administered(methotrexate, on("2025-03-01"))}), reason::history_incomplete));
}

TEST_CASE("exposure: M20 a short prophylaxis is not counted, with a note") {
    const outcome o = at_screening({ordered(chloroquine, on("2025-11-01"), on("2025-11-28"))});
    CHECK(unknown_for(o, reason::history_incomplete));
    CHECK(o.notes.has(note::short_course));
    const outcome just_over = at_screening({ordered(chloroquine, on("2026-02-10"), on("2026-03-10"))});
    CHECK(unknown_for(just_over, reason::history_incomplete));
}

TEST_CASE("exposure: M22 a match by name counts, with a note") {
    fact f = stated(hcq, on("2025-01-01"));
    f.notes.add(note::name_match_only);
    const outcome o = at_screening({f});
    CHECK(o.is == verdict::met);
    CHECK(o.notes == note_set{note::name_match_only});
    CHECK(at_screening({f, stated(hcq, on("2025-05-01"))}).notes.empty());
}

TEST_CASE("exposure: M26 nothing recorded is unknown") {
    CHECK(unknown_for(at_screening({}), reason::history_incomplete));
}

TEST_CASE("exposure: M29 two days in hospital are not twelve weeks, and not a refusal either") {
    CHECK(unknown_for(
        at_screening({administered(hcq, on("2026-03-01")), administered(hcq, on("2026-03-02"))}), reason::history_incomplete
    ));
}

TEST_CASE("exposure: pulses within the gap are a course") {
    std::vector<fact> pulses;
    for (int ago : {120, 90, 60, 30})
        pulses.push_back(administered(cyclophosphamide, screening - ago));
    const outcome o = at_screening(pulses);
    CHECK(o.is == verdict::met);
    CHECK(o.changes_on == screening - 30 + 1 + 60);
}

TEST_CASE("exposure: the gap allowed is bridged, one day more is not") {
    for (int gap : {30, 31}) {
        const date end = on("2026-01-01");
        const outcome o = at_screening({stated(hcq, on("2025-11-01"), end), stated(hcq, end + gap)});
        CHECK(o.is == (gap == 30 ? verdict::met : verdict::not_met));
    }
}

TEST_CASE("exposure: a planned start in the future is not seen before its day") {
    const outcome o = at_screening({ordered(hcq, on("2026-04-01"))});
    CHECK(unknown_for(o, reason::history_incomplete));
    CHECK(o.notes.has(note::future_data));
    CHECK(o.changes_on == on("2026-04-01"));
}

TEST_CASE("exposure: a partial date that straddles the limit is imprecise") {
    const date_range december{on("2025-12-01"), on("2025-12-31")};
    const outcome o = at_screening({use_of(hcq, exposure_source::stated, december)});
    CHECK(unknown_for(o, reason::imprecise));
    CHECK(o.changes_on == on("2025-12-31") + 84);
    CHECK(at_screening({use_of(hcq, exposure_source::stated, {on("2025-11-01"), on("2025-11-30")})}).is == verdict::met);
    CHECK(at_screening({use_of(hcq, exposure_source::stated, {on("2026-01-01"), on("2026-01-31")})}).is == verdict::not_met);
    CHECK(unknown_for(at_screening({use_of(hcq, exposure_source::ordered, {})}), reason::imprecise));
}

TEST_CASE("exposure: an end nobody knows is imprecise") {
    fact f = use_of(hcq, exposure_source::ordered, {on("2025-06-01"), on("2025-06-01")}, {on("2025-06-01"), date::highest()});
    f.exposure.ended = true;
    CHECK(unknown_for(at_screening({f}), reason::imprecise));
}

TEST_CASE("exposure: a change of dose is noted for as long as the dose must be stable") {
    exposure_test stable = background();
    stable.stable_dose_days = 56;
    fact low = ordered(hcq, on("2025-06-01"), on("2026-02-01"));
    low.exposure.daily_dose = fhir::decimal{200, 0};
    low.exposure.dose_unit = "mg";
    fact high = ordered(hcq, on("2026-02-01"));
    high.exposure.daily_dose = fhir::decimal{400, 0};
    high.exposure.dose_unit = "mg";
    const outcome o = at_screening({low, high}, stable);
    CHECK(o.is == verdict::met);
    CHECK(o.notes.has(note::dose_changed));
    CHECK(o.changes_on == on("2026-02-01") + 56);
    CHECK_FALSE(at_screening({low, high}).notes.has(note::dose_changed));
}

TEST_CASE("exposure: courses tell their days, facts and strength") {
    const std::vector<fact> facts{stated(prednisone, on("2020-01-01")), ordered(hcq, on("2025-06-01"), on("2025-07-01")),
                                  dispensed(hcq, on("2025-07-10"), 90)};
    const auto all = courses(background(), facts, screening);
    REQUIRE(all.size() == 1);
    CHECK(all[0].drug == 0);
    CHECK(all[0].start == date_range{on("2025-06-01"), on("2025-06-01")});
    CHECK(all[0].end == date_range{on("2025-10-08"), on("2025-10-08")});
    CHECK_FALSE(all[0].open);
    CHECK(all[0].facts == std::vector<std::uint32_t>{1, 2});
    CHECK(all[0].strongest == exposure_source::dispensed);
}

TEST_CASE("exposure: an explanation changes nothing and names the evidence") {
    const std::vector<fact> facts{stated(hcq, on("2025-12-22"))};
    explanation why;
    CHECK(evaluate_exposure(background(), facts, screening, &why) == evaluate_exposure(background(), facts, screening));
    REQUIRE(why.evidence.size() == 1);
    CHECK(why.evidence[0] == &facts[0]);
    CHECK(why.text == "drug 1 since 2025-12-22 (stated) (asked: at least 84 days)");
}

TEST_CASE("exposure: any use within the window is evidence of a drug, its absence is none") {
    drug_test t{{belimumab}, {0, 365}};
    CHECK(unknown_for(evaluate_drug(t, {}, screening), reason::history_incomplete));
    const std::vector<fact> facts{administered(belimumab, on("2025-05-01"))};
    const outcome o = evaluate_drug(t, facts, screening);
    CHECK(o.is == verdict::met);
    CHECK(o.changes_on == t.within.expires(on("2025-05-01")));
    CHECK(unknown_for(evaluate_drug(t, facts, o.changes_on), reason::history_incomplete));
    CHECK(evaluate_drug({{belimumab}, {}}, facts, on("2040-01-01")).is == verdict::met);
    CHECK(unknown_for(evaluate_drug(t, std::vector{forbidden(belimumab, on("2026-01-01"))}, screening), reason::history_incomplete));
}

namespace {

std::vector<fact> random_history(std::mt19937& random) {
    const auto up_to = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    std::vector<fact> out;
    for (int n = up_to(7); n > 0; --n) {
        const concept_id drug{static_cast<std::uint16_t>(1 + up_to(9))};
        const date start = screening - 220 + up_to(300);
        date_range begins{start, start}, ends{date::highest(), date::highest()};
        if (up_to(5) == 0)
            begins.last = start + up_to(40);
        if (up_to(12) == 0)
            begins.first = date::lowest();
        if (up_to(3) != 0) {
            const date end = start + up_to(120);
            ends = {end, up_to(5) == 0 ? end + up_to(60) : end};
            if (up_to(8) == 0)
                ends.last = date::highest();
        }
        fact f = use_of(drug, static_cast<exposure_source>(up_to(4)), begins, ends);
        if (f.exposure.source == exposure_source::administered)
            f.exposure.end = f.exposure.start;
        f.exposure.ended = ends.first != date::highest();
        f.exposure.against = up_to(9) == 0;
        f.exposure.on_hold = f.exposure.ended && up_to(5) == 0;
        if (up_to(3) == 0) {
            f.exposure.daily_dose = fhir::decimal{200 * (1 + up_to(2)), 0};
            f.exposure.dose_unit = "mg";
        }
        if (up_to(6) == 0)
            f.notes.add(note::name_match_only);
        out.push_back(f);
    }
    return out;
}

} // namespace

TEST_CASE("exposure: nothing changes before changes_on, something does on it, and order is irrelevant") {
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int round = 0; round < 60; ++round) {
        std::vector<fact> facts = random_history(random);
        exposure_test test = background();
        test.history_complete = random() % 2 == 0;
        test.stable_dose_days = random() % 2 == 0 ? 56 : 0;
        const date first = screening - 100, last = screening + 260;
        std::vector<outcome> daily;
        for (date d = first; d <= last; d = d + 1)
            daily.push_back(evaluate_exposure(test, facts, d));
        for (std::size_t i = 0; i + 1 < daily.size(); ++i) {
            outcome today = daily[i], tomorrow = daily[i + 1];
            const bool announced = today.changes_on == first + static_cast<int>(i) + 1;
            REQUIRE(today.changes_on > first + static_cast<int>(i));
            if (!announced)
                REQUIRE(tomorrow.changes_on == today.changes_on);
            today.changes_on = tomorrow.changes_on = date::highest();
            REQUIRE((today == tomorrow) != announced);
        }
        std::shuffle(facts.begin(), facts.end(), random);
        for (std::size_t i = 0; i < daily.size(); i += 37)
            REQUIRE(evaluate_exposure(test, facts, first + static_cast<int>(i)) == daily[i]);
    }
}

TEST_CASE("exposure: with exact dates and one drug, met is what counting days says") {
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    exposure_test test;
    test.drugs = {{hcq}};
    test.max_gap = {30};
    for (int round = 0; round < 500; ++round) {
        std::vector<fact> facts;
        std::vector<bool> covered(400);
        for (auto n = random() % 5; n > 0; --n) {
            const int from = static_cast<int>(random() % 390), days = static_cast<int>(random() % 60);
            facts.push_back(stated(hcq, screening - 399 + from, screening - 399 + from + days));
            for (int d = from; d <= std::min(399, from + days); ++d)
                covered[static_cast<std::size_t>(d)] = true;
        }
        // Back from the day itself: the run goes on as long as no more than 29 days lie empty between two covered ones.
        int start = -1, empty = 0;
        for (int d = 399; d >= 0 && empty <= (start < 0 ? 30 : 29); --d) {
            if (covered[static_cast<std::size_t>(d)]) {
                start = d;
                empty = 0;
            } else {
                ++empty;
            }
        }
        const bool expected = start >= 0 && start <= 399 - 84;
        REQUIRE((at_screening(facts, test).is == verdict::met) == expected);
    }
}
