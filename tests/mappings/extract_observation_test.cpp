#include "mappings/engine/effective_time.hpp"
#include "mappings/engine/observation_code.hpp"
#include "mappings/engine/specimen_kind.hpp"
#include "tests/support/result_library.hpp"

#include <algorithm>

using namespace trialgate;
using namespace trialgate::mappings;
using tests::fact_of;
using tests::observation_json;
using tests::record_of;
using tests::result_catalog;
using tests::value_text;

namespace {

constexpr const char* ana = "5048-4";
constexpr const char* dsdna = "31348-6";

std::string text(const std::string& value) { return "'valueString': '" + value + "'"; }
std::string flag(const std::string& code) { return ", 'interpretation': [{'coding': [{'code': '" + code + "'}]}]"; }
std::string_view concept_of(const fact& f) { return result_catalog()->id(f.what); }

record with_code(const std::string& codings, const std::string& rest, std::function<void(const fhir::coding&)> f = {}) {
    return record_of(
        "{'resourceType': 'Observation', 'id': 'o1', 'status': 'final', 'code': {'coding': [" + codings + "]}, " + rest + "}", std::move(f)
    );
}

record timed(const std::string& times) {
    return record_of(
        "{'resourceType': 'Observation', 'id': 'o1', 'status': 'final', 'code': {'coding': [{'system': 'http://loinc.org', 'code': "
        "'5048-4'}]}, 'valueString': '1:160'" +
        times + "}"
    );
}

} // namespace

TEST_CASE("observation: a titer however it is sent (S08, S13, S14)") {
    for (const char* value :
         {"'valueString': '1:160'", "'valueString': '160'", "'valueInteger': 160", "'valueQuantity': {'value': 160, 'unit': '{titer}'}",
          "'valueQuantity': {'value': 160, 'unit': 'N/A'}", "'valueQuantity': {'value': 160, 'unit': '1:160', 'code': '{titer}'}",
          "'valueQuantity': {'value': 160.0}", "'valueRatio': {'numerator': {'value': 1}, 'denominator': {'value': 160}}",
          "'valueRatio': {'numerator': {'value': 160}, 'denominator': {'value': 1}}", "'valueCodeableConcept': {'text': '1:160'}",
          "'valueCodeableConcept': {'coding': [{'system': 'urn:lab', 'code': '1:160'}]}"}) {
        const fact f = fact_of(ana, value);
        CHECK(f.observation.use == usability::usable);
        CHECK(value_text(f) == (std::string(value).find("160.0") != std::string::npos ? "[160.0,160.0]" : "[160,160]"));
        CHECK(f.observation.factor == fhir::ratio{});
    }
    CHECK(value_text(fact_of(ana, text("<1:160"))) == "(0,160)");
    CHECK(value_text(fact_of(ana, text("<=1:160"))) == "(0,160]");
    CHECK(value_text(fact_of(ana, "'valueQuantity': {'value': 80, 'comparator': '>'}")) == "(80,inf)");
    CHECK(value_text(fact_of(ana, "'valueRatio': {'numerator': {'value': 1, 'comparator': '>'}, 'denominator': {'value': 1280}}")) ==
          "(1280,inf)");
    CHECK(value_text(fact_of(ana, "'valueRange': {'low': {'value': 80}, 'high': {'value': 160}}")) == "[80,160]");
    CHECK(value_text(fact_of(ana, text("1:320 speckled, 1:80 homogeneous"))) == "[320,320]");
}

TEST_CASE("observation: what is no titer is unusable, not a smaller titer") {
    for (const char* value :
         {"'valueQuantity': {'value': 160, 'unit': '1:640'}", "'valueQuantity': {'value': 6.4}", "'valueQuantity': {'value': 5}",
          "'valueRatio': {'numerator': {'value': 2}, 'denominator': {'value': 160}}", "'valueString': '1/16/2025'",
          "'valueString': 'speckled'", "'valueDateTime': '2026-01-01'"}) {
        const fact f = fact_of(ana, value);
        CHECK(f.observation.use == usability::value_unusable);
        CHECK_FALSE(f.observation.has_value);
    }
    CHECK(fact_of(ana, "'valueQuantity': {'value': 160, 'unit': 'U/mL'}").observation.use == usability::unit_unusable);
    CHECK(fact_of(ana, "'valueQuantity': {'value': 160, 'unit': '%'}").observation.use == usability::unit_unusable);
}

