#include "gateway/intake/subscription_plan.hpp"

#include "gateway/intake/canary.hpp"
#include "gateway/intake/runners.hpp"
#include "tests/support/shipped.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

fhir::capability server(fhir::release r, std::vector<std::string> types = {"Observation", "Condition", "Patient"}) {
    fhir::capability can;
    can.version = r;
    for (const std::string& t : types)
        can.resources[t].search = true;
    can.resources["Subscription"].create = true;
    return can;
}

std::vector<std::string> names(const subscription_plan& p) {
    std::vector<std::string> out;
    for (const wanted_subscription& w : p.wanted)
        out.push_back(w.name);
    return out;
}

const std::set<std::string> needed{"Observation", "Condition", "Patient"};
const std::vector<fhir::topic_view> everything{{"http://e.org/topics/All-Changes", {"Observation", "Condition", "Patient", "Encounter"}},
                                               {"http://e.org/topics/lab", {"Observation"}}};
using strings = std::vector<std::string>;

} // namespace

TEST_CASE("Without topics an R4 server gets one criteria subscription a type that it has", "[plan]") {
    source_config config;
    config.criteria["Observation"] = "Observation?category=laboratory";
    config.criteria["Patient"] = "";
    const auto release = GENERATE(fhir::release::r4, fhir::release::r4b, fhir::release::unknown);
    const auto plan = plan_subscriptions(config, server(release), {"Observation", "Condition", "Patient", "Consent"}, {});
    REQUIRE(names(plan) == strings{"condition", "observation"});
    CHECK(plan.wanted[0].criteria == "Condition?");
    CHECK(plan.wanted[1].criteria == "Observation?category=laboratory");
    CHECK(plan.wanted[1].kind == "rest-hook");
    CHECK(plan.wanted[1].content == "full-resource");
    CHECK((plan.wanted[1].observations && !plan.wanted[0].observations));
    CHECK(plan.polled == std::set<std::string>{"Patient"});
    CHECK(plan.why_none.empty());
}

TEST_CASE("Topics that cover everything are preferred, as few as it takes", "[plan]") {
    source_config config;
    const auto [release, kind, style] = GENERATE(table<fhir::release, std::string, fhir::subscription_style>({
        {fhir::release::r4, "topic-r4", fhir::subscription_style::backport_r4},
        {fhir::release::r4b, "topic-r4b", fhir::subscription_style::backport_r4b},
        {fhir::release::r5, "topic-r5", fhir::subscription_style::r5},
    }));
    const auto plan = plan_subscriptions(config, server(release), needed, everything);
    REQUIRE(names(plan) == strings{"all-changes"});
    CHECK(plan.wanted[0].kind == kind);
    CHECK(plan.wanted[0].style == style);
    CHECK(plan.wanted[0].criteria == "http://e.org/topics/All-Changes");
    CHECK(plan.wanted[0].observations);
    CHECK(plan.polled.empty());
}

TEST_CASE("Topics that cover a part are taken where nothing else is possible", "[plan]") {
    source_config config;
    const std::vector<fhir::topic_view> part{everything[1]};
    CHECK(names(plan_subscriptions(config, server(fhir::release::r4), needed, part)) == strings{"condition", "observation", "patient"});
    auto backport = server(fhir::release::r4);
    backport.backport = true;
    const auto plan = plan_subscriptions(config, backport, needed, part);
    CHECK(names(plan) == strings{"lab"});
    CHECK(plan.polled == std::set<std::string>{"Condition", "Patient"});
    CHECK(names(plan_subscriptions(config, server(fhir::release::r5), needed, part)) == strings{"lab"});
    CHECK(plan_subscriptions(config, server(fhir::release::r5), needed, {}).wanted.empty());
}

TEST_CASE("A server that takes no Subscriptions is polled unless it is told otherwise", "[plan]") {
    source_config config;
    auto can = server(fhir::release::r4);
    can.resources["Subscription"].create = false;
    CHECK(plan_subscriptions(config, can, needed, everything).wanted.empty());
    CHECK(plan_subscriptions(config, can, needed, everything).polled == needed);
    config.subscription_path = "administration/Subscription";
    CHECK(names(plan_subscriptions(config, can, needed, {})).size() == 3);
    config.subscription_path = "Subscription";
    config.how = delivery::rest_hook;
    CHECK(names(plan_subscriptions(config, can, needed, everything)).size() == 3);
    config.how = delivery::poll;
    CHECK(plan_subscriptions(config, server(fhir::release::r4), needed, everything).wanted.empty());
}

