#include "fhir/notification.hpp"

#include "tests/support/resource_text.hpp"
#include "tests/support/shared.hpp"

using namespace trialgate::fhir;
using kind = notification_kind;
using trialgate::tests::parsed_text;

namespace {

/// A request with its body, read. Text "" is a request without body.
struct told {
    explicit told(std::string_view text, notification_request request = {"POST", "", ""}) : read(notification{}) {
        if (!text.empty()) {
            auto tree = parser.parse_copy(text);
            INFO(text.substr(0, 300));
            REQUIRE(tree.has_value());
            root = *tree;
        }
        read = read_notification(request, root, issues);
    }
    const notification* operator->() const {
        REQUIRE(read.has_value());
        return &*read;
    }
    /// "Type/id" of what came, deletions with a minus.
    std::vector<std::string> came() const {
        std::vector<std::string> out;
        for (const bundle_entry& e : (*this)->entries)
            out.push_back(
                e.deleted ? "-" + std::string(e.target.type) + "/" + std::string(e.target.id)
                          : std::string(e.resource["resourceType"].text()) + "/" + std::string(e.resource["id"].text())
            );
        return out;
    }
    bool clean() const { return issues.issues.empty(); }

    json::parser parser;
    json::value root;
    issue_list issues;
    result<notification> read;
};

using names = std::vector<std::string>;

const std::string a_result = R"({"resourceType":"Observation","id":"o1","meta":{"versionId":"3"},"status":"final","code":{"text":"x"}})";

std::string topic_bundle(std::string_view type, std::string_view first, std::string_view others = "") {
    return R"({"resourceType":"Bundle","type":")" + std::string(type) + R"(","entry":[{"fullUrl":"urn:uuid:0b4f36ce-1f2e-4f3e-9d1a-52c1f6a3a001","resource":)" +
           std::string(first) + "}" + (others.empty() ? "" : ",") + std::string(others) + "]}";
}

std::string parameters(std::string_view type, std::string_view more) {
    return R"({"resourceType":"Parameters","parameter":[{"name":"subscription","valueReference":{"reference":"https://ehr.example.org/fhir/Subscription/77"}},
        {"name":"topic","valueCanonical":"http://example.org/topics/t"},{"name":"status","valueCode":"active"},{"name":"type","valueCode":")" +
           std::string(type) + "\"}" + (more.empty() ? "" : ",") + std::string(more) + "]}";
}

std::string status(std::string_view type, std::string_view more) {
    return R"({"resourceType":"SubscriptionStatus","status":"active","type":")" + std::string(type) +
           R"(","subscription":{"reference":"Subscription/77"},"topic":"http://example.org/topics/t")" + (more.empty() ? "" : ",") + std::string(more) + "}";
}

} // namespace

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

TEST_CASE("notification: habits of HAPI") {
    SECTION("a topic bundle with valueDate, doubled focus, type transaction, no numbers worth the name") {
        const told t(topic_bundle("transaction", parameters("event-notification", R"(
            {"name":"events-since-subscription-start","valueUnsignedInt":1},
            {"name":"notification-event","part":[{"name":"event-number","valueInteger":1},{"name":"timestamp","valueDate":"2026-01-15"},
              {"name":"focus","valueReference":{"reference":"Encounter/Encounter/e1"}}]})")));
        CHECK(t->kind == kind::event);
        CHECK(t->events.at(0).number == 1);
        CHECK(t->events.at(0).focus.type == "Encounter");
        CHECK(t->events.at(0).focus.id == "e1");
        CHECK(t->to_fetch == names{"Encounter/e1"});
    }
    SECTION("a doubled focus matches its entry") {
        const told t(topic_bundle("history", status("event-notification", R"("notificationEvent":[{"eventNumber":"1","focus":{"reference":"Observation/Observation/o1"}}])"),
                                  R"({"fullUrl":"Observation/o1","resource":)" + a_result + R"(,"request":{"method":"POST","url":"Observation/o1"}})"));
        CHECK(t.came() == names{"Observation/o1"});
        CHECK(t->to_fetch.empty());
    }
    SECTION("payload search criteria: a transaction of PUTs") {
        const told t(R"({"resourceType":"Bundle","type":"transaction","entry":[
            {"resource":)" + a_result + R"(,"request":{"method":"PUT","url":"Observation/o1"}},
            {"resource":{"resourceType":"Patient","id":"p1"},"request":{"method":"PUT","url":"Patient/p1"}},
            {"request":{"method":"DELETE","url":"Condition/c1"}}]})");
        CHECK(t->kind == kind::content);
        CHECK(t.came() == names{"Observation/o1", "Patient/p1", "-Condition/c1"});
        CHECK(t->events.empty());
        CHECK(t->wants_bundle);
    }
}