TEST_CASE("observation: a bare word under a titer proves the screening dilution (S10, S11)") {
    for (const std::string& value : {text("Positive"), text("POS"), std::string("'valueBoolean': true"),
                                     std::string("'valueCodeableConcept': {'coding': [{'system': 'http://snomed.info/sct', 'code': '10828004'}]}"),
                                     std::string("'interpretation': [{'coding': [{'code': 'A'}]}]")}) {
        const fact f = fact_of(ana, value);
        CHECK(f.observation.use == usability::usable);
        CHECK(f.observation.found == finding::positive);
        CHECK(value_text(f) == "[80,inf)");
    }
    const fact negative = fact_of(ana, text("Negative"));
    CHECK(negative.observation.found == finding::negative);
    CHECK(value_text(negative) == "(0,80)");
    const fact weak = fact_of(ana, text("Borderline"));
    CHECK(weak.observation.found == finding::equivocal);
    CHECK(value_text(weak) == "none");
    CHECK(value_text(fact_of("8061-4", text("Positive"))) == "[80,inf)");
    CHECK(value_text(fact_of("8061-4", text("1:320"))) == "[320,320]");
    CHECK(value_text(fact_of(ana, text("Negative at 1:40"))) == "(0,40]");
    CHECK(value_text(fact_of(ana, text("Positive at 1:80"))) == "[80,inf)");
}

TEST_CASE("observation: a screen in units is no titer (S20)") {
    const fact f = fact_of("8061-4", "'valueQuantity': {'value': 6.4, 'unit': 'U'}, 'referenceRange': [{'high': {'value': 1.0}}]");
    CHECK(f.observation.found == finding::positive);
    CHECK(value_text(f) == "[6.4,6.4]");
    CHECK(value_text(fact_of("8061-4", "'valueQuantity': {'value': 160, 'unit': '{titer}'}")) == "[160,160]");
}

TEST_CASE("observation: text bands of a titer (the C-CDA record)") {
    const fact f = fact_of(
        ana, text("Borderline, equal to 1:80") +
                 ", 'referenceRange': [{'text': 'Negative, less than 1:80'}, {'text': 'Positive, greater than 1:80'}]"
    );
    CHECK(value_text(f) == "[80,80]");
    CHECK(f.observation.found == finding::equivocal);
    CHECK(f.observation.use == usability::usable);
}

TEST_CASE("observation: a presence test, by number, code, text and interpretation (S22, S23, S25, S26, S32, S34)") {
    const auto of = [](const std::string& rest) { return fact_of(dsdna, rest).observation; };
    CHECK(of("'valueQuantity': {'value': 33, 'unit': 'U/mL'}, 'referenceRange': [{'low': {'value': 0}, 'high': {'value': 30}}]").found ==
          finding::positive);
    const observation_fact s22 =
        of("'valueQuantity': {'value': 8, 'unit': 'IU/mL'}, 'referenceRange': [{'text': '<=4'}]" + flag("N"));
    CHECK(s22.use == usability::conflicting);
    const observation_fact s23 =
        of("'valueQuantity': {'value': 7}, 'referenceRange': [{'text': '<=4 negative / 5-9 borderline / >=10 positive'}]");
    CHECK(s23.found == finding::equivocal);
    CHECK(s23.use == usability::usable);
    CHECK(of("'valueQuantity': {'value': 1000, 'comparator': '>'}, 'referenceRange': [{'text': '<10'}]").found == finding::positive);
    const observation_fact s32 =
        of("'valueCodeableConcept': {'text': 'GT 45'}, 'referenceRange': [{'low': {'value': 0}, 'high': {'value': 10}}]");
    CHECK(s32.found == finding::positive);
    CHECK(s32.range_high == fhir::decimal{10, 0});
    CHECK(of("'valueCodeableConcept': {'coding': [{'system': 'http://snomed.info/sct', 'code': '260373001'}]}").found == finding::positive);
    CHECK(of("'valueQuantity': {'value': 33}" + flag("POS")).found == finding::positive);
    CHECK(of("'valueQuantity': {'value': 33}").found == finding::none);
    CHECK(of("'valueQuantity': {'value': 33}, 'referenceRange': [{'high': {'value': 30}}]" + flag("E")).found == finding::equivocal);
    CHECK(of("'valueQuantity': {'value': 3}, 'referenceRange': [{'high': {'value': 30}}]" + flag("POS")).use == usability::conflicting);
    CHECK(of(text("Negative") + flag("A")).use == usability::conflicting);
    CHECK(of(text("Positive") + flag("A")).use == usability::usable);
    CHECK(of(text("3+")).found == finding::positive);
    CHECK(of(text("unreadable prose") + flag("POS")).found == finding::positive);
    CHECK(of(text("unreadable prose")).use == usability::value_unusable);
    CHECK(of("'valueQuantity': {'value': 33}" + flag("QCF")).use == usability::value_unusable);
}

