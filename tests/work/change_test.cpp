// What the world is told when a decision changes: design.md, section 3, as a table.
#include "gateway/work/decide.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::gateway;
using mappings::trial_status;

namespace {

mappings::standing at(std::optional<trial_status> status, std::optional<mappings::note> note = {}) {
    mappings::standing out;
    out.status = status;
    if (note)
        out.notes.add(*note);
    return out;
}

decision_row before(std::string status, bool pushed, std::string human = {}) {
    decision_row row;
    row.status = std::move(status);
    row.pushed = pushed;
    row.human = std::move(human);
    row.number = pushed ? 3 : 0;
    return row;
}

} // namespace

TEST_CASE("change: who may fit is told once, and again only when the status changes") {
    const transition first = change(nullptr, at(trial_status::possible), 5);
    CHECK(first.told);
    CHECK(first.flag);
    CHECK(first.kind == "status");
    CHECK(first.subject_status == "potential-candidate");
    CHECK(first.after.pushed);
    CHECK(first.after.number == 1);
    CHECK(first.after.decided == 5);
    CHECK_FALSE(change(&first.after, at(trial_status::possible), 6).told);
    const transition better = change(&first.after, at(trial_status::likely), 7);
    CHECK(better.told);
    CHECK(better.after.number == 2);
    CHECK(better.subject_status == "candidate");
}

TEST_CASE("change: who does not fit is told only if the study was told before") {
    for (const auto status : {std::optional(trial_status::not_now), std::optional(trial_status::ineligible), std::optional<trial_status>()}) {
        CHECK_FALSE(change(nullptr, at(status), 1).told);
        const decision_row quiet = before("not-now", false), loud = before("likely", true);
        CHECK_FALSE(change(&quiet, at(status), 1).told);
        const transition t = change(&loud, at(status), 1);
        CHECK(t.told);
        CHECK_FALSE(t.flag);
        CHECK(t.after.number == 4);
        // And back again.
        const transition back = change(&t.after, at(trial_status::likely), 2);
        CHECK(back.told);
        CHECK(back.flag);
    }
}

TEST_CASE("change: time or a new test can cure a not-now, so the study does not read ineligible") {
    const decision_row told = before("likely", true);
    CHECK(change(&told, at(trial_status::not_now), 1).subject_status == "potential-candidate");
    CHECK(change(&told, at(trial_status::ineligible), 1).subject_status == "ineligible");
    CHECK(change(&told, at(trial_status::eligible), 1).subject_status == "eligible");
}

TEST_CASE("change: of whom the study knows by itself, and of inactive records, nothing new is told") {
    for (const auto note : {mappings::note::already_in_study, mappings::note::inactive}) {
        const transition t = change(nullptr, at(trial_status::likely, note), 1);
        CHECK_FALSE(t.told);
        CHECK_FALSE(t.after.pushed);
        // When that is over, the person is told of.
        CHECK(change(&t.after, at(trial_status::likely), 2).told);
    }
}

TEST_CASE("change: a person's decision is never overwritten, evidence against it is told once for each status") {
    decision_row decided = before("likely", true, "on-study");
    CHECK_FALSE(change(&decided, at(trial_status::possible), 1).told);
    const transition against = change(&decided, at(trial_status::ineligible), 1);
    CHECK(against.told);
    CHECK(against.kind == "contradiction");
    CHECK(against.text.find("on-study") != std::string::npos);
    CHECK_FALSE(change(&against.after, at(trial_status::ineligible), 2).told);
    CHECK(change(&against.after, at(trial_status::not_now), 2).told);
    const transition well = change(&against.after, at(trial_status::likely), 3);
    CHECK_FALSE(well.told);
    CHECK(change(&well.after, at(trial_status::ineligible), 4).told);
}

TEST_CASE("change: who was withdrawn or did not want is left alone whatever the record says") {
    for (const char* human : {"withdrawn", "off-study", "not-registered", "ineligible"}) {
        const decision_row decided = before("likely", true, human);
        for (const auto status : {trial_status::eligible, trial_status::likely, trial_status::possible, trial_status::not_now, trial_status::ineligible})
            CHECK_FALSE(change(&decided, at(status), 1).told);
    }
}
