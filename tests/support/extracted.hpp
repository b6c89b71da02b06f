// A small catalog and a resource written as JSON: what the extraction tests start from.
#pragma once

#include "fhir/json.hpp"
#include "mappings/engine/extract.hpp"

#include <catch2/catch.hpp>

namespace trialgate::test {

/// `names`: a library/medication-names.json, or empty.
inline std::shared_ptr<const mappings::catalog> small_catalog(std::string codes, std::string names = {}) {
    using namespace mappings;
    std::string systems = R"({"resourceType": "Bundle", "type": "collection", "entry": [)";
    const char* uris[] = {"http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm", "http://hl7.org/fhir/sid/icd-9-cm",
                          "http://www.nlm.nih.gov/research/umls/rxnorm", "http://loinc.org"};
    const char* const separators[] = {"", ","};
    for (std::size_t i = 0; i < std::size(uris); ++i)
        systems += std::string(separators[i > 0]) + R"({"resource": {"resourceType": "NamingSystem", "name": "s)" + std::to_string(i) +
                   R"(", "status": "active", "kind": "codesystem", "uniqueId": [{"type": "uri", "value": ")" + uris[i] +
                   R"(", "preferred": true}]}})";
    systems += "]}";
    std::vector<source_file> files{{"systems.json", systems}, {"codes.json", std::move(codes)}};
    if (!names.empty())
        files.push_back({"medication-names.json", std::move(names)});
    std::vector<problem> problems;
    auto out = catalog::load(files, {}, problems);
    for (const problem& p : problems)
        UNSCOPED_INFO(to_string(p));
    REQUIRE(problems.empty());
    return out;
}

inline std::string value_set(std::string id, std::string system, std::string code, std::string extension = {}) {
    return R"({"resource": {"resourceType": "ValueSet", "id": ")" + id + R"(", "url": "urn:trialgate:concept/)" + id +
           R"(", "status": "active", "compose": {"include": [{"system": ")" + system + R"(", "concept": [{"code": ")" + code + '"' +
           extension + "}]}]}}}";
}

/// The record of a resource; `with` may count unmapped codes.
inline mappings::record extracted(
    std::string json, const mappings::catalog& codes,
    std::function<void(const fhir::coding&)> unmapped = {}
) {
    const fhir::time_zone site = fhir::time_zone::fixed(3 * 3600);
    fhir::json::parser parser;
    const auto document = parser.parse(json);
    REQUIRE(document.has_value());
    fhir::issue_list issues;
    return mappings::extract(fhir::read_resource(*document, issues), {codes, site, std::move(unmapped)});
}

} // namespace trialgate::test
