#include "tests/fhir/notification_support.hpp"

using namespace trialgate::fhir;
using namespace trialgate::tests;
using kind = notification_kind;

TEST_CASE("notification: a request without content asks to look what is new") {
    const char* body = GENERATE("", "{}", "null");
    CAPTURE(body);
    const told t(body);
    CHECK(t->kind == kind::nudge);
    CHECK(t->entries.empty());
    CHECK(t->to_fetch.empty());
    CHECK_FALSE(t->wants_bundle);
    CHECK(t.clean());
}

TEST_CASE("notification: a resource is put where its path says") {
    const char* tail = GENERATE("Observation/o1", "/Observation/o1", "Observation/o1/", "Observation/o1/_history/3", "Observation/o1?_format=json",
                                "Observation%2Fo1", "Observation/Observation/o1", "Observation", "");
    CAPTURE(tail);
    const told t(a_result, {"PUT", tail, ""});
    CHECK(t->kind == kind::content);
    CHECK(t.came() == names{"Observation/o1"});
    CHECK(t->entries[0].resource["meta"]["versionId"].text() == "3");
    CHECK_FALSE(t->entries[0].deleted);
    CHECK_FALSE(t->wants_bundle);
}

TEST_CASE("notification: path and body that disagree are refused") {
    const char* tail = GENERATE("Observation/o2", "Condition/o1");
    CAPTURE(tail);
    const told t(a_result, {"PUT", tail, ""});
    REQUIRE(t.read.has_error());
    CHECK(t.read.error().severity_ == severity::fatal);
    CHECK(t.read.error().text.find("o1") == std::string::npos);
    CHECK(told(R"({"resourceType":"Observation"})", {"PUT", "Observation/o1", ""}).read.has_error());
}

TEST_CASE("notification: a resource that is posted") {
    const char* tail = GENERATE("", "Observation", "Observation/o1", "whatever/the/sender/appends");
    const told t(a_result, {"POST", tail, ""});
    CHECK(t->kind == kind::content);
    CHECK(t.came() == names{"Observation/o1"});
}

TEST_CASE("notification: a path without body names what to fetch") {
    const char* method = GENERATE("PUT", "POST");
    const told t("", {method, "Observation/o1", ""});
    CHECK(t->kind == kind::content);
    CHECK(t->to_fetch == names{"Observation/o1"});
}

TEST_CASE("notification: deletions by path and by header") {
    const told by_path("", {"DELETE", "Observation/o1", ""});
    CHECK(by_path->kind == kind::content);
    CHECK(by_path.came() == names{"-Observation/o1"});
    CHECK_FALSE(by_path->entries[0].resource);

    const told versioned("", {"DELETE", "Observation/o1/_history/4?_cascade=delete", ""});
    CHECK(versioned->entries.at(0).target.version == "4");
    CHECK(told("", {"DELETE", "Observation/o%31", ""}).came() == names{"-Observation/o1"});
    CHECK(told("", {"DELETE", "fhir/r4/Observation/o1/_history/2", ""}).came() == names{"-Observation/o1"});
    CHECK(told(a_result, {"DELETE", "", ""}).came() == names{"-Observation/o1"});

    const told by_header("{}", {"POST", "", "Observation/o1"});
    CHECK(by_header->kind == kind::content);
    CHECK(by_header.came() == names{"-Observation/o1"});
    CHECK(told("{}", {"POST", "", "https://h/fhir/R4/Patient/p1"}).came() == names{"-Patient/p1"});
}

TEST_CASE("notification: a deletion keeps what it points into when it is moved") {
    std::string tail = "Observation/o1";
    auto t = std::make_unique<told>("", notification_request{"DELETE", tail, ""});
    const notification kept = std::move(*t->read);
    t.reset();
    tail.assign(14, 'x');
    CHECK(kept.entries.at(0).target.type == "Observation");
    CHECK(kept.entries.at(0).target.id == "o1");
}

