#include "gateway/intake/bulk.hpp"

#include "tests/intake/pull_support.hpp"

using namespace trialgate::gateway;
using pull::bulk_state;
using strings = std::vector<std::string>;

namespace {

const std::string kick_off = "GET Patient/$export?_outputFormat=application/fhir%2Bndjson&_type=Condition,Observation";
const std::string job_url = "GET bulk/jobs/55";
const std::string o1 = resource("Observation", "o1", "2026-03-01T00:00:00Z") + "\n", o2 = resource("Observation", "o2", "2026-03-01T00:00:00Z") + "\n";

exchange accepted(int retry_after_s = 0) {
    exchange out = answered(job_url, 202);
    if (retry_after_s > 0)
        out.answer.retry_after = retry_after_s * second_ms;
    return out;
}
exchange manifest(const std::string& files, bool token = true) {
    return ok(job_url, R"({"transactionTime":"2026-03-15T09:59:00Z","requiresAccessToken":)" + std::string(token ? "true" : "false") + "," + files + "}");
}
exchange file(const std::string& request, strings pieces) {
    exchange out = answered(request, 200);
    out.pieces = std::move(pieces);
    return out;
}
const std::string two_files = R"("output":[{"type":"Observation","url":"https://ehr.example.org/fhir/f/1"},{"type":"Observation","url":"https://ehr.example.org/fhir/f/2"}])";

struct exporting : pulling {
    exporting() : pulling({"Condition", "Observation"}) { source.config.initial = source_config::first_load::bulk; }
    void go() { start(run_bulk(services, source)); }
    void expect_job() {
        exchange e = answered(kick_off, 202);
        e.answer.headers.add("Content-Location", "https://ehr.example.org/fhir/bulk/jobs/55");
        server->expect(e);
    }
    void expect_removal() { server->expect(answered("DELETE bulk/jobs/55", 202)); }
    bool done() { return value("bulk/ehr") == "done"; }
};

} // namespace

