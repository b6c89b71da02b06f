#include "tests/support/resource_text.hpp"

using namespace trialgate::fhir;
using trialgate::tests::printed;
using trialgate::tests::resource_text;

namespace {

std::string observation_with(std::string_view members) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"x"},)" + std::string(members) + "}";
}

} // namespace

TEST_CASE("resource: what is no resource is fatal") {
    const auto [text, path] = GENERATE(table<const char*, const char*>(
        {{"[]", ""}, {"7", ""}, {"null", ""}, {"{}", "resourceType"}, {R"({"resourceType":7})", "resourceType"},
         {R"({"resourceType":""})", "resourceType"}}
    ));
    CAPTURE(text);
    trialgate::tests::parsed_text doc(text);
    CHECK(std::holds_alternative<std::monostate>(read_resource(doc.root, doc.issues)));
    CHECK(doc.has(path, severity::fatal, issue_type::structure));
    read_context context(doc.issues);
    CHECK_FALSE(read_header(doc.root, context).usable);
}

TEST_CASE("resource: a type that nobody reads is no issue") {
    trialgate::tests::parsed_text doc(R"({"resourceType":"Questionnaire","implicitRules":"http://x"})");
    CHECK(std::holds_alternative<std::monostate>(read_resource(doc.root, doc.issues)));
    CHECK(doc.issues.issues.empty());
    CHECK_FALSE(is_read("Questionnaire"));
    CHECK_FALSE(is_read("Bundle"));
    CHECK_FALSE(is_read(""));
    CHECK_FALSE(is_read("observation"));
    for (const auto* type : {"Patient", "Observation", "Condition", "MedicationRequest", "MedicationStatement",
                             "MedicationDispense", "MedicationAdministration", "Medication", "Procedure", "Encounter",
                             "DiagnosticReport", "Specimen", "Consent", "ResearchStudy", "ResearchSubject",
                             "QuestionnaireResponse"})
        CHECK(is_read(type));
}

TEST_CASE("header: id, version, time, source, labels") {
    const std::string text = observation_with(
        R"("id":"o9","meta":{"versionId":"3","lastUpdated":"2026-01-15T10:29:59.120Z","source":"urn:s",
           "security":[{"system":"urn:c","code":"R"}],"tag":[{"code":"t"}]})"
    );
    const resource_text<observation> o(text);
    const auto& h = o->header;
    CHECK(h.type == "Observation");
    CHECK(h.id == "o9");
    CHECK(h.version_id == "3");
    CHECK(h.last_updated == "2026-01-15T10:29:59.120Z");
    CHECK(h.source == "urn:s");
    REQUIRE(h.security.size() == 1);
    CHECK(h.security[0].code == "R");
    REQUIRE(h.tags.size() == 1);
    CHECK(h.usable);
    CHECK(o.clean());
}

