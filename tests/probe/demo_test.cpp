// The demo hospital is known to its last line: a probe must say of it what works there, no more and no less.
#include "gateway/core/async.hpp"
#include "gateway/demo/fhir_server.hpp"
#include "gateway/demo/story.hpp"
#include "gateway/probe/probe.hpp"
#include "tests/support/source_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

using namespace trialgate::gateway;
using namespace trialgate::gateway::probe;

namespace {

constexpr const char* token = "a-token-of-this-test";

struct hospital {
    asio::io_context io{1};
    demo_server server{io.get_executor(), {"Simulated hospital", token, nullptr, nullptr, {}}, system_clock()};

    hospital() {
        const story told = read_story(trialgate::test::source_folder() + "/gateway/demo/cohort");
        for (const story_step& s : told.before)
            if (!s.text.empty())
                server.put(s.type, s.id, s.text);
    }

    probe_options options() const {
        probe_options o;
        o.source.url = server.base();
        o.source.auth.how = auth_config::method::token;
        o.source.auth.password = {token, "file hospital.token"};
        o.types = {"Patient", "Observation", "Condition", "MedicationStatement", "MedicationRequest", "Consent"};
        o.manners.per_second = 10'000;
        o.manners.burst = 1'000;
        o.how.patience = std::chrono::milliseconds(3'000);
        return o;
    }

    probe_report run(probe_options o) {
        std::optional<probe_report> out;
        asio::co_spawn(io, run_probe(std::move(o)), [&](std::exception_ptr e, probe_report r) {
            if (!e)
                out = std::move(r);
            io.stop();
        });
        io.restart();
        io.run();
        REQUIRE(out);
        return std::move(*out);
    }
};

std::map<std::string, std::string> verdicts(const probe_report& r) {
    std::map<std::string, std::string> out;
    for (const auto& c : r.capabilities)
        out[c.name] = to_code(c.result);
    return out;
}

} // namespace

TEST_CASE("probe: of the demo hospital it says exactly what works there") {
    hospital h;
    const std::size_t before = h.server.shelf().history("Observation", 0).size();
    probe_options o = h.options();
    o.how.write = true;
    o.listen = "127.0.0.1:0";
    const probe_report r = h.run(o);
    const std::map<std::string, std::string> expected{{"reachability", "works"},
                                                      {"tls", "limited"},
                                                      {"version", "works"},
                                                      {"smart", "does-not-work"},
                                                      {"access", "works"},
                                                      {"search", "works"},
                                                      {"patient-history", "works"},
                                                      {"search-by-code", "works"},
                                                      {"read", "works"},
                                                      {"incremental", "works"},
                                                      {"paging", "limited"}, // later pages have 50 resources, whatever _count says
                                                      {"history", "works"},
                                                      {"history-of-deletions", "works"},
                                                      {"write", "works"},
                                                      {"read-your-writes", "works"},
                                                      {"client-ids", "works"},
                                                      {"conditional-create", "works"},
                                                      {"conditional-update", "works"},
                                                      {"delete", "works"},
                                                      {"rest-hook", "works"},
                                                      {"rest-hook-empty", "works"},
                                                      {"topic", "not-tested"},
                                                      {"websocket", "not-tested"},
                                                      {"bulk", "does-not-work"},
                                                      {"rates", "works"}};
    CHECK(verdicts(r) == expected);
    for (const finding& f : r.findings) {
        INFO(f.about.id << ": " << f.ended.reason);
        CHECK_FALSE(f.is_finding());
    }
    CHECK(r.left_behind.empty());
    // Nothing of ours is left, and nothing of theirs was touched.
    std::vector<std::string> ignored;
    CHECK(h.server.shelf().search("Observation", "_tag=urn:trialgate:tag%7Cprobe", ignored).empty());
    CHECK(h.server.shelf().search("Subscription", "", ignored).empty());
    CHECK(h.server.shelf().history("Observation", 0).size() > before);
    const auto delivery =
        std::find_if(r.recommended.begin(), r.recommended.end(), [](const recommended_member& m) { return m.name == "delivery"; });
    REQUIRE(delivery != r.recommended.end());
    CHECK(delivery->json == "\"rest-hook\"");
}

TEST_CASE("probe: without --write the demo hospital is only read") {
    hospital h;
    const std::size_t observations = h.server.shelf().history("Observation", 0).size();
    const probe_report r = h.run(h.options());
    CHECK(h.server.shelf().history("Observation", 0).size() == observations);
    CHECK(h.server.shelf().history("Subscription", 0).empty());
    for (const auto& c : r.capabilities)
        if (c.name == "write" || c.name == "rest-hook" || c.name == "delete")
            CHECK(c.result == verdict::untested);
}

TEST_CASE("probe: a wrong token is found out, and nothing is recommended") {
    hospital h;
    probe_options o = h.options();
    o.source.auth.password.value = "another-token";
    const probe_report r = h.run(o);
    CHECK(r.has_findings());
    CHECK(r.recommended.empty());
    const auto access = verdicts(r);
    CHECK(access.at("access") == "does-not-work");
    CHECK(access.at("paging") == "not-tested");
}
