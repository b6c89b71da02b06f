#include "tests/support/resource_text.hpp"

using namespace trialgate::fhir;
using trialgate::tests::printed;
using trialgate::tests::resource_text;

namespace {

std::string request_with(std::string_view members) {
    return R"({"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"reference":"Patient/1"},)" +
           std::string(members) + "}";
}

std::string statement_with(std::string_view members) {
    return R"({"resourceType":"MedicationStatement","subject":{"reference":"Patient/1"},"medicationCodeableConcept":{"text":"x"},)" +
           std::string(members) + "}";
}

} // namespace

TEST_CASE("medication choice: concept, outside reference, display") {
    const resource_text<medication_request> coded(request_with(R"("medicationCodeableConcept":{"text":"HCQ"})"));
    CHECK(coded->medication.concept_.text == "HCQ");
    CHECK(coded->medication.reference_.empty());

    const resource_text<medication_request> pointing(
        request_with(R"("medicationReference":{"reference":"Medication/m1","display":"HCQ"})")
    );
    CHECK(pointing->medication.reference_.id == "m1");
    CHECK(pointing->medication.reference_.display == "HCQ");
    CHECK(pointing->medication.concept_.empty());
    CHECK(pointing.clean());
}

TEST_CASE("medication choice: a contained Medication is resolved with its form") {
    const resource_text<medication_request> r(request_with(
        R"("medicationReference":{"reference":"#m","display":"d"},"contained":[{"resourceType":"Medication","id":"m",
           "code":{"coding":[{"system":"s","code":"5521"}]},"form":{"text":"tablet"},
           "ingredient":[{"itemCodeableConcept":{"coding":[{"code":"not-needed"}]}}]}])"
    ));
    REQUIRE(r->medication.concept_.codings.size() == 1);
    CHECK(r->medication.concept_.codings[0].code == "5521");
    CHECK(r->medication.form.text == "tablet");
    CHECK(r->medication.reference_.empty());
    CHECK(r->medication.reference_.display == "d");
    CHECK(r.clean());
}

TEST_CASE("medication choice: the ingredients of a contained Medication without code stand for it") {
    const resource_text<medication_request> r(request_with(
        R"("medicationReference":{"reference":"#m"},"contained":[
           {"resourceType":"Substance","id":"s","code":{"coding":[{"code":"by-substance"}]}},
           {"resourceType":"Substance","id":"s5","code":{"concept":{"coding":[{"code":"by-substance-r5"}]}}},
           {"resourceType":"Medication","id":"m","code":{"text":"mix"},"ingredient":[
             {"itemCodeableConcept":{"coding":[{"code":"a"}]}},
             {"itemCodeableConcept":{"coding":[{"code":"b"}]},"isActive":false},
             {"itemCodeableConcept":{"coding":[{"code":"c"}]},"modifierExtension":[{"url":"u"}]},
             {"itemReference":{"reference":"#s"}},
             {"item":{"reference":{"reference":"#s5"}}},
             {"item":{"concept":{"text":"words"}}},
             {"itemReference":{"reference":"#m"}}]}])"
    ));
    const auto& codings = r->medication.concept_.codings;
    REQUIRE(codings.size() == 5);
    CHECK(codings[0].code == "a");
    CHECK(codings[1].code == "by-substance");
    CHECK(codings[2].code == "by-substance-r5");
    CHECK(codings[3].display == "words");
    CHECK(codings[4].display == "mix"); // points back at itself: read once, not followed
    CHECK(r.issues.issues.size() == 1);
    CHECK(r.has("MedicationRequest.medicationReference.resolve().ingredient[2].modifierExtension", severity::error,
                issue_type::not_supported));
}

