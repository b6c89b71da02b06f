#include "mappings/followup/visits.hpp"
#include "participation.hpp"
#include "tests/support/extracted.hpp"

#include <numeric>
#include <random>
#include <set>

using namespace trialgate;
using namespace trialgate::mappings;
using tests::day;
using tests::kinds;
using tests::taking_part;

namespace {

const concern& only(const followup& f, std::string_view key) {
    const auto at = std::find_if(f.findings.begin(), f.findings.end(), [&](const concern& c) { return c.key == key; });
    REQUIRE(at != f.findings.end());
    return *at;
}

/// A participation of every kind: held, late, early, missed, half resulted, of vague dates, in some state.
taking_part random_participation(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<std::uint64_t>(n)); };
    taking_part p(day("2028-02-15") + below(400));
    if (below(3) == 0)
        p.site = {};
    if (below(6) == 0) {
        p.who.anchors.erase("dosing");
        p.who.state = participation_state::screening;
    }
    if (below(5) == 0) {
        p.who.state = below(2) == 0 ? participation_state::ended_early : participation_state::completed;
        p.who.anchors["end"] = {p.dosed + below(160)};
        p.who.since = p.who.anchors["end"].on;
    }
    for (const visit& v : p.t->visits) {
        const fhir::date on = p.dosed + v.target + below(9) - 4;
        switch (below(7)) {
        case 0: break;
        case 1: p.hold(v.id, on); break;
        case 2: p.bring(v.id, on, {"C4"}); break;
        case 3: p.meet("Appointment", "urn:trialgate:visit|sle-uc-msc/" + v.id, on, below(2) == 0 ? "booked" : "fulfilled"); break;
        case 4:
            p.hold(v.id, on);
            p.bring(v.id, on + below(3) - 1, {"platelets", "SF-36"});
            p.result("c4", on, usability::pending);
            break;
        default: p.hold_with_all(v.id, on);
        }
    }
    if (below(2) == 0)
        p.result(tests::shipped().codes->find("c3"), {p.dosed + 10, p.dosed + 20});
    return p;
}

bool equal(const std::vector<concern>& a, const std::vector<concern>& b) { return std::equal(a.begin(), a.end(), b.begin(), b.end(), same); }

} // namespace

TEST_CASE("visits: from coming up to missed, one thing at a time") {
    taking_part p(day("2028-02-15")); // window of visit 5: day 12 to 16, and day 14 is 29 February
    p.hold_with_all("v1", p.dosed);
    for (const auto& [from, to, kind] :
         {std::tuple{9, 13, "upcoming"}, {14, 14, "due"}, {15, 16, "closing"}, {17, 23, "overdue"}, {24, 220, "missed"}})
        for (int d = from; d <= to; ++d) {
            INFO("day " << d);
            CHECK(p.about("v5", d) == kinds{kind});
        }
    CHECK(p.about("v5", 8).empty());
    const followup due = p.on(14);
    const concern& f = only(due, "visit/v5/due");
    CHECK(f.title == "Visit 5 (day 14) is due");
    CHECK(f.text == "Window 2028-02-27 to 2028-03-02, target 2028-02-29.");
    CHECK(f.earliest == day("2028-02-27"));
    CHECK(f.target == day("2028-02-29"));
    CHECK(f.latest == day("2028-03-02"));
    CHECK(f.urgency == tier::t3);
    CHECK(f.details.at("assumed") == "true");
    const followup missed = p.on(24);
    CHECK(only(missed, "visit/v5/missed").urgency == tier::t2);
}

TEST_CASE("visits: the next window ends the time in which one can be made up for") {
    taking_part p(day("2026-03-15"));
    p.hold_with_all("v1", p.dosed);
    CHECK(p.about("v2", 1) == kinds{"due"}); // its only day
    CHECK(p.about("v2", 2) == kinds{"missed"}); // visit 3 begins
    CHECK(p.about("v3", 5) == kinds{"overdue"});
    CHECK(p.about("v3", 6) == kinds{"missed"}); // visit 4 begins
}

