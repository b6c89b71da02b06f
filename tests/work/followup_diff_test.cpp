// The life of alerts: examples, and laws on random histories.
#include "gateway/work/followup_diff.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>

using namespace trialgate;
using namespace trialgate::gateway;
using mappings::finding_kind;
using mappings::tier;

namespace {

const alert_frame about{"t1",
                        "001",
                        "ehr",
                        "Patient/p",
                        "aa11",
                        [](std::string_view key, std::string_view kind) { return std::string(key) + '#' + std::string(kind); },
                        [](std::string_view reference) { return "hash-of-" + std::to_string(reference.size()); }};

matter finding(std::string key, finding_kind kind, std::string title = "title", tier urgency = tier::t2, std::string text = "text") {
    matter out;
    out.key = std::move(key);
    out.kind = kind;
    out.urgency = urgency;
    out.title = std::move(title);
    out.text = std::move(text);
    return out;
}

/// The rows of a participation, as the store keeps them.
struct rows {
    std::vector<alert_row> all;
    /// What was told: "raised k#due".
    std::vector<std::string> day(const std::vector<matter>& today, instant now) {
        std::vector<std::string> told;
        for (alert_change& c : followup_diff(about, all, today, now)) {
            told.push_back(std::string(to_code(c.news)) + ' ' + c.after.public_id);
            const auto there =
                std::find_if(all.begin(), all.end(), [&](const alert_row& a) { return a.key == c.after.key && a.kind == c.after.kind; });
            if (there == all.end())
                all.push_back(std::move(c.after));
            else
                *there = std::move(c.after);
        }
        return told;
    }
    alert_row& at(const std::string& id) {
        return *std::find_if(all.begin(), all.end(), [&](const alert_row& a) { return a.public_id == id; });
    }
};
using told = std::vector<std::string>;

} // namespace

TEST_CASE("diff: a visit comes due, grows late, and is held") {
    rows r;
    CHECK(r.day({finding("v5", finding_kind::upcoming)}, 1) == told{"raised v5#upcoming"});
    CHECK(r.day({finding("v5", finding_kind::upcoming)}, 2).empty());
    CHECK(r.day({finding("v5", finding_kind::due)}, 3) == told{"withdrawn v5#upcoming", "raised v5#due"});
    CHECK(r.day({finding("v5", finding_kind::overdue)}, 4) == told{"withdrawn v5#due", "raised v5#overdue"});
    CHECK(r.day({}, 5) == told{"withdrawn v5#overdue"});
    CHECK(r.day({}, 6).empty());
}

TEST_CASE("diff: a row says everything of its finding, and references only to those who may see them") {
    rows r;
    matter m = finding("lab/alt/Observation/o1", finding_kind::lab_grade, "ALT increased, grade 3 (CTCAE v5.0)", tier::t1, "210 U/L");
    m.evidence = {{"Observation/o1", "2", "2026-03-01", "210 U/L"}};
    m.details = {{"grade", "3"}, {"result", "Observation/o1"}};
    m.earliest = fhir::parse_date("2026-03-01");
    m.missing = {"C4 not resulted"};
    r.day({m}, 7);
    const alert_row& a = r.all.front();
    CHECK(a.tier == 1);
    CHECK(a.kind == "lab-grade");
    CHECK(a.raised == 7);
    CHECK(a.news == 7);
    CHECK(a.version == 1);
    CHECK(a.body == R"x({"kind":"lab-grade","tier":"T1","title":"ALT increased, grade 3 (CTCAE v5.0)","text":"210 U/L",)x"
                    R"("earliest":"2026-03-01",)"
                    R"("missing":["C4 not resulted"],"evidence":[{"reference":"hash-of-14","version":"2","date":"2026-03-01","text":"210 U/L"}],)"
                    R"("details":{"grade":"3","result":"hash-of-14"}})");
    CHECK(a.body_with_references.find("\"result\":\"Observation/o1\"") != std::string::npos);
    CHECK(a.body.find("o1") == std::string::npos);
}

