#include "tests/support/extracted.hpp"

using namespace trialgate;
using namespace trialgate::mappings;
using trialgate::test::value_set;

namespace {

const catalog& codes() {
    constexpr const char* rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
    static const auto loaded = test::small_catalog(
        R"({"resourceType": "Bundle", "type": "collection", "entry": [)" + value_set("drug.hydroxychloroquine", rxnorm, "5521") + "," +
            value_set("drug.tacrolimus", rxnorm, "42316") + "," + value_set("drug.methotrexate", rxnorm, "6851") + "]}",
        R"({"medications": [{"concept": "drug.hydroxychloroquine", "words": ["hydroxychloroquine", "plaquenil"]},
            {"concept": "drug.tacrolimus", "words": ["tacrolimus", "prograf"], "not": ["ointment"]}]})"
    );
    return *loaded;
}

fhir::date day(std::string_view text) {
    return fhir::parse_date(text).value();
}

constexpr const char* hcq = R"("medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "5521"}]})";

record read(std::string type, std::string more, std::string drug = hcq, std::string meta = "\"versionId\": \"2\"") {
    return test::extracted(
        R"({"resourceType": ")" + type + R"(", "id": "m", "meta": {)" + meta + R"(}, "subject": {"reference": "Patient/p"}, )" + drug + ", " + more + "}",
        codes()
    );
}

exposure_fact one(const record& r) {
    REQUIRE(r.facts.size() == 1);
    return r.facts.front().exposure;
}

exposure_fact order(std::string status, std::string more, std::string intent = "order", std::string meta = "\"versionId\": \"2\"") {
    return one(read("MedicationRequest", R"("status": ")" + status + R"(", "intent": ")" + intent + R"(", )" + more, hcq, std::move(meta)));
}

std::size_t facts_of(std::string status, std::string intent, std::string more = "") {
    return read("MedicationRequest", R"("authoredOn": "2025-01-01", "status": ")" + status + R"(", "intent": ")" + intent + '"' + more).facts.size();
}

constexpr fhir::date_range open{fhir::date::highest(), fhir::date::highest()};

} // namespace

TEST_CASE("extract medication: an active order without end is open") {
    const exposure_fact e = order("active", R"("authoredOn": "2025-12-21")");
    CHECK(e.source == exposure_source::ordered);
    CHECK(e.start.first == day("2025-12-21"));
    CHECK(e.start.is_day());
    CHECK(e.end == open);
    CHECK_FALSE(e.ended);
}

TEST_CASE("extract medication: M04 a stopped order ended when it was last changed, as far as anybody can tell") {
    const exposure_fact e = order("stopped", R"("authoredOn": "2024-02")", "order", R"("lastUpdated": "2025-10-03T22:30:00Z")");
    CHECK(e.ended);
    CHECK(e.end.first == day("2025-10-04"));
    CHECK(e.start.last == day("2024-02-29"));
    const exposure_fact unknown = order("stopped", R"("authoredOn": "2024-02-01")");
    CHECK((unknown.ended && !unknown.end_known));
    CHECK(unknown.end == fhir::date_range{day("2024-02-01"), fhir::date::highest()});
}

TEST_CASE("extract medication: M07 what is no order proves nothing") {
    for (const char* intent : {"proposal", "plan", "option"})
        CHECK(facts_of("active", intent) == 0);
    for (const char* status : {"draft", "cancelled", "unknown"})
        CHECK(facts_of(status, "order") == 0);
    for (const char* intent : {"order", "original-order", "instance-order", "filler-order"})
        CHECK(facts_of("active", intent) == 1);
    CHECK(read("MedicationRequest", R"("status": "entered-in-error", "intent": "order")").withdrawn);
}

TEST_CASE("extract medication: M08 doNotPerform and not-taken are evidence against") {
    CHECK(order("active", R"("doNotPerform": true, "authoredOn": "2025-01-01")").against);
    CHECK(one(read("MedicationStatement", R"("status": "not-taken", "effectiveDateTime": "2025-01-01")")).against);
    CHECK(read("MedicationStatement", R"("status": "intended")").facts.empty());
}