TEST_CASE("visits: a day off moves what is due, and the text says so") {
    taking_part p(day("2026-03-14")); // day 14 is Saturday 28 March
    p.site = {};
    p.hold_with_all("v1", p.dosed);
    CHECK(p.about("v5", 12) == kinds{"upcoming"});
    CHECK(p.about("v5", 13) == kinds{"due"});
    const followup f = p.on(13);
    CHECK(only(f, "visit/v5/due").details.at("proposed") == "2026-03-27");
    CHECK(only(f, "visit/v5/due").text.find("2026-03-28 is a Saturday: 2026-03-27 is proposed.") != std::string::npos);
}

TEST_CASE("visits: held with everything there is nothing to say, what is missing is listed") {
    taking_part p(day("2026-03-15"));
    p.hold_with_all("v1", p.dosed);
    p.hold("v5", p.dosed + 14);
    p.bring("v5", p.dosed + 14, {"C4", "platelets", "SF-36", "SLEDAI-2K"});
    p.result("c4", p.dosed + 14, usability::unit_unusable);
    p.result("sledai2k.total", p.dosed + 14, usability::pending);
    CHECK(p.about("v5", 14).empty());
    CHECK(p.about("v5", 16).empty());
    CHECK(p.about("v5", 17) == kinds{"done-incomplete"});
    const followup f = p.on(17);
    const concern& c = only(f, "visit/v5/done-incomplete");
    CHECK(c.missing == std::vector<std::string>{"blood count: platelets not resulted", "C4 not readable", "SF-36 not resulted", "SLEDAI-2K pending"});
    CHECK(c.text.find("Held on 2026-03-29.") == 0);
    CHECK(c.text.find("Missing: blood count: platelets not resulted; C4 not readable;") != std::string::npos);
    REQUIRE_FALSE(c.evidence.empty());
    CHECK(c.evidence[0].reference.starts_with("Encounter/"));
    p.result("platelets", p.dosed + 15);
    p.result("c4", p.dosed + 15);
    p.result("form.sf-36", p.dosed + 13);
    p.result("sledai2k.total", p.dosed + 14);
    CHECK(p.about("v5", 17).empty());
}

TEST_CASE("visits: whole groups are named once, and a month is no day") {
    taking_part p(day("2026-03-15"));
    p.hold_with_all("v1", p.dosed);
    p.hold("v5", p.dosed + 14);
    p.bring("v5", p.dosed + 14, {"blood count", "C3"});
    p.result(tests::shipped().codes->find("c3"), {day("2026-03-01"), day("2026-03-31")});
    CHECK(only(p.on(20), "visit/v5/done-incomplete").missing == std::vector<std::string>{"blood count not resulted", "C3 without an exact date"});
}

TEST_CASE("visits: a result belongs to one visit") {
    taking_part p(day("2026-03-15"));
    p.hold_with_all("v1", p.dosed);
    p.hold("v2", p.dosed + 1); // and no results of its own
    CHECK(only(p.on(4), "visit/v2/done-incomplete").missing.size() == 5);
    p.bring("v2", p.dosed + 1);
    CHECK(p.about("v2", 4).empty());
    CHECK(p.about("v1", 4).empty());
}

TEST_CASE("visits: a visit that was not held keeps the results of its window, so that they fill no other") {
    taking_part p(day("2026-03-15"));
    p.hold("v1", p.dosed);
    p.bring("v1", p.dosed, {"potassium", "SF-36"});
    const std::vector<std::string> lacking{"chemistry: potassium not resulted", "SF-36 not resulted"};
    const auto missing = [&](int on) { return only(p.on(on), "visit/v1/done-incomplete").missing; };
    CHECK(missing(5) == lacking);
    p.result("potassium", p.dosed + 1); // the only day of visit 2, and after the dose
    CHECK(missing(5) == lacking);
    p.hold("v2", p.dosed + 1);
    CHECK(missing(5) == lacking);
    p.result("form.sf-36", p.dosed + 1); // visit 2 does not ask for it
    CHECK(missing(5) == std::vector<std::string>{"chemistry: potassium not resulted", "SF-36 only after dosing"});
    p.result("potassium", p.dosed);
    CHECK(missing(5) == std::vector<std::string>{"SF-36 only after dosing"});
    // What was brought on the day on which a visit was held is that visit's, whose window ever the day lies in.
    taking_part late(day("2026-03-15"));
    late.hold("v3", late.dosed + 6); // in the window of visit 4
    late.result("potassium", late.dosed + 6);
    const followup then = late.on(9);
    const concern& v3 = only(then, "visit/v3/out-of-window");
    CHECK(std::find(v3.missing.begin(), v3.missing.end(), "chemistry: potassium not resulted") == v3.missing.end());
    CHECK(std::find(v3.missing.begin(), v3.missing.end(), "chemistry: sodium not resulted") != v3.missing.end());
}

