#include "mappings/engine/interpretation.hpp"

#include "tests/support/result_library.hpp"

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

constexpr const char* v3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
constexpr const char* snomed = "http://snomed.info/sct";
constexpr const char* loinc = "http://loinc.org";

fhir::codeable_concept coded(std::string_view system, std::string_view code, std::string_view display = {}, std::string_view text = {}) {
    return {{{system, code, display}}, text};
}

interpretation flags(std::vector<fhir::codeable_concept> all) { return read_interpretation(all, *tests::result_catalog()); }

finding answer(const fhir::codeable_concept& c) { return read_coded_finding(c, *tests::result_catalog()).found; }

} // namespace

TEST_CASE("interpretation: v3 and v2 codes, under any name of their systems") {
    for (const char* system :
         {v3, "http://terminology.hl7.org/CodeSystem/v2-0078", "http://hl7.org/fhir/v2/0078", "http://hl7.org/fhir/v3/ObservationInterpretation",
          "urn:oid:2.16.840.1.113883.5.83", "http://hl7.org/fhir/observation-interpretation", ""}) {
        CHECK(flags({coded(system, "POS")}).found == finding::positive);
        CHECK(flags({coded(system, "NEG")}).found == finding::negative);
        CHECK(flags({coded(system, "LL")}).low);
        CHECK(flags({coded(system, "HH")}).high);
    }
}

TEST_CASE("interpretation: every code of the reference") {
    for (const char* code : {"POS", "DET", "RR"})
        CHECK(flags({coded(v3, code)}).found == finding::positive);
    for (const char* code : {"NEG", "ND", "NR"})
        CHECK(flags({coded(v3, code)}).found == finding::negative);
    for (const char* code : {"WR", "E", "IND"})
        CHECK(flags({coded(v3, code)}).found == finding::equivocal);
    CHECK(flags({coded(v3, "A")}).abnormal);
    CHECK(flags({coded(v3, "AA")}).abnormal);
    CHECK(flags({coded(v3, "N")}).normal);
    CHECK(flags({coded(v3, "<")}).off_scale_low);
    CHECK(flags({coded(v3, ">")}).off_scale_high);
    CHECK(flags({coded(v3, "QCF")}).failed);
    CHECK(flags({coded(v3, "S")}).empty());
    CHECK(flags({}).empty());
}

TEST_CASE("interpretation: abnormal is positive and normal negative for a presence test only") {
    CHECK(flags({coded(v3, "A")}).found == finding::none);
    CHECK(flags({coded(v3, "A")}).for_presence() == finding::positive);
    CHECK(flags({coded(v3, "H")}).for_presence() == finding::positive);
    CHECK(flags({coded(v3, "N")}).for_presence() == finding::negative);
    CHECK(flags({coded(v3, "A"), coded(v3, "L")}).for_presence() == finding::negative);
    CHECK(flags({coded(v3, "A"), coded(v3, "WR")}).for_presence() == finding::equivocal);
}

TEST_CASE("interpretation: words where there is no code") {
    CHECK(flags({{{}, "Positive"}}).found == finding::positive);
    CHECK(flags({{{}, "High"}}).high);
    CHECK(flags({{{}, "Abnormal"}}).abnormal);
    CHECK(flags({{{}, "H"}}).high);
    CHECK(flags({coded("urn:lab:flags", "77", "Critically low")}).low);
    CHECK(flags({coded("urn:lab:flags", "H")}).empty());
    CHECK(flags({{{}, "within reference range"}}).normal);
}

TEST_CASE("interpretation: what contradicts itself says so") {
    CHECK(flags({coded(v3, "POS"), coded(v3, "NEG")}).contradictory);
    CHECK(flags({coded(v3, "L"), coded(v3, "H")}).contradictory);
    CHECK(flags({coded(v3, "N"), coded(v3, "A")}).contradictory);
    CHECK_FALSE(flags({coded(v3, "POS"), coded(v3, "A"), coded(v3, "H")}).contradictory);
}

TEST_CASE("coded value: SNOMED CT qualifiers and LOINC answers (S34)") {
    for (const char* code : {"10828004", "260373001", "52101004", "11214006"})
        CHECK(answer(coded(snomed, code)) == finding::positive);
    for (const char* code : {"260385009", "260415000", "2667000", "131194007"})
        CHECK(answer(coded(snomed, code)) == finding::negative);
    for (const char* code : {"42425007", "419984006", "82334004", "260408008"})
        CHECK(answer(coded(snomed, code)) == finding::equivocal);
    CHECK(answer(coded(loinc, "LA6576-8")) == finding::positive);
    CHECK(answer(coded("urn:oid:2.16.840.1.113883.6.1", "LA6577-6")) == finding::negative);
    CHECK(answer(coded(v3, "POS")) == finding::positive);
}

TEST_CASE("coded value: a code counts in its own system only, else the words") {
    CHECK(answer(coded("", "10828004")) == finding::none);
    CHECK(answer(coded(loinc, "10828004")) == finding::none);
    CHECK(answer(coded("urn:lab:local", "42", "Not detected")) == finding::negative);
    CHECK(answer(coded("urn:lab:local", "NEG")) == finding::negative);
    CHECK(answer(coded(snomed, "404684003", "Weakly positive")) == finding::equivocal);
    CHECK(answer({{}, "Non-reactive"}) == finding::negative);
    CHECK(answer({{}, "Yes"}) == finding::positive);
    CHECK(answer({{}, "speckled"}) == finding::none);
}

TEST_CASE("coded value: code and text that disagree are contradictory") {
    const auto read = read_coded_finding(coded(snomed, "260385009", "Negative", "Positive"), *tests::result_catalog());
    CHECK(read.contradictory);
    CHECK_FALSE(read_coded_finding(coded(snomed, "260385009", "Negative", "negative"), *tests::result_catalog()).contradictory);
    CHECK(read_coded_finding({{}, "Test not performed"}, *tests::result_catalog()).no_result);
}
