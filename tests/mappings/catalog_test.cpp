#include "mappings/engine/catalog.hpp"

#include "fhir/json.hpp"
#include "tests/support/source_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

constexpr const char* systems = R"({"resourceType": "Bundle", "type": "collection", "entry": [
  {"resource": {"resourceType": "NamingSystem", "name": "LOINC", "uniqueId": [
    {"type": "uri", "value": "http://loinc.org", "preferred": true},
    {"type": "oid", "value": "2.16.840.1.113883.6.1"}]}},
  {"resource": {"resourceType": "NamingSystem", "name": "SNOMED CT", "uniqueId": [
    {"type": "uri", "value": "http://snomed.info/sct"}, {"type": "oid", "value": "2.16.840.1.113883.6.96"}]}},
  {"resource": {"resourceType": "NamingSystem", "name": "ICD-10-CM", "uniqueId": [
    {"type": "uri", "value": "http://hl7.org/fhir/sid/icd-10-cm"},
    {"type": "oid", "value": "urn:oid:2.16.840.1.113883.6.90"}, {"type": "uri", "value": "http://www.icd10data.com/icd10pcs"}]}},
  {"resource": {"resourceType": "NamingSystem", "name": "ICD-9-CM", "uniqueId": [
    {"type": "uri", "value": "http://hl7.org/fhir/sid/icd-9-cm"}]}},
  {"resource": {"resourceType": "NamingSystem", "name": "ATC", "uniqueId": [
    {"type": "uri", "value": "http://www.whocc.no/atc"}]}}]})";

