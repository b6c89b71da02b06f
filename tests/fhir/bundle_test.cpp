#include "fhir/bundle.hpp"

#include "tests/support/resource_text.hpp"
#include "tests/support/shared.hpp"

using namespace trialgate::fhir;
using trialgate::tests::bundle_text;

namespace {

bundle_text bundle_of(std::string_view type, std::string_view entries) {
    return bundle_text(
        R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[)" + std::string(entries) + "]}"
    );
}

} // namespace

TEST_CASE("bundle: what is no Bundle is fatal") {
    const std::string text = GENERATE("[]", "{}", R"({"resourceType":"Patient"})", R"({"resourceType":7})", "null");
    CAPTURE(text);
    const bundle_text b(text);
    CHECK_FALSE(b->header.usable);
    CHECK(b.issues.has(severity::fatal));
    CHECK(b->entries.empty());
}

TEST_CASE("bundle: a history with a deletion and a creation") {
    const auto b = bundle_of("history", R"(
        {"fullUrl":"https://ehr.example.org/fhir/Observation/o1","request":{"method":"DELETE","url":"Observation/o1/_history/2"},
         "response":{"status":"200 OK","etag":"W/\"2\"","lastModified":"2026-01-15T10:00:00Z"}},
        {"fullUrl":"https://ehr.example.org/fhir/Observation/o2","resource":{"resourceType":"Observation","id":"o2"},
         "request":{"method":"POST","url":"Observation"},"response":{"status":"201 Created"}})");
    REQUIRE(b->entries.size() == 2);
    const auto& gone = b->entries[0];
    CHECK(gone.deleted);
    CHECK(gone.target.type == "Observation");
    CHECK(gone.target.id == "o1");
    CHECK(gone.target.version == "2");
    CHECK(gone.response_status == "200");
    CHECK(gone.last_modified == "2026-01-15T10:00:00Z");
    CHECK(gone.etag == "W/\"2\"");
    CHECK_FALSE(gone.resource);
    const auto& made = b->entries[1];
    CHECK_FALSE(made.deleted);
    CHECK(made.method == "POST");
    CHECK(made.response_status == "201");
    CHECK(made.resource["id"].text() == "o2");
    CHECK(b.issues.issues.empty());
}