TEST_CASE("observation: 'not done' gives no fact (S31)") {
    for (const char* said : {"See note", "QNS", "Hemolyzed", "Test not performed"}) {
        const record out = record_of(observation_json(dsdna, text(said)));
        CHECK(out.facts.empty());
        CHECK(out.id == "o1");
    }
    CHECK(record_of(observation_json(dsdna, "'dataAbsentReason': {'coding': [{'code': 'not-performed'}]}" + flag("NEG"))).facts.empty());
    CHECK(record_of(observation_json(dsdna, "")).facts.empty());
    CHECK(record_of(observation_json(dsdna, "'valueCodeableConcept': {'text': 'Test not performed'}" + flag("A"))).facts.empty());
    CHECK(fact_of(dsdna, text("See note") + flag("POS")).observation.found == finding::positive);
}

TEST_CASE("observation: status decides what becomes of it (S11, S40)") {
    for (const char* status : {"final", "amended", "corrected"})
        CHECK(fact_of(ana, text("1:160"), status).observation.use == usability::usable);
    for (const char* status : {"registered", "preliminary"}) {
        const fact f = fact_of(ana, text("1:160"), status);
        CHECK(f.observation.use == usability::pending);
        CHECK(value_text(f) == "[160,160]");
        const fact empty = fact_of(ana, "", status);
        CHECK(empty.observation.use == usability::pending);
        CHECK(empty.text == "pending");
    }
    for (const char* status : {"cancelled", "entered-in-error", "unknown"}) {
        const record out = record_of(observation_json(ana, text("1:160"), status));
        CHECK(out.withdrawn);
        CHECK(out.facts.empty());
    }
}

TEST_CASE("observation: components stand for themselves, and a parent with a value too (V06)") {
    const std::string component = "'component': [{'code': {'coding': [{'system': 'http://loinc.org', 'code': '5048-4'}]}, 'valueString': '1:640'}, "
                                  "{'code': {'coding': [{'system': 'http://loinc.org', 'code': '31348-6'}]}, 'valueString': 'Positive'}, "
                                  "{'code': {'text': 'pattern'}, 'valueString': 'speckled'}]";
    const record panel = record_of(observation_json("99999-9", component));
    REQUIRE(panel.facts.size() == 2);
    CHECK(concept_of(panel.facts[0]) == "ana.titer");
    CHECK(value_text(panel.facts[0]) == "[640,640]");
    CHECK(concept_of(panel.facts[1]) == "dsdna");
    CHECK(panel.facts[0].when == panel.facts[1].when);
    CHECK(record_of(observation_json("6690-2", component)).facts.size() == 2);
    CHECK(record_of(observation_json("6690-2", "'valueQuantity': {'value': 5, 'unit': 'K/uL'}, " + component)).facts.size() == 3);
    CHECK(record_of(observation_json("6690-2", component, "registered")).facts.size() == 2);
    CHECK(record_of(observation_json(ana, "'hasMember': [{'reference': 'Observation/o2'}]", "registered")).facts.empty());
}

