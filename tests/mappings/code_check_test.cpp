#include "mappings/engine/code_check.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>

using namespace trialgate::mappings;

namespace {

std::string plain(std::string_view code) {
    std::array<char, 16> room;
    return std::string(plain_icd(code, room));
}

} // namespace

TEST_CASE("code_check: a LOINC code passes only with its own check digit") {
    for (const char* code : {"5048-4", "5130-0", "8061-4", "2160-0", "33914-3", "48642-3", "29953-7", "718-7", "777-3", "94875-2"}) {
        INFO(code);
        CHECK(loinc_check_digit(code));
        std::string other(code);
        for (char digit = '0'; digit <= '9'; ++digit) {
            other.back() = digit;
            CHECK(loinc_check_digit(other) == (digit == std::string(code).back()));
        }
    }
    CHECK_FALSE(loinc_check_digit("7465-1"));
    CHECK_FALSE(loinc_check_digit("33939-6"));
}

TEST_CASE("code_check: a LOINC code with two neighbours swapped fails") {
    CHECK_FALSE(loinc_check_digit("5084-4"));
    CHECK_FALSE(loinc_check_digit("8016-4"));
}

TEST_CASE("code_check: text that is no LOINC code fails") {
    for (const char* code : {"", "-", "5-", "-4", "5048", "5048-44", "50A8-4", "5048 -4", "123456789-0"})
        CHECK_FALSE(loinc_check_digit(code));
}

TEST_CASE("code_check: a SNOMED CT code passes only with its own check digit") {
    for (const char* code : {"55464009", "200936003", "239887007", "10828004", "260373001", "295111000119108", "1144970000"}) {
        INFO(code);
        CHECK(snomed_check_digit(code));
        std::string other(code);
        for (std::size_t i = 0; i < other.size(); ++i) {
            const char kept = other[i];
            other[i] = static_cast<char>('0' + (kept - '0' + 1) % 10);
            CHECK_FALSE(snomed_check_digit(other));
            other[i] = kept;
        }
        for (std::size_t i = 0; i + 1 < other.size(); ++i)
            if (other[i] != other[i + 1]) {
                std::swap(other[i], other[i + 1]);
                CHECK_FALSE(snomed_check_digit(other));
                std::swap(other[i], other[i + 1]);
            }
    }
    CHECK_FALSE(snomed_check_digit("5546400"));
    CHECK_FALSE(snomed_check_digit("12345"));
    CHECK_FALSE(snomed_check_digit("0055464009"));
    CHECK_FALSE(snomed_check_digit("55464009x"));
}

TEST_CASE("code_check: shape and check digit are different defects") {
    CHECK(check_code("http://loinc.org", "5048-4") == code_defect::none);
    CHECK(check_code("http://loinc.org", "5048-5") == code_defect::check_digit);
    CHECK(check_code("http://loinc.org", "ANA") == code_defect::shape);
    CHECK(check_code("http://loinc.org", "LP14585-3") == code_defect::none);
    CHECK(check_code("http://snomed.info/sct", "55464008") == code_defect::check_digit);
    CHECK(check_code("http://snomed.info/sct", "SLE") == code_defect::shape);
    CHECK(check_code("http://www.nlm.nih.gov/research/umls/rxnorm", "5521") == code_defect::none);
    CHECK(check_code("http://www.nlm.nih.gov/research/umls/rxnorm", "5521x") == code_defect::shape);
    CHECK(check_code("http://hl7.org/fhir/sid/icd-10-cm", "M32.10") == code_defect::none);
    CHECK(check_code("http://hl7.org/fhir/sid/icd-10-cm", "M3210.1") == code_defect::shape);
    CHECK(check_code("urn:a-hospital:lab", "anything at all") == code_defect::none);
}

TEST_CASE("code_check: ICD codes compare without dot, in upper case, without the marks of ICD-10") {
    CHECK(plain("M32.10") == "M3210");
    CHECK(plain(" m32.10 ") == "M3210");
    CHECK(plain("M3210") == "M3210");
    CHECK(plain("M32.1+") == "M321");
    CHECK(plain("I32.8*") == "I328");
    CHECK(plain("M32.1\xE2\x80\xA0") == "M321");
    CHECK(plain("M32.-") == "M32");
    CHECK(plain("M32.") == "M32");
    CHECK(plain("710.0") == "7100");
    CHECK(plain("E930.1") == "E9301");
}

TEST_CASE("code_check: a dot in the wrong place is not dropped, because another code would come out") {
    CHECK(plain("71.00").empty());
    CHECK(plain("7100.").size() == 4);
    CHECK(plain("M3.210").empty());
    CHECK(plain("M32.1.0").empty());
    CHECK(plain("M32 10").empty());
    CHECK(plain("M3").empty());
    CHECK(plain("").empty());
    CHECK(plain("M32.123456").empty());
}
