#include "gateway/intake/subscription_driver.hpp"

#include "gateway/intake/canary.hpp"
#include "gateway/core/event_numbers.hpp"
#include "tests/intake/pull_support.hpp"

#include <algorithm>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

/// A FHIR server that keeps Subscriptions, with the habits that a test gives it.
class subscription_server final : public fhir_client {
public:
    std::map<std::string, fhir::subscription_view> kept;
    std::vector<std::string> log, bodies;
    std::string created_status = "requested", updated_status = "requested";
    /// Answers instead, when it gives something.
    std::function<std::optional<net_result<fhir_answer>>(const std::string& line, const fhir_request&)> instead;

    asio::awaitable<net_result<fhir_answer>> send(fhir_request request) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        const std::string line = request.method + ' ' + request.path;
        log.push_back(line);
        if (!request.body.empty())
            bodies.push_back(request.body);
        if (instead)
            if (auto told = instead(line, request))
                co_return std::move(*told);
        co_return answer(line, request);
    }
    asio::awaitable<net_result<fhir_answer>> stream(std::string, bool, std::chrono::milliseconds,
                                                    std::function<asio::awaitable<bool>(std::string_view)>) override {
        co_return net_error{net_errc::connect, false, ""};
    }
    const std::string& base() const noexcept override { return base_; }
    bool same_origin(std::string_view url) const override { return url.find("://") == std::string_view::npos || url.starts_with(base_); }
    breaker_state breaker() const noexcept override { return breaker_state::closed; }
    unsigned failures() const noexcept override { return 0; }

    std::size_t count(const std::string& part) const {
        return static_cast<std::size_t>(
            std::count_if(log.begin(), log.end(), [&](const std::string& l) { return l.find(part) != std::string::npos; })
        );
    }
    static std::string text(const fhir::subscription_view& v) {
        return R"({"resourceType":"Subscription","id":")" + v.id + R"(","status":")" + v.status + R"(","end":")" + v.end + R"(","reason":")" +
               v.reason + R"(","criteria":")" + v.criteria_or_topic + R"(","channel":{"endpoint":")" + v.endpoint + "\"}}";
    }
    static fhir_answer plain(int status, std::string body = {}) {
        fhir_answer a;
        a.status = status;
        a.body = std::move(body);
        a.url = "https://ehr.example.org/fhir/x";
        return a;
    }
    void add(fhir::subscription_view v) { kept[v.id] = std::move(v); }

private:
    fhir_answer answer(const std::string& line, const fhir_request& r) {
        if (line == "GET metadata")
            return plain(200, R"({"resourceType":"CapabilityStatement","fhirVersion":"4.0.1"})");
        if (line.starts_with("GET Subscription?")) {
            std::vector<std::string> all;
            for (const auto& [id, v] : kept)
                all.push_back(text(v));
            return plain(200, searchset(all));
        }
        if (line == "POST Subscription") {
            fhir::json::parser p;
            auto v = *fhir::read_subscription(*p.parse_copy(r.body));
            v.id = "s" + std::to_string(++last_);
            v.status = created_status;
            add(v);
            return plain(201, text(v));
        }
        if (line == "POST Observation")
            return plain(201, R"({"resourceType":"Observation","id":"c1"})");
        if (line.starts_with("DELETE Observation/"))
            return plain(204);
        const auto at = r.path.starts_with("Subscription/") ? kept.find(r.path.substr(13)) : kept.end();
        if (at == kept.end())
            return plain(404);
        if (r.method == "DELETE") {
            kept.erase(at);
            return plain(204);
        }
        if (r.method == "PUT") {
            fhir::json::parser p;
            auto v = *fhir::read_subscription(*p.parse_copy(r.body));
            v.status = updated_status;
            at->second = v;
        }
        return plain(200, text(at->second));
    }
    std::string base_ = "https://ehr.example.org/fhir";
    int last_ = 0;
};

struct subscribing : pulling {
    subscription_server* ehr = nullptr;
    int refreshed = 0;
    std::vector<std::string> taken;
    subscription_ports ports;