TEST_CASE("header: implicitRules and modifier extensions forbid use, and nothing but the header is left") {
    const auto [member, path] = GENERATE(table<const char*, const char*>(
        {{R"("implicitRules":"http://x")", "Observation.implicitRules"},
         {R"("implicitRules":7)", "Observation.implicitRules"},
         {R"("modifierExtension":[{"url":"http://x","valueBoolean":true}])", "Observation.modifierExtension"},
         {R"("modifierExtension":{"url":"http://x"})", "Observation.modifierExtension"},
         {R"("modifierExtension":"x")", "Observation.modifierExtension"}}
    ));
    CAPTURE(member);
    resource_text<observation> o(
        observation_with(R"("id":"o","subject":{"reference":"Patient/1"},"valueInteger":1,)" + std::string(member))
    );
    CHECK_FALSE(o->header.usable);
    CHECK(o->header.id == "o");
    CHECK(o->status.empty());
    CHECK(o->subject.empty());
    CHECK(std::holds_alternative<std::monostate>(o->value));
    CHECK(o.has(path, severity::fatal, issue_type::not_supported));
    read_context context(o.issues);
    CHECK_FALSE(read_header(o.root, context).usable);
}

TEST_CASE("header: an empty modifierExtension is none") {
    const std::string sent = GENERATE("[]", "null", "[null]");
    const resource_text<observation> o(observation_with("\"modifierExtension\":" + sent));
    CHECK(o->header.usable);
    CHECK(o.clean());
}

TEST_CASE("modifier extensions: an element that holds one is left out, the others stay") {
    const std::string modifier = R"("modifierExtension":[{"url":"http://x"}])";
    const resource_text<observation> o(observation_with(
        R"("component":[{"code":{"text":"a"},"valueInteger":1},{"code":{"text":"b"},"valueInteger":2,)" + modifier +
        R"(},{"code":{"text":"c"},"valueRange":{"low":{"value":1,)" + modifier + R"(}}}],
        "valueQuantity":{"value":1,)" + modifier + R"(},"referenceRange":[{"text":"r",)" + modifier + "}]"
    ));
    CHECK(o->header.usable);
    REQUIRE(o->components.size() == 2);
    CHECK(o->components[0].code.text == "a");
    CHECK(o->components[1].code.text == "c");
    CHECK(std::holds_alternative<std::monostate>(o->components[1].value));
    CHECK(std::holds_alternative<std::monostate>(o->value));
    CHECK(o->reference_ranges.empty());
    for (const auto* path :
         {"Observation.component[1].modifierExtension", "Observation.component[2].valueRange.low.modifierExtension",
          "Observation.valueQuantity.modifierExtension", "Observation.referenceRange[0].modifierExtension"}) {
        CAPTURE(path);
        CHECK(o.has(path, severity::error, issue_type::not_supported));
    }
}

TEST_CASE("observation: every type of value") {
    SECTION("string") {
        const resource_text<observation> o(observation_with(R"("valueString":"1:160")"));
        CHECK(std::get<std::string_view>(o->value) == "1:160");
    }
    SECTION("boolean") {
        const resource_text<observation> o(observation_with(R"("valueBoolean":false)"));
        CHECK_FALSE(std::get<bool>(o->value));
    }
    SECTION("integer") {
        const resource_text<observation> o(observation_with(R"("valueInteger":-12)"));
        CHECK(std::get<std::int64_t>(o->value) == -12);
    }
    SECTION("concept") {
        const resource_text<observation> o(
            observation_with(R"("valueCodeableConcept":{"coding":[{"system":"s","code":"c"},{}],"text":"t"})")
        );
        const auto& c = std::get<codeable_concept>(o->value);
        CHECK(c.codings.size() == 1);
        CHECK(c.text == "t");
    }
    SECTION("range") {
        const resource_text<observation> o(observation_with(R"("valueRange":{"high":{"value":4}})"));
        CHECK_FALSE(std::get<range>(o->value).low);
        CHECK(printed(std::get<range>(o->value).high->value) == "4");
    }
    SECTION("ratio") {
        const resource_text<observation> o(
            observation_with(R"("valueRatio":{"numerator":{"value":1},"denominator":{"value":160}})")
        );
        CHECK(printed(std::get<rational>(o->value).denominator->value) == "160");
    }
    SECTION("time") {
        const resource_text<observation> o(observation_with(R"("valueDateTime":"2016-12-30")"));
        CHECK(printed(std::get<date_time>(o->value)) == "2016-12-30");
    }
    SECTION("period") {
        const resource_text<observation> o(observation_with(R"("valuePeriod":{"end":"2016"})"));
        CHECK(printed(std::get<period>(o->value).end) == "2016");
    }
    SECTION("an absent one with the reason") {
        const resource_text<observation> o(
            observation_with(R"("dataAbsentReason":{"coding":[{"code":"unknown"}]},"_valueString":{"extension":[{}]})")
        );
        CHECK(std::holds_alternative<std::monostate>(o->value));
        CHECK(o->data_absent_reason.codings.at(0).code == "unknown");
        CHECK(o.clean());
    }
}

TEST_CASE("observation: what is no integer is no valueInteger") {
    const std::string sent = GENERATE("1.5", "1e30", R"("x")", "true", "12345678901234567890");
    CAPTURE(sent);
    const resource_text<observation> o(observation_with("\"valueInteger\":" + sent));
    CHECK(std::holds_alternative<std::monostate>(o->value));
    REQUIRE(o.at("Observation.valueInteger"));
    CHECK(o.at("Observation.valueInteger")->severity_ == severity::error);
}

TEST_CASE("observation: several values contradict each other, so none is used") {
    const resource_text<observation> o(observation_with(R"("valueQuantity":{"value":1},"valueString":"2")"));
    CHECK(std::holds_alternative<std::monostate>(o->value));
    CHECK(o.has("Observation.value[x]", severity::error, issue_type::invariant));

    const resource_text<observation> times(
        observation_with(R"("effectiveDateTime":"2026","effectivePeriod":{"start":"2025"})")
    );
    CHECK(std::holds_alternative<std::monostate>(times->effective));
    CHECK(times.has("Observation.effective[x]", severity::error, issue_type::invariant));
}

TEST_CASE("observation: types that are not read are left out with a warning") {
    const std::string name = GENERATE("valueSampledData", "valueTime", "valueAttachment", "valueReference", "valueFoo",
                                      "effectiveTiming");
    CAPTURE(name);
    const resource_text<observation> o(observation_with("\"" + name + "\":{}"));
    CHECK(std::holds_alternative<std::monostate>(o->value));
    CHECK(std::holds_alternative<std::monostate>(o->effective));
    CHECK(o.has("Observation." + name, severity::warning, issue_type::not_supported));
}

TEST_CASE("observation: effective as time, instant and period") {
    const resource_text<observation> time(observation_with(R"("effectiveDateTime":"2026-03")"));
    CHECK(printed(std::get<date_time>(time->effective)) == "2026-03");
    const resource_text<observation> instant(observation_with(R"("effectiveInstant":"2026-01-15T09:30:00.5+01:00")"));
    CHECK(printed(std::get<date_time>(instant->effective)) == "2026-01-15T09:30:00+3600");
    const resource_text<observation> absent(
        observation_with(R"("_effectiveDateTime":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason"}]})")
    );
    CHECK(std::holds_alternative<std::monostate>(absent->effective));
    CHECK(absent.clean());
}

