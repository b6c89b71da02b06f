// All published examples: nothing fatal, known values, and no harm from any value replaced by any other.
#include "tests/support/resource_text.hpp"
#include "tests/support/shared.hpp"

using namespace trialgate;
using namespace trialgate::fhir;
using tests::printed;
using tests::resource_text;

namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".json")
            out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

void read_any(json::value root, issue_sink& sink) {
    read_resource(root, sink);
    if (root["resourceType"].text() != "Bundle")
        return;
    const bundle b = read_bundle(root, sink);
    for (const bundle_entry& e : b.entries)
        if (e.resource)
            read_resource(e.resource, sink);
}

/// Writes a tree, with the value number `target` (in document order) replaced.
class mutator {
public:
    mutator(std::size_t target, std::string_view replacement) : target_(target), replacement_(replacement) {}
    std::string text;
    std::size_t count = 0; ///< values seen

    void write(json::value v) {
        if (count++ == target_) {
            text += replacement_;
            return;
        }
        if (v.is_object()) {
            char separator = '{';
            for (const auto& m : v.members()) {
                if (m.name == "div")
                    continue;
                text += separator + json::quote(m.name) + ':';
                write(m.content);
                separator = ',';
            }
            text += separator == '{' ? "{}" : "}";
        } else if (v.is_array()) {
            char separator = '[';
            for (const auto& e : v.elements()) {
                text += separator;
                write(e);
                separator = ',';
            }
            text += separator == '[' ? "[]" : "]";
        } else if (v.is_string()) {
            text += json::quote(v.text());
        } else if (v.is_number()) {
            text += v.text();
        } else {
            text += v.is_boolean() ? (v.as_bool() ? "true" : "false") : "null";
        }
    }

private:
    std::size_t target_;
    std::string_view replacement_;
};

void check_issues(const issue_list& issues, std::string_view type, std::size_t size) {
    for (const issue& i : issues.issues)
        if (i.text.empty() || i.offset > size || (!i.path.starts_with(type) && !type.empty() && type != "Bundle")) {
            CAPTURE(i.path, i.text, i.offset);
            FAIL_CHECK("an issue without sentence, place or path");
        }
}

template <class Type>
struct example : resource_text<Type> {
    example(const std::filesystem::path& shared, const char* name)
        : resource_text<Type>(tests::read_file(shared / "data" / (std::string(name) + ".json"))) {}
};

std::string code_of(const codeable_concept& c) { return c.codings.empty() ? "" : std::string(c.codings[0].code); }

} // namespace

TEST_CASE("examples: all published resources are read without anything fatal") {
    const auto shared = tests::shared_folder("published resources");
    if (!shared)
        return;
    std::size_t files = 0;
    for (const auto* folder : {"r4-examples", "us-core-labs", "notifications"})
        for (const auto& path : files_of(*shared / "data" / folder)) {
            CAPTURE(path.filename().string());
            tests::parsed_text doc(tests::read_file(path));
            read_any(doc.root, doc.issues);
            // None of them has implicitRules or a modifierExtension.
            CHECK_FALSE(doc.issues.has(severity::fatal));
            for (const issue& i : doc.issues.issues)
                CHECK((i.severity_ == severity::warning || path.stem() == "Bundle-bundle-transaction"));
            ++files;
        }
    CHECK(files > 500);
}

