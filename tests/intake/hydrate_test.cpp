#include "mappings/engine/record_codec.hpp"
#include "tests/intake/pull_support.hpp"

#include <algorithm>

using namespace trialgate::gateway;
using strings = std::vector<std::string>;

namespace {

const std::string day = "2026-03-01T00:00:00Z";

std::string patient(const std::string& id, const std::string& more = {}) { return resource("Patient", id, day, more); }

struct hydrating : pulling {
    explicit hydrating(std::set<std::string> types = {"Observation", "Patient"}) : pulling(types) { source.config.sweep_every = 0; }
    void want(const std::string& key) {
        add_job(job_kind::hydrate, key);
        source.hydrate_bell.ring();
    }
    void go() { start(run_hydrate(services, source)); }
    std::int64_t jobs() { return kept->job_count("ehr", job_kind::hydrate); }
    /// Keys of the rows that end a hydration.
    strings hydrated() {
        strings out;
        for (const journal_row& r : journal())
            if (r.kind == arrival::hydrated)
                out.push_back(r.body);
        return out;
    }
    strings bodies() {
        strings out;
        for (const journal_row& r : journal())
            out.push_back(r.body);
        return out;
    }
    void keep_records(const std::string& key, const std::vector<std::pair<std::string, std::string>>& type_and_id, const std::string& subject = {}) {
        trialgate::mappings::record_writer w;
        for (const auto& [type, id] : type_and_id) {
            trialgate::mappings::record r;
            r.type = type;
            r.id = id;
            r.subject = subject.empty() ? key : subject;
            w.append(r);
        }
        patient_row row;
        row.source = "ehr";
        row.key = key;
        row.records = w.take();
        row.hydrated = true;
        kept->begin();
        kept->patient_put(row);
        kept->commit();
    }
};

} // namespace

TEST_CASE("a person comes with the history of every type that trials read, and the row that ends it comes last") {
    hydrating p({"Condition", "Consent", "Medication", "Observation", "Patient", "ResearchSubject", "Specimen"});
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET Condition?patient=p1&_count=200", searchset({})));
    p.server->expect(ok("GET Consent?patient=p1&_count=200", searchset({})));
    p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({resource("Observation", "o1", day)}, "?_getpages=u")));
    p.server->expect(ok("GET Observation?_getpages=u", searchset({resource("Observation", "o2", day)})));
    p.server->expect(ok("GET ResearchSubject?individual=Patient/p1&_count=200", searchset({})));
    p.want("Patient/p1");
    p.go();
    p.check_script();
    CHECK(p.journal().size() == 4);
    CHECK(p.journal().back().kind == arrival::hydrated);
    CHECK(p.hydrated() == strings{"Patient/p1"});
    CHECK(p.jobs() == 0);
    for (const journal_row& r : p.journal())
        CHECK(r.tail.find("p1") == std::string::npos);
}

TEST_CASE("the search parameter is one that the server knows") {
    hydrating p({"Observation", "Patient", "ResearchSubject"});
    p.source.can->version = trialgate::fhir::release::r5;
    p.source.can->resources["Observation"].search_parameters = {"code", "subject"};
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET Observation?subject=Patient/p1&_count=200", searchset({})));
    p.server->expect(ok("GET ResearchSubject?subject=Patient/p1&_count=200", searchset({})));
    p.want("Patient/p1");
    p.go();
    p.check_script();
}