TEST_CASE("observation: interpretation as list and as one object") {
    for (const auto* sent : {R"("interpretation":[{"text":"H"}])", R"("interpretation":{"text":"H"})"}) {
        const resource_text<observation> o(observation_with(sent));
        REQUIRE(o->interpretation.size() == 1);
        CHECK(o->interpretation[0].text == "H");
        CHECK(o.clean());
    }
}

TEST_CASE("observation: reference ranges with all their parts") {
    const resource_text<observation> o(observation_with(
        R"("referenceRange":[{"low":{"value":3.1},"high":{"value":6.2},"type":{"text":"normal"},"appliesTo":[{"text":"f"}],
           "age":{"low":{"value":18}},"text":"3.1-6.2"},{"low":{"value":"three"}},{"high":{"value":9}}])"
    ));
    REQUIRE(o->reference_ranges.size() == 2);
    const auto& r = o->reference_ranges[0];
    CHECK(printed(r.low->value) == "3.1");
    CHECK(printed(r.high->value) == "6.2");
    CHECK(r.type.text == "normal");
    CHECK(r.applies_to.size() == 1);
    CHECK(printed(r.age.low->value) == "18");
    CHECK(r.text == "3.1-6.2");
    CHECK_FALSE(o->reference_ranges[1].low);
    CHECK(o.has("Observation.referenceRange[1].low.value", severity::error, issue_type::value));
}

TEST_CASE("observation: components keep their own value, reason and issues' path") {
    const resource_text<observation> o(observation_with(
        R"("component":[{"code":{"text":"a"},"valueQuantity":{"value":1}},{"code":{"text":"b"},"valueQuantity":{"value":"x"}},
           {"dataAbsentReason":{"text":"r"}},17])"
    ));
    REQUIRE(o->components.size() == 3);
    CHECK(o->components[2].data_absent_reason.text == "r");
    CHECK(o.has("Observation.component[1].valueQuantity.value", severity::error, issue_type::value));
    CHECK(o.has("Observation.component[2].code", severity::error, issue_type::required));
    CHECK(o.has("Observation.component[3]", severity::error, issue_type::structure));
}

TEST_CASE("observation: mandatory elements and codes") {
    const resource_text<observation> bare(R"({"resourceType":"Observation"})");
    CHECK(bare->header.usable);
    CHECK(bare.has("Observation.status", severity::error, issue_type::required));
    CHECK(bare.has("Observation.code", severity::error, issue_type::required));
    CHECK(bare.issues.issues.size() == 2);

    const resource_text<observation> reasoned(
        R"({"resourceType":"Observation","code":{"text":"x"},"_status":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}})"
    );
    CHECK(reasoned->status.empty());
    CHECK(reasoned.clean());

    const resource_text<observation> odd(R"({"resourceType":"Observation","code":{"text":"x"},"status":"Final"})");
    CHECK(odd->status.empty());
    CHECK(odd.has("Observation.status", severity::error, issue_type::code_invalid));
}

TEST_CASE("report and specimen: what is read of them") {
    const resource_text<diagnostic_report> r(
        R"({"resourceType":"DiagnosticReport","status":"final","code":{"text":"biopsy"},"subject":{"reference":"Patient/1"},
            "issued":"2026-01-15T10:15:00Z","result":[{"reference":"Observation/1"}],"conclusion":"c",
            "conclusionCode":[{"text":"d"}],"presentedForm":[{"contentType":"application/pdf"}]})"
    );
    CHECK(r->results.at(0).id == "1");
    CHECK(r->conclusion == "c");
    CHECK(r->conclusion_codes.size() == 1);
    CHECK(r->has_attachment);
    CHECK(r.clean());

    const resource_text<specimen> s(
        R"({"resourceType":"Specimen","status":"available","type":{"text":"serum"},"receivedTime":"2026-01-02",
            "collection":{"collectedPeriod":{"start":"2026-01-01"}}})"
    );
    CHECK(printed(std::get<period>(s->collected).start) == "2026-01-01");
    CHECK(printed(s->received) == "2026-01-02");
    CHECK(s.clean());

    const resource_text<specimen> modified(
        R"({"resourceType":"Specimen","collection":{"collectedDateTime":"2026","modifierExtension":[{"url":"u"}]}})"
    );
    CHECK(std::holds_alternative<std::monostate>(modified->collected));
    CHECK(modified.has("Specimen.collection.modifierExtension", severity::error, issue_type::not_supported));
}