TEST_CASE("notification: habits of athenahealth") {
    const std::string audit = R"({"resource":{"resourceType":"AuditEvent","id":"7d0e","entity":[{"what":{"reference":"Observation/a-1"}},{"what":{"reference":"Patient/a-2"}},{}]}})";
    SECTION("relative numbers, ids of events") {
        const told t(topic_bundle("history", status("event-notification", R"("eventsSinceSubscriptionStart":"1","eventsInNotification":1,
            "notificationEvent":[{"id":"7d0e","eventNumber":"1","focus":{"reference":"https://api.example.org/fhir/r4/Observation/a-1"}}])"), audit));
        CHECK(t->relative_numbers);
        CHECK_FALSE(t->events_since_start);
        CHECK(t->events.at(0).id == "7d0e");
        CHECK(t->events.at(0).number == 1);
        CHECK(t.came() == names{"AuditEvent/7d0e"});
        CHECK(t->to_fetch == names{"Observation/a-1"});
        CHECK_FALSE(t->unnamed);
    }
    SECTION("a focus that is an identifier, and the AuditEvent that tells more") {
        const std::string event = R"("eventsInNotification":1,"notificationEvent":[{"id":"7d0e","eventNumber":"1",
            "focus":{"type":"Observation","identifier":{"system":"urn:x","value":"99"}}}])";
        const told with(topic_bundle("history", status("event-notification", event), audit));
        CHECK(with->events.at(0).focus.logical.value == "99");
        CHECK(with->to_fetch == names{"Observation/a-1", "Patient/a-2"});
        CHECK_FALSE(with->unnamed);
        const told without(topic_bundle("history", status("event-notification", event)));
        CHECK(without->to_fetch.empty());
        CHECK(without->unnamed);
    }
    SECTION("the AuditEvent itself as focus") {
        const told t(topic_bundle("history", status("event-notification", R"("eventsInNotification":1,"notificationEvent":[{"eventNumber":"1","focus":{"reference":"AuditEvent/7d0e"}}])"), audit));
        CHECK(t->to_fetch == names{"Observation/a-1", "Patient/a-2"});
    }
}

TEST_CASE("notification: habits of fhir-candle") {
    const told t(topic_bundle("history", R"({"resourceType":"Parameters","parameter":[{"name":"subscription","valueString":"Subscription/77"},
        {"name":"topic","valueUri":"http://example.org/topics/t"},{"name":"status","valueCode":"active"},{"name":"type","valueCode":"event-notification"},
        {"name":"events-since-subscription-start","valueInteger64":" 2 "},
        {"name":"notification-event","part":[{"name":"event-number","valueDecimal":2},{"name":"focus","valueString":"Observation/o1"}]}]})"));
    CHECK(t->subscription == "Subscription/77");
    CHECK(t->topic == "http://example.org/topics/t");
    CHECK(t->events_since_start == 2);
    CHECK(t->events.at(0).number == 2);
    CHECK(t->to_fetch == names{"Observation/o1"});
}

TEST_CASE("notification: numbers that are none are left out with an issue") {
    const char* number = GENERATE("\"two\"", "\"-1\"", "1.5", "\"99999999999999999999\"", "\"\"", "true", "{}");
    CAPTURE(number);
    const told t(topic_bundle("history", status("event-notification", std::string(R"("eventsSinceSubscriptionStart":)") + number +
                                                                          R"(,"notificationEvent":[{"eventNumber":)" + number + R"(,"focus":{"reference":"Observation/o1"}}])")));
    CHECK_FALSE(t->events_since_start);
    CHECK_FALSE(t->events.at(0).number);
    CHECK(t->to_fetch == names{"Observation/o1"});
    CHECK_FALSE(t.clean());
    CHECK_FALSE(t.issues.has(severity::error));
}

