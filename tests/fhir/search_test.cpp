#include "fhir/search.hpp"

#include "tests/support/resource_text.hpp"

using namespace trialgate::fhir;
using trialgate::tests::parsed_text;

namespace {

struct page_text : parsed_text {
    explicit page_text(std::string_view text) : parsed_text(text), read(read_page(root, issues)) {}
    result<page> read;
};

bool incomplete(const std::string& severity, const std::string& code) {
    const page_text p(R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"OperationOutcome","issue":[
        {"severity":"information","code":"informational"},{"severity":")" + severity + R"(","code":")" + code + R"("}]},"search":{"mode":"outcome"}}]})");
    REQUIRE(p.read.has_value());
    return p.read->incomplete;
}

} // namespace

TEST_CASE("search: what is percent-encoded comes back") {
    std::string all;
    for (int c = 0; c < 256; ++c)
        all += static_cast<char>(c);
    CHECK(percent_decode(percent_encode(all)) == all);
    CHECK(percent_encode("a b+c/\xC3\xA4~") == "a%20b%2Bc%2F%C3%A4~");
    CHECK(percent_decode("a+b%2bc") == "a+b+c");
    CHECK(percent_decode("a+b%2bc", true) == "a b+c");
    CHECK(percent_decode("%", true) == "%");
    CHECK(percent_decode("100%, 5%2 %zz %4") == "100%, 5%2 %zz %4");
    CHECK(percent_decode("%41%2") == "A%2");
}

TEST_CASE("search: a query is encoded where it must be") {
    query q("Observation");
    CHECK(q.text() == "Observation");
    q.add("patient", "Patient/p1").add("code", "http://loinc.org|2160-0,http://loinc.org|62238-1");
    q.add("_lastUpdated", "ge2026-01-15T10:00:00.000+01:00").add("code:in", "http://x/vs?a=1&b=2");
    CHECK(q.text() == "Observation?patient=Patient/p1&code=http://loinc.org%7C2160-0,http://loinc.org%7C62238-1"
                      "&_lastUpdated=ge2026-01-15T10:00:00.000%2B01:00&code:in=http://x/vs%3Fa%3D1%26b%3D2");
}

TEST_CASE("search: a query goes on where criteria have one") {
    CHECK(query("Observation?category=laboratory").add("_count", "5").text() == "Observation?category=laboratory&_count=5");
    CHECK(query("Observation?").add("_count", "5").text() == "Observation?_count=5");
    CHECK(query("Observation?a=b&").add("_count", "5").text() == "Observation?a=b&_count=5");
}

TEST_CASE("search: what search reads as separators is escaped") {
    CHECK(search_escape(R"(a,b|c$d\e)") == R"(a\,b\|c\$d\\e)");
    CHECK(search_escape("M32.1").compare("M32.1") == 0);
}