TEST_CASE("notification: what no hook can take is refused") {
    CHECK(told("[]").read.has_error());
    CHECK(told("7").read.has_error());
    CHECK(told("\"Observation\"").read.has_error());
    CHECK(told(R"({"id":"o1"})").read.has_error());
    CHECK(told(R"({"resourceType":7.5e3,"entry":[]})")->entries.size() == 1); // a type nobody reads
    CHECK(told("", {"DELETE", "", ""}).read.has_error());
    CHECK(told("", {"DELETE", "Observation?identifier=x", ""}).read.has_error());
    CHECK(told(a_result, {"PATCH", "Observation/o1", ""}).read.has_error());
    CHECK(told(R"({"resourceType":"Bundle","type":"history","implicitRules":"http://x"})").read.has_error());
}

TEST_CASE("notification: R4 topic bundle with ids only") {
    const told t(topic_bundle("history", parameters("event-notification", R"(
        {"name":"events-since-subscription-start","valueString":"2"},
        {"name":"notification-event","part":[{"name":"event-number","valueString":"2"},{"name":"timestamp","valueInstant":"2026-01-15T10:29:59.1201234Z"},
          {"name":"focus","valueReference":{"reference":"https://ehr.example.org/fhir/Observation/o9"}},
          {"name":"additional-context","valueReference":{"reference":"https://ehr.example.org/fhir/Patient/123"}},
          {"name":"related-query","part":[{"name":"query-type","valueCoding":{"code":"x"}},{"name":"query","valueString":"http://q"}]}]})"),
        R"({"fullUrl":"https://ehr.example.org/fhir/Observation/o9","request":{"method":"POST","url":"Observation"},"response":{"status":"201"}})"));
    CHECK(t->kind == kind::event);
    CHECK(t->subscription == "https://ehr.example.org/fhir/Subscription/77");
    CHECK(t->topic == "http://example.org/topics/t");
    CHECK(t->status == "active");
    CHECK(t->events_since_start == 2);
    CHECK_FALSE(t->relative_numbers);
    REQUIRE(t->events.size() == 1);
    CHECK(t->events[0].number == 2);
    CHECK(t->events[0].focus.id == "o9");
    REQUIRE(t->events[0].context.size() == 1);
    CHECK(t->events[0].context[0].id == "123");
    CHECK(t->entries.empty());
    CHECK(t->to_fetch == names{"Observation/o9"});
    CHECK_FALSE(t->unnamed);
    CHECK(t->wants_bundle);
    CHECK(t.clean());
}

TEST_CASE("notification: R4B and R5 with resources") {
    const std::string type = GENERATE("history", "subscription-notification", "transaction", "batch", "collection");
    CAPTURE(type);
    const told t(topic_bundle(type, status("event-notification", R"("eventsSinceSubscriptionStart":"4","notificationEvent":[
        {"eventNumber":"3","timestamp":"2026-01-15T10:29:59.1201234Z","focus":{"reference":"http://ehr.example.org/fhir/Observation/o1"}},
        {"eventNumber":4,"focus":{"reference":"Observation/gone"},"additionalContext":[{"reference":"Patient/p1"}]}])"),
        R"({"fullUrl":"https://ehr.example.org/fhir/Observation/o1","resource":)" + a_result + R"(},
           {"fullUrl":"https://ehr.example.org/fhir/Observation/gone","request":{"method":"DELETE","url":"Observation/gone"},"response":{"status":"204"}},
           {"fullUrl":"https://ehr.example.org/fhir/Patient/p1","resource":{"resourceType":"Patient","id":"p1"}})"));
    CHECK(t->kind == kind::event);
    CHECK(t->events_since_start == 4);
    REQUIRE(t->events.size() == 2);
    CHECK(t->events[0].number == 3);
    CHECK(t->events[1].number == 4);
    CHECK(t.came() == names{"Observation/o1", "-Observation/gone", "Patient/p1"});
    CHECK(t->to_fetch.empty());
    CHECK(t->wants_bundle);
}

TEST_CASE("notification: kinds without content") {
    struct wanted {
        const char* code;
        kind is;
    };
    const auto w = GENERATE(values<wanted>({{"handshake", kind::handshake}, {"heartbeat", kind::heartbeat}, {"query-status", kind::query_status}}));
    CAPTURE(w.code);
    const told r4(topic_bundle("history", parameters(w.code, R"({"name":"events-since-subscription-start","valueString":"0"})")));
    CHECK(r4->kind == w.is);
    CHECK(r4->events_since_start == 0);
    CHECK(r4->to_fetch.empty());
    CHECK_FALSE(r4->unnamed);
    const told r5(topic_bundle("subscription-notification", status(w.code, R"("eventsSinceSubscriptionStart":"12")")));
    CHECK(r5->kind == w.is);
    CHECK(r5->events_since_start == 12);
    CHECK(r5->entries.empty());
}

TEST_CASE("notification: content empty tells numbers only") {
    const told t(topic_bundle("history", status("event-notification", R"("eventsSinceSubscriptionStart":"2","notificationEvent":[{"eventNumber":"2"}])")));
    CHECK(t->kind == kind::event);
    CHECK(t->events.at(0).number == 2);
    CHECK(t->events.at(0).focus.empty());
    CHECK(t->to_fetch.empty());
    CHECK(t->unnamed);
}

TEST_CASE("notification: without a focus the entries tell what to fetch") {
    const told t(topic_bundle("history", status("event-notification", R"("notificationEvent":{"eventNumber":"2"})"), R"(
        {"fullUrl":"https://h/fhir/Observation/o1","response":{"status":"200"}},
        {"request":{"method":"PUT","url":"Condition/c1"}},{"request":{"method":"POST","url":"Condition"}},
        {"fullUrl":"https://h/fhir/Observation/o1","response":{"status":"200"}})"));
    CHECK(t->kind == kind::event);
    CHECK(t->events.size() == 1);
    CHECK(t->to_fetch == names{"Observation/o1", "Condition/c1"});
    CHECK(t->unnamed);
}

TEST_CASE("notification: a status that stands alone") {
    const told t(status("event-notification", R"("eventsSinceSubscriptionStart":"8","notificationEvent":[{"eventNumber":"8","focus":{"reference":"Observation/o1"}}])"));
    CHECK(t->kind == kind::event);
    CHECK(t->entries.empty());
    CHECK(t->to_fetch == names{"Observation/o1"});
    CHECK(told(parameters("heartbeat", ""))->kind == kind::heartbeat);
}

TEST_CASE("notification: a status that is not the first entry is found") {
    const told t(R"({"resourceType":"Bundle","type":"history","entry":[{"resource":)" + a_result + R"(},{"resource":)" +
                 status("event-notification", R"("notificationEvent":[{"eventNumber":"8","focus":{"reference":"Observation/o1"}}])") + "}]}");
    CHECK(t->kind == kind::event);
    CHECK(t.came() == names{"Observation/o1"});
    CHECK(t->to_fetch.empty());
}

TEST_CASE("notification: a focus by urn is matched by its entry") {
    const std::string urn = "urn:uuid:6f5ac9a2-0000-4000-8000-000000000001";
    const told t(topic_bundle("history", status("event-notification", R"("notificationEvent":[{"eventNumber":"1","focus":{"reference":")" + urn + R"("}}])"),
                              R"({"fullUrl":")" + urn + R"(","resource":)" + a_result + "}"));
    CHECK(t->to_fetch.empty());
    CHECK_FALSE(t->unnamed);
}

TEST_CASE("notification: bundles of every other type give their content") {
    const std::string type = GENERATE("searchset", "collection", "batch", "batch-response", "transaction-response", "document", "message", "history", "subscription-notification");
    CAPTURE(type);
    const told t(R"({"resourceType":"Bundle","type":")" + type + R"(","entry":[{"fullUrl":"https://h/fhir/Observation/o1","resource":)" + a_result +
                 R"(,"search":{"mode":"match"}},{"fullUrl":"https://h/fhir/Condition/c1","request":{"method":"PUT","url":"Condition/c1"},"response":{"status":"200"}}]})");
    CHECK(t->kind == kind::content);
    CHECK(t.came() == names{"Observation/o1"});
    CHECK(t->to_fetch == names{"Condition/c1"});
    CHECK(t->wants_bundle);
    const told nothing(R"({"resourceType":"Bundle","type":")" + type + "\"}");
    CHECK(nothing->kind == kind::nudge);
}

TEST_CASE("notification: a patch is fetched") {
    const told t(R"({"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"https://h/fhir/Condition/c1",
        "resource":{"resourceType":"Parameters","parameter":[{"name":"operation","part":[]},{"name":"type","valueCode":"heartbeat"}]},
        "request":{"method":"PATCH","url":"Condition/c1"}}]})");
    CHECK(t->kind == kind::content);
    CHECK(t->entries.empty());
    CHECK(t->to_fetch == names{"Condition/c1"});
}

TEST_CASE("notification: a Bundle that was subscribed to is a resource like others") {
    const told t(R"({"resourceType":"Bundle","id":"b1","type":"document","entry":[{"resource":)" + a_result + "}]}", {"PUT", "Bundle/b1", ""});
    CHECK(t->kind == kind::content);
    CHECK(t.came() == names{"Bundle/b1"});
    CHECK_FALSE(t->wants_bundle);
}

TEST_CASE("notification: odd shapes are survived") {
    for (const char* first : {R"({"resourceType":"Parameters","parameter":{"name":"type","valueCode":"event-notification"}})",
                              R"({"resourceType":"Parameters","parameter":[null,7,[],{"name":"notification-event","part":[null,{"name":"focus"},{"part":7}]}]})",
                              R"({"resourceType":"SubscriptionStatus","type":["x"],"subscription":7,"topic":{},"notificationEvent":[7,null,{"focus":[],"additionalContext":"x"}],"error":[[]]})",
                              R"({"resourceType":"SubscriptionStatus","type":"event-notification","subscription":"Subscription/1","notificationEvent":{"focus":"Observation/o1"}})"}) {
        CAPTURE(first);
        const told t(topic_bundle("history", first));
        CHECK(t.read.has_value());
        CHECK(t->kind == kind::event);
    }
}

TEST_CASE("notification: type and id of references") {
    CHECK(type_and_id("Observation/o1") == "Observation/o1");
    CHECK(type_and_id(" /Observation/o1 ") == "Observation/o1");
    CHECK(type_and_id("https://h/fhir/Observation/o1") == "Observation/o1");
    CHECK(type_and_id("http://h:8080/a/b/Observation/o1/_history/7") == "Observation/o1");
    CHECK(type_and_id("Observation/o1/_history/7") == "Observation/o1");
    CHECK(type_and_id("Encounter/Encounter/x") == "Encounter/x");
    CHECK(type_and_id("Encounter/Encounter/x/_history/2") == "Encounter/x");
    CHECK(type_and_id("https://h/fhir/Encounter/Encounter/x") == "Encounter/x");
    CHECK(type_and_id("r4/Encounter/x") == "Encounter/x");
    for (const char* none : {"", " ", "#c", "urn:uuid:6f5ac9a2-0000-4000-8000-000000000001", "Patient?identifier=x|1", "Patient", "o1", "/", "https://", "https://h",
                             "https://h/search?next=Patient/p1", "https://Patient/p1", "patient/p1", "Patient/", "Observation/o1|2"}) {
        CAPTURE(none);
        CHECK(type_and_id(none).empty());
    }
}
