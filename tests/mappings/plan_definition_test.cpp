#include "mappings/followup/plan_definition.hpp"
#include "participation.hpp"
#include "tests/support/shared.hpp"

#include <fstream>
#include <iterator>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

struct reading {
    fhir::json::parser parser;
    fhir::issue_list issues;
    std::optional<std::vector<visit>> visits;

    explicit reading(const std::string& text) {
        const auto tree = parser.parse_copy(text);
        REQUIRE(tree.has_value());
        visits = read_plan_definition(*tree, {}, issues);
    }
    const visit& of(std::string_view id) const {
        REQUIRE(visits);
        const auto at = std::find_if(visits->begin(), visits->end(), [&](const visit& v) { return v.id == id; });
        REQUIRE(at != visits->end());
        return *at;
    }
    std::size_t count(fhir::severity s) const {
        return static_cast<std::size_t>(std::count_if(issues.issues.begin(), issues.issues.end(), [&](const fhir::issue& i) { return i.severity_ == s; }));
    }
};

visit_window days_in(const visit& v) { return v; }

std::string plan(const std::string& actions) { return R"({"resourceType": "PlanDefinition", "status": "active", "action": [)" + actions + "]}"; }

std::string point(const char* id, const char* title, int at, int low, int high, const char* from) {
    return std::string(R"({"id": ")") + id + R"(", "title": ")" + title +
           R"(", "extension": [{"url": "http://hl7.org/fhir/uv/vulcan-schedule/StructureDefinition/soaTimepoint", "extension": [
           {"url": "soaPlannedTimePoint", "valueQuantity": {"value": )" +
           std::to_string(at) + R"(, "code": "d"}}, {"url": "soaPlannedRange", "valueRange": {"low": {"value": )" + std::to_string(low) +
           R"(, "code": "d"}, "high": {"value": )" + std::to_string(high) + R"(, "code": "d"}}}, {"url": "soaReferenceTimePoint", "valueString": ")" +
           from + R"("}]}]})";
}

} // namespace

TEST_CASE("plan_definition: what is written is read back the same") {
    for (const auto& shipped : tests::shipped().trials) {
        trial t = *shipped;
        if (t.id == "sle-uc-msc") {
            visit call;
            call.id = "call";
            call.title = "A \"call\" after visit 5";
            call.anchor = "visit:v5";
            call.earliest = -1;
            call.target = 14;
            call.latest = 15;
            t.visits.push_back(call);
            call.id = "around";
            call.anchor = "dosing";
            call.earliest = -9;
            call.target = -2;
            call.latest = 3;
            t.visits.push_back(call);
        }
        const reading back(write_plan_definition(t, ""));
        CHECK(back.issues.issues.empty());
        for (visit& v : t.visits)
            v.done.reset(); // not part of a schedule of activities
        REQUIRE(back.visits);
        REQUIRE(back.visits->size() == t.visits.size());
        for (std::size_t i = 0; i < t.visits.size(); ++i) {
            INFO(t.visits[i].id);
            CHECK((*back.visits)[i] == t.visits[i]);
        }
    }
}

