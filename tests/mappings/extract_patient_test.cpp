#include "tests/support/extracted.hpp"

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

const catalog& codes() {
    static const catalog empty;
    return empty;
}

record patient(std::string more) {
    return test::extracted(R"({"resourceType": "Patient", "id": "p")" + more + "}", codes());
}

record consent(std::string more) {
    return test::extracted(R"({"resourceType": "Consent", "id": "c", "patient": {"reference": "Patient/p"}, )" + more + "}", codes());
}

bool forbids(std::string more) {
    const record r = consent(std::move(more));
    return r.consent && r.consent->forbids;
}

constexpr const char* research = R"("scope": {"coding": [{"code": "research"}]})";

} // namespace

TEST_CASE("extract patient: A01 A07 A09 a birth date of any precision, or none") {
    CHECK(patient(R"(, "birthDate": "2008-03-15")").person->birth.is_day());
    CHECK(patient(R"(, "birthDate": "2008-03")").person->birth.last == fhir::parse_date("2008-03-31"));
    CHECK_FALSE(patient("").person->birth_known);
    CHECK_FALSE(patient(R"(, "_birthDate": {"extension": [{"url": "x", "valueCode": "unknown"}]})").person->birth_known);
}

TEST_CASE("extract patient: A12 A13 Q06 state, links and identifiers") {
    const record r = patient(
        R"(, "gender": "female", "active": false, "deceasedDateTime": "2020-01-01",
        "identifier": [{"system": "urn:mrn", "value": "1"}, {"value": "2"}, {"system": "urn:x"}],
        "link": [{"type": "replaced-by", "other": {"reference": "https://h/fhir/Patient/q"}}, {"type": "replaces", "other": {"reference": "Patient/r"}},
                 {"type": "seealso", "other": {"reference": "Patient/s"}}],
        "meta": {"versionId": "7", "lastUpdated": "2024-01-01T00:00:00.250Z",
                 "security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}]})"
    );
    CHECK(r.subject == "Patient/p");
    CHECK(r.version.number == 7);
    CHECK(r.version.updated == 1'704'067'200'250);
    const person_data& p = *r.person;
    CHECK(p.gender == sex::female);
    CHECK((p.inactive && p.deceased && p.restricted));
    CHECK(p.identifiers == std::vector<std::string>{"urn:mrn|1", "|2"});
    CHECK(p.replaced_by == std::vector<std::string>{"Patient/q"});
    CHECK(p.replaces == std::vector<std::string>{"Patient/r"});
    CHECK_FALSE(patient("").person->restricted);
}

TEST_CASE("extract consent: Q02 a refusal of research forbids") {
    CHECK(forbids(R"("status": "rejected")"));
    CHECK(forbids(std::string(R"("status": "active", "provision": {"type": "deny"}, )") + research));
    CHECK(forbids(R"("status": "active", "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT"}]}])"));
    CHECK_FALSE(forbids(std::string(R"("status": "active", "provision": {"type": "permit"}, )") + research));
    CHECK_FALSE(forbids(R"("status": "active", "provision": {"type": "deny"}, "scope": {"coding": [{"code": "treatment"}]})"));
    for (const char* status : {"draft", "proposed", "inactive"})
        CHECK_FALSE(consent('"' + std::string("status\": \"") + status + "\", \"provision\": {\"type\": \"deny\"}, " + research).consent);
    CHECK(consent(R"("status": "entered-in-error")").withdrawn);
}

TEST_CASE("extract study: Q03 who takes part in what") {
    const record r = test::extracted(
        R"({"resourceType": "ResearchSubject", "id": "s", "status": "withdrawn", "period": {"start": "2024-01-01"},
        "study": {"identifier": {"system": "https://clinicaltrials.gov", "value": "NCT06737380"}}, "individual": {"reference": "Patient/p"}})",
        codes()
    );
    CHECK(r.subject == "Patient/p");
    CHECK(r.participation->study == "NCT06737380");
    CHECK(r.participation->status == "withdrawn");
    const record study = test::extracted(
        R"({"resourceType": "ResearchStudy", "id": "s", "status": "active", "identifier": [{"value": "NCT06737380"}]})", codes()
    );
    CHECK(study.definition->identifiers == std::vector<std::string>{"NCT06737380"});
}

TEST_CASE("extract: keys of subjects") {
    CHECK(patient_key(fhir::parse_reference("https://h/fhir/Patient/p1/_history/3")) == "Patient/p1");
    CHECK(patient_key(fhir::parse_reference("urn:uuid:0C3151BD-1CBF-4D64-B04D-CD9187A4C6E0")) == "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0");
    CHECK(patient_key(fhir::parse_reference("Group/g")).empty());
    fhir::reference logical;
    logical.logical = {"urn:mrn", "1"};
    CHECK(patient_key(logical) == "identifier:urn:mrn|1");
}

TEST_CASE("extract: versions are ordered by number, else by time, else by reading") {
    const version_stamp none;
    const auto stamp = [](std::int64_t number, std::int64_t updated, std::uint64_t read) {
        return version_stamp{number < 0 ? "" : std::to_string(number), number, updated, read};
    };
    CHECK(supersedes(stamp(10, 1, 0), stamp(9, 2, 5)));
    CHECK_FALSE(supersedes(stamp(9, 2, 5), stamp(10, 1, 0)));
    CHECK(supersedes(stamp(-1, 5, 0), stamp(3, 4, 9)));
    CHECK(supersedes(stamp(-1, -1, 2), stamp(3, 4, 1)));
    CHECK_FALSE(supersedes(stamp(3, 4, 2), stamp(3, 4, 1)));
    CHECK_FALSE(supersedes(none, none));
}

TEST_CASE("extract: a deletion withdraws, an unusable resource does neither") {
    const record gone = deletion(fhir::parse_reference("Observation/o"), "W/\"4\"", "2024-01-01T00:00:00Z");
    CHECK((gone.withdrawn && gone.type == "Observation" && gone.id == "o" && gone.version.number == 4));
    const record unusable = patient(R"(, "implicitRules": "http://x")");
    CHECK_FALSE(unusable.withdrawn);
    CHECK(unusable.empty());
    CHECK(unusable.id == "p");
}

TEST_CASE("notes: every id is found again and has a sentence") {
    for (unsigned i = 0; i < static_cast<unsigned>(note::count_); ++i) {
        const note n = static_cast<note>(i);
        CHECK(find_note(id(n)) == n);
        CHECK_FALSE(sentence(n).empty());
    }
    CHECK(find_note("no-such-note") == note::count_);
    CHECK(id(note::clinician_to_confirm) == "clinician-to-confirm");
}
