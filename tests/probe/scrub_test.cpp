#include "gateway/net/fhir_client.hpp"
#include "gateway/probe/scrub.hpp"

#include "fhir/json.hpp"
#include "fhir/resource_types.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using gateway::probe::scrubber;

namespace {

const std::string base = "https://ehr.example.org/r4/fhir";

scrubber make(int days = -1000) { return {base, {"http://loinc.org"}, "a key for this test", days, "run42"}; }

bool has(const std::string& text, const char* part) { return text.find(part) != text.npos; }

} // namespace

TEST_CASE("scrub: what tells of a person is gone, what tells of the server stays") {
    const std::string out =
        make().body(R"({"resourceType":"Bundle","type":"searchset","total":12,"meta":{"lastUpdated":"2026-03-15T10:00:00.123+01:00"},
        "link":[{"relation":"next","url":"https://ehr.example.org/r4/fhir?_getpages=77-abc&patient=mrn-1234&_count=2"}],
        "entry":[{"fullUrl":"https://ehr.example.org/r4/fhir/Patient/mrn-1234","search":{"mode":"match"},
          "resource":{"resourceType":"Patient","id":"mrn-1234","meta":{"versionId":"3"},"name":[{"family":"Erfunden","given":["Zita"]}],
            "identifier":[{"system":"urn:x","value":"77"}],"birthDate":"1990-05-04","gender":"female","telecom":[{"value":"030 1234567"}],
            "address":[{"line":["Weg 7"],"city":"Musterstadt"}],"text":{"div":"<div>Zita Erfunden</div>"},"active":true,
            "contact":[{"name":{"family":"Mutter"}}],"extension":[{"url":"http://x.org/e","valueString":"Zita"}]}},
         {"resource":{"resourceType":"Observation","id":"o1","status":"final","subject":{"reference":"Patient/mrn-1234",
              "display":"Zita E."},
            "code":{"coding":[{"system":"http://loinc.org","code":"98979-8","display":"eGFR"},
                              {"system":"http://local.example/lab","code":"LAB-ZITA"}],"text":"eGFR"},
            "effectiveDateTime":"2026-02","valueQuantity":{"value":73.5,"unit":"mL/min",
              "system":"http://unitsofmeasure.org","code":"mL/min"},
            "note":[{"text":"called Mrs Erfunden"}],"unheardOf":"Zita again",
            "performer":[{"reference":"Practitioner/drwho","display":"Dr Who"}]}}]})");
    for (const char* secret : {"Zita", "Erfunden", "mrn-1234", "1990", "1234567", "Musterstadt", "Mutter", "LAB-ZITA", "local.example",
                               "73.5", "Dr Who", "drwho", "female", "77-abc", "2026-"})
        CHECK_FALSE(has(out, secret));
    for (const char* kept :
         {"\"resourceType\":\"Observation\"", "\"total\":12", "\"relation\":\"next\"",
          "https://ehr.example.org/r4/fhir?_getpages=", "_count=2", "98979-8", "http://loinc.org", "\"status\":\"final\"",
          "\"versionId\":\"3\"", "\"mode\":\"match\"", "\"active\":true", "mL/min", "http://x.org/e"})
        CHECK(has(out, kept));
    fhir::json::parser parser;
    CHECK(parser.parse_copy(out).has_value());
}