TEST_CASE("extract medication: M10 on hold, the gap starts when it was last changed") {
    const exposure_fact e = order("on-hold", R"("authoredOn": "2025-01-01")", "order", R"("lastUpdated": "2025-06-01T10:00:00Z")");
    CHECK((e.on_hold && !e.ended));
    CHECK(e.end.first == day("2025-06-01"));
}

TEST_CASE("extract medication: M28 the planned start goes before the day of the order") {
    const exposure_fact e = order(
        "active", R"("authoredOn": "2025-11-01", "dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"start": "2026-01-10"}}}}])"
    );
    CHECK(e.start.first == day("2026-01-10"));
    CHECK(e.end == open);
}

TEST_CASE("extract medication: the planned end by bounds, validity or supply") {
    const auto end = [](std::string more) { return order("active", R"("authoredOn": "2025-01-01", )" + more).end.first; };
    CHECK(end(R"("dosageInstruction": [{"timing": {"repeat": {"boundsPeriod": {"end": "2025-03-01"}}}}])") == day("2025-03-01"));
    CHECK(end(R"("dosageInstruction": [{"timing": {"repeat": {"boundsDuration": {"value": 4, "code": "wk"}}}}])") == day("2025-01-29"));
    CHECK(end(R"("dispenseRequest": {"validityPeriod": {"end": "2025-05-01"}})") == day("2025-05-01"));
    CHECK(end(R"("dispenseRequest": {"expectedSupplyDuration": {"value": 30, "unit": "days"}, "numberOfRepeatsAllowed": 2})") == day("2025-04-01"));
    const exposure_fact done = order("completed", R"("authoredOn": "2025-01-01")");
    CHECK((done.ended && !done.end_known));
}