TEST_CASE("observation: codings about different analytes conflict, others do not (V07)") {
    const std::string loinc = "{'system': 'http://loinc.org', 'code': '5048-4'}, ";
    const record conflict = with_code(loinc + "{'system': 'urn:lab:local', 'code': 'CRE'}", text("1:160"));
    REQUIRE(conflict.facts.size() == 2);
    for (const fact& f : conflict.facts) {
        CHECK(f.observation.use == usability::conflicting);
        CHECK(f.notes.has(note::code_conflict));
    }
    for (const char* local : {"{'system': 'urn:lab:local', 'code': 'ANAT'}", "{'system': 'urn:lab:local', 'code': 'PANEL'}",
                              "{'system': 'urn:other:lab', 'code': 'CRE'}", "{'code': 'CRE'}", "{'system': 'http://loinc.org', 'code': '1-8'}"}) {
        const record out = with_code(loinc + local, text("1:160"));
        REQUIRE(out.facts.size() == 1);
        CHECK(out.facts[0].observation.use == usability::usable);
        CHECK_FALSE(out.facts[0].notes.has(note::code_conflict));
    }
    const record narrower = with_code(
        "{'system': 'http://loinc.org', 'code': '5130-0'}, {'system': 'http://loinc.org', 'code': '6457-6'}", text("Positive")
    );
    for (const fact& f : narrower.facts)
        CHECK(f.observation.use == usability::usable);
}

TEST_CASE("observation: unmapped codes are told, and a known code without its system is noted") {
    std::vector<std::string> told;
    const auto tell = [&told](const fhir::coding& c) { told.push_back(std::string(c.system) + '|' + std::string(c.code)); };
    const record out = with_code("{'system': 'urn:other:lab', 'code': 'X1'}, {'code': '5048-4'}", text("1:160"), tell);
    CHECK(out.facts.empty());
    CHECK(out.notes.has(note::unmapped_code));
    CHECK(told == std::vector<std::string>{"urn:other:lab|X1", "|5048-4"});
    told.clear();
    const record mapped = with_code("{'system': 'http://loinc.org', 'code': '5048-4'}, {'system': 'urn:other:lab', 'code': 'X1'}", text("1:160"), tell);
    CHECK(told.empty());
    CHECK(mapped.notes.empty());
    CHECK_FALSE(with_code("{'system': 'http://loinc.org', 'code': '1-8'}", text("x"), tell).notes.has(note::unmapped_code));
    CHECK(told.empty());
}

TEST_CASE("observation: an unmapped code without a display is called what the element is called") {
    std::vector<std::string> told;
    const auto tell = [&told](const fhir::coding& c) { told.emplace_back(c.display); };
    record_of(
        "{'resourceType': 'Observation', 'id': 'o1', 'status': 'final', 'code': {'text': 'Anti-dsDNS', 'coding': [{'system': 'urn:other:lab', 'code': 'X1'}, "
        "{'system': 'urn:other:lab', 'code': 'X2', 'display': 'own'}]}, 'valueString': '1:160'}",
        tell
    );
    CHECK(told == std::vector<std::string>{"Anti-dsDNS", "own"});
}

TEST_CASE("observation: the time of the draw counts, in the site's zone (S04, S05, S07, S16)") {
    const auto day = [](const record& r) {
        REQUIRE(r.facts.size() == 1);
        const fact& f = r.facts.front();
        return fhir::to_string(f.when.first) + (f.when.is_day() ? "" : "/" + fhir::to_string(f.when.last));
    };
    const record evening = timed(", 'effectiveDateTime': '2026-03-14T23:30:00Z'");
    CHECK(day(evening) == "2026-03-15");
    CHECK(evening.facts[0].second == 2 * 3600 + 30 * 60);
    CHECK(day(timed(", 'effectiveDateTime': '2025-09'")) == "2025-09-01/2025-09-30");
    CHECK(day(timed(", 'effectiveInstant': '2025-09-10T10:00:00+03:00', 'issued': '2025-09-16T00:00:00Z'")) == "2025-09-10");
    CHECK(day(timed(", 'effectivePeriod': {'start': '2025-09-01', 'end': '2025-09-03'}")) == "2025-09-03");
    CHECK(day(timed(", 'effectivePeriod': {'start': '2025-09-01'}")) == "2025-09-01");
    const record issued = timed(", 'issued': '2025-10-01T08:00:00Z'");
    CHECK(day(issued) == "2025-10-01");
    CHECK(issued.facts[0].notes.has(note::report_date_used));
    const record drawn = timed(", 'specimen': {'reference': 'Specimen/s1'}, 'issued': '2025-10-01T08:00:00Z'");
    CHECK(drawn.specimen == "Specimen/s1");
    CHECK(drawn.facts[0].notes.has(note::report_date_used));
    const record undated = timed("");
    CHECK_FALSE(undated.facts[0].dated);
    CHECK(undated.facts[0].when == fhir::date_range{});
    CHECK_FALSE(timed(", 'effectiveDateTime': '2026-01-01'").facts[0].notes.has(note::report_date_used));
}