TEST_CASE("plan_definition: the pilot study of the guide") {
    const auto shared = tests::shared_folder("the pilot study of the schedule of activities");
    if (!shared)
        return;
    std::ifstream in(*shared / "data" / "schedule" / "PlanDefinition-H2Q-MC-LZZT-ProtocolDesign.json", std::ios::binary);
    REQUIRE(in);
    const reading r(std::string(std::istreambuf_iterator<char>(in), {}));
    REQUIRE(r.visits);
    CHECK(r.count(fhir::severity::error) == 0);
    CHECK(r.count(fhir::severity::fatal) == 0);
    CHECK(r.visits->size() == 19);
    CHECK(days_in(r.of("Index-Activity-Event")) == visit_window{"dosing", 0, 0, 0});
    CHECK(days_in(r.of("H2Q-MC-LZZT-Study-Visit-1")) == visit_window{"dosing", -15, -13, -12});
    CHECK(days_in(r.of("H2Q-MC-LZZT-Study-Visit-2")) == visit_window{"dosing", -1, -1, -1});
    CHECK(days_in(r.of("H2Q-MC-LZZT-Study-Visit-4")) == visit_window{"dosing", 12, 14, 15});
    CHECK(days_in(r.of("H2Q-MC-LZZT-Study-Visit-13")) == visit_window{"dosing", 180, 182, 184});
    CHECK(days_in(r.of("H2Q-MC-LZZT-Study-Visit-8T")) == visit_window{"visit:H2Q-MC-LZZT-Study-Visit-8", 14, 14, 14});
    CHECK(r.of("H2Q-MC-LZZT-Study-ET-14").kind == visit_kind::early_termination);
    CHECK(r.of("H2Q-MC-LZZT-Study-ET-14").anchor == "end");
    CHECK(r.of("H2Q-MC-LZZT-Study-RT-15").kind == visit_kind::unscheduled);
    CHECK(r.of("H2Q-MC-LZZT-Study-Visit-4").title == "Visit-4");
}

