#include "mappings/followup/forecast.hpp"
#include "mappings/followup/schedule.hpp"
#include "participation.hpp"

using namespace trialgate;
using namespace trialgate::mappings;
using tests::day;

namespace {

visit_days days(const std::vector<planned_visit>& plan, std::string_view id) {
    for (const planned_visit& p : plan)
        if (p.what->id == id) {
            REQUIRE(p.days);
            return *p.days;
        }
    FAIL("no such visit");
    return {};
}

const planned_visit& of(const std::vector<planned_visit>& plan, std::string_view id) {
    const auto at = std::find_if(plan.begin(), plan.end(), [&](const planned_visit& p) { return p.what->id == id; });
    REQUIRE(at != plan.end());
    return *at;
}

/// v1 on the day, v2 a week after it as held, v3 two days after v2 as held.
trial chain() {
    trial t;
    t.id = "chain";
    for (const auto& [id, anchor, days] : {std::tuple{"v1", "dosing", 0}, {"v2", "visit:v1", 7}, {"v3", "visit:v2", 2}}) {
        visit v;
        v.id = id;
        v.anchor = anchor;
        v.earliest = days - 1;
        v.target = days;
        v.latest = days + 1;
        t.visits.push_back(v);
    }
    return t;
}

} // namespace

TEST_CASE("schedule: windows are days of the calendar, over a leap day and the change of clocks") {
    tests::taking_part p(day("2028-02-15"));
    const auto leap = plan_visits(*p.t, p.who, {}, p.site);
    CHECK(days(leap, "v5").target == day("2028-02-29"));
    CHECK(days(leap, "v5").earliest == day("2028-02-27"));
    CHECK(days(leap, "v5").latest == day("2028-03-02"));
    CHECK(days(leap, "v6").target == day("2028-03-14"));
    CHECK(days(leap, "v11").target == day("2028-08-01"));
    CHECK(days(leap, "screening").earliest == day("2028-01-25"));
    // Clocks change on 2026-03-29 in Europe: a day of 23 hours is a day.
    tests::taking_part q(day("2026-03-15"));
    CHECK(days(plan_visits(*q.t, q.who, {}, q.site), "v5").target == day("2026-03-29"));
    CHECK(days(plan_visits(*q.t, q.who, {}, q.site), "v6").target == day("2026-04-12"));
}

TEST_CASE("schedule: without a dose the dosing visit counts from screening, and the others have no date") {
    tests::taking_part p(day("2026-03-15"));
    p.who.state = participation_state::screening;
    p.who.anchors.erase("dosing");
    auto plan = plan_visits(*p.t, p.who, {}, p.site);
    CHECK(of(plan, "v1").provisional);
    CHECK(of(plan, "v1").anchor == "screening");
    CHECK(days(plan, "v1").earliest == day("2026-03-02"));
    CHECK(days(plan, "v1").target == day("2026-03-15"));
    CHECK(days(plan, "v1").latest == day("2026-03-22"));
    CHECK_FALSE(of(plan, "v5").days);
    CHECK_FALSE(of(plan, "unscheduled").days);
    // Whoever is in screening was screened on the day the state began, where nothing else is told.
    p.who.anchors.clear();
    p.who.since = day("2026-03-10");
    plan = plan_visits(*p.t, p.who, {}, p.site);
    CHECK(days(plan, "screening").target == day("2026-03-10"));
}

TEST_CASE("schedule: when an anchor moves everything counted from it moves, nothing else") {
    tests::taking_part p(day("2026-03-15"));
    p.who.anchors["end"] = {day("2026-05-01")};
    p.who.state = participation_state::ended_early;
    const auto before = plan_visits(*p.t, p.who, {}, p.site);
    p.who.anchors["dosing"].on = day("2026-03-18");
    const auto after = plan_visits(*p.t, p.who, {}, p.site);
    for (std::size_t i = 0; i < before.size(); ++i)
        if (before[i].anchor == "dosing") {
            CHECK(after[i].days->earliest - before[i].days->earliest == 3);
            CHECK(after[i].days->target - before[i].days->target == 3);
            CHECK(after[i].days->latest - before[i].days->latest == 3);
        } else {
            CHECK(after[i].days == before[i].days);
        }
    CHECK(days(after, "early-termination").latest == day("2026-05-08"));
}

