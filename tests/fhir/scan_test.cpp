#include "fhir/scan.hpp"
#include "tests/support/scan_oracle.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::fhir::scan;
using trialgate::tests::exact_interest;

namespace {

// One answer of all kernels, or the test fails.
glimpse seen(std::string_view object) {
    const glimpse first = look(object, exact_interest{});
    for (const detail::kernel* k : detail::kernels()) {
        INFO(k->name);
        CHECK(tests::same_glimpse(first, detail::look(object, exact_interest{}, *k)));
    }
    return first;
}

finding found(std::string_view object) {
    return seen(object).found;
}

std::string observation(std::string_view members) {
    return R"({"resourceType":"Observation","id":"o1","meta":{"versionId":"1"})" + std::string(members) + "}";
}

} // namespace

TEST_CASE("scan: every instruction set of this machine is compared") {
    const auto all = detail::kernels();
    REQUIRE(!all.empty());
    CHECK(std::string_view(all.back()->name) == "plain");
#if defined(__x86_64__)
    CHECK(all.size() >= 2);
#endif
}

TEST_CASE("scan: an irrelevant resource gives type, id and version") {
    const glimpse g = seen(
        R"({"resourceType":"Observation","id":"o1","meta":{"extension":[{"url":"]}{["}],"versionId":"3",)"
        R"("lastUpdated":"2026-01-02T03:04:05Z"},"code":{"coding":[{"code":"2-9"}]}})"
    );
    CHECK(g.found == finding::irrelevant);
    CHECK(g.type == "Observation");
    CHECK(g.id == "o1");
    CHECK(g.version_id == "3");
    CHECK(g.last_updated == "2026-01-02T03:04:05Z");
}

TEST_CASE("scan: members may come in any order") {
    const std::string_view sorted = GENERATE(
        R"({"code":{"coding":[{"code":"2-9"}]},"id":"o1","meta":{"versionId":"3"},"resourceType":"Observation"})",
        R"({"resourceType":"Observation","code":{"text":"id"},"meta":{"versionId":"3"},"id":"o1"})",
        R"({"resourceType":"Observation","id":"o1","status":"final","note":[{"text":"{}\\"}],"meta":{"versionId":"3"}})",
        R"( { "meta" : { "tag" : [ ] , "versionId" : "3" } , "id" : "o1" , "status" : "\"" , "resourceType" : "Observation" } )"
    );
    const glimpse g = seen(sorted);
    CHECK(g.found == finding::irrelevant);
    CHECK(g.type == "Observation");
    CHECK(g.id == "o1");
    CHECK(g.version_id == "3");
}

TEST_CASE("scan: the meta of a contained resource is not taken for the resource's") {
    const glimpse g = seen(
        R"({"resourceType":"Observation","id":"o1","contained":[{"meta":{"versionId":"8"}}],"status":"x"})"
    );
    CHECK(g.found == finding::irrelevant);
    CHECK(g.version_id.empty());
}

TEST_CASE("scan: a code of interest is seen wherever it stands") {
    const std::string_view members = GENERATE(
        R"(,"code":"1-8")", R"(,"code" : "1-8")", ",\"code\"\n:\r\n\t\"1-8\"", R"(,"code":77)",
        R"(,"code":[{"code":"1-8"}])", R"(,"contained":[{"code":{"coding":[{"code":"1-8"}]}}])",
        R"(,"code":{"coding":[{"code":"2-9"},{"code":"a/b"}]})",
        R"(,"component":[{"code":{"coding":[{"code":"1-8"}]}}])", R"(,"note":"\\","code":"1-8")",
        R"(,"x":"a\"code","code":"1-8")"
    );
    // At every place in a block of 64 bytes, and with every distance to the end.
    for (std::size_t before = 0; before < 70; ++before)
        for (const std::size_t after : {0, 1, 2, 30, 59, 60, 61, 62, 63, 64, 65, 127}) {
            const std::string pad = R"(,"p":")" + std::string(before, 'c') + "\"";
            REQUIRE(
                look(observation(pad + std::string(members) + std::string(after, ' ')), exact_interest{})
                    .found == finding::relevant
            );
        }
    CHECK(found(observation(members)) == finding::relevant);
}

