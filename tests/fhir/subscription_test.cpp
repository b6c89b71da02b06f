#include "fhir/subscription.hpp"

#include "tests/support/shared.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

using namespace trialgate;
using fhir::subscription_style;

namespace {

struct document {
    fhir::json::parser parser;
    fhir::json::value root;
    explicit document(std::string_view text) {
        const auto v = parser.parse_copy(text);
        REQUIRE(v.has_value());
        root = *v;
    }
};

fhir::json::value extension(fhir::json::value holder, std::string_view tail) {
    for (const fhir::json::value e : holder["extension"].elements())
        if (e["url"].text().ends_with(tail))
            return e;
    return {};
}

fhir::subscription_request request(subscription_style style) {
    fhir::subscription_request r;
    r.style = style;
    r.criteria = "Observation?category=laboratory";
    r.topic = "http://example.org/topics/lab";
    r.filters = {"Observation?category=laboratory&code:in=http://example.org/vs"};
    r.endpoint = "https://gw.example.org/in/t0k/observation";
    r.header = "Authorization: Bearer s3cr3t";
    r.end = "2026-04-14T10:00:00.000Z";
    return r;
}

std::string file_text(const char* name) {
    const auto shared = tests::shared_folder(name);
    const auto file = shared ? *shared / "data/notifications" / name : std::filesystem::path{};
    if (!shared || !std::filesystem::exists(file)) {
        std::cout << "skipped: " << name << " is not there\n";
        return {};
    }
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("A criteria subscription is what R4 and HAPI want", "[subscription]") {
    const document d(fhir::write_subscription(request(subscription_style::r4_criteria)));
    const auto v = d.root;
    CHECK(v["resourceType"].text() == "Subscription");
    CHECK_FALSE(v["id"]);
    CHECK(v["status"].text() == "requested");
    CHECK(v["reason"].text() == "trial prescreening");
    CHECK(v["criteria"].text() == "Observation?category=laboratory");
    CHECK(v["end"].text() == "2026-04-14T10:00:00.000Z");
    CHECK(v["channel"]["type"].text() == "rest-hook");
    CHECK(v["channel"]["payload"].text() == "application/fhir+json");
    CHECK(v["channel"]["header"][0].text() == "Authorization: Bearer s3cr3t");
    CHECK(extension(v["channel"], "subscription-send-delete-messages")["valueBoolean"].as_bool());
    CHECK_FALSE(v["extension"]);

    auto empty = request(subscription_style::r4_criteria);
    empty.content = "empty";
    empty.send_deletes = false;
    empty.id = "77";
    empty.hmac_secret = "k\"ey";
    const document e(fhir::write_subscription(empty));
    CHECK_FALSE(e.root["channel"]["payload"]);
    CHECK_FALSE(e.root["channel"]["extension"]);
    CHECK(e.root["id"].text() == "77");
    CHECK(extension(e.root, "medplum.com/fhir/StructureDefinition/subscription-secret")["valueString"].text() == "k\"ey");

    auto socket = request(subscription_style::r4_criteria);
    socket.websocket = true;
    const document w(fhir::write_subscription(socket));
    CHECK(w.root["channel"]["type"].text() == "websocket");
    CHECK_FALSE((w.root["channel"]["endpoint"] || w.root["channel"]["header"] || w.root["channel"]["payload"]));
}

TEST_CASE("A Backport subscription carries the guide's profile and extensions", "[subscription]") {
    const auto style = GENERATE(subscription_style::backport_r4, subscription_style::backport_r4b);
    const document d(fhir::write_subscription(request(style)));
    const auto v = d.root;
    CHECK(v["meta"]["profile"][0].text() == "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription");
    CHECK(v["criteria"].text() == "http://example.org/topics/lab");
    CHECK(extension(v["_criteria"], "backport-filter-criteria")["valueString"].text().starts_with("Observation?"));
    CHECK(extension(v["channel"]["_payload"], "backport-payload-content")["valueCode"].text() == "full-resource");
    CHECK(extension(v["channel"], "backport-heartbeat-period")["valueUnsignedInt"].text() == "60");
    CHECK(extension(v["channel"], "backport-timeout")["valueUnsignedInt"].text() == "20");
    CHECK(extension(v["channel"], "backport-max-count")["valuePositiveInt"].text() == "100");
    CHECK(v["channel"]["endpoint"].text() == "https://gw.example.org/in/t0k/observation");
}

TEST_CASE("An R5 subscription is native", "[subscription]") {
    auto r = request(subscription_style::r5);
    const document d(fhir::write_subscription(r));
    const auto v = d.root;
    CHECK(v["topic"].text() == "http://example.org/topics/lab");
    CHECK_FALSE((v["channel"] || v["criteria"]));
    CHECK(v["channelType"]["code"].text() == "rest-hook");
    CHECK(v["parameter"][0]["name"].text() == "Authorization");
    CHECK(v["parameter"][0]["value"].text() == "Bearer s3cr3t");
    REQUIRE(v["filterBy"].size() == 2);
    CHECK(v["filterBy"][0]["resourceType"].text() == "Observation");
    CHECK(v["filterBy"][0]["filterParameter"].text() == "category");
    CHECK(v["filterBy"][1]["modifier"].text() == "in");
    CHECK(v["filterBy"][1]["value"].text() == "http://example.org/vs");
    CHECK(v["content"].text() == "full-resource");
    CHECK(v["heartbeatPeriod"].text() == "60");
    r.websocket = true;
    const document w(fhir::write_subscription(r));
    CHECK(w.root["channelType"]["code"].text() == "websocket");
    CHECK_FALSE((w.root["endpoint"] || w.root["parameter"]));
}

TEST_CASE("What was written is read back, and nothing else is taken for a Subscription", "[subscription]") {
    const auto style = GENERATE(subscription_style::r4_criteria, subscription_style::backport_r4, subscription_style::r5);
    auto r = request(style);
    r.id = "9";
    const document d(fhir::write_subscription(r));
    const auto seen = fhir::read_subscription(d.root);
    REQUIRE(seen);
    CHECK(seen->id == "9");
    CHECK(seen->status == "requested");
    CHECK(seen->endpoint == r.endpoint);
    CHECK(seen->end == r.end);
    CHECK(seen->reason == r.reason);
    CHECK(seen->criteria_or_topic == (style == subscription_style::r4_criteria ? r.criteria : r.topic));
    CHECK_FALSE(fhir::read_subscription(document(R"({"resourceType":"Patient"})").root));
    CHECK_FALSE(fhir::read_subscription(document("[1]").root));
}

TEST_CASE("Topics come plain and wrapped, retired ones are left out", "[subscription]") {
    const document d(R"({"resourceType":"Bundle","type":"searchset","entry":[
      {"resource":{"resourceType":"SubscriptionTopic","url":"http://e.org/a","status":"active","resourceTrigger":[
        {"resource":"http://hl7.org/fhir/StructureDefinition/Observation"},{"resource":"Observation"},{"resource":"Condition"}]}},
      {"resource":{"resourceType":"SubscriptionTopic","url":"http://e.org/old","status":"retired"}},
      {"resource":{"resourceType":"Basic","extension":[
        {"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.url","valueUri":"http://e.org/b"},
        {"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic.resourceTrigger","extension":[
          {"url":"resource","valueUri":"Patient"}]}]}},
      {"resource":{"resourceType":"Basic"}},{"resource":7},null]})");
    const auto topics = fhir::read_topics(d.root);
    REQUIRE(topics.size() == 2);
    CHECK(topics[0].url == "http://e.org/a");
    CHECK(topics[0].resources == std::vector<std::string>{"Observation", "Condition"});
    CHECK(topics[1].url == "http://e.org/b");
    CHECK(topics[1].resources == std::vector<std::string>{"Patient"});
}

TEST_CASE("The guide's examples are understood", "[subscription]") {
    for (const char* name : {"SubscriptionTopic-r4b-encounter-complete.json", "Basic-r4-encounter-complete.json"}) {
        const std::string text = file_text(name);
        if (text.empty())
            continue;
        const document d(R"({"resourceType":"Bundle","entry":[{"resource":)" + text + "}]}");
        const auto topics = fhir::read_topics(d.root);
        REQUIRE(topics.size() == 1);
        CHECK(topics[0].url.ends_with("encounter-complete"));
        CHECK(topics[0].resources == std::vector<std::string>{"Encounter"});
    }
    if (const std::string text = file_text("Subscription-subscription-admission.json"); !text.empty()) {
        const document d(text);
        const auto seen = fhir::read_subscription(d.root);
        REQUIRE(seen);
        CHECK(seen->criteria_or_topic == "http://hl7.org/SubscriptionTopic/admission");
        CHECK(seen->status == "active");
    }
}