TEST_CASE("scrub: an id is replaced by the same id everywhere") {
    const scrubber s = make();
    const std::string id = s.id("mrn-1234");
    CHECK(s.url("Patient/mrn-1234") == "Patient/" + id);
    CHECK(s.url(base + "/Patient/mrn-1234/_history/3") == base + "/Patient/" + id + "/_history/3");
    for (const std::string_view type : fhir::readable_types()) // a type taken for an id would be asked for in vain by a replay
        CHECK(s.url(std::string(type) + "?_count=2") == std::string(type) + "?_count=2");
    CHECK(s.url(base + "/Observation?patient=mrn-1234&_count=20") == base + "/Observation?patient=" + id + "&_count=20");
    CHECK(s.url(base + "/Observation?subject=Patient%2Fmrn-1234") == base + "/Observation?subject=Patient%2F" + id);
    CHECK(s.body(R"({"resourceType":"Patient","id":"mrn-1234"})") == R"({"resourceType":"Patient","id":")" + id + "\"}");
    CHECK(s.header("Location", base + "/Patient/mrn-1234/_history/1") == base + "/Patient/" + id + "/_history/1");
    CHECK(s.id("mrn-1235") != id);
    SECTION("another recording gives another one") {
        CHECK(scrubber(base, {}, "another key", -1000, "run42").id("mrn-1234") != id);
    }
}

TEST_CASE("scrub: what a probe asks again in a replay is scrubbed to what its answers say") {
    const scrubber s = make();
    // The probe takes T out of an answer and asks ge{T}.
    const std::string t = "2026-03-15T10:00:00.123Z";
    CHECK(s.query("_lastUpdated=ge" + t) == "_lastUpdated=ge" + [&] {
        std::string e;
        for (const char c : s.time(t))
            e += c == ':' ? std::string("%3A") : std::string(1, c);
        return e;
    }());
    CHECK(s.query("code=http://loinc.org%7C98979-8") == "code=http%3A%2F%2Floinc.org%7C98979-8");
    CHECK(s.query("code=urn:local%7CX1") == "code=urn%3Ascrubbed%3A" + s.id("urn:local") + "%7C" + s.id("X1"));
    CHECK(has(s.query("identifier=urn:trialgate:probe%7Crun42-twice"), "run42-twice"));
    CHECK(s.id("trialgate-probe-run42") == "trialgate-probe-run42");
}

TEST_CASE("scrub: dates keep their precision and their distances") {
    const scrubber s = make(-10);
    CHECK(s.time("2026-03-15") == "2026-03-05");
    CHECK(s.time("2026-03-05T23:59:59.1234567+01:00") == "2026-02-23T23:59:59.1234567+01:00");
    CHECK(s.time("2026-03") == "2026-03");
    CHECK(s.time("2026") == "2026");
    CHECK(make(-1000).time("2026") == "2023");
    CHECK(s.time("no date") == "no date");
    CHECK(s.header("Date", "Sun, 15 Mar 2026 10:00:00 GMT") == "Thu, 05 Mar 2026 10:00:00 GMT");
    CHECK(gateway::parse_http_date(gateway::probe::http_date(784'111'777'000)) == 784'111'777'000);
}

TEST_CASE("scrub: headers with access or unknown meaning are dropped") {
    const scrubber s = make();
    for (const char* name : {"Authorization", "Cookie", "Set-Cookie", "X-Request-Id", "Server", "X-Progress", "Host"})
        CHECK_FALSE(s.header(name, "secret"));
    CHECK(s.header("ETag", "W/\"7\"") == "W/\"7\"");
    CHECK(s.header("ETag", "W/\"patient-zita-7\"") == "W/\"" + s.id("patient-zita-7") + "\"");
    CHECK(s.header("WWW-Authenticate", "Bearer realm=\"Zita\"") == "Bearer");
    CHECK(s.header("Retry-After", "7") == "7");
}

TEST_CASE("scrub: what is no FHIR keeps its kind only") {
    const scrubber s = make();
    CHECK(s.body("<html>Zita</html>") == "<html>scrubbed</html>");
    CHECK(s.body(R"({"resourceType":"Patient","name)") == "{scrubbed");
    CHECK(s.body("Zita") == "scrubbed");
    CHECK(s.body(R"({"error":"no patient Zita Erfunden","code":"X"})").find("Zita") == std::string::npos);
    CHECK(s.body(R"({"token_endpoint":"https://as/token","grant_types_supported":["client_credentials"]})") ==
          R"({"token_endpoint":"https://as/token","grant_types_supported":["client_credentials"]})");
}
