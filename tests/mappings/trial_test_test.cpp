#include "mappings/engine/trial_test.hpp"

#include "fhir/resources.hpp"
#include "mappings/engine/trial_given.hpp"
#include "small_library.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

const source_file tiny_trial{"trial.json", R"({"id": "t", "title": "T", "versions": ["1", "2"], "consider": ["sle"],
  "settings": {"cut": {"default": 160}},
  "criteria": [{"id": "c", "text": "C", "decidedBy": "record", "test": {"observation": {"concept": "ana.titer", ">=": "$cut"}}}]})"};

struct call {
    std::shared_ptr<const trial> of;
    std::vector<record> records;
    fhir::date as_of;
    std::int32_t offset;
};

struct run_of_tests {
    std::vector<trial_test_result> results;
    std::vector<problem> problems;
    std::vector<call> calls;
};

/// Runs with an evaluator that answers `seen` to everything.
run_of_tests run(const std::string& text, const seen_patient& seen = {}, const std::string& only = {}) {
    run_of_tests out;
    const evaluate_patient evaluate = [&](std::shared_ptr<const trial> of, std::span<const record> records, const fhir::time_zone& zone, fhir::date as_of) {
        out.calls.push_back({of, {records.begin(), records.end()}, as_of, zone.offset_at(0)});
        return seen;
    };
    out.results = run_trial_tests({"trial.test.json", text}, {tiny_trial, {}, tests::small_catalog(), evaluate, only}, out.problems);
    for (const problem& p : out.problems)
        UNSCOPED_INFO(to_string(p));
    for (const auto& r : out.results)
        for (const problem& p : r.differences)
            UNSCOPED_INFO(to_string(p));
    return out;
}

/// The records of one list of given items.
std::vector<record> records_of(const std::string& given) {
    const auto r = run(R"({"asOf": "2026-03-15", "tests": [{"name": "n", "given": )" + given + R"(, "expect": {}}]})");
    CHECK(r.problems.empty());
    REQUIRE(r.calls.size() == 1);
    return r.calls[0].records;
}

/// The FHIR JSON of one item.
std::vector<given_resource> expanded(const std::string& item) {
    std::vector<problem> problems;
    const source_file source{"g.json", "[" + item + "]"};
    const json_file file(source, problems);
    given_reader reader(file);
    std::vector<given_resource> out;
    reader.read(file.root(), out);
    for (const problem& p : problems)
        UNSCOPED_INFO(to_string(p));
    CHECK(problems.empty());
    return out;
}

fact only_fact(const std::vector<record>& records) {
    const fact* found = nullptr;
    for (const record& r : records)
        for (const fact& f : r.facts) {
            REQUIRE(found == nullptr);
            found = &f;
        }
    REQUIRE(found != nullptr);
    return *found;
}

std::string day(const fhir::date_range& r) { return to_string(r.first) + ".." + to_string(r.last); }

const seen_patient likely{
    "likely", fhir::make_date(2026, 5, 22), {"remission"},
    {{"serology", "met", "", fhir::make_date(2026, 6, 1), {"conflict"}, {{"serology/ana", "unknown", "too-old", {}, {}, {}}, {"acr-1997", "met", "", {}, {}, {{"acr-1997/A9", "not-met", "", {}, {}, {}}}}}}}};

} // namespace

