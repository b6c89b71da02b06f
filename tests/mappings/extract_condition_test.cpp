#include "tests/support/extracted.hpp"

using namespace trialgate;
using namespace trialgate::mappings;
using trialgate::test::value_set;

namespace {

constexpr const char* snomed = "http://snomed.info/sct";

const catalog& codes() {
    static const auto loaded = test::small_catalog(
        R"({"resourceType": "Bundle", "type": "collection", "entry": [)" + value_set("disease", snomed, "55464009") + "," +
        value_set("disease.by-drug", snomed, "80258006") + "," +
        value_set(
            "disease.old", "http://hl7.org/fhir/sid/icd-9-cm", "710.0",
            R"(, "extension": [{"url": "urn:trialgate:valid-before", "valueDate": "2015-10-01"}])"
        ) +
        "," + value_set("biopsy", snomed, "7246002") + "]}"
    );
    return *loaded;
}

std::string condition(std::string more, std::string coding = R"({"system": "http://snomed.info/sct", "code": "55464009"})") {
    return R"({"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "code": {"coding": [)" + coding + "]}" +
           (more.empty() ? "" : ", ") + more + "}";
}

std::string status(std::string element, std::string code) {
    return '"' + element + R"(": {"coding": [{"code": ")" + code + R"("}]})";
}

fact one(const record& r) {
    REQUIRE(r.facts.size() == 1);
    return r.facts.front();
}

} // namespace

TEST_CASE("extract condition: D05 without verification status it is confirmed, undated, and its patient's") {
    const record r = test::extracted(condition(""), codes());
    const fact f = one(r);
    CHECK(r.subject == "Patient/p");
    CHECK(f.what == codes().find("disease"));
    CHECK(f.condition.verified == verification::confirmed);
    CHECK(f.condition.state == clinical_state::unspecified);
    CHECK_FALSE(f.dated);
    CHECK(f.text == "disease");
}

TEST_CASE("extract condition: D02 D04 verification") {
    const auto verified = [](std::string code) {
        return one(test::extracted(condition(status("verificationStatus", code)), codes())).condition.verified;
    };
    CHECK(verified("confirmed") == verification::confirmed);
    CHECK(verified("refuted") == verification::refuted);
    for (const char* code : {"unconfirmed", "provisional", "differential", "no-such-code"})
        CHECK(verified(code) == verification::support);
    const record r = test::extracted(condition(status("verificationStatus", "entered-in-error")), codes());
    CHECK(r.withdrawn);
    CHECK(r.facts.empty());
}

TEST_CASE("extract condition: clinical status and category") {
    const auto state = [](std::string more) { return one(test::extracted(condition(more), codes())).condition.state; };
    for (const char* code : {"active", "recurrence", "relapse"})
        CHECK(state(status("clinicalStatus", code)) == clinical_state::current);
    for (const char* code : {"inactive", "remission", "resolved"})
        CHECK(state(status("clinicalStatus", code)) == clinical_state::past);
    CHECK(state(R"("abatementDateTime": "2020")") == clinical_state::past);
    const auto category = [](std::string code) {
        return one(test::extracted(condition(R"("category": [{"coding": [{"code": ")" + code + R"("}]}])"), codes())).condition.category;
    };
    CHECK(category("problem-list-item") == condition_category::problem_list);
    CHECK(category("encounter-diagnosis") == condition_category::encounter);
    CHECK(category("x") == condition_category::other);
}

TEST_CASE("extract condition: the onset, else the day of recording, an age is no date") {
    const auto when = [](std::string more) { return one(test::extracted(condition(more), codes())); };
    CHECK(when(R"("onsetDateTime": "2020-05", "recordedDate": "2024-01-01")").when.last == fhir::parse_date("2020-05-31"));
    CHECK(when(R"("onsetPeriod": {"start": "2020-05-02"})").when.first == fhir::parse_date("2020-05-02"));
    CHECK(when(R"("recordedDate": "2024-01-01T23:30:00Z")").when.first == fhir::parse_date("2024-01-02"));
    CHECK_FALSE(when(R"("onsetAge": {"value": 30, "unit": "a"}, "recordedDate": "2024-01-01")").dated);
}

TEST_CASE("extract condition: D20 each meaning once, the text as reported") {
    const record r = test::extracted(
        R"({"resourceType": "Condition", "id": "c", "code": {"text": "as told", "coding": [
            {"system": "http://snomed.info/sct", "code": "55464009", "display": "d"}, {"system": "http://snomed.info/sct", "code": "55464009"},
            {"system": "http://snomed.info/sct", "code": "80258006"}]}})",
        codes()
    );
    REQUIRE(r.facts.size() == 2);
    CHECK(r.facts[0].text == "as told");
    CHECK(r.facts[1].what == codes().find("disease.by-drug"));
}

TEST_CASE("extract condition: D17 a code that was valid before a day needs a date before it") {
    const std::string old = R"({"system": "http://hl7.org/fhir/sid/icd-9-cm", "code": "710.0"})";
    CHECK(test::extracted(condition(R"("onsetDateTime": "2012")", old), codes()).facts.size() == 1);
    CHECK(test::extracted(condition(R"("onsetDateTime": "2015")", old), codes()).facts.empty());
    CHECK(test::extracted(condition("", old), codes()).facts.empty());
}

TEST_CASE("extract condition: D19 digits without a code system are listed, never matched") {
    std::vector<std::string> unmapped;
    const record r = test::extracted(
        condition("", R"({"code": "55464009"}, {"system": "urn:local", "code": "X1"})"), codes(),
        [&](const fhir::coding& c) { unmapped.push_back(std::string(c.system) + '|' + std::string(c.code)); }
    );
    CHECK(r.facts.empty());
    CHECK(r.notes.has(note::unmapped_code));
    CHECK(unmapped == std::vector<std::string>{"|55464009", "urn:local|X1"});
}

TEST_CASE("extract condition: what no trial reads takes away what an older version said") {
    CHECK(test::extracted(condition("", R"({"system": "http://snomed.info/sct", "code": "38341003"})"), codes()).withdrawn);
}

TEST_CASE("extract procedure: only what was completed counts, on the day it ended") {
    const auto procedure = [](std::string status_code) {
        return test::extracted(
            R"({"resourceType": "Procedure", "id": "x", "status": ")" + status_code +
                R"(", "subject": {"reference": "Patient/p"}, "performedPeriod": {"start": "2024-01-01", "end": "2024-01-02"},
                "code": {"coding": [{"system": "http://snomed.info/sct", "code": "7246002"}]}})",
            codes()
        );
    };
    const fact f = one(procedure("completed"));
    CHECK(f.kind == fact_kind::procedure);
    CHECK(f.when.first == fhir::parse_date("2024-01-02"));
    CHECK(procedure("not-done").facts.empty());
    CHECK(procedure("entered-in-error").withdrawn);
}