TEST_CASE("extract medication: M11 a dispense lasts as long as its supply") {
    const exposure_fact e = one(read("MedicationDispense", R"("status": "completed", "whenPrepared": "2025-01-01", "whenHandedOver": "2025-01-03",
        "daysSupply": {"value": 90, "unit": "days"})"));
    CHECK(e.source == exposure_source::dispensed);
    CHECK(e.start.first == day("2025-01-03"));
    CHECK(e.end.first == day("2025-04-03"));
    const exposure_fact counted = one(read("MedicationDispense", R"("status": "completed", "whenHandedOver": "2025-01-03", "quantity": {"value": 60, "unit": "tablet"},
        "dosageInstruction": [{"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}, "doseAndRate": [{"doseQuantity": {"value": 1, "unit": "tablet"}}]}])"));
    CHECK(counted.end.first == day("2025-02-02"));
    CHECK(read("MedicationDispense", R"("status": "cancelled", "whenHandedOver": "2025-01-03")").facts.empty());
    CHECK_FALSE(one(read("MedicationDispense", R"("status": "completed", "whenHandedOver": "2025-01-03")")).end_known);
}

TEST_CASE("extract medication: M19 M29 an administration is a point") {
    const exposure_fact e = one(read("MedicationAdministration", R"("status": "completed", "effectiveDateTime": "2025-01-03T08:00:00Z")"));
    CHECK(e.source == exposure_source::administered);
    CHECK(e.start.first == day("2025-01-03"));
    CHECK(e.end == e.start);
    CHECK(read("MedicationAdministration", R"("status": "not-done", "effectiveDateTime": "2025-01-03")").facts.empty());
}

TEST_CASE("extract medication: a statement's period is the course, one day tells only that it began no later") {
    const exposure_fact e = one(read("MedicationStatement", R"("status": "active", "effectivePeriod": {"start": "2025-01-03"})"));
    CHECK(e.start.first == day("2025-01-03"));
    CHECK(e.end == open);
    const exposure_fact point = one(read("MedicationStatement", R"("status": "active", "effectiveDateTime": "2025-01-03")"));
    CHECK(point.start == fhir::date_range{fhir::date::lowest(), day("2025-01-03")});
}

TEST_CASE("extract medication: M22 a name counts when no code is known, with a note") {
    const record r = read("MedicationRequest", R"("status": "active", "intent": "order")", R"("medicationCodeableConcept": {"text": "plaquenil 200mg"})");
    REQUIRE(r.facts.size() == 1);
    CHECK(r.facts[0].what == codes().find("drug.hydroxychloroquine"));
    CHECK(r.facts[0].notes.has(note::name_match_only));
    CHECK(r.facts[0].text == "plaquenil 200mg");
    CHECK(one(read("MedicationRequest", R"("status": "active", "intent": "order")")).source == exposure_source::ordered);
}

TEST_CASE("extract medication: what is applied locally is no background therapy") {
    constexpr const char* tacrolimus = R"("medicationCodeableConcept": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "42316"}]})";
    const auto facts = [&](std::string route) {
        return read("MedicationRequest", R"("status": "active", "intent": "order", "dosageInstruction": [{"route": )" + route + "}]", tacrolimus).facts.size();
    };
    CHECK(facts(R"({"coding": [{"system": "http://snomed.info/sct", "code": "6064005", "display": "Topical Route"}]})") == 0);
    CHECK(facts(R"({"text": "Ophthalmic"})") == 0);
    CHECK(facts(R"({"text": "Oral route"})") == 1);
    CHECK(facts(R"({"text": "Subcutaneous"})") == 1);
    CHECK(read("MedicationRequest", R"("status": "active", "intent": "order")", R"("medicationCodeableConcept": {"text": "tacrolimus 0.1% ointment"})").facts.empty());
}

TEST_CASE("extract medication: M25 a reference waits for its Medication, a contained one does not") {
    const record r = read("MedicationRequest", R"("status": "active", "intent": "order", "authoredOn": "2025-01-01")", R"("medicationReference": {"reference": "Medication/x"})");
    CHECK(r.medication == "Medication/x");
    REQUIRE(r.facts.size() == 1);
    CHECK(r.facts[0].what == concept_id::none);
    CHECK(r.facts[0].exposure.start.first == day("2025-01-01"));
    const record inside = read("MedicationRequest",
        R"("status": "active", "intent": "order", "contained": [{"resourceType": "Medication", "id": "x", "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "5521"}]}}])",
        R"("medicationReference": {"reference": "#x"})");
    CHECK(inside.medication.empty());
    CHECK(inside.facts.at(0).what == codes().find("drug.hydroxychloroquine"));
    const record drug = test::extracted(
        R"({"resourceType": "Medication", "id": "x", "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "5521"}]}})", codes()
    );
    CHECK(drug.definition->drugs == std::vector{codes().find("drug.hydroxychloroquine")});
}

TEST_CASE("extract medication: a daily dose, weekly ones divided by seven") {
    const auto dose = [](std::string repeat, std::string value) {
        return order("active", R"("dosageInstruction": [{"timing": {"repeat": )" + repeat + R"(}, "doseAndRate": [{"doseQuantity": {"value": )" + value +
                                   R"(, "unit": "mg"}}]}])")
            .daily_dose;
    };
    CHECK(dose(R"({"frequency": 2, "period": 1, "periodUnit": "d"})", "200") == fhir::decimal{400, 0});
    CHECK(dose(R"({"frequency": 1, "period": 1, "periodUnit": "wk"})", "14") == fhir::decimal{2, 0});
    CHECK(dose(R"({"frequency": 1, "period": 1, "periodUnit": "wk"})", "15") == dose(R"({"frequency": 2, "period": 2, "periodUnit": "wk"})", "15"));
    CHECK(dose(R"({"frequency": 1, "period": 12, "periodUnit": "h"})", "50") == fhir::decimal{100, 0});
}
