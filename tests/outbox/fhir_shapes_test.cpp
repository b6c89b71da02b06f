#include "tests/outbox/outbox_support.hpp"
#include "tests/support/resource_text.hpp"

using namespace trialgate;
using namespace trialgate::tests;

namespace {

/// Equal as JSON, whatever the order of members.
void check_same(const std::string& is, const std::string& expected) {
    const parsed_text a(is), b(expected);
    CHECK(canonical(a.root) == canonical(b.root));
}

std::string rendered(const shape& s) { return render(s, {}, s.id); }

message likely() { return change(3, "likely"); }

const std::string tags = R"("meta":{"tag":[{"system":"urn:trialgate:tag","code":"generated"}]})";
const std::string person = R"({"type":"Patient","identifier":{"system":"urn:trialgate:pseudonym","value":"aa11"}})";
const std::string evidence1 =
    R"({"identifier":{"system":"urn:trialgate:evidence","value":"e1"},"display":"74 mL/min"})";
const std::string evidence2 = R"({"identifier":{"system":"urn:trialgate:evidence","value":"e2"}})";

} // namespace

TEST_CASE("Ids are stable, short and never numbers") {
    CHECK(id_of("tg-rs", {"aa11", "t-1"}) == "tg-rs-" + id_of("x", {"aa11|t-1"}).substr(2));
    CHECK(id_of("tg-rs", {"aa11", "t-1"}).size() == 38);
    CHECK(id_of("tg-rs", {"aa11", "t-1"}) != id_of("tg-rs", {"aa11", "t-2"}));
    CHECK(study_id("sle-uc-msc") == "sle-uc-msc");
    CHECK(study_id("2025") == id_of("tg-st", {"2025"}));
    CHECK(study_id("with space") == id_of("tg-st", {"with space"}));
    CHECK(study_id(std::string(65, 'a')) == id_of("tg-st", {std::string(65, 'a')}));
}

TEST_CASE("A person in a study, R4") {
    const std::string text = rendered(subject_shape({}, likely(), "ResearchStudy/t-1"));
    check_same(text, R"({"resourceType":"ResearchSubject","id":")" + id_of("tg-rs", {"aa11", "t-1"}) + R"(",)" + tags +
                         R"(,"extension":[{"url":"urn:trialgate:written","valueString":"3 1773579600000 candidate"}],)"
                         R"("identifier":[{"system":"urn:trialgate:research-subject","value":"t-1:aa11"}],"status":"candidate",)"
                         R"("study":{"reference":"ResearchStudy/t-1"},"individual":)" + person + "}");
    const resource_text<fhir::research_subject> read(text);
    CHECK(read.clean());
    CHECK(read->status == "candidate");
    CHECK(read->study.id == "t-1");
    CHECK(read->individual.logical.value == "aa11");
}

TEST_CASE("A person in a study, R5") {
    const std::string text = rendered(subject_shape({true, false}, likely(), "ResearchStudy/t-1"));
    check_same(text, R"({"resourceType":"ResearchSubject","id":")" + id_of("tg-rs", {"aa11", "t-1"}) + R"(",)" + tags +
                         R"(,"extension":[{"url":"urn:trialgate:written","valueString":"3 1773579600000 candidate"}],)"
                         R"("identifier":[{"system":"urn:trialgate:research-subject","value":"t-1:aa11"}],"status":"active",)"
                         R"("progress":[{"subjectState":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/research-subject-state",)"
                         R"("code":"candidate"}]},"startDate":"2026-03-15T13:00:00.000Z"}],)"
                         R"("study":{"reference":"ResearchStudy/t-1"},"subject":)" + person + "}");
    const resource_text<fhir::research_subject> read(text);
    CHECK(read.clean());
    CHECK(read->status == "candidate");
    CHECK(read->individual.logical.value == "aa11");
}

TEST_CASE("A flag") {
    check_same(rendered(flag_shape({}, likely(), {})),
               R"({"resourceType":"Flag","id":")" + id_of("tg-fl", {"aa11", "t-1"}) + R"(",)" + tags +
                   R"(,"extension":[{"url":"urn:trialgate:written","valueString":"active"}],)"
                   R"("identifier":[{"system":"urn:trialgate:flag","value":"t-1:aa11"}],"status":"active",)"
                   R"("category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/flag-category","code":"research"}]}],)"
                   R"("code":{"coding":[{"system":"urn:trialgate:status","code":"likely"}],"text":"t-1: likely"},"subject":)" + person +
                   R"(,"period":{"start":"2026-03-15T13:00:00.000Z"}})");
}