TEST_CASE("observation: the specimen must be one that counts") {
    const auto use = [](const std::string& rest) { return fact_of(ana, text("1:160") + rest).observation.use; };
    CHECK(use(", 'specimen': {'display': 'Serum specimen'}") == usability::usable);
    CHECK(use(", 'specimen': {'display': 'CSF'}") == usability::value_unusable);
    CHECK(use(", 'bodySite': {'text': 'Pleural fluid'}") == usability::value_unusable);
    CHECK(use(", 'bodySite': {'text': 'left arm'}") == usability::usable);
    CHECK(use(", 'specimen': {'reference': 'Specimen/s1'}") == usability::usable);
    const auto hash = [](const char* reference) {
        return fact_of(ana, text("1:160") + ", 'specimen': {'reference': '" + reference + "'}").observation.specimen;
    };
    CHECK(hash("Specimen/s1") == hash("https://fhir.example/r4/Specimen/s1"));
    CHECK(hash("Specimen/s1") != hash("Specimen/s2"));
    CHECK(hash("#s") != 0);
    CHECK(fact_of(ana, text("1:160")).observation.specimen == 0);
}

TEST_CASE("observation: identity, method and subject") {
    const record out = record_of(observation_json(
        dsdna, text("Positive") + ", 'identifier': [{'system': 'urn:lab', 'value': 'A1'}], 'method': {'text': 'Farr RIA'}"
    ));
    CHECK(out.subject == "Patient/p1");
    CHECK(out.facts.at(0).identifier != 0);
    CHECK(out.facts.at(0).observation.method == assay::reference);
    CHECK(out.facts.at(0).text == "Positive");
    const auto assay_text = [](std::string_view t) { return assay_of({{}, t}); };
    for (const char* t : {"ELISA", "EIA", "Chemiluminescent immunoassay", "CLIA", "multiplex bead assay", "Fluoroenzyme immunoassay (FEIA)"})
        CHECK(assay_text(t) == assay::immunoassay);
    for (const char* t : {"Crithidia luciliae IFA", "CLIFT", "indirect immunofluorescence", "Farr", "Radioimmunoassay", "RIA"})
        CHECK(assay_text(t) == assay::reference);
    for (const char* t : {"", "automated", "ELISA with Crithidia reflex", "criteria", "diplomatic"})
        CHECK(assay_text(t) == assay::unknown);
}

TEST_CASE("report: one without results says that there is something to read (S35)") {
    const auto report = [](const std::string& rest, const char* status = "final") {
        return record_of(
            "{'resourceType': 'DiagnosticReport', 'id': 'r1', 'status': '" + std::string(status) +
            "', 'subject': {'reference': 'Patient/p1'}, 'effectiveDateTime': '2026-01-10', "
            "'code': {'coding': [{'system': 'http://loinc.org', 'code': '5048-4'}]}" +
            rest + "}"
        );
    };
    const std::string pdf = ", 'presentedForm': [{'contentType': 'application/pdf', 'url': 'Binary/b1'}]";
    const record document = report(pdf);
    REQUIRE(document.facts.size() == 1);
    CHECK(document.facts[0].observation.use == usability::value_unusable);
    CHECK(document.facts[0].text == "report with attachment only");
    CHECK(fhir::to_string(document.facts[0].when.first) == "2026-01-10");
    CHECK(report(", 'conclusion': 'ANA 1:640'").facts.at(0).text == "report with conclusion only");
    CHECK(report(pdf + ", 'result': [{'reference': 'Observation/o1'}]").facts.empty());
    CHECK(report("").facts.empty());
    CHECK(report(pdf, "partial").facts.at(0).observation.use == usability::pending);
    CHECK(report(pdf, "entered-in-error").withdrawn);
    CHECK(report(pdf, "entered-in-error").facts.empty());
}