TEST_CASE("visits: screening is filled by nothing from after the dose, however long its results count") {
    taking_part p(day("2026-03-15"));
    p.bring("screening", p.dosed - 14, {"potassium"});
    const auto missing = [&] {
        const auto all = p.standings(p.dosed + 6);
        return all.front().missing;
    };
    REQUIRE(missing() == std::vector<std::string>{"chemistry: potassium not resulted"});
    p.result("potassium", p.dosed + 5); // within the 21 days, and in nobody's window
    CHECK(missing() == std::vector<std::string>{"chemistry: potassium not resulted"});
    p.result("potassium", p.dosed - 3);
    CHECK(missing().empty());
}

TEST_CASE("visits: what has to be taken before the dose is asked for with its time") {
    taking_part p(day("2026-03-15"));
    const std::int64_t midnight = std::int64_t{p.dosed.days} * 86'400;
    p.zone = fhir::time_zone::fixed(3600);
    p.who.anchors["dosing"].at = midnight + 9 * 3600; // ten o'clock at the site
    p.hold("v1", p.dosed);
    p.bring("v1", p.dosed, {"SF-36"});
    const concept_id form = tests::shipped().codes->find("form.sf-36");
    p.result(form, {p.dosed, p.dosed}, usability::usable, 10 * 3600 + 1);
    CHECK(only(p.on(5), "visit/v1/done-incomplete").missing == std::vector<std::string>{"SF-36 only after dosing"});
    p.record.records.pop_back();
    p.result(form, {p.dosed, p.dosed});
    CHECK(only(p.on(5), "visit/v1/done-incomplete").missing == std::vector<std::string>{"SF-36 not surely before dosing"});
    p.result(form, {p.dosed, p.dosed}, usability::usable, 9 * 3600 + 1800);
    CHECK(p.about("v1", 5).empty());
}

TEST_CASE("visits: held outside its window is a deviation, whatever is missing") {
    taking_part p(day("2026-03-15"));
    p.hold_with_all("v1", p.dosed);
    p.hold("v5", p.dosed + 18);
    CHECK(p.about("v5", 17) == kinds{"overdue"});
    CHECK(p.about("v5", 18) == kinds{"out-of-window"});
    CHECK(only(p.on(18), "visit/v5/out-of-window").missing.empty());
    CHECK(only(p.on(21), "visit/v5/out-of-window").missing.size() == 7);
    CHECK(only(p.on(21), "visit/v5/out-of-window").text.find("Held on 2026-04-02, 2 days after its window.") == 0);
    // Inside the window as well: that is the visit.
    p.hold("v5", p.dosed + 16);
    CHECK(p.about("v5", 18).empty());
    taking_part early(day("2026-03-15"));
    early.hold_with_all("v5", early.dosed + 11);
    CHECK(only(early.on(11), "visit/v5/out-of-window").text.find("1 day before its window") != std::string::npos);
}

TEST_CASE("visits: statuses, and what is no visit") {
    taking_part p(day("2026-03-15"));
    const std::string v5 = "urn:trialgate:visit|sle-uc-msc/v5";
    p.meet("Encounter", v5, p.dosed + 14, "planned");
    p.meet("Encounter", v5, p.dosed + 14, "in-progress");
    p.meet("Encounter", v5, p.dosed + 14, "cancelled");
    p.meet("Appointment", v5, p.dosed + 14, "noshow");
    p.meet("Encounter", "urn:other|v5", p.dosed + 14, "finished");
    p.meet("Encounter", v5, p.dosed + 14, "finished");
    p.record.records.back().meeting->dated = false; // nobody knows when
    CHECK(p.about("v5", 15) == kinds{"closing"});
    p.meet("Appointment", v5, p.dosed + 16, "booked");
    const followup booked = p.on(15);
    CHECK(only(booked, "visit/v5/closing").details.at("booked") == "2026-03-31");
    CHECK(only(booked, "visit/v5/closing").text.find("Booked for 2026-03-31.") != std::string::npos);
    p.record.records.back().meeting->status = "fulfilled";
    CHECK(p.about("v5", 15) == kinds{"closing"}); // that day has not come
    CHECK(p.about("v5", 16).empty());
}

