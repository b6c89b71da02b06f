// What a visitor is told to be new: by what that visitor has seen, and by nothing else. And who stays in sight though not listed any more.
#include "tests/page/page_bench.hpp"

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

constexpr const char* list = "/api/v1/trials/sle-uc-msc/worklist";
constexpr std::size_t was = 5, number = 13, state = 14, said = 15;

constexpr const char* opted_out = R"({"resourceType":"Consent","id":"o","meta":{"versionId":"1"},"status":"active","patient":{"reference":"Patient/p"},
    "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"research"}]},
    "dateTime":"2026-03-01","provision":{"type":"deny"}})";

struct seeing : page_bench {
    seeing() {
        history();
        see();
    }
    fhir::json::value row() {
        last = get(list);
        return last["rows"].size() == 1 ? last["rows"][0] : fhir::json::value();
    }
    void see() {
        const std::string stamp = get(list).text("stamp");
        CHECK(post("/api/v1/trials/sle-uc-msc/seen", R"({"stamp":)" + stamp + '}').status == 204);
    }
    void arrived(const std::string& resource) {
        at += hour_ms;
        arrive(arrival::resource, resource);
        work();
    }
    void judged(const std::string& body) {
        at += hour_ms;
        const answer a = post(person_path() + "/judgements", body);
        INFO(a.body);
        CHECK(a.status == 201);
        work();
    }
    std::string column(std::size_t n) { return std::string(row()[n].text()); }

    answer last{};
};

std::string titer(int version, const char* value) {
    return R"({"resourceType":"Observation","id":"a","meta":{"versionId":")" + std::to_string(version) + R"("},"status":"final","subject":{"reference":"Patient/p"},
        "code":{"coding":[{"system":"http://loinc.org","code":"5048-4"}]},"effectiveDateTime":"2026-03-05","valueString":")" + value + R"("})";
}

} // namespace

TEST_CASE("what changed: a fall since the last look is told, whatever else changes after it") {
    seeing b;
    const std::string before = "possible|" + b.column(2);
    CHECK(b.column(was).empty());
    b.arrived(egfr(20, 2));
    REQUIRE(b.column(1) == "not-now");
    CHECK(b.column(was) == before);
    b.arrived(titer(1, "1:640"));
    REQUIRE(b.column(1) == "not-now");
    CHECK(b.column(was) == before);
    b.see();
    CHECK(b.column(was).empty());
    b.arrived(egfr(74, 3));
    CHECK(b.column(was).starts_with("not-now|"));
}

TEST_CASE("what changed: what became as it was when somebody looked is no news") {
    seeing b;
    b.arrived(egfr(20, 2));
    b.arrived(egfr(74, 3));
    CHECK(b.column(1) == "possible");
    CHECK(b.column(was).empty());
}