TEST_CASE("plan_definition: the later shape, with days that skip zero and tolerances") {
    const reading r(plan(point("a", "Screening", -1, 0, 13, "Day 1") + "," + point("b", "Day 1", 1, 0, 0, "Day 1") + "," + point("c", "Day 7", 7, 1, 2, "Day 1") + "," +
                         point("d", "Baseline check", -7, 1, 2, "Day 1") + R"(, {"id": "e", "title": "Early Termination", "extension": [{"url": "http://hl7.org/fhir/uv/vulcan-schedule/StructureDefinition/soaTimepoint", "extension": [{"url": "soaTimePointType", "valueString": "Interaction"}]}]})"));
    CHECK(days_in(r.of("a")) == visit_window{"dosing", -14, -1, -1}); // a tolerance that would pass the reference goes the other way
    CHECK(r.count(fhir::severity::warning) == 1);
    CHECK(days_in(r.of("b")) == visit_window{"dosing", 0, 0, 0});
    CHECK(days_in(r.of("c")) == visit_window{"dosing", 5, 6, 8});
    CHECK(days_in(r.of("d")) == visit_window{"dosing", -8, -7, -5});
    CHECK(r.of("e").kind == visit_kind::early_termination);
}

TEST_CASE("plan_definition: R5 spelling, ranges, weeks and hours") {
    const reading r(plan(R"({"id": "i", "title": "Day 1"},
      {"id": "w", "relatedAction": [{"targetId": "i", "relationship": "after-start", "offsetRange": {"low": {"value": 2, "code": "wk"}, "high": {"value": 4, "unit": "weeks"}}}]},
      {"id": "h", "relatedAction": [{"actionId": "i", "relationship": "after", "offsetDuration": {"value": 48.0, "code": "h"}}]},
      {"title": "After  W!", "relatedAction": [{"actionId": "z", "relationship": "after", "offsetDuration": {"value": 1, "code": "d"}}]},
      {"id": "z", "relatedAction": [{"actionId": "w", "relationship": "after", "offsetDuration": {"value": 3, "code": "d"}}]})"));
    CHECK(days_in(r.of("w")) == visit_window{"dosing", 14, 21, 28});
    CHECK(days_in(r.of("h")) == visit_window{"dosing", 2, 2, 2});
    CHECK(days_in(r.of("after-w")) == visit_window{"visit:z", 1, 1, 1});
    CHECK(r.visits->back().id == "after-w"); // after the one it counts from
}

TEST_CASE("plan_definition: what cannot be read is left out and said") {
    const auto lost = [](const std::string& relation) {
        const reading r(plan(R"({"id": "i"}, {"id": "v", "relatedAction": [{"actionId": "i", "relationship": "after", "offsetDuration": {"value": 1, "code": "d"}}]}, {"id": "x", "relatedAction": [)" + relation + "]}"));
        REQUIRE(r.visits);
        CHECK(r.count(fhir::severity::error) == 1);
        return r.visits->size() == 2;
    };
    CHECK(lost(R"({"actionId": "nowhere", "relationship": "after", "offsetDuration": {"value": 1, "code": "d"}})"));
    CHECK(lost(R"({"actionId": "i", "relationship": "after", "offsetDuration": {"value": 1, "code": "mo"}})"));
    CHECK(lost(R"({"actionId": "i", "relationship": "after", "offsetDuration": {"value": "soon", "code": "d"}})"));
    CHECK(lost(R"({"actionId": "x", "relationship": "after", "offsetDuration": {"value": 1, "code": "d"}})"));
    CHECK(lost(R"({"actionId": "i", "relationship": "after", "offsetRange": {"low": {"value": 5, "code": "d"}, "high": {"value": 1, "code": "d"}}})"));
    const reading circle(plan(R"({"id": "a", "relatedAction": [{"actionId": "b", "relationship": "after", "offsetDuration": {"value": 1, "code": "d"}}]},
                                 {"id": "b", "relatedAction": [{"actionId": "a", "relationship": "after", "offsetDuration": {"value": 1, "code": "d"}}]})"));
    CHECK(circle.visits->empty());
    CHECK(circle.count(fhir::severity::error) == 2);
    CHECK(reading(plan(R"({"id": "a"}, {"id": "a"}, {})")).count(fhir::severity::error) == 2);
    for (const char* text : {"{}", "[]", "3", R"({"resourceType": "PlanDefinition"})", R"({"resourceType": "Patient", "action": [{"id": "a"}]})",
                             R"({"resourceType": "PlanDefinition", "action": 3})"})
        CHECK_FALSE(reading(text).visits);
    CHECK(reading(plan(R"(3, null, [], {"id": 4, "title": [], "relatedAction": 5})")).visits->empty());
}

TEST_CASE("plan_definition: nothing is rounded, guessed or dropped without a word") {
    const auto read_as = [](const std::string& rest) {
        return reading(plan(R"({"id": "i"}, {"id": "v", "relatedAction": [{"actionId": "i", "relationship": "after", "offsetDuration": {"value": 1, "code": "d"}}]}, {"id": "x", )" + rest + "}"));
    };
    /// The path below the action of the one error, of which the visit is left out.
    const auto refused = [&](const std::string& rest) {
        const reading r = read_as(rest);
        REQUIRE(r.visits);
        CHECK(r.visits->size() == 2);
        CHECK(r.count(fhir::severity::error) == 1);
        for (const fhir::issue& i : r.issues.issues)
            if (i.severity_ == fhir::severity::error) {
                CHECK(i.offset > 0);
                CHECK(i.text.ends_with(": left out"));
                const std::string_view action = "PlanDefinition.action[2]";
                REQUIRE(i.path.starts_with(action));
                return i.path.substr(std::min(i.path.size(), action.size() + 1));
            }
        return std::string("nothing");
    };
    const auto relation = [](const std::string& more) { return R"("relatedAction": [{"actionId": "i", )" + more + "}]"; };
    const auto after = [&](const std::string& amount) { return relation(R"("relationship": "after", "offsetDuration": {)" + amount + "}"); };
    const std::string two_weeks = R"({"actionId": "i", "relationship": "after", "offsetDuration": {"value": 14, "code": "d"}})";
    const auto range = [](const std::string& ends) {
        return R"("extension": [{"url": "http://hl7.org/fhir/uv/vulcan-schedule/StructureDefinition/AcceptableOffsetRangeSoa", "valueRange": {)" + ends + "}}]";
    };
    const std::string low = R"("low": {"value": 12, "code": "d"})", high = R"("high": {"value": 15, "code": "d"})";

    SECTION("relationships") {
        CHECK(refused(relation(R"("relationship": "sideways", "offsetDuration": {"value": 14, "code": "d"})")) == "relatedAction[0].relationship");
        CHECK(refused(relation(R"("relationship": "afterwards")")) == "relatedAction[0].relationship");
        CHECK(refused(relation(R"("offsetDuration": {"value": 14, "code": "d"})")) == "relatedAction[0].relationship");
        CHECK(refused(relation(R"("relationship": "concurrent", "offsetDuration": {"value": 14, "code": "d"})")) == "relatedAction[0]");
        CHECK(days_in(read_as(relation(R"("relationship": "concurrent-with-start")")).of("x")) == visit_window{"dosing", 0, 0, 0});
        for (const char* way : {"before", "before-start", "before-end"})
            CHECK(days_in(read_as(relation(R"("relationship": ")" + std::string(way) + R"(", "offsetDuration": {"value": 3, "code": "d"})")).of("x")) == visit_window{"dosing", -3, -3, -3});
    }
    SECTION("several relations") {
        CHECK(refused(R"("relatedAction": [)" + two_weeks + R"(, {"actionId": "i", "relationship": "after", "offsetDuration": {"value": 20, "code": "d"}}])") == "relatedAction[1]");
        CHECK(refused(R"("relatedAction": [)" + two_weeks + R"(, {"actionId": "v", "relationship": "after", "offsetDuration": {"value": 14, "code": "d"}}])") == "relatedAction[1]");
        CHECK(refused(R"("relatedAction": [)" + two_weeks + R"(, {"actionId": "i", "relationship": "after"}])") == "relatedAction[1]");
        CHECK(days_in(read_as(R"("relatedAction": [)" + two_weeks + ", " + two_weeks + "]").of("x")) == visit_window{"dosing", 14, 14, 14});
        CHECK(refused(R"("relatedAction": )" + two_weeks) == "relatedAction");
        CHECK(refused(R"("relatedAction": "after")") == "relatedAction");
    }
    SECTION("parts of a day") {
        for (const char* amount : {R"("value": 36, "code": "h")", R"("value": 1.5, "code": "d")", R"("value": 0.5, "code": "wk")", R"("value": 1, "unit": "min")",
                                   R"("value": 14, "code": "d", "comparator": "<")", R"("value": 2000, "code": "wk")"})
            CHECK(refused(after(amount)) == "relatedAction[0]");
        CHECK(days_in(read_as(after(R"("value": 1440, "code": "min")")).of("x")) == visit_window{"dosing", 1, 1, 1});
    }
    SECTION("ranges with one end") {
        for (const std::string& ends : {low, high, std::string()})
            CHECK(refused(relation(R"("relationship": "after", "offsetDuration": {"value": 14, "code": "d"}, )" + range(ends))) == "relatedAction[0]");
        CHECK(refused(relation(R"("relationship": "after", "offsetRange": {)" + low + "}")) == "relatedAction[0]");
        const reading r = read_as(relation(R"("relationship": "after", )" + range(low + ", " + high)));
        CHECK(days_in(r.of("x")) == visit_window{"dosing", 12, 13, 15});
        CHECK(std::any_of(r.issues.issues.begin(), r.issues.issues.end(), [](const fhir::issue& i) { return i.text == "no target is given: the middle of its window"; }));
    }
    SECTION("times that count from nothing, kinds, procedures") {
        CHECK(refused(R"("timingTiming": {"event": ["2026-03-01"]})") == "timingTiming");
        CHECK(refused(R"("extension": [{"url": "urn:trialgate:soa-visit-kind", "valueCode": "early"}])") == "extension");
        const reading r = read_as(after(R"("value": 1, "code": "d")") + R"(, "action": [{"title": "ECG"}, {"code": []}])");
        CHECK(r.of("x").procedures == std::vector<std::string>{"ECG"});
        REQUIRE(r.count(fhir::severity::warning) == 1);
        CHECK(std::any_of(r.issues.issues.begin(), r.issues.issues.end(), [](const fhir::issue& i) { return i.path == "PlanDefinition.action[2].action[1]"; }));
    }
    const reading no_list(R"({"resourceType": "PlanDefinition", "action": {"id": "x"}})");
    CHECK_FALSE(no_list.visits);
    REQUIRE(no_list.issues.issues.size() == 1);
    CHECK(no_list.issues.issues[0].path == "PlanDefinition.action");
}
