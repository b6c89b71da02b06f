#include "tests/intake/pull_support.hpp"

using namespace trialgate::gateway;
using strings = std::vector<std::string>;

namespace {

struct fetching : pulling {
    void want(const std::string& target) {
        add_job(job_kind::fetch, target);
        source.fetch_bell.ring();
    }
    void go() { start(run_fetch(services, source)); }
    std::int64_t jobs() { return kept->job_count("ehr", job_kind::fetch); }
};

const std::string body = resource("Observation", "o1", "2026-03-15T09:00:00Z");

} // namespace

TEST_CASE("a resource is read and journaled, and its job ends in the same commit") {
    fetching p;
    p.go();
    p.server->expect(ok("GET Observation/o1", body));
    p.want("Observation/o1");
    p.settle();
    p.check_script();
    REQUIRE(p.journal().size() == 1);
    CHECK(p.journal()[0].body == body);
    CHECK(p.journal()[0].tail == "Observation"); // no id: it is for messages
    CHECK(p.jobs() == 0);
}

TEST_CASE("410 is a deletion with the version and the server's time") {
    fetching p;
    exchange gone = answered("GET Observation/o1", 410);
    gone.answer.headers.add("ETag", "W/\"7\"");
    p.server->expect(gone);
    p.want("Observation/o1");
    p.go();
    p.check_script();
    REQUIRE(p.journal().size() == 1);
    trialgate::fhir::json::parser parser;
    trialgate::fhir::issue_list issues;
    const auto read = trialgate::fhir::read_bundle(*parser.parse_copy(p.journal()[0].body), issues);
    CHECK(issues.issues.empty());
    REQUIRE(read.entries.size() == 1);
    CHECK(read.entries[0].deleted);
    CHECK(read.entries[0].target.type == "Observation");
    CHECK(read.entries[0].target.id == "o1");
    CHECK(read.entries[0].target.version == "7");
    CHECK(read.entries[0].last_modified == "2026-03-15T10:00:00.000Z");
    CHECK(p.jobs() == 0);
}

TEST_CASE("404 is believed at the second look, a minute later") {
    fetching p;
    p.server->expect(answered("GET Observation/o1", 404));
    p.want("Observation/o1");
    p.go();
    p.check_script();
    CHECK(p.journal().empty());
    CHECK(p.jobs() == 1);
    p.pass(59 * second_ms);
    CHECK(p.server->asked.size() == 1);
    p.server->expect(answered("GET Observation/o1", 404));
    p.pass(second_ms);
    p.check_script();
    CHECK(p.journal().size() == 1);
    CHECK(p.jobs() == 0);
}

TEST_CASE("what appears before the second look was never gone") {
    fetching p;
    p.server->expect(answered("GET Observation/o1", 404));
    p.want("Observation/o1");
    p.go();
    p.server->expect(ok("GET Observation/o1", body));
    p.pass(minute_ms);
    CHECK(p.journal()[0].body == body);
    // And a 404 later is a first look again.
    p.server->expect(answered("GET Observation/o1", 404));
    p.want("Observation/o1");
    p.settle();
    p.check_script();
    CHECK(p.journal().size() == 1);
}

TEST_CASE("a server without time is asked again when it said, and the job stays") {
    fetching p;
    exchange slow = answered("GET Observation/o1", 503);
    slow.answer.retry_after = 5 * minute_ms;
    p.server->expect(slow);
    p.want("Observation/o1");
    p.go();
    CHECK(p.fault_keys() == strings{"source.ehr.unreachable"});
    p.pass(5 * minute_ms - 1);
    CHECK(p.server->asked.size() == 1);
    p.server->expect(ok("GET Observation/o1", body));
    p.pass(1);
    p.check_script();
    CHECK(p.fault_keys().empty());
    CHECK(p.jobs() == 0);
}

TEST_CASE("denied access is a fault and a long wait, a refused read ends the job") {
    fetching p;
    p.server->expect(answered("GET Observation/o1", 403));
    p.want("Observation/o1");
    p.go();
    CHECK(p.fault_keys() == strings{"source.ehr.Observation.denied"});
    p.pass(14 * minute_ms);
    CHECK(p.server->asked.size() == 1);
    p.server->expect(answered("GET Observation/o1", 405));
    p.pass(minute_ms);
    p.check_script();
    CHECK(p.jobs() == 0);
    CHECK(p.fault_keys() == strings{"source.ehr.Observation.denied", "source.ehr.Observation.not-readable"});
}

TEST_CASE("what is no reference is dropped without asking") {
    const std::string target = GENERATE("", "Observation", "Observation/../Patient/p1", "Observation/a?b=c", "http://x/Observation/o1", "urn:uuid:1");
    fetching p;
    p.want(target);
    p.go();
    CHECK(p.server->asked.empty());
    CHECK(p.jobs() == 0);
}

TEST_CASE("a slow read delays no other") {
    fetching p;
    p.source.config.concurrency = 2;
    p.server->any_order = true;
    exchange slow = answered("GET Observation/o1", 503);
    p.server->expect(slow);
    for (int i = 2; i < 6; ++i)
        p.server->expect(ok("GET Observation/o" + std::to_string(i), body));
    for (int i = 1; i < 6; ++i)
        p.want("Observation/o" + std::to_string(i));
    p.go();
    p.check_script();
    CHECK(p.journal().size() == 4);
    CHECK(p.jobs() == 1);
}

TEST_CASE("a job that is added while it is worked at stays to be done again") {
    fetching p;
    p.want("Observation/o1");
    const job before = p.kept->jobs_due("ehr", job_kind::fetch, p.time->now(), 1).at(0);
    p.want("Observation/o1");
    p.kept->job_done(before.id, before.stamp);
    CHECK(p.jobs() == 1);
    p.server->expect(ok("GET Observation/o1", body));
    p.go();
    p.check_script();
    CHECK(p.jobs() == 0);
}

TEST_CASE("a read that was interrupted by the end of the program is made after its start") {
    fetching p;
    p.server->expect(answered("GET Observation/o1", 502));
    p.want("Observation/o1");
    p.go();
    p.stop();
    p.server->expect(ok("GET Observation/o1", body));
    p.go();
    p.pass(minute_ms);
    p.check_script();
    CHECK(p.jobs() == 0);
}