TEST_CASE("what changed: who was not listed when somebody looked is new, and nobody is to who never looked") {
    seeing b;
    const std::string refuted = R"({"resourceType":"Condition","id":"c","meta":{"versionId":"2"},"subject":{"reference":"Patient/p"},"verificationStatus":{"coding":[
        {"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"entered-in-error"}]}})";
    b.arrived(refuted);
    REQUIRE(b.row().size() == 0);
    b.see();
    std::string again = diagnosis;
    again.replace(again.find("\"versionId\":\"1\""), 15, "\"versionId\":\"3\"");
    b.arrived(again);
    CHECK(b.column(was) == "|");
    b.who.id = "somebody else";
    CHECK(b.column(was).empty());
}

TEST_CASE("what changed: a comment is news for others, names no change of the decision, and is none for who wrote it") {
    seeing b;
    b.arrived(egfr(20, 2));
    b.see();
    b.judged(R"({"kind":"comment","reason":"called"})");
    CHECK(b.column(was).empty());
    CHECK_FALSE(b.row()[said].as_bool());
    b.who.id = "oidc:other";
    CHECK_FALSE(b.row()[said].as_bool()); // has not looked at all yet
    b.see();
    CHECK_FALSE(b.row()[said].as_bool());
    b.who.id = "local";
    b.judged(R"({"kind":"mark","value":"screened","reason":"signed"})");
    CHECK_FALSE(b.row()[said].as_bool());
    b.who.id = "oidc:other";
    CHECK(b.row()[said].as_bool());
    CHECK(b.column(was).empty());
    b.see();
    const std::string id(b.get(b.person_path())["judgements"][1]["id"].text());
    CHECK(b.post(b.person_path() + "/judgements/" + id + "/undo").status == 200);
    CHECK_FALSE(b.row()[said].as_bool()); // took it back, and knows
    b.who.id = "local";
    CHECK(b.row()[said].as_bool());
}

TEST_CASE("not listed: who is marked or in the study stays in sight, without anything of the record") {
    const bool marked = GENERATE(true, false);
    INFO((marked ? "marked" : "in the study"));
    seeing b;
    if (marked)
        b.judged(R"({"kind":"mark","value":"screened","reason":"signed"})");
    else
        b.take_part();
    b.arrived(opted_out);
    const auto row = b.row();
    REQUIRE(row.size() == 16);
    CHECK(row[1].text().empty());
    CHECK(row[2].text().empty());
    CHECK(row[3].is_null());
    CHECK(row[was].text().empty());
    CHECK(row[11].text() == (marked ? "not-listed" : ""));
    CHECK(row[number].text() == (marked ? "" : "S-001"));
    const answer delta = b.get(std::string(list) + "?since=0");
    CHECK(delta["rows"][0][was].text().empty());
    CHECK(delta["rows"][0][2].text().empty());
    const answer person = b.get(b.person_path());
    for (const fhir::json::value& h : person["history"].elements()) {
        CHECK(h["status"].text().empty());
        CHECK(h["strip"].text().empty());
    }
    CHECK(person["history"].size() == 1); // that, and since when
    CHECK(b.post(b.person_path() + "/reveal", R"({"reason":"r"})").status == (marked ? 409 : 200));
    b.now->patient_remove("ehr", "Patient/p");
}

TEST_CASE("not listed: who never had to do with anybody is not in the list") {
    seeing b;
    b.arrived(opted_out);
    CHECK(b.row().size() == 0);
    CHECK(b.post(b.person_path() + "/reveal", R"({"reason":"r"})").status == 409);
}

TEST_CASE("what changed: of two participations the one that runs is shown, else the one that ended last") {
    seeing b;
    b.take_part("sle-uc-msc", "screen-failure");
    CHECK(b.column(number) == "S-001");
    CHECK(b.column(state) == "screen-failure");
    participant_row again = *b.now->participant("sle-uc-msc", "S-001");
    again.number = "S-002";
    again.state = "screening";
    again.since = *fhir::parse_date("2026-03-01"); // before the other one ended, by a mistyped day
    b.now->participant_put(again);
    CHECK(b.column(number) == "S-002");
    CHECK(b.column(state) == "screening");
}

TEST_CASE("what changed: that an old name left the list is not in the survivor's history") {
    seeing b;
    b.merge();
    const answer now = b.get("/api/v1/trials/sle-uc-msc/people/" + b.subject("Patient/q"));
    REQUIRE(now["history"].size() > 1);
    for (const fhir::json::value& h : now["history"].elements())
        CHECK_FALSE(h["status"].text().empty());
    CHECK(b.get(b.person_path())["history"][0]["status"].text().empty());
}

TEST_CASE("evidence says which diagnosis was refuted or is not confirmed") {
    seeing b;
    const auto condition = [](const char* id, const char* verified) {
        return std::string(R"({"resourceType":"Condition","id":")") + id + R"(","meta":{"versionId":"1"},"subject":{"reference":"Patient/p"},"recordedDate":"2026-03-0)" +
               (*verified == 'r' ? "5" : "4") + R"(","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":")" +
               verified + R"("}]},"code":{"coding":[{"system":"http://snomed.info/sct","code":"55464009"}],"text":")" + id + R"("}})";
    };
    b.arrived(condition("one", "refuted"));
    b.arrived(condition("two", "provisional"));
    const answer a = b.get(b.person_path());
    std::map<std::string, std::string> told;
    for (const fhir::json::value& e : a["criteria"][1]["evidence"].elements())
        told[std::string(e["text"].text())] = e["verification"].text();
    INFO(a.body);
    CHECK(told["one"] == "refuted");
    CHECK((!told.contains("two") || told["two"] == "unconfirmed"));
}

TEST_CASE("timeline: days are told as they were reported, a pause has no end, and a titer has no unit") {
    seeing b;
    b.arrived(R"({"resourceType":"Condition","id":"d","meta":{"versionId":"1"},"subject":{"reference":"Patient/p"},"onsetDateTime":"2019-03",
        "code":{"coding":[{"system":"http://snomed.info/sct","code":"55464009"}],"text":"SLE by a letter"}})");
    b.arrived(R"({"resourceType":"MedicationStatement","id":"h","meta":{"versionId":"2","lastUpdated":"2026-03-10T08:00:00Z"},"status":"on-hold",
        "subject":{"reference":"Patient/p"},"effectivePeriod":{"start":"2024-01"},"medicationCodeableConcept":{"coding":[{
        "system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"5521"}]}})");
    b.arrived(titer(1, "1:640 homogeneous"));
    const answer a = b.get(b.person_path() + "/timeline");
    bool onset = false;
    for (const fhir::json::value& c : a["conditions"].elements())
        if (c["text"].text() == "SLE by a letter") {
            onset = true;
            CHECK(c["startWhen"].text() == "2019-03");
            CHECK(c["start"].text() == "2019-03-01");
        }
    CHECK(onset);
    REQUIRE(a["medications"].size() == 1);
    CHECK(a["medications"][0]["onHold"].as_bool());
    CHECK(a["medications"][0]["end"].is_null());
    CHECK(a["medications"][0]["startWhen"].text() == "2024-01");
    bool drawn = false;
    for (const fhir::json::value& lab : a["labs"].elements()) {
        if (lab["concept"].text() == "ana.titer") {
            drawn = true;
            CHECK(lab["unit"].text().empty());
            CHECK(lab["points"][0]["last"].text() == "2026-03-05");
            // Each day is that of its own criterion, and the series has the one whose limit it shows.
            REQUIRE(lab["asked"].size() > 1);
            CHECK(lab["expires"].text() == lab["asked"][0]["expires"].text());
        }
    }
    CHECK(drawn);
}
