// The short forms in which a trial test tells what a hospital's record holds, expanded to FHIR. What they
// expand to goes the whole way of a real resource. A code is "system|code", "text:words", or a list of these;
// everything but the first member may be left out.
//
//   {"lab": code, "on", "value", "unit", "status", "issued", "range": {"low","high","text"} or a list,
//   "interpretation": "POS",
//    "specimen": "serum" or "Specimen/s1", "method", "note", "text"}
//      value: "1:160" | 7.5 | true | {"value","comparator","unit","code","system"} | {"coding","text"} |
//      {"ratio": [1, 160]} |
//             {"range": [6, 10]} | {"absent": "unknown"}
//   {"condition": code, "verification", "clinical", "category", "on", "abated", "recorded", "text"}
//   {"drug": code or "Medication/m1", "as": "statement|request|dispense|administration", "from", "to",
//   "status", "intent", "authored",
//    "daysSupply", "repeats", "doNotPerform", "route", "dosage": FHIR dosage, "text"}
//   {"procedure": code, "on" or "from" and "to", "status", "text"}
//   {"patient": members of a Patient}   {"resource": a whole resource}   {"delete": "Observation/x"}
//
// lab, condition, drug and procedure also take "id", "version" (meta.versionId), "updated" (meta.lastUpdated)
// and "identifier".
#pragma once

#include "mappings/engine/json_file.hpp"

#include <set>

namespace trialgate::mappings {

/// One step of a history: resources as FHIR JSON, or deletions.
struct given_resource {
    std::string json;     ///< empty for a deletion
    std::string deleted;  ///< "Observation/x"
    fhir::json::value at; ///< the item it came from, for messages
};

/// Expands items one after the other and gives each an id of its own where the file gives none ("given-1").
class given_reader {
public:
    explicit given_reader(const json_file& file) : file_(file) {}
    /// What is wrong is reported to the file's problems, and left out.
    void read(fhir::json::value list, std::vector<given_resource>& to);

    /// The one patient of a test.
    static constexpr std::string_view patient = "p1";

private:
    class fields;
    void read_item(fhir::json::value item, std::vector<given_resource>& to);
    void read_lab(fields& f, std::vector<given_resource>& to);
    void read_condition(fields& f, std::vector<given_resource>& to);
    void read_drug(fields& f, std::vector<given_resource>& to);
    void read_procedure(fields& f, std::vector<given_resource>& to);
    void read_patient(fields& f, std::vector<given_resource>& to);
    std::string start(fields& f, std::string_view type);

    const json_file& file_;
    int count_ = 0;
};

/// A value as JSON text again; numbers keep their digits.
std::string to_json(fhir::json::value v);

} // namespace trialgate::mappings
