#include "fhir/issue.hpp"

#include <catch2/catch.hpp>
#include <stdexcept>
#include <string>

using namespace trialgate::fhir;

TEST_CASE("issue: codes are FHIR's") {
    CHECK(to_code(severity::information) == "information");
    CHECK(to_code(severity::warning) == "warning");
    CHECK(to_code(severity::error) == "error");
    CHECK(to_code(severity::fatal) == "fatal");
    CHECK(to_code(issue_type::structure) == "structure");
    CHECK(to_code(issue_type::required) == "required");
    CHECK(to_code(issue_type::value) == "value");
    CHECK(to_code(issue_type::invariant) == "invariant");
    CHECK(to_code(issue_type::not_supported) == "not-supported");
    CHECK(to_code(issue_type::code_invalid) == "code-invalid");
    CHECK(to_code(issue_type::too_long) == "too-long");
    CHECK(to_code(issue_type::too_costly) == "too-costly");
    CHECK(to_code(issue_type::duplicate) == "duplicate");
    CHECK(to_code(issue_type::informational) == "informational");
}

TEST_CASE("issue: a list answers whether something of a severity or worse was reported") {
    issue_list list;
    CHECK_FALSE(list.has(severity::information));
    list.report({severity::warning, issue_type::value, {}, "odd", {}, 0});
    CHECK(list.has(severity::information));
    CHECK(list.has(severity::warning));
    CHECK_FALSE(list.has(severity::error));
    list.report({severity::fatal, issue_type::structure, {}, "broken", {}, 0});
    CHECK(list.has(severity::error));
    CHECK(list.issues.size() == 2);
}

TEST_CASE("issue: an offset is located by line and byte column, both from 1") {
    const std::string text = "ab\ncd\r\n\xC3\xA9!";
    const auto at = [&](std::size_t offset) {
        const line_column found = locate(text, offset);
        return std::pair(found.line, found.column);
    };
    CHECK(at(0) == std::pair(1U, 1U));
    CHECK(at(2) == std::pair(1U, 3U));
    CHECK(at(3) == std::pair(2U, 1U));
    CHECK(at(7) == std::pair(3U, 1U));
    CHECK(at(9) == std::pair(3U, 3U));
    CHECK(at(1000) == std::pair(3U, 4U));
    CHECK(locate("", 5).line == 1);
    CHECK(locate("", 5).column == 1);
}

TEST_CASE("issue: using a failed result throws a logic_error without the offending text") {
    const result<int> failed =
        issue{severity::error, issue_type::value, "Patient.birthDate", "not a date", "Smith", 0};
    REQUIRE_FALSE(failed.has_value());
    try {
        (void)failed.value();
        FAIL("value() of an error returned");
    } catch (const std::logic_error& e) {
        const std::string what = e.what();
        CHECK(what.find("Patient.birthDate") != std::string::npos);
        CHECK(what.find("not a date") != std::string::npos);
        CHECK(what.find("Smith") == std::string::npos);
    }
}