TEST_CASE("scan: codes inside text, identifiers and other keys are not codes") {
    CHECK(
        found(observation(R"(,"text":{"div":"the \"code\":\"1-8\" and \\\"code\\\": \"1-8\""})")) ==
        finding::irrelevant
    );
    CHECK(
        found(observation(R"(,"identifier":[{"value":"1-8"}],"valueCode":"1-8","display":"1-8")")) ==
        finding::irrelevant
    );
    CHECK(
        found(observation(R"(,"Code":"1-8","xcode":"1-8","codes":"1-8","a code":"1-8")")) ==
        finding::irrelevant
    );
    CHECK(found(observation(R"(,"note":"code","x":["code","1-8"])")) == finding::irrelevant);
}

TEST_CASE("scan: what an escape could hide is unsure") {
    CHECK(found(observation(R"(,"code":"1\u002d8")")) == finding::unsure);
    CHECK(found(observation(R"(,"code":"a\/b")")) == finding::unsure);
    CHECK(found(observation(R"(,"co\u0064e":"1-8")")) == finding::unsure);
    CHECK(found(observation(R"(,"c\u006Fde":"1-8")")) == finding::unsure);
    CHECK(found(observation(R"(,"\u0063\u006f\u0064\u0065":"1-8")")) == finding::unsure);
    CHECK(
        found(R"({"resourceType":"Observation","id":"o1","me\u0074a":{"versionId":"1"}})") == finding::unsure
    );
    for (const std::string_view meta : {R"("me\u0074a")", R"("\u006deta")", R"("met\u0061")"})
        CHECK(
            found(R"({"resourceType":"Observation","id":"o1","status":"x",)" + std::string(meta) + ":{}}") ==
            finding::unsure
        );
    CHECK(found(R"({"resource\u0054ype":"Observation","id":"o1"})") == finding::unsure);
    CHECK(found(R"({"resourceType":"Obs\u0065rvation","id":"o1"})") == finding::unsure);
}

TEST_CASE("scan: escapes that can hide nothing cost no parse") {
    CHECK(
        found(observation(R"(,"text":"\u00e9\u003cb\u003e\u0027\u0060\n\t\"\\ \/ \ud83d\ude00 \u0061\u0062")")
        ) == finding::irrelevant
    );
}

TEST_CASE("scan: a type decides where it can") {
    CHECK(found(R"({"resourceType":"Claim","code":"1-8","co\u0064e":1})") == finding::irrelevant);
    CHECK(found(R"({"code":"1-8","resourceType":"Claim"})") == finding::irrelevant);
    CHECK(found(R"({"resourceType":"Patient","id":"p"})") == finding::relevant);
    CHECK(found(R"({"resourceType":"MedicationRequest","id":"m"})") == finding::relevant);
}

TEST_CASE("scan: without a usable identity a resource is unsure") {
    const std::string_view odd = GENERATE(
        R"({"resourceType":"Observation"})", R"({"resourceType":"Observation","id":""})",
        R"({"resourceType":"Observation","id":7})", R"({"resourceType":"Observation","id":" a"})",
        R"({"resourceType":"Observation","id":"a","meta":null})", R"({"id":"a"})",
        R"({"resourceType":"Observation","id":"a","meta":{"versionId":3}})",
        R"({"resourceType":null,"id":"a"})", "{}", "{x}"
    );
    CHECK(found(odd) == finding::unsure);
}

TEST_CASE("scan: what is no object is broken, what was cut is not irrelevant") {
    for (const std::string_view text : {"", " ", "{", "}", "[]", "null", "{\"a\":1", "\"{}\"", "x{}"})
        CHECK(found(text) == finding::broken);
    const std::string whole = observation(
        R"(,"code":{"coding":[{"code":"2-9"}]},"component":[{"code":{"coding":[{"code":"1-8"}]}}])"
    );
    for (std::size_t size = 0; size < whole.size(); ++size)
        CHECK(found(std::string_view(whole).substr(0, size)) != finding::irrelevant);
    CHECK(found("\xEF\xBB\xBF " + observation("") + "\r\n") == finding::irrelevant);
}