TEST_CASE("search: token lists stay within the limit and lose nothing") {
    std::vector<std::pair<std::string, std::string>> codes;
    for (int i = 0; i < 300; ++i)
        codes.emplace_back(i % 3 ? "http://loinc.org" : "", "c" + std::to_string(i));
    const std::size_t most = GENERATE(1u, 40u, 500u, 100'000u);
    CAPTURE(most);
    const auto lists = token_lists(codes, most);
    std::vector<std::string> all;
    for (const std::string& list : lists) {
        const std::string encoded = query("T").add("c", list).text().substr(4);
        CHECK((encoded.size() <= most || list.find(',') == std::string::npos));
        for (std::size_t at = 0; at <= list.size();) {
            const auto end = std::min(list.find(',', at), list.size());
            all.push_back(list.substr(at, end - at));
            at = end + 1;
        }
    }
    REQUIRE(all.size() == codes.size());
    CHECK(all[0] == "c0");
    CHECK(all[1] == "http://loinc.org|c1");
    CHECK(all[299] == "http://loinc.org|c299");
    CHECK((most != 1 || lists.size() == 300));
    CHECK((most != 100'000 || lists.size() == 1));
}

TEST_CASE("search: a token with a separator in it is escaped, and no codes give no list") {
    const std::vector<std::pair<std::string, std::string>> odd{{"urn:a", "x,y"}, {"urn:b", ""}};
    CHECK(token_lists(odd, 100) == std::vector<std::string>{R"(urn:a|x\,y,urn:b|)"});
    CHECK(token_lists({}, 100).empty());
}

TEST_CASE("search: a page says what comes next") {
    const page_text p(R"({"resourceType":"Bundle","type":"searchset","total":3,"meta":{"lastUpdated":"2026-01-15T10:00:00.120Z"},
        "link":[{"relation":"self","url":"https://h/fhir/Observation?_count=2"},{"relation":"previous","url":"x"},
                {"relation":"next","url":" https://h/fhir?_getpages=1 "},{"relation":"next","url":"second"}],
        "entry":[{"resource":{"resourceType":"Observation","id":"o1"},"search":{"mode":"match"}}]})");
    REQUIRE(p.read.has_value());
    CHECK(p.read->next == "https://h/fhir?_getpages=1");
    CHECK(p.read->self == "https://h/fhir/Observation?_count=2");
    CHECK(p.read->last_updated == "2026-01-15T10:00:00.120Z");
    CHECK(p.read->total == 3);
    CHECK_FALSE(p.read->incomplete);
    CHECK(p.read->content.entries.size() == 1);
}

TEST_CASE("search: a page of a careless server is read") {
    const page_text p(R"({"resourceType":"Bundle","type":"collection","total":"12","link":{"relation":"Next","url":"Observation?page=2"}})");
    REQUIRE(p.read.has_value());
    CHECK(p.read->next == "Observation?page=2");
    CHECK(p.read->total == 12);
    const page_text last(R"({"resourceType":"Bundle","type":"history","total":-1,"link":[null,7,{"relation":"next"}]})");
    REQUIRE(last.read.has_value());
    CHECK(last.read->next.empty());
    CHECK_FALSE(last.read->total);
}

TEST_CASE("search: what is no page is refused") {
    const std::string text = GENERATE("[]", "{}", "7", R"({"resourceType":"OperationOutcome"})", R"({"resourceType":"Bundle","type":"transaction"})",
                                      R"({"resourceType":"Bundle"})", R"({"resourceType":"Bundle","type":"searchset","implicitRules":"http://x"})");
    CAPTURE(text);
    const page_text p(text);
    REQUIRE(p.read.has_error());
    CHECK(p.read.error().severity_ == severity::fatal);
    CHECK_FALSE(p.read.error().text.empty());
}

TEST_CASE("search: an outcome among the entries can forbid to advance the cursor") {
    CHECK(incomplete("error", "processing"));
    CHECK(incomplete("fatal", "exception"));
    CHECK(incomplete("warning", "incomplete"));
    CHECK(incomplete("warning", "timeout"));
    CHECK_FALSE(incomplete("warning", "processing")); // "no results", as one server says it
    CHECK_FALSE(incomplete("information", "incomplete"));
    const page_text r5(R"({"resourceType":"Bundle","type":"searchset","issues":{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"timeout"}]}})");
    REQUIRE(r5.read.has_value());
    CHECK(r5.read->incomplete);
}

TEST_CASE("search: parameters are found in a self link") {
    const std::string_view self = "https://h/fhir/Observation?_lastUpdated=ge2026&code:in=x&na%6De=1&flag#_count=2";
    CHECK(has_parameter(self, "_lastUpdated"));
    CHECK(has_parameter(self, "code"));
    CHECK(has_parameter(self, "code:in"));
    CHECK(has_parameter(self, "name"));
    CHECK(has_parameter(self, "flag"));
    CHECK_FALSE(has_parameter(self, "_count"));
    CHECK_FALSE(has_parameter(self, "ge2026"));
    CHECK_FALSE(has_parameter("https://h/_sort", "_sort"));
    CHECK_FALSE(has_parameter("", "x"));
}

TEST_CASE("search: links resolve as RFC 3986 says") {
    // Section 5.4 of the RFC, without fragments.
    const std::pair<const char*, const char*> c = GENERATE(values<std::pair<const char*, const char*>>({
        {"g:h", "g:h"}, {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"}, {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"},
        {"//g", "http://g"}, {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"}, {"#s", "http://a/b/c/d;p?q"}, {"g#s", "http://a/b/c/g"},
        {";x", "http://a/b/c/;x"}, {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"}, {"..", "http://a/b/"},
        {"../g", "http://a/b/g"}, {"../..", "http://a/"}, {"../../g", "http://a/g"}, {"../../../g", "http://a/g"}, {"/./g", "http://a/g"},
        {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."}, {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"}, {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"}, {"g?y/../x", "http://a/b/c/g?y/../x"},
    }));
    CAPTURE(c.first);
    CHECK(resolve_url(c.first, "http://a/b/c/d;p?q") == c.second);
}

TEST_CASE("search: next links of servers resolve") {
    const std::string_view asked = "https://ehr.example.org:8443/fhir/Observation?patient=p1";
    CHECK(resolve_url("https://other/fhir?x=%2F..", asked) == "https://other/fhir?x=%2F..");
    CHECK(resolve_url("//ehr.example.org/fhir?p=2", asked) == "https://ehr.example.org/fhir?p=2");
    CHECK(resolve_url("/fhir?p=2", asked) == "https://ehr.example.org:8443/fhir?p=2");
    CHECK(resolve_url("?p=2", asked) == "https://ehr.example.org:8443/fhir/Observation?p=2");
    CHECK(resolve_url("Observation?p=2", asked) == "https://ehr.example.org:8443/fhir/Observation?p=2");
    CHECK(resolve_url("EHR.example.org:8443/fhir?p=2", asked) == "https://EHR.example.org:8443/fhir?p=2");
    CHECK(resolve_url("Observation?p=2", "https://ehr.example.org") == "https://ehr.example.org/Observation?p=2");
    CHECK(resolve_url("Observation?p=2", "fhir/Observation").empty());
}

TEST_CASE("search: outcomes are told in codes only") {
    const auto codes = [](std::string_view text) { return outcome_codes(parsed_text(text).root); };
    CHECK(codes(R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"throttled","diagnostics":"Jane Doe"},{"severity":"fatal","code":"invalid"}]})") ==
          "error throttled");
    CHECK(codes(R"({"resourceType":"OperationOutcome","issue":[{"severity":"Jane","code":"Doe"}]})") == "unknown unknown");
    CHECK(codes(R"({"resourceType":"OperationOutcome","issue":{"severity":"warning","code":"not-found"}})") == "warning not-found");
    CHECK(codes(R"({"resourceType":"OperationOutcome","issue":[]})").empty());
    CHECK(codes(R"({"resourceType":"Patient","issue":[{"severity":"error","code":"invalid"}]})").empty());
    CHECK(outcome_codes({}).empty());
}

TEST_CASE("search: only the transient family is worth another try") {
    const auto transient = [](std::string_view issues) {
        return outcome_transient(parsed_text(R"({"resourceType":"OperationOutcome","issue":[)" + std::string(issues) + "]}").root);
    };
    CHECK(transient(R"({"severity":"error","code":"lock-error"},{"severity":"warning","code":"invalid"},{"severity":"fatal","code":"timeout"})"));
    CHECK_FALSE(transient(R"({"severity":"error","code":"lock-error"},{"severity":"error","code":"invalid"})"));
    CHECK_FALSE(transient(R"({"severity":"information","code":"informational"})"));
    CHECK_FALSE(transient(""));
    CHECK_FALSE(outcome_transient({}));
}