TEST_CASE("visits: results alone show a visit when there are enough of them on one day of the window") {
    taking_part p(day("2026-03-15"));
    for (const char* c : {"c3", "c4", "dsdna.quantitative"})
        p.result(c, p.dosed + 14);
    CHECK(p.about("v5", 20) == kinds{"overdue"});
    p.result("wbc", p.dosed + 15); // another day
    CHECK(p.about("v5", 20) == kinds{"overdue"});
    p.result("wbc", p.dosed + 14);
    CHECK(p.about("v5", 20) == kinds{"done-incomplete"});
    CHECK(only(p.on(20), "visit/v5/done-incomplete").details.at("held") == "2026-03-29");
}

TEST_CASE("visits: a type shared by all visits is the one of the day") {
    taking_part p(day("2026-03-15"));
    trial t = *p.t;
    for (visit& v : t.visits)
        if (v.done && v.done->encounter)
            v.done->encounter->types.push_back("urn:site|research");
    p.t = &t;
    p.hold_with_all("v1", p.dosed);
    const auto come = [&](int on) { p.meet("Encounter", "urn:site|research", p.dosed + on, "finished"); };
    come(15);  // visit 5
    come(33);  // two days after the window of visit 6
    come(45);  // four days before visit 7, which has one of its own
    come(56);
    come(250); // none
    const auto all = p.standings(p.dosed + 260);
    const auto of = [&](std::string_view id) -> const visit_standing& {
        return *std::find_if(all.begin(), all.end(), [&](const visit_standing& s) { return s.plan.what->id == id; });
    };
    CHECK(of("v5").held == p.dosed + 15);
    CHECK(of("v6").held == p.dosed + 33);
    CHECK(of("v6").state == visit_state::outside);
    CHECK(of("v7").held == p.dosed + 56);
    CHECK_FALSE(of("v8").held);
    CHECK(of("unscheduled").held == p.dosed + 45);
    CHECK(of("unscheduled").state == visit_state::done);
}

TEST_CASE("visits: screening, early termination, completion and the ends") {
    taking_part p(day("2026-03-15"));
    p.who.state = participation_state::screening;
    p.who.since = p.dosed - 14;
    p.who.anchors.erase("dosing");
    CHECK(p.about("screening", -14).empty()); // consent is the visit
    CHECK(p.about("screening", -11) == kinds{"done-incomplete"});
    CHECK(p.about("v1", -13) == kinds{"upcoming"});
    CHECK(p.about("v1", 0) == kinds{"due"});
    CHECK(p.about("v1", 7) == kinds{"closing"});
    CHECK(p.about("v1", 8) == kinds{"overdue"});
    CHECK(only(p.on(0), "visit/v1/due").text.find("Counted from screening (2026-03-01)") != std::string::npos);

    taking_part q(day("2026-03-15"));
    q.hold_with_all("v1", q.dosed);
    q.hold("v5", q.dosed + 20);
    q.who.state = participation_state::ended_early;
    q.who.since = q.dosed + 50;
    const auto deviations = [&](int d) {
        std::map<std::string, std::string> out;
        for (const concern& c : q.on(d).findings)
            if (c.details.at("visit") != "early-termination")
                out.emplace(c.details.at("visit"), to_code(c.kind));
        return out;
    };
    const std::map<std::string, std::string> until_then{{"v2", "missed"}, {"v3", "missed"}, {"v4", "missed"}, {"v5", "out-of-window"}, {"v6", "missed"}};
    for (int d = 50; d <= 58; ++d)
        CHECK(deviations(d) == until_then);
    CHECK(q.about("early-termination", 50) == kinds{"due"});
    CHECK(q.about("early-termination", 57) == kinds{"closing"});
    CHECK(q.about("early-termination", 58) == kinds{"overdue"});
    CHECK(q.about("early-termination", 65) == kinds{"missed"});
    q.bring("early-termination", q.dosed + 55); // in the window of visit 7 too
    CHECK(q.about("early-termination", 60).empty());
    CHECK(deviations(60) == until_then);

    taking_part done(day("2026-03-15"));
    done.hold_with_all("v1", done.dosed);
    done.hold("v5", done.dosed + 14);
    done.hold_with_all("v6", done.dosed + 40);
    done.who.state = participation_state::completed;
    done.who.since = done.dosed + 168;
    std::set<std::string> left;
    for (const concern& f : done.on(170).findings)
        left.emplace(to_code(f.kind));
    CHECK(left == std::set<std::string>{"done-incomplete", "missed", "out-of-window"});

    for (const participation_state end : {participation_state::withdrawn, participation_state::died, participation_state::screen_failure}) {
        q.who.state = done.who.state = end;
        for (int d = -30; d <= 220; ++d) {
            CHECK(q.on(d).findings.empty());
            CHECK_FALSE(q.on(d).changes_on);
            CHECK(done.on(d).findings.empty());
        }
    }
    done.who.state = participation_state::on_study;
    CHECK_FALSE(done.on(100).findings.empty());
    done.record.person = person_data{};
    done.record.person->deceased = true;
    CHECK(done.on(100).findings.empty());
}

