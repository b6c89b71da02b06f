#include "mappings/engine/titer.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"
#include "tests/support/result_library.hpp"

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

std::string titer(std::string_view text, bare_integers bare = bare_integers::allowed) {
    const auto read = read_titer(fhir::lower(written::plain_text(text)), bare);
    return read ? tests::interval_text(*read) : "none";
}

} // namespace

TEST_CASE("titer: every row of the grammar table") {
    for (const char* text : {"1:160", "160", "1/160", "1 : 160 ", "160:1", "1：160", "1:160 H", "1/160 Abnormal"})
        CHECK(titer(text) == "[160,160]");
    CHECK(titer(">=1:160") == "[160,inf)");
    CHECK(titer("\xE2\x89\xA5"
                "1:640") == "[640,inf)");
    CHECK(titer("=>1:640") == "[640,inf)");
    CHECK(titer(">1:1280") == "(1280,inf)");
    CHECK(titer(">1:80") == "(80,inf)");
    CHECK(titer("<1:80") == "(0,80)");
    CHECK(titer("<1:160") == "(0,160)");
    CHECK(titer("<=1:160") == "(0,160]");
    CHECK(titer("<1:320") == "(0,320)");
    CHECK(titer("1:80 - 1:160") == "[80,160]");
    CHECK(titer("1:80 \xE2\x80\x93 1:160") == "[80,160]");
    CHECK(titer("1:80 to 1:160") == "[80,160]");
    CHECK(titer("1:80-160") == "[80,160]");
    CHECK(titer("1:80") == "[80,80]");
    CHECK(titer("Borderline 1:80") == "[80,80]");
    CHECK(titer("Borderline, equal to 1:80") == "[80,80]");
    CHECK(titer("Positive") == "none");
    CHECK(titer("1:2560 speckled; 1:160 nucleolar") == "[2560,2560]");
}

TEST_CASE("titer: thousands are grouped with comma, apostrophe or point") {
    for (const char* text : {"1 : 1,280", "1:1280", "1:1'280", "1:1.280", "1,280"})
        CHECK(titer(text) == "[1280,1280]");
    CHECK(titer("1:1,310,720") == "[1310720,1310720]");
    CHECK(titer("1:1.28") == "none");
    CHECK(titer("1:12,80") == "none");
}

TEST_CASE("titer: comparators may be words") {
    CHECK(titer("greater than 1:640") == "(640,inf)");
    CHECK(titer("GT 1:640") == "(640,inf)");
    CHECK(titer("GE 640") == "[640,inf)");
    CHECK(titer("less than 1:40") == "(0,40)");
    CHECK(titer("LT 40") == "(0,40)");
    CHECK(titer("at least 1:320") == "[320,inf)");
    CHECK(titer("> or = 1:320") == "[320,inf)");
    CHECK(titer("1:640+") == "[640,inf)");
    for (const char* text : {"1:640 or greater", "1:640 or more", "1:640 or higher", "1:640 and above", "640 or more"})
        CHECK(titer(text) == "[640,inf)");
    CHECK(titer("&gt;1:640") == "(640,inf)");
}

TEST_CASE("titer: dates, times and numbers inside words are none") {
    for (const char* text :
         {"1/16/2025", "2025-01-16", "16.1.2025", "1:45 pm", "01:30", "11:30", "1:45:10", "10-11-2025", "12/1/2025", "see 2 of 3"})
        CHECK(titer(text) == "none");
    CHECK(titer("1:160 (collected 1/16/2025)") == "[160,160]");
    CHECK(titer("1:320 on HEp-2 cells") == "[320,320]");
    CHECK(titer("HEp-2 320") == "[320,320]");
    CHECK(titer("1/16/2025 160") == "none");
}

TEST_CASE("titer: what is not plausible is not read") {
    for (const char* text : {"1:5", "1:0", "1:01", "1:9999999", "5", "8", "0", "160.5", "16 %", "2:160", "1:160:3", "", "1:", "1:a", "-160"})
        CHECK(titer(text) == "none");
}

TEST_CASE("titer: a plain integer counts only where it is asked for, and alone") {
    CHECK(titer("160", bare_integers::refused) == "none");
    CHECK(titer("1:160", bare_integers::refused) == "[160,160]");
    CHECK(titer("160 320") == "none");
    CHECK(titer("80-160") == "[80,160]");
    CHECK(titer("160 speckled") == "[160,160]");
    CHECK(titer("160H") == "none");
}

TEST_CASE("titer: the highest of several counts, with patterns in any order") {
    CHECK(titer("homogeneous 1:80, speckled 1:320") == "[320,320]");
    CHECK(titer("1:320 speckled, <1:40 homogeneous") == "[320,320]");
    CHECK(titer("homogeneous 1:80, speckled >1:1280") == "(1280,inf)");
}

TEST_CASE("titer: the limit of the laboratory beside the result is not the result") {
    CHECK(titer("1:40 (reference <1:80)") == "[40,40]");
    CHECK(titer("1:40 ref. range: <1:40") == "[40,40]");
    CHECK(titer("1:40 (positive >=1:160)") == "[40,inf)");
    CHECK(titer("1:160 (<1:40 negative)") == "(0,160]");
}

TEST_CASE("titer: a limit is inclusive or exclusive as written") {
    const auto of = [](fhir::comparator c) { return tests::interval_text(*titer_interval(c, {160, 0})); };
    CHECK(of(fhir::comparator::none) == "[160,160]");
    CHECK(of(fhir::comparator::less) == "(0,160)");
    CHECK(of(fhir::comparator::less_or_equal) == "(0,160]");
    CHECK(of(fhir::comparator::greater) == "(160,inf)");
    CHECK(of(fhir::comparator::greater_or_equal) == "[160,inf)");
    CHECK_FALSE(titer_interval(fhir::comparator::sufficient, {160, 0}));
    CHECK_FALSE(titer_interval(fhir::comparator::none, {1605, -1}));
    CHECK(titer_interval(fhir::comparator::none, {1600, -1}));
}