TEST_CASE("notification: what the server says of our endpoint, in codes") {
    const told r4(topic_bundle("history", parameters("query-status", R"({"name":"error","valueCodeableConcept":{"coding":[{"code":"no-response"}],"text":"https://gw/in/secret"}})")));
    CHECK(r4->error_text == "no-response");
    const told r5(topic_bundle("history", R"({"resourceType":"SubscriptionStatus","status":"error","type":"heartbeat","error":[{"coding":[{"code":"dns-resolution-error"}]}]})"));
    CHECK(r5->status == "error");
    CHECK(r5->kind == kind::heartbeat);
    CHECK(r5->error_text == "dns-resolution-error");
    const told odd(topic_bundle("history", status("heartbeat", R"("error":[{"coding":[{"code":"could not reach https://gw/in/secret"}]}])")));
    CHECK(odd->error_text.empty());
}

TEST_CASE("notification: kinds that are not said are guessed from what there is") {
    const auto kind_of = [](std::string_view text) { return told(text)->kind; };
    CHECK(kind_of(topic_bundle("history", status("", R"("notificationEvent":[{"eventNumber":"1"}])"))) == kind::event);
    CHECK(kind_of(topic_bundle("history", R"({"resourceType":"SubscriptionStatus"})")) == kind::heartbeat);
    CHECK(kind_of(topic_bundle("searchset", R"({"resourceType":"SubscriptionStatus"})")) == kind::query_status);
    CHECK(kind_of(topic_bundle("history", R"({"resourceType":"SubscriptionStatus"})", R"({"resource":)" + a_result + "}")) == kind::event);
}

TEST_CASE("notification: answers of $status and $events") {
    const told one(R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":)" + parameters("query-status", R"({"name":"events-since-subscription-start","valueString":"8"})") +
                   R"(},{"resource":)" + parameters("query-status", R"({"name":"events-since-subscription-start","valueString":"9"})") + "}]}");
    CHECK(one->kind == kind::query_status);
    CHECK(one->events_since_start == 8);
    CHECK(one->entries.empty());
    const told events(topic_bundle("history", status("query-event", R"("eventsSinceSubscriptionStart":"8","notificationEvent":[
        {"eventNumber":"5","focus":{"reference":"Observation/o1"}},{"eventNumber":"6","focus":{"reference":"Observation/o2"}},
        {"eventNumber":"7","focus":{"reference":"Observation/o2/_history/2"}}])")));
    CHECK(events->kind == kind::query_event);
    CHECK(events->events.size() == 3);
    CHECK(events->to_fetch == names{"Observation/o1", "Observation/o2"});
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

TEST_CASE("notification: the examples of the Backport guide are read without an error") {
    const auto shared = trialgate::tests::shared_folder("the examples of the Backport guide");
    if (!shared)
        return;
    int read = 0;
    for (const auto& file : std::filesystem::directory_iterator(*shared / "data" / "notifications")) {
        const std::string name = file.path().filename().string();
        if (!name.starts_with("Bundle-") && !name.starts_with("Parameters-"))
            continue;
        CAPTURE(name);
        ++read;
        const told t(trialgate::tests::read_file(file.path()));
        const auto has = [&](const char* word) { return name.find(word) != std::string::npos; };
        CHECK_FALSE(t.issues.has(severity::warning));
        CHECK(t->subscription == "https://example.org/fhir/Subscription/admission");
        CHECK(t->topic == "http://hl7.org/SubscriptionTopic/admission");
        CHECK(t->events_since_start == (has("handshake") ? 0 : has("error") ? 3 : 2));
        const kind expected = has("handshake") ? kind::handshake : has("heartbeat") ? kind::heartbeat : has("error") ? kind::query_status : kind::event;
        CHECK(t->kind == expected);
        CHECK(t->status == (has("handshake") ? "requested" : has("error") ? "error" : "active"));
        CHECK(t->error_text == (has("error") ? "no-response" : ""));
        if (expected == kind::event) {
            REQUIRE(t->events.size() == 1);
            CHECK(t->events[0].number == 2);
            const std::string focus = "Encounter/86009987-eabe-42bf-8c02-b112b18cb616";
            const names full = has("multi") ? names{focus, "Patient/1599eb66-431a-447c-a3de-6897fe9ae9a1"} : has("full") ? names{focus} : names{};
            CHECK(t.came() == full);
            CHECK(t->to_fetch == (has("id-only") ? names{focus} : names{}));
            CHECK(t->unnamed == (has("empty") || has("Parameters")));
        }
    }
    CHECK(read >= 11);
}
