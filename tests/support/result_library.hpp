// A small library of results and words, and the shortest way from the JSON of a resource to its record. For tests of extraction.
#pragma once

#include "fhir/json.hpp"
#include "mappings/engine/extract.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace trialgate::tests {

inline constexpr const char* result_systems = R"({"resourceType": "Bundle", "type": "collection", "entry": [
  {"resource": {"resourceType": "NamingSystem", "name": "LOINC", "uniqueId": [
    {"type": "uri", "value": "http://loinc.org", "preferred": true}, {"type": "oid", "value": "2.16.840.1.113883.6.1"}]}},
  {"resource": {"resourceType": "NamingSystem", "name": "SNOMED CT", "uniqueId": [
    {"type": "uri", "value": "http://snomed.info/sct"}]}}]})";

inline std::string result_codes() {
    const std::vector<std::pair<std::string, std::string>> listed{
        {"ana.titer", "5048-4"},     {"ana.screen", "8061-4"},     {"dsdna.crithidia", "6457-6"},
        {"sm", "31627-3"},           {"egfr", "98979-8"},          {"creatinine", "2160-0"},
        {"wbc", "6690-2"},           {"upcr", "2890-2"},           {"crp", "1988-5"},
        {"c3", "4485-9"},            {"dipstick", "20454-5"},      {"urine.rbc", "13945-1"},
        {"temperature", "8310-5"},   {"platelet.clumps", "7796-6"}, {"sledai2k.total", ""},
    };
    const auto set = [](const std::string& id, const std::string& include) {
        return R"({"resource": {"resourceType": "ValueSet", "id": ")" + id + R"(", "url": "urn:trialgate:concept/)" + id +
               R"(", "status": "active", "compose": {"include": [)" + include + "]}}}";
    };
    std::string out = R"({"resourceType": "Bundle", "type": "collection", "entry": [)";
    for (const auto& [id, code] : listed)
        out += set(id, code.empty() ? "" : R"({"system": "http://loinc.org", "concept": [{"code": ")" + code + R"("}]})") + ",";
    out += set("dsdna", R"({"system": "http://loinc.org", "concept": [{"code": "31348-6"}, {"code": "5130-0"}]},
                           {"valueSet": ["urn:trialgate:concept/dsdna.crithidia"]})");
    return out + "]}";
}

inline constexpr const char* result_analytes = R"({"analytes": [
 {"concept": "ana.titer", "kind": "titer", "unit": "{titer}", "screeningDilution": 80, "specimen": ["serum", "plasma", "blood"]},
 {"concept": "ana.screen", "kind": "presence", "screeningDilution": 80, "specimen": ["serum", "plasma", "blood"]},
 {"concept": "dsdna", "kind": "presence", "unit": "[IU]/mL", "units": {"IU/mL": "1", "k[IU]/L": "1"}, "specimen": ["serum", "plasma", "blood"]},
 {"concept": "dsdna.crithidia", "kind": "presence"},
 {"concept": "sm", "kind": "presence"},
 {"concept": "egfr", "kind": "quantity", "unit": "mL/min/{1.73_m2}", "plausible": {"min": 1, "max": 250},
  "units": {"mL/min/1.73m2": "1", "mL/min/1.73 m2": "1", "mL/min/1.73": "1", "mL/min": "1"}},
 {"concept": "creatinine", "kind": "quantity", "unit": "mg/dL", "units": {"umol/L": "5/442", "mmol/L": "5000/442"},
  "plausible": {"min": 0.2, "max": 20}, "specimen": ["serum", "plasma", "blood"]},
 {"concept": "wbc", "kind": "quantity", "unit": "10*9/L", "units": {"10*3/uL": "1", "K/uL": "1", "G/L": "1", "/uL": "1/1000"},
  "plausible": {"min": 0.05, "max": 500}, "noUnit": "by-range"},
 {"concept": "upcr", "kind": "quantity", "unit": "mg/g", "units": {"mg/mg": "1000", "g/g": "1000", "mg/mmol": "8.84", "Ratio": "1000"}},
 {"concept": "crp", "kind": "quantity", "unit": "mg/L", "plausible": {"min": 0, "max": 1000}},
 {"concept": "c3", "kind": "quantity", "unit": "mg/dL", "units": {"g/L": "100"}},
 {"concept": "dipstick", "kind": "ordinal", "scale": {"neg": 0, "negative": 0, "trace": 0.5, "1+": 1, "2+": 2, "3+": 3, "4+": 4,
  "30 mg/dL": 1, "100 mg/dL": 2, "300 mg/dL": 3, "1000 mg/dL": 4}},
 {"concept": "urine.rbc", "kind": "count", "unit": "/[HPF]", "units": {"/hpf": "1", "/HPF": "1"},
  "words": {"tntc": ">50", "packed": ">50", "none seen": "0"}},
 {"concept": "temperature", "kind": "quantity", "unit": "Cel", "units": {"F": "5/9", "[degF]": "5/9"}, "offsets": {"F": 32, "[degF]": 32},
  "plausible": {"min": 25, "max": 45}},
 {"concept": "platelet.clumps", "kind": "presence"},
 {"concept": "sledai2k.total", "kind": "score", "unit": "{score}", "plausible": {"min": 0, "max": 105}, "integer": true}]})";