constexpr const char* codes = R"({"resourceType": "Bundle", "type": "collection", "entry": [
  {"resource": {"resourceType": "ValueSet", "id": "dsdna", "url": "urn:trialgate:concept/dsdna", "title": "anti-dsDNA", "compose": {"include": [
    {"system": "http://loinc.org", "concept": [{"code": "5130-0"}]},
    {"valueSet": ["urn:trialgate:concept/dsdna.crithidia"]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "dsdna.crithidia", "url": "urn:trialgate:concept/dsdna.crithidia", "compose": {"include": [
    {"system": "http://loinc.org", "concept": [{"code": "6457-6"}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "serology", "compose": {"include": [
    {"valueSet": ["urn:trialgate:concept/dsdna"]}, {"valueSet": ["urn:trialgate:concept/ana.titer"]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "ana.titer", "url": "urn:trialgate:concept/ana.titer", "compose": {"include": [
    {"system": "http://loinc.org", "concept": [{"code": "5048-4"}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "sle", "compose": {"include": [
    {"system": "http://snomed.info/sct", "concept": [{"code": "55464009"}]},
    {"system": "http://hl7.org/fhir/sid/icd-10-cm", "concept": [{"code": "M32.9"}], "x": 1},
    {"system": "http://hl7.org/fhir/sid/icd-10-cm", "filter": [{"property": "concept", "op": "is-a", "value": "M32.1"}]},
    {"system": "http://hl7.org/fhir/sid/icd-9-cm", "concept": [
      {"code": "710.0", "extension": [{"url": "urn:trialgate:valid-before", "valueDate": "2015-10-01"}]}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "sle.renal", "compose": {"include": [
    {"system": "http://hl7.org/fhir/sid/icd-10-cm", "concept": [{"code": "M32.14"}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "scleroderma", "compose": {"include": [
    {"system": "http://hl7.org/fhir/sid/icd-10-cm", "filter": [{"property": "concept", "op": "is-a", "value": "M34"}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "drug.hydroxychloroquine", "compose": {"include": [
    {"system": "http://www.whocc.no/atc", "concept": [{"code": "P01BA02"}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "drug.chloroquine", "compose": {"include": [
    {"system": "http://www.whocc.no/atc", "concept": [{"code": "P01BA01"}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "drug.tacrolimus", "compose": {"include": [
    {"system": "http://www.whocc.no/atc", "concept": [{"code": "L04AD02"}]}]}}},
  {"resource": {"resourceType": "ValueSet", "id": "drug.jak", "compose": {"include": [
    {"system": "http://www.whocc.no/atc", "filter": [{"property": "concept", "op": "is-a", "value": "L04AF"}]}]}}}]})";

constexpr const char* analytes = R"({"analytes": [
 {"concept": "ana.titer", "kind": "titer", "unit": "{titer}", "screeningDilution": 80},
 {"concept": "dsdna", "kind": "presence", "unit": "[IU]/mL", "units": {"IU/mL": "1", "µIU/mL": "1/1000000"}, "specimen": ["Serum"]},
 {"concept": "serology", "kind": "quantity", "unit": "mg/dL", "units": {"umol/L": "5/442", "X": "1.6114", "Y": "1/17.1", "g/L": "100"},
  "plausible": {"min": 0.2, "max": 20}, "noUnit": "by-range",
  "derived": {"from": ["ana.titer", "dsdna"], "rule": "quotient", "factor": "1/100"}},
 {"concept": "sle", "kind": "ordinal", "scale": {"Neg": 0, "trace": 0.5, "1+": 1}},
 {"concept": "sle.renal", "kind": "count", "unit": "/[HPF]", "words": {"TNTC": ">50", "none  seen": "0", "few": "1-5"}},
 {"concept": "scleroderma", "kind": "quantity", "unit": "Cel", "units": {"F": "5/9", "[degF]": "5/9"}, "offsets": {"F": 32, "[degF]": 32}}]})";

constexpr const char* names = R"({"medications": [
 {"concept": "drug.hydroxychloroquine", "words": ["hydroxychloroquine", "Plaquenil"]},
 {"concept": "drug.chloroquine", "words": ["chloroquine"], "not": ["hydroxy"]},
 {"concept": "drug.tacrolimus", "words": ["tacrolim*", "Prograf"], "not": ["ointment", "Protopic"]}]})";

constexpr const char* words = R"({"words": {
 "positive": ["positive", "pos", "reactive", "detected", "nachweisbar"],
 "negative": ["negative", "neg", "not detected", "non-reactive", "nicht nachweisbar", "отрицательный"],
 "equivocal": {"en": ["equivocal", "weakly positive", "borderline"]},
 "noResult": ["see note", "QNS", "hemolyzed"]}})";

std::vector<source_file> library() {
    return {{"systems.json", systems}, {"codes.json", codes}, {"analytes.json", analytes}, {"names.json", names}, {"words.json", words}};
}

std::shared_ptr<const catalog> load(
    std::vector<source_file> files, std::vector<problem>& problems, catalog::options chosen = {}
) {
    return catalog::load(files, chosen, problems);
}

std::shared_ptr<const catalog> good() {
    std::vector<problem> problems;
    auto c = load(library(), problems);
    for (const problem& p : problems)
        UNSCOPED_INFO(to_string(p));
    REQUIRE(problems.empty());
    return c;
}

std::set<std::string> meanings(const catalog& c, std::string_view system, std::string_view code) {
    std::set<std::string> out;
    for (const meaning& m : c.lookup(system, code))
        out.emplace(c.id(m.concept_));
    return out;
}

using ids = std::set<std::string>;

constexpr const char* loinc = "http://loinc.org";
constexpr const char* icd10 = "http://hl7.org/fhir/sid/icd-10-cm";

/// Loads the library plus one more file and gives the problems, as "code line:column".
std::vector<std::string> complaints(const std::string& text, catalog::options chosen = {}) {
    std::vector<problem> problems;
    auto files = library();
    files.push_back({"extra.json", text});
    load(files, problems, chosen);
    std::vector<std::string> out;
    for (const problem& p : problems) {
        CHECK(p.file == "extra.json");
        CHECK_FALSE(p.text.empty());
        out.push_back(p.code + ' ' + std::to_string(p.line) + ':' + std::to_string(p.column));
    }
    return out;
}

using texts = std::vector<std::string>;

} // namespace

TEST_CASE("catalog: a code means the concepts whose ValueSets list it, not the groups above") {
    const auto c = good();
    CHECK(meanings(*c, loinc, "5130-0") == ids{"dsdna"});
    CHECK(meanings(*c, loinc, "6457-6") == ids{"dsdna.crithidia"});
    CHECK(meanings(*c, loinc, "9999-9").empty());
    CHECK(meanings(*c, loinc, " 5130-0 ") == ids{"dsdna"});
}

TEST_CASE("catalog: a code system is known by any of its URIs and OIDs, and digits alone mean nothing") {
    const auto c = good();
    for (const char* uri : {"http://loinc.org", "urn:oid:2.16.840.1.113883.6.1", "2.16.840.1.113883.6.1", " http://loinc.org "}) {
        CHECK(c->system(uri) == loinc);
        CHECK(meanings(*c, uri, "5048-4") == ids{"ana.titer"});
    }
    CHECK(c->system("2.16.840.1.113883.6.90") == icd10);
    CHECK(c->system("http://loinc.com").empty());
    CHECK(meanings(*c, "", "55464009").empty());
    CHECK(meanings(*c, "http://loinc.org", "55464009").empty());
}

TEST_CASE("catalog: a group holds itself and all that it includes, transitively") {
    const auto c = good();
    ids found;
    for (const concept_id m : c->members(c->find("serology")))
        found.emplace(c->id(m));
    CHECK(found == ids{"serology", "dsdna", "dsdna.crithidia", "ana.titer"});
    CHECK(c->members(c->find("ana.titer")).size() == 1);
    CHECK(c->members(concept_id::none).empty());
}

TEST_CASE("catalog: every concept can be sent by its own id") {
    const auto c = good();
    CHECK(meanings(*c, "urn:trialgate:concept", "dsdna") == ids{"dsdna"});
    CHECK(meanings(*c, "urn:trialgate:concept", "serology") == ids{"serology"});
    CHECK(meanings(*c, "urn:trialgate:concept", "Serology").empty());
}

TEST_CASE("catalog: ICD codes are found however they are spelled") {
    const auto c = good();
    for (const char* code : {"M32.9", "m32.9", "M329", " M32.9 ", "M32.9+"})
        CHECK(meanings(*c, icd10, code) == ids{"sle"});
    CHECK(meanings(*c, icd10, "M32").empty());
    CHECK(meanings(*c, icd10, "M32.90").empty());
    CHECK(meanings(*c, icd10, "M3.29").empty());
}

TEST_CASE("catalog: is-a covers the ICD code and everything below it, and nothing beside it") {
    const auto c = good();
    for (const char* code : {"M34", "M34.0", "M3400", "M34.81", "m34"})
        CHECK(meanings(*c, icd10, code) == ids{"scleroderma"});
    CHECK(meanings(*c, icd10, "M35").empty());
    CHECK(meanings(*c, icd10, "M3").empty());
    CHECK(meanings(*c, icd10, "M32.10") == ids{"sle"});
    CHECK(meanings(*c, icd10, "M32.1") == ids{"sle"});
    CHECK(meanings(*c, "http://www.whocc.no/atc", "L04AF02") == ids{"drug.jak"});
    CHECK(meanings(*c, "http://www.whocc.no/atc", "L04AD02") == ids{"drug.tacrolimus"});
}

TEST_CASE("catalog: a listed code keeps what a filter says about it") {
    const auto c = good();
    CHECK(meanings(*c, icd10, "M32.14") == ids{"sle", "sle.renal"});
    CHECK(meanings(*c, icd10, "M32.141") == ids{"sle"});
}

TEST_CASE("catalog: a code can be limited to facts before a day") {
    const auto c = good();
    const auto found = c->lookup("http://hl7.org/fhir/sid/icd-9-cm", "7100");
    REQUIRE(found.size() == 1);
    CHECK(found[0].valid_before == fhir::make_date(2015, 10, 1));
    CHECK(c->lookup(loinc, "5130-0")[0].valid_before == fhir::date::highest());
}

TEST_CASE("catalog: a title is what people read, and an id without title stands for itself") {
    const auto c = good();
    CHECK(c->title(c->find("dsdna")) == "anti-dsDNA");
    CHECK(c->title(c->find("sle")) == "sle");
    CHECK(c->id(concept_id::none).empty());
    CHECK(c->find("nothing") == concept_id::none);
    CHECK(c->nearest("ana.titre") == "ana.titer");
    CHECK(c->nearest("completely different").empty());
}

TEST_CASE("catalog: a site map gives local codes a meaning, or none") {
    std::vector<problem> problems;
    auto files = library();
    files.push_back({"site.json", R"({"resourceType": "ConceptMap", "group": [
      {"source": "urn:hospital:lab", "target": "urn:trialgate:concept", "element": [
        {"code": "ANA1", "target": [{"code": "ana.titer", "equivalence": "equivalent"}]},
        {"code": "BOX", "target": [{"equivalence": "unmatched"}]},
        {"code": "CUP", "noMap": true}]},
      {"source": "urn:hospital:lab", "target": "urn:oid:2.16.840.1.113883.6.1", "element": [
        {"code": "DNA", "target": [{"code": "5130-0", "relationship": "equivalent"}]},
        {"code": "NA", "target": [{"code": "2951-2", "relationship": "equivalent"}]}]},
      {"source": "urn:hospital:dx", "target": "http://hl7.org/fhir/sid/icd-10-cm", "element": [
        {"code": "17", "target": [{"code": "M34.1"}]}, {"code": "18", "target": [{"code": "M32.14"}]}]}]})"});
    const auto c = load(files, problems);
    for (const problem& p : problems)
        UNSCOPED_INFO(to_string(p));
    REQUIRE(problems.empty());
    CHECK(meanings(*c, "urn:hospital:lab", "ANA1") == ids{"ana.titer"});
    CHECK(meanings(*c, "urn:hospital:lab", "DNA") == ids{"dsdna"});
    CHECK(meanings(*c, "urn:hospital:dx", "17") == ids{"scleroderma"});
    CHECK(meanings(*c, "urn:hospital:dx", "18") == ids{"sle", "sle.renal"});
    for (const char* code : {"BOX", "CUP", "NA"}) {
        CHECK(meanings(*c, "urn:hospital:lab", code).empty());
        CHECK(c->known_meaningless("urn:hospital:lab", code));
    }
    CHECK_FALSE(c->known_meaningless("urn:hospital:lab", "ANA1"));
    CHECK_FALSE(c->known_meaningless("urn:hospital:lab", "never heard of"));
    CHECK_FALSE(c->known_meaningless(loinc, "2951-2"));
}

TEST_CASE("catalog: the order of files does not matter") {
    auto files = library();
    std::reverse(files.begin(), files.end());
    std::vector<problem> problems;
    const auto c = load(files, problems);
    CHECK(problems.empty());
    CHECK(meanings(*c, "2.16.840.1.113883.6.1", "5048-4") == ids{"ana.titer"});
    CHECK(c->analyte_of(c->find("ana.titer")) != nullptr);
}

TEST_CASE("catalog: analytes carry exact factors") {
    const auto c = good();
    const analyte* a = c->analyte_of(c->find("serology"));
    REQUIRE(a != nullptr);
    CHECK(a->kind == analyte_kind::quantity);
    CHECK(a->units.at("umol/L").factor == fhir::ratio{5, 442});
    CHECK(a->units.at("X").factor == fhir::ratio{8057, 5000});
    CHECK(a->units.at("Y").factor == fhir::ratio{10, 171});
    CHECK(a->without_unit == analyte::no_unit::by_range);
    CHECK(*a->plausible_min == *fhir::parse_decimal("0.2"));
    REQUIRE(a->derived);
    CHECK(a->derived->quotient);
    CHECK(a->derived->factor == fhir::ratio{1, 100});
    CHECK(c->id(a->derived->left) == "ana.titer");
    CHECK(c->analyte_of(c->find("drug.jak")) == nullptr);
    CHECK(c->analyte_of(concept_id::none) == nullptr);
    CHECK(c->analyte_of(c->find("ana.titer"))->screening_dilution == 80);
}

TEST_CASE("catalog: a unit string that UCUM reads otherwise is an alias") {
    const auto c = good();
    const analyte* mass = c->analyte_of(c->find("serology"));
    CHECK_FALSE(mass->units.at("g/L").by_alias);
    CHECK_FALSE(mass->units.at("umol/L").by_alias); // a proper unit; the factor is the molar mass
    CHECK(mass->units.at("X").by_alias);
    const analyte* temperature = c->analyte_of(c->find("scleroderma"));
    CHECK(temperature->units.at("F").by_alias);
    CHECK_FALSE(temperature->units.at("[degF]").by_alias);
    CHECK(temperature->units.at("F").offset == *fhir::parse_decimal("32"));
    CHECK(c->analyte_of(c->find("dsdna"))->units.count("uIU/mL") == 1);
}

TEST_CASE("catalog: words and scales of an analyte are in lower case with single spaces") {
    const auto c = good();
    const analyte* count = c->analyte_of(c->find("sle.renal"));
    const word_value& many = count->words.at("tntc");
    CHECK((many.low && *many.low == *fhir::parse_decimal("50") && many.low_open && !many.high));
    CHECK(*count->words.at("none seen").high == *fhir::parse_decimal("0"));
    CHECK(*count->words.at("few").high == *fhir::parse_decimal("5"));
    CHECK(c->analyte_of(c->find("sle"))->scale.at("neg") == *fhir::parse_decimal("0"));
    CHECK(c->analyte_of(c->find("dsdna"))->specimens == texts{"serum"});
}

TEST_CASE("catalog: a medication is recognised by whole words, and not when another word excludes it") {
    const auto c = good();
    const auto named = [&c](std::string_view text) {
        ids out;
        for (const concept_id m : c->medications_named(text))
            out.emplace(c->id(m));
        return out;
    };
    CHECK(named("plaquenil 200mg") == ids{"drug.hydroxychloroquine"});
    CHECK(named("PLAQUENIL200mg tab") == ids{"drug.hydroxychloroquine"});
    CHECK(named("Hydroxychloroquine sulfate") == ids{"drug.hydroxychloroquine"});
    CHECK(named("chloroquine phosphate") == ids{"drug.chloroquine"});
    CHECK(named("hydroxy-chloroquine").empty());
    CHECK(named("tacrolimusum 1 mg") == ids{"drug.tacrolimus"});
    CHECK(named("tacrolimus 0.1 % ointment").empty());
    CHECK(named("plaquenilx").empty());
    CHECK(named("").empty());
}

TEST_CASE("catalog: negative forms of a result word are read before the positive word in them") {
    const auto c = good();
    using word = catalog::word;
    CHECK(c->result_word("Positive") == word::positive);
    CHECK(c->result_word(" POS ") == word::positive);
    CHECK(c->result_word("not detected") == word::negative);
    CHECK(c->result_word("Non-Reactive.") == word::negative);
    CHECK(c->result_word("nonreactive") == word::none);
    CHECK(c->result_word("nicht nachweisbar") == word::negative);
    CHECK(c->result_word("Отрицательный") == word::negative);
    CHECK(c->result_word("weakly positive") == word::equivocal);
    CHECK(c->result_word("Borderline, equal to 1:80") == word::equivocal);
    CHECK(c->result_word("See note") == word::no_result);
    CHECK(c->result_word("Positive, see note") == word::positive);
    CHECK(c->result_word("negative (hemolyzed)") == word::none);
    CHECK(c->result_word("") == word::none);
}

TEST_CASE("catalog: a result text that says two things, or denies a positive word, is not read") {
    const auto c = good();
    using word = catalog::word;
    CHECK(c->result_word("not positive") == word::none);
    CHECK(c->result_word("negative IgM, positive IgG") == word::none);
    CHECK(c->result_word("the control was positive and so on and so on and so on for many words") == word::none);
}

TEST_CASE("catalog: the strings for the scanner hold every code, ICD codes with and without dot") {
    const auto s = good()->strings();
    const auto has = [](const std::vector<std::string>& list, std::string_view text) {
        return std::find(list.begin(), list.end(), text) != list.end();
    };
    for (const char* code : {"5130-0", "6457-6", "55464009", "M32.9", "M329", "710.0", "7100", "P01BA02", "dsdna"})
        CHECK(has(s.codes, code));
    for (const char* prefix : {"M34", "M32.1", "M321", "L04AF"})
        CHECK(has(s.icd_prefixes, prefix));
    for (const char* word : {"plaquenil", "tacrolim", "prograf"})
        CHECK(has(s.name_words, word));
}

TEST_CASE("catalog: a wrong check digit is an error where the code stands") {
    CHECK(complaints("{\"resourceType\": \"ValueSet\", \"id\": \"x\", \"compose\": {\"include\": [\n"
                     "{\"system\": \"http://loinc.org\", \"concept\": [{\"code\": \"7465-1\"},\n"
                     "  {\"code\": \"33939-6\"}, {\"code\": \"ANA\"}, {\"code\": \"5048-4\"}]},\n"
                     "{\"system\": \"http://snomed.info/sct\", \"concept\": [{\"code\": \"55464008\"}]}]}}") ==
          texts{"bad-check-digit 2:53", "bad-check-digit 3:12", "bad-code 3:33", "bad-check-digit 4:59"});
}

TEST_CASE("catalog: a concept is defined once") {
    CHECK(complaints(R"({"resourceType": "ValueSet", "id": "dsdna", "compose": {"include": []}})") == texts{"duplicate-concept 1:36"});
}

TEST_CASE("catalog: an unknown included ValueSet is an error with the nearest name") {
    std::vector<problem> problems;
    auto files = library();
    files.push_back({"extra.json", R"({"resourceType": "ValueSet", "id": "g", "compose": {"include": [
  {"valueSet": ["urn:trialgate:concept/dsdan"]}]}})"});
    load(files, problems);
    REQUIRE(problems.size() == 1);
    CHECK(to_string(problems[0]) == "extra.json:2:17: error: there is no ValueSet 'urn:trialgate:concept/dsdan' (did you mean 'dsdna'?)");
}

TEST_CASE("catalog: groups that include each other are an error, and loading ends") {
    CHECK(complaints(R"({"resourceType": "Bundle", "entry": [
 {"resource": {"resourceType": "ValueSet", "id": "g1", "compose": {"include": [{"valueSet": ["urn:trialgate:concept/g2"]}]}}},
 {"resource": {"resourceType": "ValueSet", "id": "g2", "compose": {"include": [{"valueSet": ["urn:trialgate:concept/g3"]}]}}},
 {"resource": {"resourceType": "ValueSet", "id": "g3", "compose": {"include": [{"valueSet": ["urn:trialgate:concept/g1"]}]}}}]})") ==
          texts{"group-cycle 4:94"});
}

TEST_CASE("catalog: a map to an unknown concept or system is an error") {
    CHECK(complaints(R"({"resourceType": "ConceptMap", "group": [
 {"source": "urn:l", "target": "urn:trialgate:concept", "element": [{"code": "A", "target": [{"code": "ana.titre"}]}]},
 {"source": "urn:l", "target": "http://loinc.com", "element": []},
 {"target": "http://loinc.org", "element": []},
 {"source": "urn:l", "target": "http://loinc.org", "element": [{"code": "B", "target": [{"code": "5048-5"}]}]},
 {"source": "urn:l", "target": "urn:trialgate:concept", "element": [{"code": "C", "target": [{"code": "sle", "equivalence": "narrower"}]}]}]})") ==
          texts{"unknown-concept 2:103", "unknown-system 3:32", "missing-member 4:2", "bad-check-digit 5:98", "inexact-map 6:125"});
}

TEST_CASE("catalog: what is wrong with an analyte is reported all at once") {
    CHECK(complaints(R"({"analytes": [
 {"concept": "ana.titre", "kind": "titer"},
 {"concept": "drug.jak", "kind": "quantity", "unit": "mg/dl/"},
 {"concept": "drug.chloroquine", "kind": "quantity", "unit": "mg/dL", "units": {"A": "5/0", "B": "x", "C": "-1", "D": 0.5, "E": "1/3"}},
 {"concept": "sle", "kind": "ordinal", "scale": {"neg": 0}},
 {"concept": "drug.tacrolimus", "kind": "quantiy"},
 {"concept": "drug.tacrolimus", "kind": "score", "integr": true, "words": {"many": "lots"}}]})") ==
          texts{"unknown-concept 2:14", "unknown-unit 3:54", "bad-ratio 4:86", "bad-ratio 4:98", "bad-ratio 4:108",
                "duplicate-analyte 5:14", "bad-kind 6:41", "unknown-member 7:50", "bad-number 7:84"});
}

TEST_CASE("catalog: unverified codes are read only when asked for, and may add to a concept") {
    const std::string text = R"({"resourceType": "Bundle", "meta": {"tag": [{"system": "urn:trialgate:status", "code": "unverified"}]}, "entry": [
 {"resource": {"resourceType": "ValueSet", "id": "dsdna", "compose": {"include": [{"system": "http://loinc.org", "concept": [{"code": "32677-7"}]}]}}}]})";
    auto files = library();
    files.push_back({"unverified.json", text});
    std::vector<problem> problems;
    CHECK(meanings(*load(files, problems), loinc, "32677-7").empty());
    const auto c = load(files, problems, {.unverified_codes = true});
    CHECK(problems.empty());
    CHECK(meanings(*c, loinc, "32677-7") == ids{"dsdna"});
    CHECK(meanings(*c, loinc, "5130-0") == ids{"dsdna"});
}

TEST_CASE("catalog: what is no library file is an error, and the rest is read") {
    CHECK(complaints(R"({"something": 1})") == texts{"unknown-file 1:1"});
    CHECK(complaints(R"({"resourceType": "ValuSet"})") == texts{"unknown-file 1:18"});
    CHECK(complaints("{\"resourceType\": \"ValueSet\",\n \"id\": }") == texts{"bad-json 2:8"});
    CHECK(complaints("") == texts{"bad-json 1:1"});
    CHECK(complaints("[]") == texts{"unknown-file 1:1"});
    CHECK(complaints(R"({"analytes": [], "analytes": []})") == texts{"duplicate-key 1:18"});
}

TEST_CASE("catalog: filters that cannot be evaluated and lists that mean everything are errors") {
    CHECK(complaints(R"({"resourceType": "ValueSet", "id": "x", "compose": {"include": [
 {"system": "http://snomed.info/sct", "filter": [{"property": "concept", "op": "is-a", "value": "55464009"}]},
 {"system": "http://hl7.org/fhir/sid/icd-10-cm", "filter": [{"property": "concept", "op": "regex", "value": "M32"}]},
 {"system": "http://loinc.org"},
 {"system": "http://loinc.org", "valueSet": ["urn:trialgate:concept/sle"]}, {}]}})") ==
          texts{"unsupported-filter 2:49", "unsupported-filter 3:61", "unsupported-include 4:2", "unsupported-include 5:2", "missing-member 5:77"});
}

TEST_CASE("catalog: the library of the project loads without a problem") {
    const std::filesystem::path root = std::filesystem::path(trialgate::test::source_folder()) / "mappings" / "library";
    std::vector<source_file> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root))
        if (entry.path().extension() == ".json" && entry.path().parent_path().filename() != "scores") {
            std::ifstream in(entry.path(), std::ios::binary);
            files.push_back({std::filesystem::relative(entry.path(), root).generic_string(),
                             std::string(std::istreambuf_iterator<char>(in), {})});
        }
    REQUIRE_FALSE(files.empty());
    for (const bool unverified : {false, true}) {
        std::vector<problem> problems;
        const auto c = catalog::load(files, {.unverified_codes = unverified}, problems);
        for (const problem& p : problems)
            UNSCOPED_INFO(to_string(p));
        CHECK(problems.empty());
        CHECK(c->size() > 1);
    }
}