TEST_CASE("What the configuration asks for and cannot be had is said", "[plan]") {
    source_config config;
    config.how = delivery::topic;
    CHECK_FALSE(plan_subscriptions(config, server(fhir::release::r4), needed, {}).why_none.empty());
    config.how = delivery::rest_hook;
    CHECK_FALSE(plan_subscriptions(config, server(fhir::release::r5), needed, {}).why_none.empty());
    config.how = delivery::websocket;
    auto can = server(fhir::release::r4);
    CHECK_FALSE(plan_subscriptions(config, can, needed, {}).why_none.empty());
    can.websocket_url = "wss://ehr.example.org/ws";
    const auto plan = plan_subscriptions(config, can, needed, {});
    CHECK(plan.why_none.empty());
    REQUIRE(names(plan) == strings{"condition", "observation", "patient"});
    CHECK((plan.wanted[0].websocket && plan.wanted[0].kind == "websocket" && !plan.wanted[0].topic()));
    const auto topics = plan_subscriptions(config, can, needed, everything);
    REQUIRE(topics.wanted.size() == 1);
    CHECK((topics.wanted[0].websocket && topics.wanted[0].topic()));
}

TEST_CASE("Topics of the configuration are used as they are, with names that do not depend on their order", "[plan]") {
    source_config config;
    config.topics = {"http://a.org/lab/", "http://b.org/Lab|2.0", "http://c.org/New Results"};
    config.payload = false;
    const auto plan = plan_subscriptions(config, server(fhir::release::r4), needed, {});
    REQUIRE(plan.wanted.size() == 3);
    CHECK(plan.wanted[0].content == "id-only");
    CHECK(names(plan)[2] == "new-results");
    CHECK(names(plan)[0].starts_with("lab-"));
    CHECK(names(plan)[0] != names(plan)[1]);
    std::reverse(config.topics.begin(), config.topics.end());
    CHECK(plan_subscriptions(config, server(fhir::release::r4), needed, {}).wanted == plan.wanted);
    CHECK(request_of(plan.wanted[0], config).topic == plan.wanted[0].criteria);
}

TEST_CASE("A server that sends no headers in R5 is not asked for one", "[plan]") {
    const auto [release, software, header] = GENERATE(table<fhir::release, std::string, bool>({
        {fhir::release::r5, "HAPI FHIR Server", false},
        {fhir::release::r4, "HAPI FHIR Server", true},
        {fhir::release::r5, "Another Server", true},
    }));
    auto can = server(release);
    can.software = software;
    const auto plan = plan_subscriptions(source_config{}, can, needed, everything);
    REQUIRE(plan.wanted.size() == 1);
    CHECK(plan.wanted[0].header == header);
}

TEST_CASE("Topics are looked for where the server has them", "[plan]") {
    source_config config;
    auto can = server(fhir::release::r4);
    CHECK(topic_searches(config, can).empty());
    can.resources["Basic"].search = true;
    CHECK(topic_searches(config, can).empty());
    can.backport = true;
    CHECK(topic_searches(config, can).size() == 1);
    can.resources["SubscriptionTopic"].search = true;
    CHECK(topic_searches(config, can) == strings{"SubscriptionTopic?_count=200"});
    config.how = delivery::rest_hook;
    CHECK(topic_searches(config, can).empty());
}

TEST_CASE("A canary fits criteria that ask for a category at most", "[plan]") {
    wanted_subscription w;
    w.observations = true;
    w.criteria = "Observation?";
    CHECK(canary_resource(w, 0)->find("category") == std::string::npos);
    w.criteria = "Observation?category=laboratory,vital-signs";
    CHECK(canary_resource(w, 0)->find(R"("code":"laboratory")") != std::string::npos);
    w.criteria = "Observation?category=urn:x%7Clab";
    CHECK(canary_resource(w, 0)->find(R"("system":"urn:x","code":"lab")") != std::string::npos);
    CHECK(canary_resource(w, 0)->find("entered-in-error") != std::string::npos);
    w.criteria = "Observation?code=1234-5";
    CHECK_FALSE(canary_resource(w, 0));
    w.criteria = "Observation?";
    w.observations = false;
    CHECK_FALSE(canary_resource(w, 0));
}

TEST_CASE("The types that the shipped trials read are those that can carry their facts", "[plan]") {
    const auto types = types_read(*tests::shipped().net);
    for (const char* t : {"Patient", "Consent", "ResearchSubject", "Observation", "DiagnosticReport", "Condition", "Procedure", "MedicationRequest",
                          "MedicationStatement", "MedicationDispense", "MedicationAdministration", "Medication", "QuestionnaireResponse"})
        CHECK(types.contains(t));
    CHECK(types.size() == 13);
    const auto nothing = mappings::network::compile({}, tests::shipped().codes);
    CHECK(types_read(*nothing) == std::set<std::string>{"Patient", "Consent", "ResearchSubject"});
}