TEST_CASE("trial_test: a laboratory result becomes a fact by the way of a real resource") {
    const auto records = records_of(R"([{"lab": "http://loinc.org|6690-2", "on": "2026-01-10", "value": 3.60, "unit": "10*3/uL", "id": "o1", "version": "2"}])");
    const fact f = only_fact(records);
    CHECK(tests::small_catalog()->id(f.what) == "wbc");
    CHECK(day(f.when) == "2026-01-10..2026-01-10");
    CHECK(f.observation.use == usability::usable);
    REQUIRE(f.observation.value.low);
    CHECK(f.observation.value.low->to_string() == "3.60");
    CHECK(records[0].id == "o1");
    CHECK(records[0].version.number == 2);
    CHECK(records[0].subject == "Patient/p1");
}

TEST_CASE("trial_test: the shapes of a laboratory value") {
    const auto json = [](const std::string& members) { return expanded(R"({"lab": "http://loinc.org|5048-4", )" + members + "}").front().json; };
    const auto has = [](const std::string& text, std::string_view part) {
        INFO(text);
        CHECK(text.find(part) != std::string::npos);
    };
    has(json(R"("value": "1:160")"), R"("valueString": "1:160")");
    has(json(R"("value": 8.20, "unit": "g/dL")"), R"("valueQuantity": {"value": 8.20, "unit": "g/dL"})");
    has(json(R"("value": {"value": 60, "comparator": ">", "unit": "x", "code": "y", "system": "z"})"), R"("valueQuantity": {"value": 60, "comparator": ">")");
    has(json(R"("value": {"coding": "http://snomed.info/sct|10828004", "text": "Pos"})"),
        R"("valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "10828004"}], "text": "Pos"})");
    has(json(R"("value": {"text": "GT 45"})"), R"("valueCodeableConcept": {"text": "GT 45"})");
    has(json(R"("value": {"ratio": [1, 160]})"), R"("valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 160}})");
    has(json(R"("value": true)"), R"("valueBoolean": true)");
    has(json(R"("value": {"absent": "unknown"})"), R"("dataAbsentReason")");
    has(json(R"("value": 5, "unit": "u", "range": {"low": 1, "high": 4, "text": "t"})"),
        R"("referenceRange": [{"low": {"value": 1, "unit": "u"}, "high": {"value": 4, "unit": "u"}, "text": "t"}])");
    has(json(R"("interpretation": "POS", "method": "ELISA", "status": "preliminary", "issued": "2026-01-01T00:00:00Z")"), R"("status": "preliminary")");
    has(json(R"("identifier": "resent", "updated": "2026-01-01T00:00:00Z")"), R"("meta": {"lastUpdated": "2026-01-01T00:00:00Z"})");
    CHECK(json(R"("value": 1)").find("effective") == std::string::npos);
}

TEST_CASE("trial_test: a specimen is a resource of its own, or a reference to one") {
    const auto own = expanded(R"({"lab": "http://loinc.org|5048-4", "specimen": "serum"})");
    REQUIRE(own.size() == 2);
    CHECK(own[0].json.find(R"("resourceType": "Specimen", "id": "given-1-specimen", "type": {"text": "serum"})") != std::string::npos);
    CHECK(own[1].json.find(R"("specimen": {"reference": "Specimen/given-1-specimen"})") != std::string::npos);
    CHECK(expanded(R"({"lab": "http://loinc.org|5048-4", "specimen": "Specimen/s1"})").size() == 1);
}

TEST_CASE("trial_test: a condition keeps its statuses and dates") {
    const fact f = only_fact(records_of(R"([{"condition": "http://snomed.info/sct|55464009", "verification": "provisional", "clinical": "remission",
      "category": "problem-list-item", "on": "2020-03", "recorded": "2021-01-01"}])"));
    CHECK(tests::small_catalog()->id(f.what) == "sle");
    CHECK(f.condition.verified == verification::support);
    CHECK(f.condition.state == clinical_state::past);
    CHECK(f.condition.category == condition_category::problem_list);
}

TEST_CASE("trial_test: drugs come as statements, orders, dispenses and administrations") {
    const auto source = [](const std::string& members) {
        return only_fact(records_of(R"([{"drug": "http://www.nlm.nih.gov/research/umls/rxnorm|5521", "from": "2025-12-21")" + members + "}]")).exposure.source;
    };
    CHECK(source("") == exposure_source::stated);
    CHECK(source(R"(, "as": "request")") == exposure_source::ordered);
    CHECK(source(R"(, "as": "dispense", "daysSupply": 30)") == exposure_source::dispensed);
    CHECK(source(R"(, "as": "administration")") == exposure_source::administered);
    const fact named = only_fact(records_of(R"([{"drug": "text:plaquenil 200mg", "from": "2025-12-21", "to": "2026-02-01"}])"));
    CHECK(tests::small_catalog()->id(named.what) == "drug.hydroxychloroquine");
    CHECK(named.notes.has(note::name_match_only));
    CHECK(only_fact(records_of(R"([{"drug": "text:plaquenil", "as": "request", "doNotPerform": true}])")).exposure.against);
}

TEST_CASE("trial_test: patients, whole resources and deletions") {
    const auto records = records_of(R"([{"patient": {"birthDate": "1986-05-01", "gender": "female", "active": false}},
      {"resource": {"resourceType": "Observation", "id": "x", "status": "final", "code": {"coding": [{"system": "http://loinc.org", "code": "5048-4"}]},
        "subject": {"reference": "Patient/p1"}, "valueString": "1:80"}},
      {"procedure": "http://hl7.org/fhir/sid/icd-10-cm|Z99.2", "on": "2026-01-01"},
      {"delete": "Observation/x"}])");
    REQUIRE(records.size() == 4);
    REQUIRE(records[0].person);
    CHECK(records[0].person->gender == sex::female);
    CHECK(records[0].person->inactive);
    CHECK(records[0].id == "p1");
    CHECK(records[1].facts.size() == 1);
    CHECK(records[3].withdrawn);
    CHECK(records[3].type == "Observation");
    CHECK(records[3].id == "x");
    CHECK(records[3].version.read > records[1].version.read);
}

TEST_CASE("trial_test: what matches passes") {
    const auto r = run(R"({"asOf": "2026-03-15", "tests": [{"name": "n", "expect": {"status": "likely", "changesOn": "2026-05-22", "notes": ["remission"], "notNotes": ["deceased"],
      "serology": {"verdict": "met", "reason": null, "changesOn": "2026-06-01", "notes": ["conflict"],
        "parts": {"serology/ana": {"verdict": "unknown", "reason": "too-old", "changesOn": null}, "acr-1997/A9": {"verdict": "not-met"}}},
      "acr-1997": {"verdict": "met"}}}]})", likely);
    REQUIRE(r.problems.empty());
    REQUIRE(r.results.size() == 1);
    CHECK(r.results[0].passed());
}

