#include "fhir/capability.hpp"

#include "tests/support/shared.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

using namespace trialgate;

namespace {

fhir::result<fhir::capability> read(std::string_view text) {
    fhir::json::parser p;
    const auto v = p.parse_copy(text);
    REQUIRE(v.has_value());
    return fhir::read_capability(*v);
}

constexpr std::string_view hapi = R"({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1",
 "software": {"name": "HAPI FHIR Server", "version": "7.4.0"},
 "rest": [{"mode": "client", "resource": [{"type": "Basic", "interaction": [{"code": "read"}]}]},
  {"mode": "server",
   "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket", "valueUri": "wss://ehr.example.org/ws"}],
   "security": {"extension": [{"url": "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris",
     "extension": [{"url": "authorize", "valueUri": "https://ehr.example.org/a"}, {"url": "token", "valueUri": "https://ehr.example.org/t"}]}]},
   "interaction": [{"code": "transaction"}, {"code": "history-system"}],
   "searchParam": [{"name": "_lastUpdated", "type": "date"}],
   "operation": [{"name": "export", "definition": "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export"}],
   "resource": [
    {"type": "Observation", "versioning": "versioned-update", "conditionalCreate": true, "updateCreate": true,
     "interaction": [{"code": "read"}, {"code": "vread"}, {"code": "search-type"}, {"code": "create"}, {"code": "update"},
                     {"code": "delete"}, {"code": "history-type"}, {"code": "history-instance"}, {"code": "patch"}],
     "searchParam": [{"name": "code", "type": "token"}]},
    {"type": "Observation", "searchParam": [{"name": "date", "type": "date"}]},
    {"type": "Subscription", "interaction": [{"code": "read"}, {"code": "create"}],
     "extension": [{"url":
       "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/capabilitystatement-subscriptiontopic-canonical",
       "valueCanonical": "http://example.org/topics/lab"}]}]}]})";

} // namespace

TEST_CASE("A statement tells interactions, parameters, topics and addresses of the server's own part", "[capability]") {
    const auto can = read(hapi);
    REQUIRE(can.has_value());
    CHECK(can->version == fhir::release::r4);
    CHECK(can->software == "HAPI FHIR Server");
    CHECK(can->software_version == "7.4.0");
    CHECK(can->of("Basic") == nullptr);
    const fhir::resource_capability* o = can->of("Observation");
    REQUIRE(o);
    CHECK((o->read && o->vread && o->search && o->create && o->update && o->remove && o->history_type && o->history_instance));
    CHECK((o->conditional_create && o->update_create && !o->conditional_update));
    CHECK(o->versioning == "versioned-update");
    CHECK(o->has_parameter("code"));
    CHECK(o->has_parameter("date"));
    CHECK(o->has_parameter("_lastUpdated"));
    CHECK_FALSE(o->has_parameter("subject"));
    CHECK((can->transaction && can->history_system && !can->batch && can->export_operation));
    CHECK(can->backport);
    CHECK(can->topics == std::vector<std::string>{"http://example.org/topics/lab"});
    CHECK(can->websocket_url == "wss://ehr.example.org/ws");
    CHECK(can->token_url == "https://ehr.example.org/t");
    CHECK_FALSE(can->of("Subscription")->update);
}

TEST_CASE("The release follows from fhirVersion", "[capability]") {
    const auto [text, expected] = GENERATE(table<std::string, fhir::release>({
        {"4.0.1", fhir::release::r4}, {"4.0", fhir::release::r4}, {"4.1.0", fhir::release::r4b}, {"4.3.0", fhir::release::r4b},
        {"5.0.0", fhir::release::r5}, {"5.0.0-ballot", fhir::release::r5}, {"3.0.2", fhir::release::unknown}, {"", fhir::release::unknown},
    }));
    const auto can = read(R"({"resourceType":"CapabilityStatement","fhirVersion":")" + text + R"("})");
    REQUIRE(can.has_value());
    CHECK(can->version == expected);
}

TEST_CASE("Operations are known by name or by definition, and only those of Subscription count as its own", "[capability]") {
    const auto can = read(R"({"resourceType":"CapabilityStatement","rest":[{"resource":[
      {"type":"Subscription","operation":[{"name":"$events","definition":"x"},
        {"name":"st","definition":"http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status|1.1.0"}]},
      {"type":"Patient","operation":[{"name":"patient-export"}]}]}]})");
    REQUIRE(can.has_value());
    CHECK((can->events_operation && can->status_operation && can->export_operation));
    const auto other = read(R"({"resourceType":"CapabilityStatement","rest":[{"mode":"server","resource":[
      {"type":"Task","operation":[{"name":"status"},{"name":"events"},{"name":"reexport"}]}]}]})");
    REQUIRE(other.has_value());
    CHECK_FALSE((other->events_operation || other->status_operation || other->export_operation));
}

TEST_CASE("What is no statement is refused, and odd shapes are left out", "[capability]") {
    CHECK(read(R"({"resourceType":"OperationOutcome"})").has_error());
    CHECK(read("[]").has_error());
    CHECK(read("null").has_error());
    const auto odd = read(R"({"resourceType":"CapabilityStatement","fhirVersion":4,"rest":{"resource":[]},"software":[]})");
    REQUIRE(odd.has_value());
    CHECK(odd->resources.empty());
    const auto parts = read(R"({"resourceType":"CapabilityStatement","rest":[null,{"resource":[null,{"type":7},{"type":"Patient","interaction":{}}]}]})");
    REQUIRE(parts.has_value());
    CHECK(parts->resources.size() == 1);
}

TEST_CASE("The guide's own statement is understood", "[capability]") {
    const auto shared = tests::shared_folder("CapabilityStatement of the Backport guide");
    const auto file = shared ? *shared / "data/notifications/CapabilityStatement-backport-subscription-server-r4.json" : std::filesystem::path{};
    if (!shared || !std::filesystem::exists(file)) {
        std::cout << "skipped: no CapabilityStatement of the guide\n";
        return;
    }
    std::stringstream text;
    text << std::ifstream(file).rdbuf();
    const auto can = read(text.str());
    REQUIRE(can.has_value());
    CHECK((can->backport && can->events_operation && can->status_operation));
    REQUIRE(can->of("Subscription"));
    CHECK((can->of("Subscription")->create && can->of("Subscription")->has_parameter("url")));
}