    explicit subscribing(std::set<std::string> types = {"Observation"}) : pulling(std::move(types)) {
        auto client = std::make_unique<subscription_server>();
        ehr = client.get();
        source.client = std::move(client);
        server = nullptr;
        source.can->resources["Subscription"].create = true;
        source.config.sweep_every = 0;
        ports.refresh = [this] { ++refreshed; };
        ports.take = [this](std::string, std::string name, std::string text) -> asio::awaitable<bool> {
            taken.push_back(name + ' ' + text);
            co_return true;
        };
    }
    void drive() { start(drive_subscriptions(services, source, ports, "https://gw.example.org")); }
    subscription_row row(const std::string& name) {
        const auto r = kept->subscription("ehr", name);
        REQUIRE(r);
        return *r;
    }
    void change(const std::string& name, const std::function<void(subscription_row&)>& how) {
        auto r = row(name);
        how(r);
        kept->begin();
        kept->subscription_put(r);
        kept->commit();
    }
    /// Reconcile jobs; taken away, as when they are done.
    std::int64_t reconciles() {
        const std::int64_t n = kept->job_count("ehr", job_kind::reconcile);
        kept->begin();
        for (const job& j : kept->jobs_due("ehr", job_kind::reconcile, time->now() + 365 * 24 * hour_ms, 10))
            kept->job_done(j.id, j.stamp);
        kept->commit();
        return n;
    }
    void activate() {
        for (auto& [id, v] : ehr->kept)
            v.status = "active";
    }
    bool has_fault(const std::string& key) const {
        const auto keys = fault_keys();
        return std::find(keys.begin(), keys.end(), key) != keys.end();
    }
};

} // namespace

TEST_CASE("The row and the hook are there before the server is asked to create", "[subscriptions]") {
    subscribing t({"Observation", "Condition"});
    t.ehr->instead = [&](const std::string& line, const fhir_request& r) -> std::optional<net_result<fhir_answer>> {
        if (line == "POST Subscription") {
            CHECK(t.refreshed == 1);
            const auto row = t.row(r.body.find("Condition?") != std::string::npos ? "condition" : "observation");
            CHECK(r.body.find("https://gw.example.org/in/" + row.token + '/' + row.name) != std::string::npos);
            CHECK(r.body.find("Bearer " + row.secret) != std::string::npos);
            CHECK(row.token.size() >= 32);
            CHECK(row.token != row.secret);
        }
        return std::nullopt;
    };
    t.drive();
    CHECK(t.ehr->count("POST Subscription") == 2);
    CHECK(t.row("observation").status == "requested");
    CHECK_FALSE(t.row("observation").id.empty());
    t.activate();
    t.pass(10 * second_ms);
    CHECK(t.row("condition").status == "active");
    CHECK(t.reconciles() == 1);
    CHECK(t.row("condition").ends > t.time->now() + 29 * 24 * hour_ms);
    CHECK(t.row("condition").kind == "rest-hook");
}

TEST_CASE("A create whose answer is lost leaves one subscription on the server", "[subscriptions]") {
    subscribing t;
    bool lost = false;
    t.ehr->instead = [&](const std::string& line, const fhir_request& r) -> std::optional<net_result<fhir_answer>> {
        if (line != "POST Subscription" || std::exchange(lost, true))
            return std::nullopt;
        fhir::json::parser p;
        auto v = *fhir::read_subscription(*p.parse_copy(r.body));
        v.id = "lost";
        v.status = "active";
        t.ehr->add(v);
        return net_result<fhir_answer>(net_error{net_errc::timeout, true, "timeout"});
    };
    t.drive();
    t.pass(minute_ms);
    CHECK(t.ehr->count("POST Subscription") == 1);
    CHECK(t.row("observation").id == "lost");
    CHECK(t.ehr->kept.size() == 1);
}

TEST_CASE("What a lost store left behind is cleaned up, what belongs to others is not", "[subscriptions]") {
    subscribing t;
    t.put(token_value("theirs"), "other-source");
    t.ehr->add({"a", "active", "", "Observation?", "https://gw.example.org/in/forgotten/observation", "", ""});
    t.ehr->add({"b", "active", "", "Observation?", "https://gw.example.org/in/theirs/observation", "", ""});
    t.ehr->add({"c", "active", "", "Observation?", "https://other.example.org/in/forgotten/observation", "", ""});
    t.ehr->add({"d", "active", "", "Condition?", "https://gw.example.org/in/forgotten/condition", "", ""});
    t.ehr->add({"e", "active", "", "Observation?", "https://gw.example.org/in/a/b/observation", "", ""});
    t.drive();
    CHECK_FALSE(t.ehr->kept.contains("a"));
    for (const char* id : {"b", "c", "d", "e"})
        CHECK(t.ehr->kept.contains(id));
    CHECK(t.ehr->kept.size() == 5);
}