TEST_CASE("medication choice: contained Medications that cannot be used") {
    const auto [contained, path, s] = GENERATE(table<const char*, const char*, severity>(
        {{"[]", "MedicationRequest.medicationReference.reference", severity::warning},
         {R"([{"resourceType":"Patient","id":"m"}])", "MedicationRequest.medicationReference.resolve()",
          severity::warning},
         {R"([{"resourceType":"Medication","id":"m","code":{"text":"t"},"implicitRules":"u"}])",
          "MedicationRequest.medicationReference.resolve()", severity::error},
         {R"([{"resourceType":"Medication","id":"m","code":{"text":"t"},"modifierExtension":[{"url":"u"}]}])",
          "MedicationRequest.medicationReference.resolve()", severity::error}}
    ));
    CAPTURE(contained);
    const resource_text<medication_request> r(
        request_with(R"("medicationReference":{"reference":"#m"},"contained":)" + std::string(contained))
    );
    CHECK(r->medication.concept_.empty());
    REQUIRE(r.at(path));
    CHECK(r.at(path)->severity_ == s);
    CHECK(r->header.usable);
}

TEST_CASE("medication choice: R5 says both in one element") {
    const resource_text<medication_request> r(
        request_with(R"("medication":{"concept":{"text":"HCQ"},"reference":{"reference":"Medication/m"}})")
    );
    CHECK(r->medication.concept_.text == "HCQ");
    CHECK(r->medication.reference_.id == "m");
    const resource_text<medication_request> contained(request_with(
        R"("medication":{"reference":{"reference":"#m"}},"contained":[{"resourceType":"Medication","id":"m","code":{"text":"t"},"doseForm":{"text":"f"}}])"
    ));
    CHECK(contained->medication.concept_.text == "t");
    CHECK(contained->medication.form.text == "f");
    CHECK(contained.clean());
}

TEST_CASE("medication choice: two of them in R4 contradict each other") {
    const resource_text<medication_request> r(
        request_with(R"("medicationCodeableConcept":{"text":"a"},"medicationReference":{"reference":"Medication/b"})")
    );
    CHECK(r->medication.concept_.empty());
    CHECK(r->medication.reference_.empty());
    CHECK(r.has("MedicationRequest.medication[x]", severity::error, issue_type::invariant));
}

TEST_CASE("request: what is read of it") {
    const resource_text<medication_request> r(request_with(
        R"("medicationCodeableConcept":{"text":"x"},"statusReason":{"text":"why"},"doNotPerform":true,"authoredOn":"2026-01-02",
           "reasonCode":[{"text":"r4"}],"reason":[{"concept":{"text":"r5"}},{"reference":{"reference":"Condition/1"}}],
           "dispenseRequest":{"validityPeriod":{"start":"2026"},"numberOfRepeatsAllowed":3,"expectedSupplyDuration":{"value":30,"code":"d"}},
           "dosageInstruction":[{"text":"daily","asNeededBoolean":false,"route":{"text":"oral"},
             "timing":{"repeat":{"boundsPeriod":{"start":"2026-01-02","end":"2026-06-30"},"frequency":2,"period":1,"periodUnit":"d"}},
             "doseAndRate":[{"doseQuantity":{"value":200,"unit":"mg"}}]}])"
    ));
    CHECK(r->do_not_perform);
    CHECK(r->status_reason.text == "why");
    CHECK(printed(r->authored_on) == "2026-01-02");
    REQUIRE(r->reasons.size() == 2);
    CHECK(r->reasons[1].text == "r5");
    CHECK(printed(r->validity->start) == "2026");
    CHECK(printed(r->repeats_allowed) == "3");
    CHECK(printed(*r->expected_supply) == "30|||d");
    REQUIRE(r->dosages.size() == 1);
    const auto& d = r->dosages[0];
    CHECK(d.text == "daily");
    CHECK_FALSE(d.as_needed);
    CHECK(d.route.text == "oral");
    CHECK(printed(d.bounds->end) == "2026-06-30");
    CHECK(printed(d.frequency) == "2");
    CHECK(printed(d.period_length) == "1");
    CHECK(d.period_unit == "d");
    CHECK(printed(*d.dose) == "200|mg||");
    CHECK(r.clean());
}

