// A library small enough to be read with the tests that use it.
#pragma once

#include "mappings/engine/catalog.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

namespace trialgate::tests {

inline std::vector<mappings::source_file> small_library() {
    const auto set = [](std::string id, std::string include) {
        return R"({"resource": {"resourceType": "ValueSet", "id": ")" + id + R"(", "url": "urn:trialgate:concept/)" + id +
               R"(", "compose": {"include": [)" + include + "]}}}";
    };
    const auto listed = [](std::string system, std::string code) {
        return R"({"system": ")" + system + R"(", "concept": [{"code": ")" + code + R"("}]})";
    };
    const std::string loinc = "http://loinc.org", sct = "http://snomed.info/sct", icd = "http://hl7.org/fhir/sid/icd-10-cm",
                      rxnorm = "http://www.nlm.nih.gov/research/umls/rxnorm";
    const std::string codes =
        R"({"resourceType": "Bundle", "type": "collection", "entry": [)" +
        set("ana.titer", listed(loinc, "5048-4")) + ',' + set("ana.presence", listed(loinc, "8061-4")) + ',' +
        set("dsdna", listed(loinc, "5130-0") + R"(, {"valueSet": ["urn:trialgate:concept/dsdna.crithidia"]})") + ',' +
        set("dsdna.crithidia", listed(loinc, "6457-6")) + ',' + set("egfr.reported", listed(loinc, "98979-8")) + ',' +
        set("egfr.mdrd", listed(loinc, "33914-3")) + ',' + set("creatinine.serum", listed(loinc, "2160-0")) + ',' +
        set("cystatin-c", listed(loinc, "33863-2")) + ',' + set("wbc", listed(loinc, "6690-2")) + ',' +
        set("temperature", listed(loinc, "8310-5")) + ',' + set("urine.protein-dipstick", listed(loinc, "20454-5")) + ',' +
        set("activity.total", listed("urn:example:scores", "total")) + ',' +
        set("sle", listed(sct, "55464009") + ',' + listed(icd, "M32.9")) + ',' + set("sle.drug-induced", listed(icd, "M32.0")) + ',' +
        set("seizure", listed(sct, "91175000")) + ',' + set("dialysis", listed(icd, "Z99.2")) + ',' +
        set("drug.hydroxychloroquine", listed(rxnorm, "5521")) + ',' + set("drug.azathioprine", listed(rxnorm, "1256")) + ',' +
        set("drug.prednisone", listed(rxnorm, "8640")) + "]}";
    const std::string analytes = R"({"analytes": [
 {"concept": "ana.titer", "kind": "titer", "unit": "{titer}", "screeningDilution": 80},
 {"concept": "ana.presence", "kind": "presence"},
 {"concept": "dsdna", "kind": "presence", "unit": "[IU]/mL", "units": {"IU/mL": "1"}},
 {"concept": "egfr.reported", "kind": "quantity", "unit": "mL/min/{1.73_m2}", "units": {"mL/min/1.73m2": "1", "mL/min/1.73": "1"}},
 {"concept": "egfr.mdrd", "kind": "quantity", "unit": "mL/min/{1.73_m2}"},
 {"concept": "creatinine.serum", "kind": "quantity", "unit": "mg/dL", "units": {"umol/L": "5/442"}, "specimen": ["serum", "plasma"]},
 {"concept": "cystatin-c", "kind": "quantity", "unit": "mg/L"},
 {"concept": "wbc", "kind": "quantity", "unit": "10*9/L", "units": {"K/uL": "1", "/uL": "1/1000"}},
 {"concept": "temperature", "kind": "quantity", "unit": "Cel", "units": {"[degF]": "5/9"}, "offsets": {"[degF]": 32}},
 {"concept": "urine.protein-dipstick", "kind": "ordinal", "scale": {"neg": 0, "trace": 0.5, "1+": 1, "3+": 3}},
 {"concept": "activity.total", "kind": "score", "unit": "{score}", "plausible": {"min": 0, "max": 105}, "integer": true}]})";
    const std::string names = R"({"medications": [
 {"concept": "drug.hydroxychloroquine", "words": ["hydroxychloroquine", "plaquenil"]}]})";
    const std::string words = R"({"words": {"positive": ["positive", "pos"], "negative": ["negative", "not detected"]}})";
    return {{"codes.json", codes}, {"analytes.json", analytes}, {"medication-names.json", names}, {"words.json", words}};
}

inline std::shared_ptr<const mappings::catalog> small_catalog() {
    static const std::shared_ptr<const mappings::catalog> loaded = [] {
        std::vector<mappings::problem> problems;
        const auto files = small_library();
        auto c = mappings::catalog::load(files, {}, problems);
        for (const mappings::problem& p : problems)
            UNSCOPED_INFO(to_string(p));
        REQUIRE(problems.empty());
        return c;
    }();
    return loaded;
}

} // namespace trialgate::tests
