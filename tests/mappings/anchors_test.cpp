#include "mappings/followup/anchors.hpp"
#include "participation.hpp"

using namespace trialgate;
using namespace trialgate::mappings;
using namespace trialgate::tests;

namespace {

constexpr const char* day0 = "2026-03-15";

taking_part screened() {
    taking_part p(day(day0));
    p.who.state = participation_state::screening;
    p.who.since = day("2026-03-01");
    p.who.anchors = {{"screening", {day("2026-03-01")}}};
    return p;
}

std::string dosing(const taking_part& p, fhir::date as_of = day("2026-04-01")) {
    const auto found = recorded_anchors(*p.t, p.who, p.record, as_of);
    const auto at = found.find("dosing");
    return at == found.end() ? "" : to_string(at->second.on) + ' ' + at->second.from;
}

void procedure(taking_part& p, fhir::date_range when, bool dated = true) {
    const auto& concepts = p.visit("v1").done->procedures;
    REQUIRE_FALSE(concepts.empty());
    fact f;
    f.kind = fact_kind::procedure;
    f.what = concepts.front();
    f.when = when;
    f.dated = dated;
    p.add("Procedure").facts.push_back(std::move(f));
}

} // namespace

TEST_CASE("anchors: the dose that the record has is Day 0, by a procedure or the visit's own Encounter") {
    taking_part p = screened();
    CHECK(dosing(p).empty());
    p.hold("v1", day(day0));
    CHECK(dosing(p) == "2026-03-15 Encounter/r1");
    procedure(p, {day("2026-03-14"), day("2026-03-14")});
    CHECK(dosing(p) == "2026-03-14 Procedure/r2"); // the first of them
    CHECK(dosing(p, day("2026-03-14")) == "2026-03-14 Procedure/r2");
    CHECK(dosing(p, day("2026-03-13")).empty());
}

TEST_CASE("anchors: what is no dose of this participation dates nothing") {
    taking_part p = screened();
    SECTION("another visit") { p.hold("v2", day(day0)); }
    SECTION("not held") { p.meet("Encounter", "urn:trialgate:visit|sle-uc-msc/v1", day(day0), "planned"); }
    SECTION("before screening") { p.hold("v1", day("2026-02-20")); }
    SECTION("a type of the site's, which any visit may have") { p.meet("Encounter", "http://hospital.example/visit|RESEARCH", day(day0), "finished"); }
    SECTION("a month is no day") { procedure(p, {day("2026-03-01"), day("2026-03-31")}); }
    SECTION("no date") { procedure(p, {day(day0), day(day0)}, false); }
    SECTION("entered in error") {
        p.hold("v1", day(day0));
        p.record.records.back().withdrawn = true;
    }
    CHECK(dosing(p).empty());
}