TEST_CASE("schedule: a visit relative to another counts from the day on which that one was held") {
    const trial t = chain();
    participant who;
    who.anchors["dosing"] = {day("2026-03-15")};
    auto plan = plan_visits(t, who, {}, {});
    CHECK(days(plan, "v2").target == day("2026-03-22"));
    CHECK(of(plan, "v2").provisional);
    CHECK(days(plan, "v3").target == day("2026-03-24"));
    plan = plan_visits(t, who, {{"v1", day("2026-03-16")}}, {});
    CHECK(days(plan, "v2").target == day("2026-03-23"));
    CHECK_FALSE(of(plan, "v2").provisional);
    plan = plan_visits(t, who, {{"v1", day("2026-03-16")}, {"v2", day("2026-03-21")}}, {});
    CHECK(days(plan, "v3").target == day("2026-03-23"));
    CHECK_FALSE(of(plan, "v3").provisional);
}

TEST_CASE("schedule: a day off moves the proposed day inside the window, never outside, and never silently") {
    site_calendar site; // weekends off
    std::string note;
    const visit_window around{"dosing", -2, 0, 2};
    // 2026-03-14 is a Saturday, 2026-03-15 a Sunday.
    CHECK(days_of(around, day("2026-03-14"), site, note).proposed == day("2026-03-13"));
    CHECK(note == "2026-03-14 is a Saturday: 2026-03-13 is proposed");
    CHECK(days_of(around, day("2026-03-15"), site, note).proposed == day("2026-03-16"));
    site.holidays.emplace(day("2026-03-16"), "Founders' Day");
    CHECK(days_of(around, day("2026-03-15"), site, note).proposed == day("2026-03-13"));
    CHECK(days_of(around, day("2026-03-16"), site, note).proposed == day("2026-03-17"));
    CHECK(note == "2026-03-16 is a holiday (Founders' Day): 2026-03-17 is proposed");
    CHECK(days_of({"dosing", 0, 0, 0}, day("2026-03-15"), site, note).proposed == day("2026-03-15"));
    CHECK(note == "2026-03-15 is a Sunday: no day of the window is a working day");
    CHECK(days_of(around, day("2026-03-18"), site, note).proposed == day("2026-03-18"));
    CHECK(note.empty());
    site.works.fill(false);
    for (int n = 0; n < 400; ++n)
        for (const int early : {0, 1, 5}) {
            site.works[static_cast<std::size_t>(n) % 7] = !site.works[static_cast<std::size_t>(n) % 7];
            const visit_days w = days_of({"dosing", -early, 0, 3}, day("2026-01-01") + n, site, note);
            CHECK(w.holds(w.proposed));
            CHECK(note.empty() == site.is_working(w.target));
            CHECK((w.proposed == w.target || site.is_working(w.proposed)));
        }
}

TEST_CASE("schedule: what will be due, and which criteria expire before a planned screening") {
    tests::taking_part p(day("2026-03-15"));
    p.hold_with_all("v1", p.dosed);
    const auto open = open_visits(*p.t, p.who, p.record, *tests::shipped().codes, p.site, p.dosed + 1, p.zone, p.dosed + 10, p.dosed + 30);
    REQUIRE(open.size() == 2);
    CHECK(open[0].plan.what->id == "v5");
    CHECK(open[1].plan.what->id == "v6");
    p.who.state = participation_state::withdrawn;
    CHECK(open_visits(*p.t, p.who, p.record, *tests::shipped().codes, p.site, p.dosed + 1, p.zone, p.dosed, p.dosed + 300).empty());

    // An eGFR of 2026-02-20 counts for 90 days.
    tests::taking_part q(day("2026-06-01"));
    q.record.person = person_data{{day("1985-06-15"), day("1985-06-15")}, true, sex::female, false, false, false, {}, {}, {}};
    fact sle;
    sle.kind = fact_kind::condition;
    sle.what = tests::shipped().codes->find("sle");
    sle.when = {day("2015-03-01"), day("2015-03-01")};
    sle.dated = true;
    q.add("Condition").facts.push_back(sle);
    q.result("egfr.cr-2021", day("2026-02-20"));
    q.record.records.back().facts[0].observation.value = interval::point({74, 0});
    q.record.records.back().facts[0].observation.factor = {1, 1};
    const patient_screen screen = screen_patient(tests::shipped().net, q.record, day("2026-03-15"));
    for (const compiled_trial& c : tests::shipped().net->trials())
        if (c.source->id == "sle-uc-msc") {
            const auto gone = expired_by(screen, c, day("2026-06-01"));
            REQUIRE(gone.size() == 1);
            CHECK(gone[0].id == "renal-function");
            CHECK(gone[0].now == verdict::met);
            CHECK(gone[0].then == verdict::unknown);
            CHECK(gone[0].why == reason::too_old);
            CHECK(gone[0].changes_on == day("2026-05-22"));
            CHECK(expired_by(screen, c, day("2026-05-21")).empty());
            CHECK(expired_by(screen, c, day("2026-03-15")).empty());
        }
}