TEST_CASE("A restart adopts, tells a new address and drops what is no longer wanted", "[subscriptions]") {
    subscribing t({"Observation", "Condition"});
    t.drive();
    t.activate();
    t.pass(10 * second_ms);
    const std::string token = t.row("observation").token;
    t.stop();
    t.reconciles();
    t.source.types = {"Observation"};
    t.ehr->updated_status = "active";
    t.start(drive_subscriptions(t.services, t.source, t.ports, "https://new.example.org/"));
    CHECK(t.ehr->count("POST Subscription") == 2);
    CHECK(t.ehr->kept.size() == 1);
    CHECK_FALSE(t.kept->subscription("ehr", "condition"));
    CHECK(t.row("observation").token == token);
    CHECK(t.row("observation").endpoint == "https://new.example.org/in/" + token + "/observation");
    CHECK(t.ehr->kept.begin()->second.endpoint == t.row("observation").endpoint);
    CHECK(t.reconciles() == 1);
}

TEST_CASE("Other types while it runs change the plan", "[subscriptions]") {
    subscribing t;
    t.drive();
    t.source.types = {"Condition"};
    t.source.can->resources["Condition"].search = true;
    t.source.subscription_bell.ring();
    t.settle();
    t.pass(10 * second_ms);
    CHECK_FALSE(t.kept->subscription("ehr", "observation"));
    CHECK(t.row("condition").criteria == "Condition?");
    REQUIRE(t.ehr->kept.size() == 1);
    CHECK(t.ehr->kept.begin()->second.criteria_or_topic == "Condition?");
}

TEST_CASE("A subscription in error is asked anew, one that is gone is created anew", "[subscriptions]") {
    subscribing t;
    t.ehr->created_status = t.ehr->updated_status = "active";
    t.drive();
    CHECK(t.reconciles() == 1);
    t.ehr->kept.begin()->second.status = "error";
    t.pass(6 * minute_ms);
    CHECK(t.ehr->count("PUT Subscription/s1") == 1);
    CHECK(t.ehr->bodies.back().find(R"("status":"requested")") != std::string::npos);
    CHECK(t.row("observation").status == "active");
    CHECK(t.reconciles() == 1);
    t.ehr->kept.clear();
    t.pass(6 * minute_ms);
    t.pass(minute_ms);
    CHECK(t.row("observation").id == "s2");
    CHECK(t.reconciles() == 1);
}

TEST_CASE("A server that refuses is a fault that names no data, and ends when it accepts", "[subscriptions]") {
    subscribing t;
    t.ehr->instead = [](const std::string& line, const fhir_request&) -> std::optional<net_result<fhir_answer>> {
        if (line == "POST Subscription")
            return net_result<fhir_answer>(subscription_server::plain(422, R"({"resourceType":"OperationOutcome"})"));
        return std::nullopt;
    };
    t.drive();
    CHECK(t.has_fault("subscription.ehr.observation.refused"));
    t.ehr->instead = {};
    t.pass(2 * minute_ms);
    CHECK_FALSE(t.has_fault("subscription.ehr.observation.refused"));
    CHECK(t.row("observation").id == "s1");
}

TEST_CASE("A topic that the server will not have without a filter gets one that holds nobody back", "[subscriptions]") {
    subscribing t;
    t.source.config.how = delivery::topic;
    t.source.config.topics = {"http://example.org/topics/records"};
    t.ehr->instead = [](const std::string& line, const fhir_request& r) -> std::optional<net_result<fhir_answer>> { // as HAPI 8.8 on R4
        const bool asked = line.starts_with("POST Subscription") || line.starts_with("PUT Subscription");
        if (asked && r.body.find("backport-filter-criteria") == std::string::npos)
            return net_result<fhir_answer>(subscription_server::plain(422, R"({"resourceType":"OperationOutcome","issue":[{"severity":"error",)"
                R"("code":"processing","diagnostics":"HAPI-0011: Subscription.criteria.extension with url http://hl7.org/fhir/uv/)"
                R"(subscriptions-backport/StructureDefinition/backport-filter-criteria must be populated"}]})"));
        return std::nullopt;
    };
    t.drive();
    CHECK_FALSE(t.has_fault("subscription.ehr.records.refused"));
    CHECK(t.row("records").id == "s1");
    REQUIRE(t.ehr->bodies.size() >= 2);
    CHECK(t.ehr->bodies[0].find("Patient?") == std::string::npos); // not asked for: not sent
    CHECK(t.ehr->bodies[1].find(R"("valueString":"Patient?")") != std::string::npos);
}