TEST_CASE("visits: what nothing can show is never called missed") {
    taking_part p(day("2026-03-15"));
    trial t = *p.t;
    for (visit& v : t.visits)
        v.done.reset();
    p.t = &t;
    CHECK(p.about("v5", 14) == kinds{"due"});
    CHECK(p.about("v5", 16) == kinds{"closing"});
    CHECK(p.about("v5", 17).empty());
    CHECK(p.about("v5", 200).empty());
}

TEST_CASE("visits: one that counts from another is silent until that one was held or missed") {
    taking_part p(day("2026-03-15"));
    trial t = *p.t;
    visit call;
    call.id = "call";
    call.anchor = "visit:v5";
    call.earliest = 13;
    call.target = 14;
    call.latest = 15;
    call.done.emplace().encounter.emplace().types = {"urn:site|call"};
    call.done->encounter->statuses = {"finished"};
    t.visits.push_back(call);
    p.t = &t;
    CHECK(p.about("call", 22).empty());
    CHECK(p.about("call", 28) == kinds{"due"}); // visit 5 was missed: its target stands for it
    p.hold_with_all("v5", p.dosed + 16);
    CHECK(p.about("call", 28) == kinds{"upcoming"});
    CHECK(p.about("call", 30) == kinds{"due"});
    p.meet("Encounter", "urn:site|call", p.dosed + 31, "finished");
    CHECK(p.about("call", 31).empty());
}