inline constexpr const char* result_words = R"({"words": {
 "positive": ["positive", "pos", "reactive", "detected", "present", "abnormal", "strongly positive", "positiv", "positif", "positivo"],
 "negative": ["negative", "neg", "non-reactive", "nonreactive", "not detected", "none detected", "absent", "normal", "negativ", "négatif"],
 "equivocal": ["equivocal", "borderline", "indeterminate", "weakly positive", "weak positive", "low positive", "inconclusive"],
 "noResult": ["see note", "see comment", "test not performed", "not performed", "QNS", "hemolyzed", "in process"]}})";

inline constexpr const char* result_site_map = R"({"resourceType": "ConceptMap", "status": "active", "group": [
 {"source": "urn:lab:local", "target": "urn:trialgate:concept", "element": [
   {"code": "CRE", "target": [{"code": "creatinine", "equivalence": "equivalent"}]},
   {"code": "ANAT", "target": [{"code": "ana.titer", "equivalence": "equivalent"}]},
   {"code": "PANEL", "target": [{"code": "ana.titer", "equivalence": "disjoint"}]},
   {"code": "SLEDAI", "target": [{"code": "sledai2k.total", "equivalence": "equivalent"}]}]},
 {"source": "urn:trialgate:questionnaire|http://hospital.example/q/sledai", "target": "urn:trialgate:concept", "element": [
   {"code": "total", "target": [{"code": "sledai2k.total", "equivalence": "equivalent"}]}]}]})";

inline std::shared_ptr<const mappings::catalog> result_catalog() {
    static const std::shared_ptr<const mappings::catalog> loaded = [] {
        const std::vector<mappings::source_file> files{
            {"systems.json", result_systems}, {"codes.json", result_codes()}, {"analytes.json", result_analytes},
            {"words.json", result_words},     {"site.json", result_site_map}};
        std::vector<mappings::problem> problems;
        auto out = mappings::catalog::load(files, {}, problems);
        for (const mappings::problem& p : problems)
            UNSCOPED_INFO(mappings::to_string(p));
        REQUIRE(problems.empty());
        return out;
    }();
    return loaded;
}

/// Parses, reads and extracts one resource at a site in UTC+3. Single quotes stand for double ones.
inline mappings::record record_of(
    std::string json, std::function<void(const fhir::coding&)> unmapped = {}
) {
    for (char& c : json)
        if (c == '\'')
            c = '"';
    static const fhir::time_zone site = fhir::time_zone::fixed(3 * 3600);
    fhir::json::parser parser;
    const auto document = parser.parse_copy(json);
    INFO(json);
    REQUIRE(document.has_value());
    fhir::issue_list issues;
    const fhir::resource read = fhir::read_resource(*document, issues);
    return mappings::extract(read, {*result_catalog(), site, std::move(unmapped)});
}

/// An Observation of one LOINC code; `rest` continues the object: "'valueString': '1:160'".
inline std::string observation_json(const std::string& code, const std::string& rest, const std::string& status = "final") {
    return "{'resourceType': 'Observation', 'id': 'o1', 'status': '" + status +
           "', 'subject': {'reference': 'Patient/p1'}, 'effectiveDateTime': '2026-02-20T09:30:00+03:00', "
           "'code': {'coding': [{'system': 'http://loinc.org', 'code': '" +
           code + "'}]}" + (rest.empty() ? "" : ", " + rest) + "}";
}

/// The only fact of such an Observation.
inline mappings::fact fact_of(const std::string& code, const std::string& rest, const std::string& status = "final") {
    const mappings::record out = record_of(observation_json(code, rest, status));
    INFO(code << ' ' << rest);
    REQUIRE(out.facts.size() == 1);
    return out.facts.front();
}

/// "[160,160]", "(80,inf)", "(0,80)", in the unit as reported; "none" without a value.
inline std::string interval_text(const mappings::interval& v) {
    return std::string(v.low_open || !v.low ? "(" : "[") + (v.low ? v.low->to_string() : "-inf") + "," +
           (v.high ? v.high->to_string() : "inf") + (v.high_open || !v.high ? ")" : "]");
}
inline std::string value_text(const mappings::fact& f) {
    return f.observation.has_value ? interval_text(f.observation.value) : "none";
}

} // namespace trialgate::tests