TEST_CASE("bundle: what a deletion deletes") {
    struct deletion {
        const char* entry;
        const char* type;
        const char* id;
        const char* version;
    };
    const auto c = GENERATE(values<deletion>({
        {R"({"request":{"method":"DELETE","url":"Patient/p"}})", "Patient", "p", ""},
        {R"({"request":{"method":"DELETE","url":"/Patient/p"}})", "Patient", "p", ""},
        {R"({"request":{"method":"DELETE","url":"Patient/p?_cascade=delete"}})", "Patient", "p", ""},
        {R"({"request":{"method":"DELETE","url":"https://x/fhir/Patient/p/_history/4"}})", "Patient", "p", "4"},
        {R"({"request":{"method":"DELETE","url":"Patient/p"},"response":{"status":"204","etag":"\"7\""}})", "Patient", "p",
         "7"},
        {R"({"request":{"method":"DELETE","url":"Patient/p"},"response":{"status":"204","etag":"W/1"}})", "Patient", "p",
         "1"},
        {R"({"fullUrl":"https://x/fhir/Patient/q","request":{"method":"DELETE","url":"Patient?a=b"}})", "Patient", "q", ""},
        {R"({"fullUrl":"https://x/fhir/Patient/q","response":{"status":"410 Gone"}})", "Patient", "q", ""},
        {R"({"fullUrl":"https://x/fhir/Patient/q","response":{"status":"204"}})", "Patient", "q", ""},
        {R"({"request":{"method":"DELETE","url":"x"},"resource":{"resourceType":"Patient","id":"r"}})", "Patient", "r",
         ""},
    }));
    CAPTURE(c.entry);
    const auto b = bundle_of("history", c.entry);
    REQUIRE(b->entries.size() == 1);
    CHECK(b->entries[0].deleted);
    CHECK(b->entries[0].target.type == c.type);
    CHECK(b->entries[0].target.id == c.id);
    CHECK(b->entries[0].target.version == c.version);
    CHECK_FALSE(b->entries[0].resource);
}

TEST_CASE("bundle: what is no deletion") {
    const auto [type, entry] = GENERATE(table<const char*, const char*>(
        {{"history", R"({"request":{"method":"PUT","url":"Patient/p"},"response":{"status":"204"}})"},
         {"history", R"({"fullUrl":"https://x/Patient/p","request":{"method":"POST","url":"Patient"},"response":{"status":"201"}})"},
         {"history", R"({"resource":{"resourceType":"Patient"},"response":{"status":"410"}})"},
         {"batch-response", R"({"response":{"status":"204 No Content"}})"},
         {"batch-response", R"({"fullUrl":"https://x/Patient/p","response":{"status":"410"}})"}}
    ));
    CAPTURE(entry);
    const auto b = bundle_of(type, entry);
    REQUIRE(b->entries.size() == 1);
    CHECK_FALSE(b->entries[0].deleted);
}

TEST_CASE("bundle: a deletion that names nothing is left out with an issue") {
    const auto b = bundle_of("history", R"({"request":{"method":"DELETE","url":"Patient?identifier=x"}},
                                           {"fullUrl":"urn:uuid:1","request":{"method":"DELETE"}})");
    CHECK(b->entries.empty());
    CHECK(b.has("Bundle.entry[0]", severity::error, issue_type::value));
    CHECK(b.has("Bundle.entry[1]", severity::error, issue_type::value));
}

TEST_CASE("bundle: unusable entries are reported and left out, the others stay in order") {
    const auto b = bundle_of("searchset", R"(7,{"resource":"x"},{"resource":{"resourceType":"Patient","id":"1"},"search":{"mode":"match"}},
        {},null,{"modifierExtension":[{"url":"u"}],"resource":{"resourceType":"Patient","id":"2"}},
        {"response":"x","resource":{"resourceType":"Patient","id":"3"}},
        {"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}},
        {"resource":{"resourceType":"Bundle","type":"searchset"}})");
    REQUIRE(b->entries.size() == 3);
    CHECK(b->entries[0].search_mode == "match");
    CHECK(b->entries[1].search_mode == "outcome");
    CHECK(b->entries[2].resource["resourceType"].text() == "Bundle");
    for (const auto* path : {"Bundle.entry[0]", "Bundle.entry[1].resource", "Bundle.entry[3]",
                             "Bundle.entry[5].modifierExtension", "Bundle.entry[6].response"}) {
        CAPTURE(path);
        REQUIRE(b.at(path));
        CHECK(b.at(path)->severity_ == severity::error);
    }
    CHECK(b.issues.issues.size() == 5);
}

TEST_CASE("bundle: response status is its first three digits") {
    const auto [sent, expected] = GENERATE(table<const char*, const char*>(
        {{R"("200")", "200"}, {R"("200 OK")", "200"}, {R"("201 Created")", "201"}, {R"("200 ok")", "200"}, {"200", "200"},
         {R"("DELETE")", ""}, {R"("20")", ""}, {R"("2000")", ""}, {R"("")", ""}, {"null", ""}, {"{}", ""}}
    ));
    CAPTURE(sent);
    const auto b = bundle_of("batch-response", R"({"response":{"status":)" + std::string(sent) + "}}");
    REQUIRE(b->entries.size() == 1);
    CHECK(b->entries[0].response_status == expected);
}

TEST_CASE("bundle: implicitRules forbid all entries, a missing type is said") {
    const bundle_text ruled(R"({"resourceType":"Bundle","type":"collection","implicitRules":"u","entry":[{"resource":{}}]})");
    CHECK_FALSE(ruled->header.usable);
    CHECK(ruled->entries.empty());
    const bundle_text untyped(R"({"resourceType":"Bundle","id":"b"})");
    CHECK(untyped->header.id == "b");
    CHECK(untyped.has("Bundle.type", severity::error, issue_type::required));
}

TEST_CASE("bundle: published notifications and responses") {
    const auto shared = trialgate::tests::shared_folder("published bundles");
    if (!shared)
        return;
    const auto open = [&](const char* path) {
        return bundle_text(trialgate::tests::read_file(*shared / "data" / path));
    };
    const auto multi = open("notifications/Bundle-r4-notification-multi-resource.json");
    REQUIRE(multi->entries.size() == 3);
    CHECK(multi->type == "history");
    CHECK(multi->entries[0].resource["resourceType"].text() == "Parameters");
    CHECK(multi->entries[1].url == "Encounter");
    CHECK(multi->entries[2].response_status == "200");
    CHECK(multi.issues.issues.empty());

    const auto responses = open("r4-examples/Bundle-bundle-response.json");
    REQUIRE(responses->entries.size() == 10);
    CHECK(responses->entries[0].etag == "W/\"1\"");
    CHECK(responses->entries[5].response_status == "202");
    CHECK(responses->entries[6].response_status.empty());
    CHECK(responses->entries[9].response_status == "304");
    CHECK(responses.issues.issues.size() == 1);
}