TEST_CASE("A task for the coordinator holds what is missing and the evidence, each once") {
    check_same(rendered(task_shape({}, likely(), "ResearchSubject/rs")),
               R"({"resourceType":"Task","id":")" + id_of("tg-ta", {"aa11", "t-1"}) + R"(",)" + tags +
                   R"(,"extension":[{"url":"urn:trialgate:written","valueString":"requested"}],)"
                   R"("identifier":[{"system":"urn:trialgate:task","value":"t-1:aa11"}],"status":"requested","intent":"proposal",)"
                   R"("priority":"routine","code":{"text":"Review trial eligibility"},"description":"t-1: likely",)"
                   R"("focus":{"reference":"ResearchSubject/rs"},"for":)" + person +
                   R"(,"authoredOn":"2026-03-15T13:00:00.000Z","restriction":{"period":{"end":"2026-05-21"}},"input":[)"
                   R"({"type":{"text":"needs"},"valueString":"serum creatinine since 2026-01-01"},)"
                   R"({"type":{"text":"evidence"},"valueReference":)" + evidence1 + R"(},)"
                   R"({"type":{"text":"evidence"},"valueReference":)" + evidence2 + "}]}");
}

TEST_CASE("A provenance names the evidence") {
    const std::string id = id_of("tg-pv", {"aa11-t-1-3"});
    check_same(rendered(provenance_shape({}, likely(), {"ResearchSubject/rs", "Flag/fl"})),
               R"({"resourceType":"Provenance","id":")" + id + R"(","meta":{"tag":[{"system":"urn:trialgate:tag","code":"generated"},)"
               R"({"system":"urn:trialgate:provenance","code":")" + id + R"("}]},)"
               R"("target":[{"reference":"ResearchSubject/rs"},{"reference":"Flag/fl"}],"recorded":"2026-03-15T13:00:00.000Z",)"
               R"("agent":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/provenance-participant-type","code":"assembler"}]},)"
               R"("who":{"identifier":{"system":"urn:trialgate:device","value":"trialgate"},"display":"trialgate"}}],)"
               R"("entity":[{"role":"source","what":)" + evidence1 + R"(},{"role":"source","what":)" + evidence2 + "}]}");
}

TEST_CASE("With identity by reference, patient and evidence are absolute at the hospital's server") {
    message m = likely();
    m.report_with_references = R"({"criteria":[{"evidence":[{"reference":"Observation/o1","version":"2"},{"reference":"urn:uuid:1"}]}]})";
    const shape_rules rules{false, true};
    const parsed_text task(rendered(task_shape(rules, m, "ResearchSubject/rs")));
    CHECK(task.root["for"]["reference"].text() == "https://ehr.example/fhir/Patient/p1");
    CHECK(task.root["input"][0]["valueReference"]["reference"].text() == "https://ehr.example/fhir/Observation/o1/_history/2");
    CHECK(task.root["input"][1]["valueReference"]["reference"].text() == "urn:uuid:1");
    CHECK_FALSE(task.root["restriction"]);
    m.patient_url.clear();
    CHECK(parsed_text(rendered(subject_shape(rules, m, "s"))).root["individual"]["reference"].text() == "Patient/p1");
}

TEST_CASE("A pseudonym hides the patient in every resource") {
    message m = likely();
    m.report_with_references = R"({"criteria":[{"evidence":[{"reference":"Observation/o1"}]}]})";
    for (const shape& s : {study_shape({}, m), subject_shape({}, m, "s"), flag_shape({}, m, {}), task_shape({}, m, "s"), provenance_shape({}, m, {"s"}),
                           alert_shape({}, m, "s")}) {
        const std::string text = rendered(s);
        CHECK(text.find("Patient/p1") == std::string::npos);
        CHECK(text.find("Observation/o1") == std::string::npos);
        CHECK(text.find("ehr.example") == std::string::npos);
    }
}