TEST_CASE("visits: an Encounter, an Appointment and a form go the whole way") {
    const std::string map = R"({"resourceType": "Bundle", "type": "collection", "entry": [)" + test::value_set("form.x", "http://snomed.info/sct", "55464009") + R"(,
        {"resource": {"resourceType": "ConceptMap", "status": "active", "group": [{"source": "urn:trialgate:questionnaire", "target": "urn:trialgate:concept",
          "element": [{"code": "http://e.org/q/sf36", "target": [{"code": "form.x", "equivalence": "equivalent"}]}]}]}}]})";
    const auto codes = test::small_catalog(map);
    const record e = test::extracted(R"({"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
        "type": [{"coding": [{"system": "urn:s", "code": "V5"}, {"code": "bare"}]}], "serviceType": {"coding": [{"system": "urn:t", "code": "R"}]},
        "subject": {"reference": "Patient/p1"}, "period": {"start": "2026-03-29T23:30:00Z", "end": "2026-03-30T10:00:00Z"}})", *codes);
    REQUIRE(e.meeting);
    CHECK(e.subject == "Patient/p1");
    CHECK(e.meeting->types == std::vector<std::string>{"urn:s|V5", "|bare", "urn:t|R"});
    CHECK(e.meeting->status == "finished");
    CHECK(e.meeting->dated);
    CHECK(e.meeting->when.first == day("2026-03-30")); // the site is three hours ahead
    const record a = test::extracted(R"({"resourceType": "Appointment", "id": "a1", "status": "booked", "start": "2026-03-29T09:00:00Z",
        "appointmentType": {"coding": [{"system": "urn:s", "code": "V5"}]}, "serviceType": [{"concept": {"coding": [{"system": "urn:t", "code": "R"}]}}],
        "participant": [{"actor": {"reference": "Practitioner/d"}, "status": "accepted"}, {"actor": {"reference": "Patient/p1"}, "status": "accepted"}]})", *codes);
    REQUIRE(a.meeting);
    CHECK(a.subject == "Patient/p1");
    CHECK(a.meeting->types == std::vector<std::string>{"urn:s|V5", "urn:t|R"});
    CHECK(test::extracted(R"({"resourceType": "Appointment", "id": "a1", "status": "booked", "appointmentType": {"coding": [{"system": "urn:s", "code": "V5"}]},
        "participant": [{"actor": {"reference": "Patient/p1"}}, {"actor": {"reference": "Patient/p2"}}]})", *codes).subject.empty());
    CHECK(test::extracted(R"({"resourceType": "Encounter", "id": "e1", "status": "entered-in-error", "subject": {"reference": "Patient/p1"},
        "type": [{"coding": [{"code": "V5"}]}]})", *codes).withdrawn);
    CHECK(test::extracted(R"({"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": {"reference": "Patient/p1"}})", *codes).withdrawn);
    const record month = test::extracted(R"({"resourceType": "Encounter", "id": "e1", "status": "finished", "subject": {"reference": "Patient/p1"},
        "type": [{"coding": [{"code": "V5"}]}], "period": {"start": "2026-03"}})", *codes);
    CHECK_FALSE(month.meeting->dated);
    const record f = test::extracted(R"({"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "questionnaire": "http://e.org/q/sf36|2.0",
        "subject": {"reference": "Patient/p1"}, "authored": "2026-03-29"})", *codes);
    REQUIRE(f.facts.size() == 1);
    CHECK(f.facts[0].what == codes->find("form.x"));
    CHECK(f.facts[0].when.first == day("2026-03-29"));
}

TEST_CASE("visits: a network asks for Encounters and Appointments only where visits do") {
    const auto& net = *tests::shipped().net;
    CHECK(net.reads("Encounter", {"finished", {"urn:trialgate:visit|sle-uc-msc/v5"}, {}, false}));
    CHECK_FALSE(net.reads("Encounter", {"finished", {"urn:site|ward-round"}, {}, false}));
    CHECK(net.watches(tests::shipped().codes->find("form.sf-36")));
    CHECK(net.watches(tests::shipped().codes->find("c4")));
    for (const auto& t : tests::shipped().trials)
        if (t->id == "dapa-hf") {
            const auto alone = network::compile({&t, 1}, tests::shipped().codes);
            CHECK(alone->encounter_types().empty());
            CHECK(alone->appointment_types().empty());
        }
}

TEST_CASE("law: findings stay until changes_on, and differ on it") {
    int differing = 0;
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const taking_part p = random_participation(seed);
        std::vector<std::vector<concern>> said;
        std::vector<std::optional<fhir::date>> changes;
        for (int d = -30; d <= 220; ++d) {
            followup f = p.on(d);
            CHECK(equal(f.findings, visit_findings_on(*p.t, p.who, p.record, *tests::shipped().codes, p.site, p.dosed + d, p.zone)));
            said.push_back(std::move(f.findings));
            changes.push_back(f.changes_on);
        }
        for (std::size_t i = 0; i + 1 < said.size(); ++i) {
            const fhir::date tomorrow = p.dosed - 30 + static_cast<int>(i) + 1;
            const bool told = changes[i] == tomorrow;
            INFO("seed " << seed << ", " << to_string(tomorrow));
            REQUIRE((!changes[i] || *changes[i] >= tomorrow));
            REQUIRE(equal(said[i], said[i + 1]) == !told);
            if (!told)
                REQUIRE(changes[i] == changes[i + 1]);
            differing += told;
        }
    }
    CHECK(differing > 150);
}