TEST_CASE("request: a doNotPerform that cannot be read makes the whole unusable") {
    const resource_text<medication_request> r(
        request_with(R"("medicationCodeableConcept":{"text":"x"},"doNotPerform":"true")")
    );
    CHECK_FALSE(r->header.usable);
    CHECK(r->status.empty());
    CHECK(r->medication.concept_.empty());
    REQUIRE(r.issues.has(severity::fatal));
}

TEST_CASE("request: mandatory elements") {
    const resource_text<medication_request> r(R"({"resourceType":"MedicationRequest"})");
    for (const auto* path : {"MedicationRequest.status", "MedicationRequest.intent", "MedicationRequest.medication[x]",
                             "MedicationRequest.subject"})
        CHECK(r.has(path, severity::error, issue_type::required));
    CHECK(r->subject.empty());
    CHECK(r->header.usable);
}

TEST_CASE("dosage: of several doses the ordered one counts, otherwise none") {
    const auto dose_of = [](std::string_view doses) {
        const resource_text<medication_request> r(request_with(
            R"("medicationCodeableConcept":{"text":"x"},"dosageInstruction":[{"doseAndRate":)" + std::string(doses) + "}]"
        ));
        REQUIRE(r->dosages.size() == 1);
        return r->dosages[0].dose ? printed(r->dosages[0].dose->value) : "none";
    };
    CHECK(dose_of(R"([{"type":{"coding":[{"code":"calculated"}]},"doseQuantity":{"value":1}},
                      {"type":{"coding":[{"code":"ordered"}]},"doseQuantity":{"value":2}}])") == "2");
    CHECK(dose_of(R"([{"doseQuantity":{"value":1}},{"doseQuantity":{"value":2}}])") == "none");
    CHECK(dose_of(R"([{"doseRange":{"low":{"value":1}}}])") == "none");
    CHECK(dose_of(R"([{"doseQuantity":{"value":1},"modifierExtension":[{"url":"u"}]}])") == "none");
}

TEST_CASE("dosage: as needed in every spelling, a modified one is left out") {
    const auto [sent, expected] = GENERATE(table<const char*, bool>(
        {{R"({"asNeededBoolean":true})", true},
         {R"({"asNeededCodeableConcept":{"text":"pain"}})", true},
         {R"({"asNeeded":true})", true},
         {R"({"asNeededFor":[{"text":"pain"}]})", true},
         {R"({"asNeeded":false})", false},
         {R"({})", false}}
    ));
    CAPTURE(sent);
    const resource_text<medication_statement> s(
        statement_with(R"("status":"active","dosage":[{"modifierExtension":[{"url":"u"}]},)" + std::string(sent) + "]")
    );
    REQUIRE(s->dosages.size() == 1);
    CHECK(s->dosages[0].as_needed == expected);
    CHECK(s.has("MedicationStatement.dosage[0].modifierExtension", severity::error, issue_type::not_supported));
}

TEST_CASE("statement: R5's adherence gives the R4 status") {
    const auto [adherence, expected] = GENERATE(table<const char*, const char*>(
        {{R"({"code":{"coding":[{"code":"taking-as-directed"}]}})", "active"},
         {R"({"code":{"coding":[{"code":"taking"}]}})", "active"},
         {R"({"code":{"coding":[{"code":"not-taking"}]}})", "not-taken"},
         {R"({"code":{"coding":[{"code":"on-hold-as-directed"}]}})", "on-hold"},
         {R"({"code":{"coding":[{"code":"stopped-not-as-directed"}]}})", "stopped"},
         {R"({"code":{"coding":[{"code":"unknown"}]}})", "unknown"},
         {R"({"code":{"coding":[{"code":"taking-it-easy"}]}})", "unknown"},
         {R"({"code":{"coding":[{"code":"taking"},{"code":"not-taking"}]}})", "unknown"},
         {R"({"code":{"text":"taking"}})", "unknown"},
         {R"({"code":{"coding":[{"code":"taking"}]},"modifierExtension":[{"url":"u"}]})", "unknown"},
         {"null", "active"}}
    ));
    CAPTURE(adherence);
    const resource_text<medication_statement> s(
        statement_with(R"("status":"recorded","adherence":)" + std::string(adherence))
    );
    CHECK(s->status == expected);
}