TEST_CASE("trial_test: each expectation that is not met is told with its place") {
    const auto r = run("{\"asOf\": \"2026-03-15\", \"tests\": [{\"name\": \"n\", \"expect\": {\n"
                       "\"status\": null,\n\"changesOn\": \"2026-05-21\",\n\"notes\": [\"inactive\"], \"notNotes\": [\"remission\"],\n"
                       "\"serology\": {\"verdict\": \"not-met\", \"reason\": \"too-old\", \"changesOn\": null,\n"
                       "\"parts\": {\"serology/ana\": {\"verdict\": \"met\"}, \"serology/anna\": {\"verdict\": \"met\"}}}}}]}", likely);
    REQUIRE(r.problems.empty());
    REQUIRE(r.results.size() == 1);
    std::vector<std::string> told;
    for (const problem& p : r.results[0].differences)
        told.push_back(to_string(p));
    CHECK(told == std::vector<std::string>{
        "trial.test.json:2:11: error: status is likely, expected null",
        "trial.test.json:3:14: error: changesOn is 2026-05-22, expected 2026-05-21",
        "trial.test.json:4:11: error: no note 'inactive'; the notes are: remission",
        "trial.test.json:4:37: error: unwanted note 'remission'; the notes are: remission",
        "trial.test.json:5:25: error: serology: verdict is met, expected not-met",
        "trial.test.json:5:46: error: serology: reason is null, expected too-old",
        "trial.test.json:5:70: error: serology: changesOn is 2026-06-01, expected never",
        "trial.test.json:6:39: error: serology/ana: verdict is unknown (too-old), expected met",
        "trial.test.json:6:47: error: there is no criterion 'serology/anna' (did you mean 'serology/ana'?)"});
}