TEST_CASE("an export is begun, waited for, streamed, and becomes the cursor of every type") {
    exporting p;
    p.expect_job();
    p.server->expect(accepted(20));
    p.go();
    p.check_script();
    CHECK(p.server->headers[0]["Prefer"] == "respond-async");
    CHECK(p.server->headers[1]["Accept"] == "application/json");
    p.pass(19 * second_ms);
    CHECK(p.server->asked.size() == 2);
    p.server->expect(manifest(two_files + R"(,"deleted":[{"type":"Bundle","url":"https://ehr.example.org/fhir/f/d"}],"error":[{"type":"OperationOutcome","url":"https://ehr.example.org/fhir/f/e"}])"));
    p.server->expect(file("STREAM+TOKEN f/1", {o1.substr(0, 10), o1.substr(10)}));
    p.server->expect(file("STREAM+TOKEN f/2", {o2.substr(0, o2.size() - 1)})); // no line end at the end
    p.server->expect(file("STREAM+TOKEN f/d", {"{\"resourceType\":\"Bundle\"}\n"}));
    p.server->expect(file("STREAM+TOKEN f/e", {"{\"resourceType\":\"OperationOutcome\"}\n"}));
    p.expect_removal();
    p.pass(second_ms);
    p.check_script();
    REQUIRE(p.journal().size() == 3);
    CHECK(p.journal()[0].kind == arrival::lines);
    CHECK(p.journal()[0].body == o1);
    CHECK(p.journal()[1].body == o2.substr(0, o2.size() - 1));
    CHECK(p.done());
    CHECK(p.value("cursor/ehr/Condition") == "2026-03-15T09:59:00.000Z");
    CHECK(p.value("cursor/ehr/Observation") == "2026-03-15T09:59:00.000Z");
    // Once done it is never begun again.
    p.stop();
    p.go();
    p.pass(hour_ms);
    p.check_script();
}

TEST_CASE("the token goes with a file only when it is wanted and only to the server itself") {
    exporting p;
    p.expect_job();
    const bool wanted = GENERATE(true, false);
    p.server->expect(manifest(R"("output":[{"type":"Observation","url":"https://files.example.net/1"},{"type":"Observation","url":"https://ehr.example.org/fhir/f/2"}])", wanted));
    p.server->expect(file("STREAM https://files.example.net/1", {o1}));
    p.server->expect(file(wanted ? "STREAM+TOKEN f/2" : "STREAM f/2", {o2}));
    p.expect_removal();
    p.go();
    p.check_script();
    CHECK(p.done());
}

TEST_CASE("a restart goes on with the job and with the file that was not finished") {
    exporting p;
    p.expect_job();
    p.server->expect(accepted(60));
    p.go();
    p.stop();
    p.server->expect(manifest(two_files));
    p.server->expect(file("STREAM+TOKEN f/1", {o1}));
    exchange broken = file("STREAM+TOKEN f/2", {o2.substr(0, 5)});
    broken.failure = net_error{net_errc::closed, false, "the connection ended"};
    p.server->expect(broken);
    p.go();
    p.check_script();
    CHECK(p.journal().size() == 1);
    CHECK(p.fault_keys() == strings{"source.ehr.unreachable"});
    p.stop();
    p.server->expect(file("STREAM+TOKEN f/2", {o2}));
    p.expect_removal();
    p.go();
    p.check_script();
    CHECK(p.journal().size() == 2);
    CHECK(p.done());
}

TEST_CASE("files that expired begin a new job, and three such jobs end in the search") {
    exporting p;
    p.expect_job();
    p.server->expect(manifest(two_files));
    p.server->expect(answered("STREAM+TOKEN f/1", 404));
    p.expect_removal();
    p.go();
    p.check_script();
    for (int i = 0; i < 2; ++i) {
        p.expect_job();
        p.server->expect(answered(job_url, 410)); // nor is the job there
        p.expect_removal();
        p.pass(5 * minute_ms);
        p.check_script();
    }
    CHECK(p.done());
    CHECK(p.value("cursor/ehr/Observation") == "(none)");
    CHECK(p.fault_keys() == strings{"source.ehr.bulk"});
}

TEST_CASE("a server without export is searched instead") {
    const int status = GENERATE(400, 403, 404, 501, 200);
    exporting p;
    p.server->expect(answered(kick_off, status));
    p.go();
    p.check_script();
    CHECK(p.done());
    CHECK(p.value("cursor/ehr/Observation") == "(none)");
    CHECK(p.fault_keys() == strings{"source.ehr.bulk"});
}

TEST_CASE("a busy server is asked again, for the job and for its state") {
    exporting p;
    exchange busy = answered(kick_off, 429);
    busy.answer.retry_after = 30 * second_ms;
    p.server->expect(busy);
    p.go();
    p.check_script();
    p.expect_job();
    p.server->expect(answered(job_url, 500, R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"transient"}]})"));
    p.pass(30 * second_ms);
    p.check_script();
    p.server->expect(manifest(R"("output":[])"));
    p.expect_removal();
    p.pass(minute_ms);
    p.check_script();
    CHECK(p.done());
}

TEST_CASE("a job that failed is given up although the status is 500") {
    exporting p;
    p.expect_job();
    p.server->expect(answered(job_url, 500, R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing"}]})"));
    p.expect_removal();
    p.go();
    p.check_script();
    CHECK(bulk_state::parse(p.value("bulk/ehr")).at == bulk_state::phase::none);
}

TEST_CASE("nothing is streamed into a full journal") {
    exporting p;
    p.services.limits.journal_rows = 2;
    p.expect_job();
    p.server->expect(manifest(R"("output":[{"type":"Observation","url":"f"}])"));
    std::string large;
    while (large.size() < (std::size_t{1} << 20))
        large += o1;
    p.server->expect(file("STREAM+TOKEN bulk/jobs/f", {large}));
    p.go();
    p.pass(second_ms);
    CHECK(p.journal().size() == 2);
    p.expect_removal();
    std::string all;
    for (int i = 0; i < 20 && !p.done(); ++i) {
        for (const journal_row& r : p.journal()) {
            CHECK(r.body.size() <= std::size_t{256} << 10);
            CHECK(r.body.ends_with('\n'));
            all += r.body;
            p.kept->journal_done(r.seq);
        }
        p.pass(second_ms);
    }
    for (const journal_row& r : p.journal())
        all += r.body;
    p.check_script();
    CHECK(p.done());
    CHECK(all == large);
}

TEST_CASE("manifests of all versions are read") {
    bulk_state s;
    std::string next;
    CHECK(pull::read_manifest(R"({"transactionTime":"2026-01-15T10:00:00+01:00","requiresAccessToken":false,
        "output":[{"type":"Observation","url":"1.ndjson","continuesInFile":"2.ndjson"}],"outcome":[{"url":"e.ndjson"}],
        "extension":[],"link":[{"relation":"next","url":"jobs/55?page=2"}]})", "https://h/jobs/55", s, next));
    CHECK(next == "https://h/jobs/jobs/55?page=2");
    CHECK(s.time == "2026-01-15T10:00:00+01:00");
    CHECK_FALSE(s.token);
    REQUIRE(s.files.size() == 3);
    CHECK(s.files[0].url == "https://h/jobs/1.ndjson");
    CHECK(s.files[1].url == "https://h/jobs/2.ndjson");
    CHECK(s.files[2].kind == "error");
    s.at = bulk_state::phase::files;
    s.status_url = "https://h/jobs/55";
    s.next = 2;
    const bulk_state back = bulk_state::parse(s.to_text());
    CHECK(back.at == s.at);
    CHECK(back.next == 2);
    CHECK(back.files.size() == 3);
    CHECK(back.files[2].url == s.files[2].url);
    CHECK(back.to_text() == s.to_text());
}

TEST_CASE("what is no manifest, and what is no state, is said") {
    const std::string bad = GENERATE("", "{}", "[]", R"({"transactionTime":"2026-01-15T10:00:00Z"})", R"({"output":[]})",
                                     R"({"transactionTime":"soon","output":[]})", R"({"transactionTime":"2026-01-15T10:00:00Z","output":[{}]})",
                                     R"({"transactionTime":"2026-01-15T10:00:00Z","output":[{"url":"https://h/a\nb"}]})");
    bulk_state s;
    std::string next;
    CHECK_FALSE(pull::read_manifest(bad, "https://h/jobs/55", s, next));
    CHECK(bulk_state::parse(bad).at == bulk_state::phase::none);
}

TEST_CASE("NDJSON is cut at line ends, wherever the network cuts it") {
    const std::string text = "\xEF\xBB\xBF{\"a\":1}\r\n\r\n{\"b\":\"long enough for a piece of its own\"}\n{\"c\":3}";
    for (std::size_t step = 3; step < text.size(); ++step) {
        pull::line_cutter c(16);
        strings pieces;
        for (std::size_t i = 0; i < text.size(); i += step) {
            c.add(std::string_view(text).substr(i, step));
            for (std::string piece = c.take(); !piece.empty(); piece = c.take())
                pieces.push_back(piece);
        }
        std::string all;
        for (const std::string& piece : pieces) {
            CHECK(piece.ends_with('\n'));
            all += piece;
        }
        all += c.rest();
        CHECK(all == text.substr(3));
        CHECK(c.lines() == 3);
    }
}

TEST_CASE("a line beyond all measure is left out and counted") {
    pull::line_cutter c(8, 32);
    c.add("{\"a\":1}\n" + std::string(40, 'x'));
    c.add(std::string(40, 'x') + "\n{\"b\":2}\n");
    std::string all;
    for (std::string piece = c.take(); !piece.empty(); piece = c.take())
        all += piece;
    all += c.rest();
    CHECK(all == "{\"a\":1}\n{\"b\":2}\n");
    CHECK(c.too_long() == 1);
}