TEST_CASE("statement: R4 statuses are kept, whatever adherence says") {
    const resource_text<medication_statement> s(
        statement_with(R"("status":"not-taken","adherence":{"code":{"coding":[{"code":"taking"}]}},
                          "effectivePeriod":{"start":"2025-01"},"dateAsserted":"2026-01-01","reasonCode":[{"text":"r"}])")
    );
    CHECK(s->status == "not-taken");
    CHECK(printed(std::get<period>(s->effective).start) == "2025-01");
    CHECK(printed(s->date_asserted) == "2026-01-01");
    CHECK(s->reasons.size() == 1);
    CHECK(s.clean());
}

TEST_CASE("dispense: what is read of it") {
    const resource_text<medication_dispense> d(
        R"({"resourceType":"MedicationDispense","status":"completed","medicationCodeableConcept":{"text":"x"},
            "subject":{"reference":"Patient/1"},"whenPrepared":"2026-01-01","whenHandedOver":"2026-01-02T10:00:00Z",
            "quantity":{"value":60},"daysSupply":{"value":30,"code":"d"},"dosageInstruction":[{"doseQuantity":{"value":1}}]})"
    );
    CHECK(printed(d->when_handed_over) == "2026-01-02T10:00:00+0");
    CHECK(printed(d->amount->value) == "60");
    CHECK(printed(d->days_supply->value) == "30");
    CHECK(printed(d->dosages.at(0).dose->value) == "1");
    CHECK(d.clean());
}

TEST_CASE("administration: effective[x] in all its spellings") {
    const std::string name = GENERATE("effectiveDateTime", "occurenceDateTime", "occurrenceDateTime");
    CAPTURE(name);
    const resource_text<medication_administration> a(
        R"({"resourceType":"MedicationAdministration","status":"completed","medication":{"concept":{"text":"x"}},
            "subject":{"reference":"Patient/1"},"dosage":{"route":{"text":"iv"},"dose":{"value":500}},")" +
        name + R"(":"2026-01-15"})"
    );
    CHECK(printed(std::get<date_time>(a->effective)) == "2026-01-15");
    CHECK(a->route.text == "iv");
    CHECK(printed(a->dose->value) == "500");
    CHECK(a.clean());
}

TEST_CASE("administration: without a time it is said, and a modified dosage is left out") {
    const resource_text<medication_administration> a(
        R"({"resourceType":"MedicationAdministration","status":"completed","medication":{"concept":{"text":"x"}},
            "subject":{"reference":"Patient/1"},"dosage":{"dose":{"value":500},"modifierExtension":[{"url":"u"}]}})"
    );
    CHECK(a.has("MedicationAdministration.effective[x]", severity::error, issue_type::required));
    CHECK(a.has("MedicationAdministration.dosage.modifierExtension", severity::error, issue_type::not_supported));
    CHECK_FALSE(a->dose);
}

TEST_CASE("medication: code, form and active ingredients") {
    const resource_text<medication> m(
        R"({"resourceType":"Medication","code":{"text":"x"},"doseForm":{"text":"tablet"},"ingredient":[
            {"itemCodeableConcept":{"text":"a"}},{"itemReference":{"reference":"Substance/1"}},
            {"item":{"concept":{"text":"b"}}},{"itemCodeableConcept":{"text":"no"},"isActive":false},{}]})"
    );
    CHECK(m->form.text == "tablet");
    REQUIRE(m->ingredients.size() == 4);
    CHECK(m->ingredients[0].concept_.text == "a");
    CHECK(m->ingredients[1].reference_.id == "1");
    CHECK(m->ingredients[2].concept_.text == "b");
    CHECK(m.issues.issues.size() == 1);
    CHECK(m.has("Medication.ingredient[4].item[x]", severity::error, issue_type::required));
}