TEST_CASE("Where the server sends no header the address alone is the secret", "[subscriptions]") {
    subscribing t;
    t.source.config.topics = {"http://example.org/topics/records"};
    t.source.can->version = fhir::release::r5;
    t.source.can->software = "HAPI FHIR Server";
    t.drive();
    CHECK(t.row("records").secret.empty());
    CHECK(t.row("records").token.size() >= 32);
    REQUIRE_FALSE(t.ehr->bodies.empty());
    CHECK(t.ehr->bodies[0].find("Authorization") == std::string::npos);
}

TEST_CASE("What hook and worker write into a row survives what the driver writes", "[subscriptions]") {
    subscribing t;
    t.ehr->created_status = "active";
    t.drive();
    t.change("observation", [&](subscription_row& r) { r.last_heard = t.time->now() + 7; });
    t.ehr->kept.begin()->second.end = "2027-01-01T00:00:00Z";
    t.pass(6 * minute_ms);
    CHECK(t.row("observation").ends == at("2027-01-01T00:00:00Z"));
    CHECK(t.row("observation").last_heard == at("2026-03-15T10:00:00Z") + 7);
}

TEST_CASE("A canary that nobody hears is a fault, one that is heard is taken away", "[subscriptions]") {
    subscribing t;
    t.source.config.canary = true;
    t.source.can->resources["Observation"].create = true;
    t.ehr->created_status = t.ehr->updated_status = "active";
    t.drive();
    t.pass(minute_ms);
    REQUIRE(t.ehr->count("POST Observation") == 1);
    CHECK(t.ehr->bodies.back().find("urn:trialgate:tag") != std::string::npos);
    CHECK(load_canary(*t.kept, "ehr", "observation").id == "c1");
    t.pass(5 * minute_ms);
    CHECK(t.has_fault("subscription.ehr.observation.canary"));
    CHECK(t.ehr->count("DELETE Observation/c1") == 1);
    CHECK(t.ehr->count("PUT Subscription/s1") == 1);
    t.pass(hour_ms);
    t.pass(second_ms);
    REQUIRE(t.ehr->count("POST Observation") == 2);
    t.change("observation", [&](subscription_row& r) { r.last_heard = t.time->now() + 1; });
    t.pass(11 * second_ms);
    CHECK_FALSE(t.has_fault("subscription.ehr.observation.canary"));
    CHECK(t.ehr->count("DELETE Observation/c1") == 2);
    CHECK(load_canary(*t.kept, "ehr", "observation").id.empty());
}

namespace {

struct topics : subscribing {
    topics() {
        source.config.topics = {"http://e.org/topics/lab"};
        source.can->backport = source.can->events_operation = source.can->status_operation = true;
        ehr->created_status = "active";
    }
    /// Events 1 and 4 were seen.
    void make_hole() {
        change("lab", [&](subscription_row& r) {
            event_numbers n(r.numbers);
            n.event(1, time->now());
            n.event(4, time->now());
            r.numbers = n.text();
        });
    }
};

} // namespace

TEST_CASE("A canary that an earlier run left behind is taken away", "[subscriptions]") {
    subscribing t;
    t.put(canary_value("ehr", "observation"), "1000 old");
    t.drive();
    CHECK(t.ehr->count("DELETE Observation/old") == 1);
    CHECK(t.value(canary_value("ehr", "observation")) == "1000 ");
}

TEST_CASE("A hole in the event numbers is filled by asking for the events", "[subscriptions]") {
    topics t;
    t.ehr->instead = [](const std::string& line, const fhir_request&) -> std::optional<net_result<fhir_answer>> {
        if (line.find("$events") == std::string::npos)
            return std::nullopt;
        CHECK(line == "GET Subscription/s1/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=full-resource");
        return net_result<fhir_answer>(subscription_server::plain(200, R"({"resourceType":"Bundle","type":"history","entry":[{}]})"));
    };
    t.drive();
    CHECK(t.row("lab").kind == "topic-r4");
    t.reconciles();
    t.make_hole();
    t.pass(second_ms);
    CHECK(t.ehr->count("$events") == 0);
    t.pass(31 * second_ms);
    t.pass(30 * second_ms);
    CHECK(t.ehr->count("$events") == 1);
    const auto journal = t.journal();
    REQUIRE(journal.size() == 1);
    CHECK((journal[0].kind == arrival::hook && journal[0].method == "POST" && journal[0].channel == "lab"));
    CHECK(event_numbers(t.row("lab").numbers).contiguous() == 4);
    CHECK(t.reconciles() == 0);
}