TEST_CASE("questionnaire: an answer counts through the site's map of its linkId, or its code") {
    const auto response = [](const std::string& rest, const char* status = "completed") {
        return record_of(
            "{'resourceType': 'QuestionnaireResponse', 'id': 'q1', 'status': '" + std::string(status) +
            "', 'subject': {'reference': 'Patient/p1'}, 'authored': '2026-03-01T10:00:00Z', " + rest + "}"
        );
    };
    for (const char* canonical : {"http://hospital.example/q/sledai", "http://hospital.example/q/sledai|2.1"}) {
        const record out = response(
            "'questionnaire': '" + std::string(canonical) +
            "', 'item': [{'linkId': 'g', 'item': [{'linkId': 'total', 'answer': [{'valueInteger': 8}]}]}, {'linkId': 'x', 'answer': "
            "[{'valueInteger': 9}]}]"
        );
        REQUIRE(out.facts.size() == 1);
        CHECK(concept_of(out.facts[0]) == "sledai2k.total");
        CHECK(value_text(out.facts[0]) == "[8,8]");
        CHECK(fhir::to_string(out.facts[0].when.first) == "2026-03-01");
        CHECK(out.facts[0].text == "8");
    }
    const std::string total = "'questionnaire': 'http://hospital.example/q/sledai', 'item': [{'linkId': 'total', 'answer': [{'valueDecimal': 8.0}]}]";
    CHECK(response(total, "amended").facts.size() == 1);
    CHECK(response(total, "in-progress").facts.at(0).observation.use == usability::pending);
    CHECK(response(total, "entered-in-error").withdrawn);
    CHECK(response(total, "stopped").facts.empty());
    CHECK(response("'questionnaire': 'http://hospital.example/q/other', 'item': [{'linkId': 'total', 'answer': [{'valueInteger': 8}]}]").facts.empty());
    CHECK(response("'questionnaire': 'http://hospital.example/q/sledai', 'item': [{'linkId': 'total'}]").facts.empty());
}

TEST_CASE("specimen: its kind and the time of the draw") {
    const record out = record_of(
        "{'resourceType': 'Specimen', 'id': 's1', 'subject': {'reference': 'Patient/p1'}, 'type': {'coding': [{'system': "
        "'http://snomed.info/sct', 'code': '119364003'}]}, 'collection': {'collectedDateTime': '2025-09-10T07:00:00Z'}, "
        "'receivedTime': '2025-09-12T07:00:00Z', 'identifier': [{'system': 'urn:lab', 'value': 'S-1'}]}"
    );
    REQUIRE(out.definition);
    CHECK(out.definition->specimen_kind == "serum");
    CHECK(fhir::to_string(out.definition->when.first) == "2025-09-10");
    CHECK(out.definition->second == 10 * 3600);
    CHECK(out.definition->identifiers == std::vector<std::string>{"urn:lab|S-1"});
    const record received = record_of("{'resourceType': 'Specimen', 'id': 's1', 'type': {'text': 'Liquor'}, 'receivedTime': '2025-09-12T07:00:00Z'}");
    CHECK_FALSE(received.definition->dated);
    CHECK(received.definition->specimen_kind == "csf");
    CHECK(record_of("{'resourceType': 'Specimen', 'id': 's1', 'status': 'entered-in-error'}").withdrawn);
    CHECK(specimen_kind("Ser/Plas") == "");
    CHECK(specimen_kind("Urine sediment") == "urine");
    CHECK(specimen_kind("venous blood") == "blood");
    CHECK(specimen_kind("") == "");
}