TEST_CASE("A report that is missing or unreadable leaves out what it would have said") {
    message m = likely();
    m.report = GENERATE("", "null", "{", R"({"criteria":[7,{"evidence":[{}]}]})");
    const parsed_text task(rendered(task_shape({}, m, "s")));
    CHECK_FALSE(task.root["input"]);
    CHECK(task.root["status"].text() == "requested");
}

TEST_CASE("Laid over what stands there, ours replaces ours and leaves the rest") {
    const parsed_text theirs(
        R"({"resourceType":"Flag","id":"f","meta":{"versionId":"4","lastUpdated":"2026-01-01T00:00:00Z","profile":["p"],)"
        R"("tag":[{"system":"x","code":"y"},{"system":"urn:trialgate:tag","code":"generated"}]},"text":{"div":"old"},)"
        R"("extension":[{"url":"urn:trialgate:written","valueString":"inactive"},{"url":"e","valueCode":"c"}],)"
        R"("identifier":[{"system":"theirs","value":"1"}],"status":"inactive","_status":{"id":"a"},"encounter":{"reference":"Encounter/e"}})");
    const shape ours = flag_shape({}, likely(), theirs.root);
    CHECK_FALSE(same(ours, theirs.root));
    const parsed_text merged(render(ours, theirs.root, "f"));
    CHECK_FALSE(merged.root["meta"]["versionId"]);
    CHECK(merged.root["meta"]["profile"][std::size_t{0}].text() == "p");
    CHECK(merged.root["meta"]["tag"].size() == 2);
    CHECK_FALSE(merged.root["text"]);
    CHECK_FALSE(merged.root["_status"]);
    CHECK(merged.root["extension"].size() == 2);
    CHECK(merged.root["extension"][std::size_t{0}]["valueString"].text() == "active");
    CHECK(merged.root["identifier"].size() == 2);
    CHECK(merged.root["status"].text() == "active");
    CHECK(merged.root["encounter"]["reference"].text() == "Encounter/e");
    CHECK(same(flag_shape({}, likely(), merged.root), merged.root));
}

TEST_CASE("Who set the status of a person in a study") {
    const auto [status, tag, written, by_person] = GENERATE(table<const char*, const char*, const char*, bool>({
        {"candidate", "generated", "3 10 candidate", false},
        {"candidate", "generated", "", false},       // a server that keeps no extensions
        {"candidate", "generated", "nonsense", false},
        {"ineligible", "generated", "3 10 candidate", true},
        {"candidate", "", "3 10 candidate", true},
        {"candidate", "human", "3 10 candidate", true},
        {"screening", "generated", "3 10 candidate", true},
        {"on-study", "generated", "", true},
        {"not-registered", "generated", "3 10 candidate", true},
        {"nonsense", "generated", "", true},
        {"on-study", "generated", "3 10 on-study", false}, // marked at the gateway
        {"withdrawn", "generated", "3 10 withdrawn", false},
        {"on-study", "generated", "3 10 withdrawn", true},
        {"withdrawn", "human", "3 10 withdrawn", true},
    }));
    const std::string text = R"({"resourceType":"ResearchSubject","meta":{"tag":[{"system":"urn:trialgate:tag","code":")" + std::string(tag) +
                             R"("}]},"extension":[{"url":"urn:trialgate:written","valueString":")" + written +
                             R"("}],"identifier":[{"system":"urn:trialgate:research-subject","value":"t:1:aa"}],"status":")" + status + R"("})";
    INFO(text);
    const subject_standing there = read_subject(parsed_text(text).root);
    CHECK(there.by_person == by_person);
    CHECK(there.status == status);
    CHECK(there.trial == "t:1");
    CHECK(there.subject == "aa");
    CHECK(there.number == (std::string(written).starts_with('3') ? 3u : 0u));
}

TEST_CASE("An R5 record that was retired was decided by a person") {
    const parsed_text retired(R"({"resourceType":"ResearchSubject","meta":{"tag":[{"system":"urn:trialgate:tag","code":"generated"}]},"status":"retired",)"
                              R"("progress":[{"subjectState":{"coding":[{"code":"candidate"}]}}]})");
    CHECK(read_subject(retired.root).by_person);
    CHECK(read_subject(retired.root).status == "retired");
}
