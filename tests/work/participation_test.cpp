// What the study system's word does to a participation.
#include "gateway/work/participation.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

const fhir::date today = *fhir::parse_date("2026-03-15");

participant_row standing(std::string state, std::string number = "001", const char* since = "2026-03-01") {
    participant_row out;
    out.trial = "t1";
    out.number = std::move(number);
    out.source = "ehr";
    out.patient = "Patient/p";
    out.state = std::move(state);
    out.since = *fhir::parse_date(since);
    out.anchors = encode_anchors({{"dosing", {out.since}}});
    return out;
}

std::optional<participation_change> after(const char* state, study_word says, std::optional<fhir::date> completed_from = {}) {
    const participant_row row = standing(state);
    says.by = "study system";
    return participation_after(&row, says, "t1", "aabbccddeeff", today, completed_from);
}

std::string state_after(const char* state, const char* says) {
    const auto change = after(state, {says, "", {}, 5, ""});
    return change ? change->after.state : "-";
}

} // namespace

TEST_CASE("participation: who is told to be screened or on study begins one") {
    for (const auto& [word, expected] : {std::pair{"screening", "screening"},
                                         {"pending-on-study", "on-study"},
                                         {"on-study", "on-study"},
                                         {"on-study-intervention", "on-study"},
                                         {"on-study-observation", "on-study"},
                                         {"follow-up", "on-study"}}) {
        const auto change = participation_after(nullptr, {word, "", {}, 5, "study system"}, "t1", "aabbccddeeff", today, {});
        REQUIRE(change);
        CHECK(change->after.state == expected);
        CHECK(change->after.number == "tg-aabbccdd");
        CHECK(change->after.since == today);
        CHECK(change->after.set_by == "study system");
    }
    for (const char* word :
         {"candidate", "eligible", "potential-candidate", "ineligible", "not-registered", "withdrawn", "off-study", "whatever", ""})
        CHECK_FALSE(participation_after(nullptr, {word, "001", {}, 5, "study system"}, "t1", "aabbccddeeff", today, {}));
}

TEST_CASE("participation: number and begin come from the resource") {
    const auto change =
        participation_after(nullptr, {"screening", "S-17", fhir::parse_date("2026-03-02"), 5, "x"}, "t1", "aabb", today, {});
    REQUIRE(change);
    CHECK(change->after.number == "S-17");
    CHECK(to_string(change->after.since) == "2026-03-02");
    CHECK(change->after.trial == "t1");
    CHECK(to_string(decode_anchors(change->after.anchors).at("screening").on) == "2026-03-02");
    CHECK(change->what == "screening since 2026-03-02");
}

TEST_CASE("participation: states go forward only") {
    CHECK(state_after("screening", "on-study") == "on-study");
    CHECK(state_after("screening", "screening") == "-");
    CHECK(state_after("screening", "ineligible") == "screen-failure");
    CHECK(state_after("screening", "not-registered") == "screen-failure");
    CHECK(state_after("screening", "off-study") == "screen-failure");
    CHECK(state_after("screening", "withdrawn") == "withdrawn");
    CHECK(state_after("on-study", "screening") == "-");
    CHECK(state_after("on-study", "on-study-intervention") == "-");
    CHECK(state_after("on-study", "ineligible") == "-");
    CHECK(state_after("on-study", "candidate") == "-");
    CHECK(state_after("on-study", "withdrawn") == "withdrawn");
    for (const char* ended : {"completed", "ended-early", "withdrawn", "screen-failure", "died"})
        for (const char* word : {"screening", "on-study", "off-study", "withdrawn", "ineligible"}) {
            INFO(ended << ' ' << word);
            CHECK(state_after(ended, word) == "-");
        }
}

TEST_CASE("participation: off-study completes from the last visit on, and ends early before") {
    const auto early = after("on-study", {"off-study", "", fhir::parse_date("2026-03-10"), 5, ""}, fhir::parse_date("2026-08-09"));
    REQUIRE(early);
    CHECK(early->after.state == "ended-early");
    CHECK(to_string(decode_anchors(early->after.anchors).at("end").on) == "2026-03-10");
    CHECK(decode_anchors(early->after.anchors).count("dosing") == 1);
    const auto done = after("on-study", {"off-study", "", fhir::parse_date("2026-08-09"), 5, ""}, fhir::parse_date("2026-08-09"));
    REQUIRE(done);
    CHECK(done->after.state == "completed");
    CHECK(after("on-study", {"off-study", "", {}, 5, ""})->after.state == "ended-early"); // not known: rather ask for a visit too many
}

