// What servers of each kind send, and the examples of the Backport guide.
#include "tests/fhir/notification_support.hpp"
#include "tests/support/shared.hpp"

using namespace trialgate::fhir;
using namespace trialgate::tests;
using kind = notification_kind;

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