TEST_CASE("what pages refer to is read once, unless it is known") {
    hydrating p({"MedicationRequest", "Observation", "Patient", "Specimen"});
    p.kept->definition_put("ehr", "Medication/known", "x");
    const auto request = [](const std::string& id, const std::string& medication) {
        return resource("MedicationRequest", id, day, R"("medicationReference":{"reference":")" + medication + "\"}");
    };
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET MedicationRequest?patient=p1&_count=200",
                        searchset({request("m1", "Medication/a"), request("m2", std::string(base_url) + "/Medication/a"), request("m3", "Medication/known"),
                                   request("m4", "#contained"), request("m5", "https://elsewhere.example.org/fhir/Medication/z"),
                                   resource("MedicationRequest", "m6", day, R"("medication":{"reference":{"reference":"Medication/b"}})")})));
    p.server->expect(ok("GET Observation?patient=p1&_count=200",
                        searchset({resource("Observation", "o1", day, R"("specimen":{"reference":"Specimen/s1"})")})));
    p.server->expect(ok("GET Medication/a", resource("Medication", "a", day)));
    p.server->expect(answered("GET Medication/b", 404)); // unknown stays unknown
    p.server->expect(ok("GET Specimen/s1", resource("Specimen", "s1", day)));
    p.want("Patient/p1");
    p.go();
    p.check_script();
    CHECK(p.hydrated() == strings{"Patient/p1"});
}

TEST_CASE("what we keep and the server no longer lists is looked at, one by one") {
    hydrating p;
    p.keep_records("Patient/p1", {{"Observation", "still"}, {"Observation", "gone"}, {"Observation", "lost"}, {"Observation", "moved"}, {"Condition", "c"}});
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({resource("Observation", "still", day)})));
    p.server->expect(answered("GET Observation/gone", 410));
    p.server->expect(answered("GET Observation/lost", 404));
    p.server->expect(ok("GET Observation/moved", resource("Observation", "moved", day)));
    p.want("Patient/p1");
    p.go();
    p.check_script(); // Condition is no type that was listed: not asked
    const strings all = p.bodies();
    REQUIRE(all.size() == 5);
    CHECK(all[2] == resource("Observation", "moved", day));
    CHECK(all[3].find(R"("url":"Observation/gone")") != std::string::npos);
    CHECK(all[3].find(R"("url":"Observation/lost")") != std::string::npos);
    CHECK(all[4] == "Patient/p1");
}

TEST_CASE("records of another Patient are left alone") {
    hydrating p;
    p.keep_records("Patient/p1", {{"Observation", "o1"}}, "Patient/old");
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({})));
    p.want("Patient/p1");
    p.go();
    p.check_script();
    CHECK(p.hydrated() == strings{"Patient/p1"});
}

TEST_CASE("a list that is not complete deletes nothing and is asked for again, a few times") {
    hydrating p;
    p.keep_records("Patient/p1", {{"Observation", "o1"}});
    const std::string lacks = R"({"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]})";
    p.go();
    for (int i = 0; i < 3; ++i) {
        p.server->expect(ok("GET Patient/p1", patient("p1")));
        p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({lacks})));
        if (i == 0)
            p.want("Patient/p1");
        CHECK(p.hydrated().empty());
        p.pass(5 * minute_ms);
        p.check_script();
    }
    CHECK(p.hydrated() == strings{"Patient/p1"});
}

TEST_CASE("a person who is gone is a deletion and is decided") {
    hydrating p;
    p.server->expect(answered("GET Patient/p1", 410));
    p.want("Patient/p1");
    p.go();
    p.check_script();
    REQUIRE(p.journal().size() == 2);
    CHECK(p.bodies()[0].find(R"("url":"Patient/p1")") != std::string::npos);
    CHECK(p.hydrated() == strings{"Patient/p1"});
    // 404 needs a second look.
    hydrating q;
    q.server->expect(answered("GET Patient/p1", 404));
    q.want("Patient/p1");
    q.go();
    CHECK(q.journal().empty());
    q.server->expect(answered("GET Patient/p1", 404));
    q.pass(minute_ms);
    q.check_script();
    CHECK(q.hydrated() == strings{"Patient/p1"});
}

TEST_CASE("a failure in the middle fetches the whole person again") {
    hydrating p;
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(answered("GET Observation?patient=p1&_count=200", 500));
    p.want("Patient/p1");
    p.go();
    p.check_script();
    CHECK(p.hydrated().empty());
    CHECK(p.jobs() == 1);
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({})));
    p.pass(minute_ms);
    p.check_script();
    CHECK(p.hydrated() == strings{"Patient/p1"});
    CHECK(p.jobs() == 0);
}