TEST_CASE("participation: screened again is a participation of its own") {
    const auto other = after("screen-failure", {"screening", "002", fhir::parse_date("2026-03-10"), 5, ""});
    REQUIRE(other);
    CHECK(other->after.number == "002");
    CHECK(other->after.patient.empty()); // a new row
    const auto later = after("withdrawn", {"screening", "", fhir::parse_date("2026-03-10"), 5, ""});
    REQUIRE(later);
    CHECK(later->after.number == "001/2026-03-10");
    CHECK_FALSE(after("withdrawn", {"screening", "001", fhir::parse_date("2026-03-01"), 5, ""}));
    CHECK_FALSE(after("withdrawn", {"on-study", "", fhir::parse_date("2026-03-10"), 5, ""})); // lags behind
    CHECK_FALSE(after("died", {"screening", "002", fhir::parse_date("2026-03-10"), 5, ""}));
}

TEST_CASE("participation: a word is about its number, else about what has not ended, else about the last") {
    const std::vector<participant_row> all{standing("screen-failure", "001", "2026-01-01"), standing("on-study", "002", "2026-02-01"),
                                           standing("withdrawn", "003", "2026-03-01")};
    CHECK(current_participation(all, "t1", "001")->number == "001");
    CHECK(current_participation(all, "t1", "")->number == "002");
    CHECK(current_participation(all, "t1", "009")->number == "002");
    CHECK(current_participation({all[0], all[2]}, "t1", "")->number == "003");
    CHECK(current_participation(all, "t2", "") == nullptr);
}

TEST_CASE("participation: the record dates Day 0 until somebody says it, and takes back what it dated") {
    using points = std::map<std::string, mappings::anchor_point>;
    const auto day = [](const char* text) { return *fhir::parse_date(text); };
    participant_row row;
    row.trial = "t1";
    row.number = "001";
    row.state = "screening";
    row.since = day("2026-03-01");
    row.anchors = encode_anchors({{"screening", {row.since}}});
    const points recorded{{"dosing", {day("2026-03-15"), {}, "Procedure/p1"}}};
    const auto dosed = participation_dated(row, recorded, 7);
    REQUIRE(dosed);
    CHECK(dosed->what == "dosing on 2026-03-15, on-study since 2026-03-15");
    CHECK(dosed->after.state == "on-study");
    CHECK(dosed->after.since == day("2026-03-15"));
    CHECK(dosed->after.set_by == "record");
    CHECK(decode_anchors(dosed->after.anchors).at("screening").on == row.since);
    CHECK_FALSE(participation_dated(dosed->after, recorded, 8));

    const auto moved = participation_dated(dosed->after, {{"dosing", {day("2026-03-16"), {}, "Procedure/p1"}}}, 8);
    REQUIRE(moved);
    CHECK(moved->what == "dosing on 2026-03-16, on-study since 2026-03-16");
    CHECK(to_string(moved->after.since) == "2026-03-16");
    const auto gone = participation_dated(moved->after, {}, 9);
    REQUIRE(gone);
    CHECK(gone->what == "dosing no longer recorded");
    CHECK(gone->after.state == "on-study"); // never back
    CHECK_FALSE(decode_anchors(gone->after.anchors).contains("dosing"));

    row.anchors = encode_anchors({{"dosing", {day("2026-03-14")}}}); // a person said so
    CHECK_FALSE(participation_dated(row, recorded, 7));
    row.anchors = "{}";
    row.state = "withdrawn";
    CHECK_FALSE(participation_dated(row, recorded, 7));
}

TEST_CASE("participation: death in the record ends what goes on") {
    for (const char* state : {"screening", "on-study", "ended-early"}) {
        const auto change = participation_died(standing(state), today, 9);
        REQUIRE(change);
        CHECK(change->after.state == "died");
        CHECK(change->after.set_by == "record");
    }
    for (const char* state : {"completed", "withdrawn", "screen-failure", "died"})
        CHECK_FALSE(participation_died(standing(state), today, 9));
}