TEST_CASE("law: any order of the same records gives the same findings, of each visit at most one") {
    std::mt19937_64 random(7);
    for (std::uint64_t seed = 100; seed < 108; ++seed) {
        const taking_part p = random_participation(seed);
        taking_part shuffled = p;
        std::shuffle(shuffled.record.records.begin(), shuffled.record.records.end(), random);
        for (int d = -30; d <= 220; d += 7) {
            const followup a = p.on(d), b = shuffled.on(d);
            INFO("seed " << seed << ", day " << d);
            REQUIRE(equal(a.findings, b.findings));
            REQUIRE(a.changes_on == b.changes_on);
            std::set<std::string> visits, keys;
            for (const concern& f : a.findings) {
                REQUIRE(visits.insert(f.details.at("visit")).second);
                REQUIRE(keys.insert(f.key).second);
            }
            REQUIRE(std::is_sorted(a.findings.begin(), a.findings.end(), [](const concern& x, const concern& y) { return x.key < y.key; }));
        }
    }
}

TEST_CASE("law: as days go by without new data no kind comes back once it was overtaken") {
    for (std::uint64_t seed = 200; seed < 205; ++seed) {
        const taking_part p = random_participation(seed);
        std::set<std::string> now, gone;
        for (int d = -30; d <= 220; ++d) {
            std::set<std::string> today;
            for (const concern& f : p.on(d).findings)
                today.insert(f.key);
            for (const std::string& k : today) {
                INFO("seed " << seed << ", day " << d << ", " << k);
                REQUIRE_FALSE(gone.contains(k));
            }
            for (const std::string& k : now)
                if (!today.contains(k))
                    gone.insert(k);
            now = std::move(today);
        }
    }
}

TEST_CASE("visits: a whole participation, day -21 to 220, with every deviation") {
    taking_part p(day("2028-02-15"));
    p.hold_with_all("screening", p.dosed - 14);
    p.hold_with_all("v1", p.dosed);
    p.hold_with_all("v2", p.dosed + 1);
    p.hold_with_all("v3", p.dosed + 5);   // a day late
    p.hold_with_all("v4", p.dosed + 7);
    p.hold("v5", p.dosed + 14);           // and C4 comes late
    p.bring("v5", p.dosed + 14, {"C4"});
    p.hold_with_all("v7", p.dosed + 56);  // visit 6 was missed
    p.hold_with_all("v8", p.dosed + 95);  // four days late
    p.hold_with_all("v9", p.dosed + 112);
    p.hold_with_all("v10", p.dosed + 133);
    p.hold_with_all("v11", p.dosed + 175);
    std::map<std::string, std::pair<int, int>> seen; // key -> first and last day
    for (int d = -21; d <= 220; ++d)
        for (const concern& f : p.on(d).findings)
            seen.emplace(f.key, std::pair{d, d}).first->second.second = d;
    const std::map<std::string, std::pair<int, int>> expected{
        {"visit/screening/upcoming", {-21, -15}},
        {"visit/v1/upcoming", {-3, -1}},
        {"visit/v2/upcoming", {-2, 0}},
        {"visit/v3/upcoming", {-1, 2}}, {"visit/v3/due", {3, 3}}, {"visit/v3/closing", {4, 4}}, {"visit/v3/out-of-window", {5, 220}},
        {"visit/v4/upcoming", {3, 6}},
        {"visit/v5/upcoming", {9, 13}}, {"visit/v5/done-incomplete", {17, 220}},
        {"visit/v6/upcoming", {22, 27}}, {"visit/v6/due", {28, 29}}, {"visit/v6/closing", {30, 31}}, {"visit/v6/overdue", {32, 38}}, {"visit/v6/missed", {39, 220}},
        {"visit/v7/upcoming", {46, 55}},
        {"visit/v8/upcoming", {74, 83}}, {"visit/v8/due", {84, 89}}, {"visit/v8/closing", {90, 91}}, {"visit/v8/overdue", {92, 94}}, {"visit/v8/out-of-window", {95, 220}},
        {"visit/v9/upcoming", {102, 111}},
        {"visit/v10/upcoming", {130, 132}},
        {"visit/v11/upcoming", {158, 167}}, {"visit/v11/due", {168, 173}}, {"visit/v11/closing", {174, 174}}};
    CHECK(seen == expected);
    p.result("c4", p.dosed + 15); // arrives at last
    CHECK(p.about("v5", 30).empty());
}