TEST_CASE("diff: other content corrects, people are told again only of another title, a more urgent tier, or what comes back") {
    rows r;
    r.day({finding("k", finding_kind::due)}, 10);
    r.all[0].acknowledged = 11;
    r.all[0].acknowledged_by = "alice";
    SECTION("the text alone") {
        CHECK(r.day({finding("k", finding_kind::due, "title", tier::t2, "other text")}, 20) == told{"corrected k#due"});
        CHECK(r.all[0].news == 10);
        CHECK(r.all[0].acknowledged_by == "alice");
        CHECK(r.all[0].version == 2);
    }
    SECTION("less urgent") {
        r.day({finding("k", finding_kind::due, "title", tier::t3)}, 20);
        CHECK(r.all[0].news == 10);
        CHECK(r.all[0].tier == 3);
    }
    SECTION("more urgent") {
        r.day({finding("k", finding_kind::due, "title", tier::t1)}, 20);
        CHECK(r.all[0].news == 20);
        CHECK(r.all[0].acknowledged == 0);
    }
    SECTION("another title") {
        r.day({finding("k", finding_kind::due, "grade 4")}, 20);
        CHECK(r.all[0].news == 20);
        CHECK(r.all[0].acknowledged_by.empty());
    }
    SECTION("gone and back with equal content: a correction, not a second alert") {
        r.day({}, 20);
        CHECK(r.day({finding("k", finding_kind::due)}, 30) == told{"corrected k#due"});
        CHECK(r.all[0].open);
        CHECK(r.all[0].withdrawn == 0);
        CHECK(r.all[0].raised == 10);
        CHECK(r.all[0].news == 30);
    }
    SECTION("news goes forward though the clock is set back") {
        r.day({finding("k", finding_kind::due, "grade 4")}, 5);
        CHECK(r.all[0].news == 11);
    }
}

TEST_CASE("diff: two findings of one key and kind are one, the more urgent") {
    rows r;
    CHECK(r.day({finding("k", finding_kind::due, "a", tier::t3), finding("k", finding_kind::due, "b", tier::t1)}, 1).size() == 1);
    CHECK(r.all[0].title == "b");
}

TEST_CASE("diff: laws on random histories") {
    for (unsigned seed = 0; seed < 100; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        const auto any = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
        rows one, shuffled;
        std::set<std::string> raised, open;
        instant now = 1000;
        for (int day = 0; day < 30; ++day) {
            now += 1 + any(5);
            std::vector<matter> today;
            for (unsigned n = any(6); n > 0; --n)
                today.push_back(finding("k" + std::to_string(any(4)), static_cast<finding_kind>(any(12)), "title " + std::to_string(any(2)),
                                        static_cast<tier>(1 + any(3)), "text " + std::to_string(any(2))));
            std::set<std::string> found;
            for (const matter& m : today)
                found.insert(m.key + '#' + std::string(to_code(m.kind)));
            const told said = one.day(today, now);
            // Any order of rows and findings gives the same list.
            std::shuffle(today.begin(), today.end(), random);
            std::shuffle(shuffled.all.begin(), shuffled.all.end(), random);
            CHECK(shuffled.day(today, now) == said);
            std::set<std::string> once;
            for (const std::string& s : said) {
                const auto space = s.find(' ');
                const std::string news = s.substr(0, space), id = s.substr(space + 1);
                CHECK(once.insert(id).second);
                if (news == "raised") {
                    CHECK(raised.insert(id).second); // never twice in a life
                    open.insert(id);
                } else if (news == "withdrawn") {
                    CHECK(open.erase(id) == 1); // never what is not open
                    CHECK_FALSE(found.count(id));
                } else {
                    CHECK(raised.count(id)); // nothing is corrected before it was raised
                    CHECK(found.count(id));
                    open.insert(id);
                }
            }
            CHECK(open == found); // what stands is what is found: after a withdrawal nothing more comes, unless it is found again
            CHECK(one.day(today, now + 1).empty()); // the same day again says nothing
            shuffled.day(today, now + 1);
        }
    }
}