TEST_CASE("trial_test: steps add to what was given, with dates of their own") {
    const auto r = run(R"({"zone": "-05:30", "asOf": "2026-03-15", "patients": {"base": [{"patient": {"gender": "female"}}]}, "tests": [{"name": "n", "from": "base",
      "given": [{"lab": "http://loinc.org|5048-4", "value": "1:160"}], "expect": {"status": "likely"},
      "then": [{"given": [{"delete": "Observation/given-1"}], "asOf": "2026-04-01", "expect": {"status": "likely"}}, {"expect": {"status": "possible"}}]}]})", likely);
    REQUIRE(r.problems.empty());
    REQUIRE(r.calls.size() == 3);
    CHECK(r.calls[0].records.size() == 2);
    CHECK(r.calls[1].records.size() == 3);
    CHECK(to_string(r.calls[0].as_of) == "2026-03-15");
    CHECK(to_string(r.calls[2].as_of) == "2026-04-01");
    CHECK(r.calls[0].offset == -(5 * 3600 + 30 * 60));
    CHECK(r.results[0].differences.size() == 1);
}

TEST_CASE("trial_test: version and settings belong to a test, and the trial is read once for each") {
    const auto r = run(R"({"asOf": "2026-03-15", "trial": "t", "settings": {"cut": 80}, "tests": [
      {"name": "a", "expect": {}}, {"name": "b", "settings": {"cut": "1:320"}, "version": "1", "expect": {}}, {"name": "c", "expect": {}}]})");
    REQUIRE(r.problems.empty());
    REQUIRE(r.calls.size() == 3);
    CHECK(r.calls[0].of->settings[0].value == "80");
    CHECK(r.calls[1].of->settings[0].value == "1:320");
    CHECK(r.calls[1].of->version == "1");
    CHECK(r.calls[0].of == r.calls[2].of);
}

TEST_CASE("trial_test: tests can be chosen by name") {
    const std::string text = R"({"asOf": "2026-03-15", "tests": [{"name": "S08 titer", "expect": {}}, {"name": "R02 egfr", "expect": {}}]})";
    CHECK(run(text).results.size() == 2);
    const auto r = run(text, {}, "R02");
    REQUIRE(r.results.size() == 1);
    CHECK(r.results[0].name == "R02 egfr");
}

TEST_CASE("trial_test: mistakes in a test file are told, and the tests they touch are not run") {
    const auto r = run(R"({"asOf": "2026-03-15", "tests": [
 {"name": "a", "given": [{"lbo": "x"}], "expect": {}},
 {"name": "b", "given": [{"lab": "x", "vlaue": 1}], "expect": {}},
 {"name": "c", "from": "bsae", "expect": {}},
 {"name": "d", "expect": {"status": "likly", "c": {"verdict": "nt-met", "reason": "to-old", "verdit": 1}}},
 {"name": "e", "asOf": "yesterday", "expect": {}},
 {"name": "f"},
 {"name": "g", "version": "3", "expect": {}},
 {"name": "h", "given": [{"resource": {"id": "x"}}], "expect": {}},
 {"name": "i", "expect": {"c": "met"}},
 {"name": "ok", "expect": {}}]})");
    std::vector<std::string> told;
    for (const problem& p : r.problems)
        told.push_back(p.code + ' ' + std::to_string(p.line));
    CHECK(told == std::vector<std::string>{"unknown-item 2", "unknown-member 3", "unknown-patient 4", "wrong-type 5", "wrong-type 5", "wrong-type 5", "unknown-member 5",
                                           "bad-date 6", "missing-member 7", "unusable-resource 9", "wrong-type 10", "unknown-version 1"});
    CHECK(std::any_of(r.results.begin(), r.results.end(), [](const auto& t) { return t.name == "ok"; }));
    CHECK(std::none_of(r.results.begin(), r.results.end(), [](const auto& t) { return t.name != "ok"; }));
}

TEST_CASE("trial_test: a fixed zone is hours and minutes") {
    CHECK(parse_fixed_zone("+03:00")->offset_at(0) == 10800);
    CHECK(parse_fixed_zone("-05:30")->offset_at(0) == -19800);
    CHECK(parse_fixed_zone("Z")->offset_at(0) == 0);
    for (const char* text : {"", "3", "+3:00", "+03:60", "+15:00", "Europe/Minsk", "+0a:00"})
        CHECK_FALSE(parse_fixed_zone(text));
}