TEST_CASE("a search that expires while a person is fetched is made once more") {
    hydrating p;
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({resource("Observation", "o1", day)}, "?_getpages=u")));
    p.server->expect(answered("GET Observation?_getpages=u", 410));
    p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({resource("Observation", "o1", day)})));
    p.want("Patient/p1");
    p.go();
    p.check_script();
    CHECK(p.hydrated() == strings{"Patient/p1"});
}

TEST_CASE("a type that is denied leaves the person decidable and says so") {
    hydrating p({"Condition", "Observation", "Patient"});
    p.keep_records("Patient/p1", {{"Condition", "c1"}});
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(answered("GET Condition?patient=p1&_count=200", 403));
    p.server->expect(ok("GET Observation?patient=p1&_count=200", searchset({})));
    p.want("Patient/p1");
    p.go();
    p.check_script(); // Condition/c1 is not looked for: its list never came
    CHECK(p.hydrated() == strings{"Patient/p1"});
    CHECK(p.fault_keys() == strings{"source.ehr.Condition.denied"});
}

TEST_CASE("records that replace each other are both fetched, once") {
    hydrating p({"Patient"});
    p.source.config.concurrency = 1;
    p.server->expect(ok("GET Patient/old", patient("old", R"("link":[{"other":{"reference":"Patient/new"},"type":"replaced-by"},{"other":{"reference":"Patient/x"},"type":"seealso"}])")));
    p.server->expect(ok("GET Patient/new", patient("new", R"("link":[{"other":{"reference":"Patient/old"},"type":"replaces"}])")));
    p.want("Patient/old");
    p.go();
    p.check_script();
    CHECK(p.hydrated() == strings{"Patient/old", "Patient/new"});
    CHECK(p.jobs() == 0);
}

TEST_CASE("a key by identifier leads to its Patients") {
    hydrating p({"Patient"});
    p.server->expect(ok("GET Patient?identifier=urn:oid:1.2%7CA%5C,7", searchset({patient("p1"), patient("p2")})));
    p.server->expect(ok("GET Patient/p1", patient("p1")));
    p.server->expect(ok("GET Patient/p2", patient("p2")));
    p.want("identifier:urn:oid:1.2|A,7");
    p.go();
    p.check_script();
    CHECK(p.hydrated() == strings{"Patient/p1", "Patient/p2", "identifier:urn:oid:1.2|A,7"});
    // Nobody: what is known is decided.
    p.server->expect(ok("GET Patient?identifier=urn:oid:1.2%7C8", searchset({})));
    p.want("identifier:urn:oid:1.2|8");
    p.settle();
    p.check_script();
    CHECK(p.hydrated().back() == "identifier:urn:oid:1.2|8");
}

TEST_CASE("of a key that no server knows the row alone comes") {
    hydrating p;
    p.want("urn:uuid:1");
    p.want("Patient/../x");
    p.go();
    CHECK(p.server->asked.empty());
    CHECK(p.hydrated().size() == 2);
    CHECK(p.jobs() == 0);
}

TEST_CASE("the sweep fetches everybody again, spread over its time, and survives a restart") {
    hydrating p({"Patient"});
    p.source.config.sweep_every = 30 * minute_ms;
    for (const char* id : {"a", "b", "c"})
        p.keep_records(std::string("Patient/") + id, {});
    p.go();
    p.pass(9 * minute_ms);
    CHECK(p.server->asked.empty());
    p.server->expect(ok("GET Patient/a", patient("a")));
    p.pass(minute_ms);
    p.check_script();
    p.stop();
    p.go();
    p.server->expect(ok("GET Patient/b", patient("b")));
    p.pass(10 * minute_ms);
    p.check_script();
    p.server->expect(ok("GET Patient/c", patient("c")));
    p.pass(10 * minute_ms);
    p.server->expect(ok("GET Patient/a", patient("a")));
    p.pass(10 * minute_ms);
    p.check_script();
}