TEST_CASE("Where events cannot be asked for a hole is closed by reconcile", "[subscriptions]") {
    topics t;
    t.source.can->events_operation = false;
    t.drive();
    t.reconciles();
    t.make_hole();
    t.pass(31 * second_ms);
    t.pass(31 * second_ms);
    CHECK(t.journal().empty());
    CHECK(t.reconciles() == 1);
    CHECK(event_numbers(t.row("lab").numbers).contiguous() == 4);
}

TEST_CASE("An overdue heartbeat asks for the status, and a count above ours goes to the worker", "[subscriptions]") {
    topics t;
    t.ehr->instead = [](const std::string& line, const fhir_request&) -> std::optional<net_result<fhir_answer>> {
        if (line.find("$status") == std::string::npos)
            return std::nullopt;
        return net_result<fhir_answer>(subscription_server::plain(200, R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":
          {"resourceType":"Parameters","parameter":[{"name":"status","valueCode":"active"},{"name":"events-since-subscription-start",
           "valueString":"9"}]}}]})"));
    };
    t.drive();
    t.change("lab", [&](subscription_row& r) {
        event_numbers n;
        n.event(1, t.time->now());
        r.numbers = n.text();
    });
    t.pass(30 * second_ms);
    t.pass(130 * second_ms);
    CHECK(t.ehr->count("$status") == 1);
    CHECK(t.journal().size() == 1);
    CHECK(t.row("lab").status == "active");
}

TEST_CASE("Removing a source takes its subscriptions away, and says what it could not", "[subscriptions]") {
    subscribing t({"Observation", "Condition"});
    t.drive();
    t.stop();
    t.ehr->instead = [](const std::string& line, const fhir_request& r) -> std::optional<net_result<fhir_answer>> {
        if (r.method == "DELETE" && line.ends_with("s1"))
            return net_result<fhir_answer>(subscription_server::plain(405));
        if (r.method == "DELETE" && line.ends_with("s2"))
            return net_result<fhir_answer>(subscription_server::plain(403));
        if (r.method == "PUT" && line.ends_with("s2"))
            return net_result<fhir_answer>(subscription_server::plain(403));
        return std::nullopt;
    };
    std::string said = "nothing yet";
    const auto remove = [&]() -> asio::awaitable<void> { said = co_await remove_subscriptions(t.services, t.source); };
    t.start(remove());
    CHECK(said == "could not be removed: observation (the server refuses)");
    CHECK(t.ehr->bodies.front().find("Condition?") != std::string::npos);
    CHECK(std::any_of(t.ehr->bodies.begin(), t.ehr->bodies.end(), [](const std::string& b) {
        return b.find(R"("status":"off")") != std::string::npos && b.find(R"("id":"s1")") != std::string::npos;
    }));
    CHECK_FALSE(t.kept->subscription("ehr", "condition"));
    CHECK(t.kept->subscription("ehr", "observation"));
    t.ehr->instead = {};
    t.start(remove());
    CHECK(said.empty());
    CHECK(t.kept->subscriptions("ehr").empty());
}

TEST_CASE("Discovery reads the statement, tells when it cannot, and wakes the others when it can", "[subscriptions]") {
    subscribing t;
    t.source.can.reset();
    int refusals = 2;
    t.ehr->instead = [&](const std::string& line, const fhir_request&) -> std::optional<net_result<fhir_answer>> {
        if (line != "GET metadata" || refusals == 0)
            return std::nullopt;
        if (--refusals == 1)
            return net_result<fhir_answer>(net_error{net_errc::connect, false, "ehr.example.org:443: refused"});
        return net_result<fhir_answer>(subscription_server::plain(200, "<html>"));
    };
    t.start(run_discovery(t.services, t.source));
    CHECK(t.has_fault("source.ehr.unreachable"));
    CHECK_FALSE(t.source.can);
    t.pass(5 * minute_ms);
    CHECK_FALSE(t.has_fault("source.ehr.unreachable"));
    CHECK(t.has_fault("source.ehr.metadata"));
    t.pass(5 * minute_ms);
    CHECK(t.fault_keys().empty());
    REQUIRE(t.source.can);
    CHECK(t.source.can->version == fhir::release::r4);
    CHECK(t.figures.text().find(R"(trialgate_source_up{source="ehr"} 1)") != std::string::npos);
    t.pass(24 * hour_ms);
    CHECK(t.ehr->count("GET metadata") == 4);
}