TEST_CASE("examples: values of observations") {
    const auto shared = tests::shared_folder("published observations");
    if (!shared)
        return;
    const auto open = [&](const char* name) {
        return example<observation>(*shared, (std::string("r4-examples/Observation-") + name).c_str());
    };
    const auto glucose = open("f001");
    CHECK(code_of(glucose->code) == "15074-8");
    CHECK(printed(std::get<quantity>(glucose->value)) == "6.3|mmol/l|http://unitsofmeasure.org|mmol/L");
    REQUIRE(glucose->reference_ranges.size() == 1);
    CHECK(printed(glucose->reference_ranges[0].low->value) == "3.1");
    CHECK(printed(glucose->reference_ranges[0].high->value) == "6.2");
    CHECK(code_of(glucose->interpretation.at(0)) == "H");
    CHECK(printed(std::get<period>(glucose->effective).start) == "2013-04-02T09:30:10+3600");
    CHECK(printed(glucose->issued) == "2013-04-03T15:30:10+3600");
    CHECK(glucose->subject.id == "f001");
    CHECK(glucose->identifiers.at(0).value == "6323");

    const auto wrong = open("f202");
    CHECK(wrong->status == "entered-in-error");
    CHECK(wrong->code.codings.size() == 4);
    CHECK(wrong->code.find("http://loinc.org")->code == "8310-5");
    const auto creatinine = open("f204");
    CHECK(printed(std::get<quantity>(creatinine->value)) == "122|umol/L|http://snomed.info/sct|258814008");
    CHECK(code_of(creatinine->reference_ranges.at(0).type) == "normal");
    const auto pressure = open("blood-pressure");
    CHECK(std::holds_alternative<std::monostate>(pressure->value));
    REQUIRE(pressure->components.size() == 2);
    CHECK(code_of(pressure->components[1].code) == "8462-4");
    CHECK(printed(std::get<quantity>(pressure->components[1].value).value) == "60");
    CHECK(printed(std::get<date_time>(pressure->effective)) == "2012-09-17");
    CHECK(code_of(pressure->body_site) == "368209003");
    CHECK(code_of(open("blood-pressure-dar")->components.at(1).data_absent_reason) == "not-performed");
    CHECK(open("bgpanel")->has_member.at(1).id == "rhstatus");
    CHECK(std::get<codeable_concept>(open("bloodgroup")->value).text == "A");
    CHECK(printed(std::get<date_time>(open("date-lastmp")->value)) == "2016-12-30");
    CHECK(code_of(open("unsat")->data_absent_reason) == "125154007");
    CHECK(std::get<std::string_view>(open("trachcare")->value).starts_with("Mother is trained"));
    CHECK(std::get<codeable_concept>(open("alcohol-type")->components.at(2).value).text == "Liquor");
    const auto glasgow = open("glasgow");
    REQUIRE(glasgow->reference_ranges.size() == 3);
    CHECK(glasgow->reference_ranges[1].type.text == "Moderate TBI");
    CHECK_FALSE(glasgow->reference_ranges[2].high);
    const auto ekg = open("ekg");
    CHECK(ekg.has("Observation.component[0].valueSampledData", severity::warning, issue_type::not_supported));
}

TEST_CASE("examples: values of people, conditions, procedures and studies") {
    const auto shared = tests::shared_folder("published resources");
    if (!shared)
        return;
    const example<patient> peter(*shared, "r4-examples/Patient-example");
    CHECK(printed(peter->birth_date) == "1974-12-25");
    CHECK(peter->gender == "male");
    CHECK(peter->active == true);
    CHECK_FALSE(peter->deceased);
    CHECK(peter->identifiers.at(0).system == "urn:oid:1.2.36.146.595.217.0.1");
    CHECK(printed(example<patient>(*shared, "r4-examples/Patient-pat3")->deceased_on) == "2015-02-14T13:42:00+36000");
    CHECK(example<patient>(*shared, "r4-examples/Patient-pat4")->deceased);
    CHECK(example<patient>(*shared, "r4-examples/Patient-pat2")->links.at(0).type == "seealso");
    const example<condition> burn(*shared, "r4-examples/Condition-example");
    CHECK(code_of(burn->verification_status) == "confirmed");
    CHECK(code_of(burn->clinical_status) == "active");
    CHECK(printed(std::get<date_time>(burn->onset)) == "2012-05-24");
    const example<condition> fever(*shared, "r4-examples/Condition-f201");
    CHECK(std::get<std::string_view>(fever->abatement) == "around April 9, 2013");
    const example<procedure> surgery(*shared, "r4-examples/Procedure-f001");
    CHECK(printed(std::get<period>(surgery->performed).end) == "2011-06-27");
    CHECK(code_of(example<encounter>(*shared, "r4-examples/Encounter-f001")->class_) == "AMB");
    CHECK(code_of(example<diagnostic_report>(*shared, "r4-examples/DiagnosticReport-f201")->conclusion_codes.at(0)) ==
          "188340000");
    const example<specimen> blood(*shared, "r4-examples/Specimen-101");
    CHECK(printed(std::get<date_time>(blood->collected)) == "2011-05-30T06:15:00+0");
    const example<consent> basic(*shared, "r4-examples/Consent-consent-example-basic");
    CHECK(printed(basic->valid->end) == "2016-01-01");
    CHECK(basic->decision.empty());
    const example<research_subject> subject(*shared, "r4-examples/ResearchSubject-example");
    CHECK(subject->status == "candidate");
    CHECK(subject->study.id == "example");
    CHECK(example<research_study>(*shared, "r4-examples/ResearchStudy-example")->status == "completed");
    const example<questionnaire_response> birth(*shared, "r4-examples/QuestionnaireResponse-bb");
    const auto dose = std::find_if(birth->answers.begin(), birth->answers.end(), [](const auto& a) {
        return a.link_id == "vitaminKDose2";
    });
    REQUIRE(dose != birth->answers.end());
    CHECK(printed(std::get<date_time>(dose->value)) == "1972-12-11");
}