TEST_CASE("scan: many braces do not overflow their count") {
    std::string deep;
    for (int i = 0; i < 5000; ++i)
        deep += "{\"a\":";
    deep += "1" + std::string(5000, '}');
    CHECK(found(observation(",\"x\":" + deep)) == finding::irrelevant);
    CHECK(found(observation(",\"x\":\"" + std::string(100'000, '{') + "\"")) == finding::unsure);
    CHECK(
        found(observation(",\"x\":\"" + std::string(100'000, '{') + std::string(100'000, '}') + "\"")) ==
        finding::irrelevant
    );
}

TEST_CASE("scan: balanced_length ends where the value ends") {
    CHECK(balanced_length("{}x") == 2);
    CHECK(balanced_length(R"([{"a":"]}\"\\"},[]] ,)") == 19);
    CHECK(balanced_length(R"({"a":"\\\\"}})") == 12);
    CHECK_FALSE(balanced_length(R"({"a":"\"}")").has_value());
    CHECK_FALSE(balanced_length("[[]").has_value());
    CHECK_FALSE(balanced_length(" {}").has_value());
    CHECK_FALSE(balanced_length("").has_value());
}

TEST_CASE("scan: for_each_entry gives the members and the entries of a Bundle as written") {
    const std::string_view text =
        R"( { "total" : 2 , "entry" : [ {"a":[1,{}]} ,{ "b":"]}\"" }, 1.50, "x" ] , "type":"searchset" } )";
    for (const detail::kernel* k : detail::kernels()) {
        const auto walked = tests::scan_bundle(text, *k);
        CHECK(walked.ok);
        REQUIRE(walked.entries.size() == 4);
        CHECK(walked.entries[0] == R"({"a":[1,{}]})");
        CHECK(walked.entries[1] == R"({ "b":"]}\"" })");
        CHECK(walked.entries[2] == "1.50");
        REQUIRE(walked.head.size() == 2);
        CHECK(walked.head[0] == std::pair<std::string_view, std::string_view>("total", "2"));
        CHECK(walked.head[1] == std::pair<std::string_view, std::string_view>("type", "\"searchset\""));
    }
}

TEST_CASE("scan: for_each_entry refuses what is no Bundle") {
    const std::string_view text = GENERATE(
        "", "[]", "{", "{\"entry\":null}", "{\"entry\":{}}", "{\"entry\":[}", "{\"entry\":[{}",
        "{\"entry\":[{},]}", "{\"entry\":[],\"entry\":[]}", "{\"ent\\u0072y\":[]}", "{} x", "{\"a\":1,}",
        "{\"a\" 1}", "{\"a\":\"x}", "{\"a\":}"
    );
    for (const detail::kernel* k : detail::kernels())
        CHECK_FALSE(tests::scan_bundle(text, *k).ok);
    CHECK(tests::scan_bundle("{}", *detail::kernels().front()).ok);
    CHECK(tests::scan_bundle("{\"entry\":[]}", *detail::kernels().front()).ok);
}

TEST_CASE("interest_set: codes are found without regard to case and white space, others are not") {
    const interest_set wanted(
        {.codes = {"29463-7", "M32.10", "a", "ab", "abc", "urn:oid:1.2.840.113619.21.1.5063", ""},
         .code_prefixes = {"N04"},
         .types = {"Patient"},
         .never = {"Claim", "Patient"},
         .by_words = {"MedicationRequest"}}
    );
    for (const std::string_view code :
         {"29463-7", " 29463-7 ", "m32.10", "A", "aB", "ABC", "urn:OID:1.2.840.113619.21.1.5063", "", "N04",
          "n04.9"})
        CHECK(wanted.code(code));
    for (const std::string_view code :
         {"29463-8", "29463-77", "9463-7", "M32.1", "b", "ba", "abd", "abcd", "N0",
          "urn:oid:1.2.840.113619.22.1.5063"})
        CHECK_FALSE(wanted.code(code));
    CHECK(wanted.type("Patient"));
    CHECK_FALSE(wanted.never("Patient"));
    CHECK(wanted.never("Claim"));
    CHECK(wanted.by_words("MedicationRequest"));
    CHECK_FALSE(wanted.never("Observation"));
}

TEST_CASE("interest_set: thousands of similar codes keep apart") {
    std::vector<std::string> codes;
    for (int i = 0; i < 20'000; ++i)
        codes.push_back(std::to_string(100'000 + i) + "-" + std::to_string(i % 10));
    const std::vector<std::string_view> even = [&] {
        std::vector<std::string_view> out;
        for (std::size_t i = 0; i < codes.size(); i += 2)
            out.push_back(codes[i]);
        return out;
    }();
    const interest_set wanted({.codes = even, .code_prefixes = {}, .types = {}, .never = {}, .by_words = {}});
    for (std::size_t i = 0; i < codes.size(); ++i)
        REQUIRE(wanted.code(codes[i]) == (i % 2 == 0));
}