TEST_CASE("examples: values of medications") {
    const auto shared = tests::shared_folder("published resources");
    if (!shared)
        return;
    const example<medication_request> order(*shared, "r4-examples/MedicationRequest-medrx0301");
    CHECK(code_of(order->medication.concept_) == "430127000");
    CHECK(printed(order->validity->end) == "2016-01-15");
    CHECK(printed(order->repeats_allowed) == "0");
    CHECK(printed(order->expected_supply->value) == "10");
    CHECK(order->dosages.at(0).as_needed);
    CHECK_FALSE(order->dosages.at(0).dose);
    CHECK(order->dosages.at(0).period_unit == "h");
    CHECK(example<medication_request>(*shared, "r4-examples/MedicationRequest-medrx002")->medication.reference_.id ==
          "med0316");
    const example<medication_statement> taken(*shared, "r4-examples/MedicationStatement-example001");
    REQUIRE(taken->medication.concept_.codings.size() == 1);
    CHECK(code_of(taken->medication.concept_) == "50580-506-02");
    CHECK(code_of(taken->medication.form) == "385057009");
    const example<medication_statement> syrup(*shared, "r4-examples/MedicationStatement-example006");
    CHECK(printed(syrup->dosages.at(0).dose->value) == "5");
    CHECK(printed(syrup->date_asserted) == "2014-02-22");
    const example<medication_dispense> vials(*shared, "r4-examples/MedicationDispense-meddisp0301");
    CHECK(printed(vials->days_supply->value) == "3");
    CHECK(printed(vials->when_prepared) == "2015-01-15T10:20:00+0");
    const example<medication_administration> given(*shared, "r4-examples/MedicationAdministration-medadmin0301");
    CHECK(printed(*given->dose) == "500|mg|http://unitsofmeasure.org|mg");
    CHECK(code_of(given->route) == "47625008");
    const example<medication> lemtrada(*shared, "r4-examples/Medication-med0303");
    CHECK(code_of(lemtrada->code) == "1594660");
    CHECK(code_of(lemtrada->ingredients.at(0).concept_) == "129472003");
    const example<medication_request> axid(
        *shared, "us-core-labs/MedicationRequest-medicationrequest-contained-oral-axid"
    );
    CHECK(code_of(axid->medication.concept_) == "582620");
}

TEST_CASE("examples: any value replaced by any other JSON does no harm") {
    const auto shared = tests::shared_folder("published resources");
    if (!shared)
        return;
    // Large documents are sampled, so that the whole takes seconds.
    constexpr std::size_t most_mutated = 60;
    json::parser original, mutated;
    std::size_t documents = 0;
    for (const auto& path : files_of(*shared / "data" / "r4-examples")) {
        const auto root = original.parse_copy(tests::read_file(path));
        REQUIRE(root.has_value());
        const std::string_view type = (*root)["resourceType"].text();
        if (!is_read(type) && type != "Bundle")
            continue;
        mutator whole(std::size_t(-1), {});
        whole.write(*root);
        const std::size_t stride =
            whole.text.size() < 4000 ? 1 : whole.count / most_mutated + 1;
        for (std::size_t target = 1; target < whole.count; target += stride)
            for (const auto* replacement :
                 {"null", "true", "17", R"("x")", "{}", "[]", "[[{}]]",
                  R"({"modifierExtension":[{"url":"u"}]})", R"({"reference":"#x","value":"y","extension":7})"}) {
                mutator one(target, replacement);
                one.write(*root);
                const auto changed = mutated.parse_copy(one.text);
                REQUIRE(changed.has_value());
                issue_list issues;
                read_any(*changed, issues);
                const json::value now = (*changed)["resourceType"];
                check_issues(issues, now.is_string() ? now.text() : "", one.text.size());
                ++documents;
            }
    }
    CHECK(documents > 50'000);
}
