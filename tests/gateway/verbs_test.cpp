// The verbs around a live gateway, as an operator and a script see them: output, exit code, and what is in the store afterwards.
#include "fhir/json.hpp"
#include "tests/support/source_folder.hpp"
#include "verb_run.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::tests;
namespace json = fhir::json;

TEST_CASE("verbs: without a store the operator is told why") {
    const site s;
    for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
             {"status"}, {"outbox", "list"}, {"outbox", "retry", "--all-dead"}, {"quarantine", "list"}, {"quarantine", "replay", "--all"},
             {"subject", "list"}, {"alerts", "list"}}) {
        std::vector<std::string> all = verb;
        all.insert(all.end(), {"--config", s.config()});
        const ran r = run(all);
        INFO(verb.front());
        CHECK(r.code == 1);
        CHECK(r.out.empty());
        CHECK(says(r.err, "error: there is no store in .*/store yet: the gateway has not run with this configuration"));
        CHECK_FALSE(std::filesystem::exists(s.at().path() / "store"));
    }
}

TEST_CASE("verbs: without a configuration the operator is told which") {
    const scratch_folder folder;
    const ran r = run({"status", "--config", folder / "none.json"});
    CHECK(r.code == 1);
    CHECK(says(r.err, "none\\.json: error: the file cannot be read"));
}

TEST_CASE("verbs: the environment names the configuration where the command line does not") {
    const site s;
    ::setenv("TRIALGATE_CONFIG", s.config().c_str(), 1);
    CHECK(config_file("") == s.config());
    CHECK(config_file("x.json") == "x.json");
    ::unsetenv("TRIALGATE_CONFIG");
}

TEST_CASE("verbs: a store is looked at though secrets cannot be read") {
    const site s;
    s.open();
    const std::string config = s.at().write("poor.json", R"({"data": "store", "timeZone": "UTC", "pseudonymKey": {"environment": "TRIALGATE_TEST_UNSET"}})");
    CHECK(run({"status", "--config", config}).code == 0);
}

TEST_CASE("status: an empty store is nothing to worry about") {
    const site s;
    s.open();
    const ran r = run({"status", "--config", s.config()});
    CHECK(r.code == 0);
    CHECK(r.err.empty());
    CHECK(says(r.out, "journal +empty"));
    CHECK(says(r.out, "patients +0"));
    CHECK(says(r.out, "quarantine +empty"));
    CHECK(says(r.out, "ehr +no subscription"));
    CHECK(says(r.out, "study +0 waiting"));
    CHECK(says(r.out, "faults\n  none\n"));
}

TEST_CASE("status: shows what there is, and nobody's secret") {
    const site s;
    s.fill();
    s.add_message("study", "k1", outbox_state::waiting);
    const ran r = run({"status", "--config", s.config()});
    CHECK(r.code == 0);
    CHECK(says(r.out, "journal +1 message waiting \\(2 bytes\\), the oldest for 1 min"));
    CHECK(says(r.out, "patients +4"));
    CHECK(says(r.out, "  trial +eligible +likely +possible +not-now +ineligible +not listed\n  first-trial +0 +2 +0 +1 +0 +1\n"));
    CHECK(says(r.out, "ehr +subscription labs +topic-r4 +active +last heard 3 min ago"));
    CHECK(says(r.out, "lab +no subscription +to do: 1 hydrate"));
    CHECK(says(r.out, "study +1 waiting, the oldest for 2 h"));
    for (const char* hidden : {"Patient/", "unguessable", "secret-of", "body-of"})
        CHECK(r.out.find(hidden) == std::string::npos);
}

TEST_CASE("status: faults, messages given up and quarantine are findings") {
    SECTION("fault") {
        const site s;
        const auto rows = s.open();
        in_transaction(*rows, [&] {
            rows->fault_put({"source.ehr.unreachable", "ehr cannot be reached: timeout", system_clock()->now() - 5 * minute_ms, system_clock()->now(), 17});
        });
        const ran r = run({"status", "--config", s.config()});
        CHECK(r.code == 3);
        CHECK(says(r.out, "source.ehr.unreachable +for 5 min +17 times +ehr cannot be reached: timeout"));
    }
    SECTION("given up") {
        const site s;
        s.add_message("study", "k1", outbox_state::dead);
        const ran r = run({"status", "--config", s.config()});
        CHECK(r.code == 3);
        CHECK(says(r.out, "study +0 waiting +1 given up"));
    }
    SECTION("given up by a sink that is no longer configured") {
        const site s;
        s.add_message("former", "k1", outbox_state::dead);
        const ran r = run({"status", "--config", s.config()});
        CHECK(r.code == 3);
        CHECK(says(r.out, "former +0 waiting +1 given up"));
    }
    SECTION("quarantine") {
        const site s;
        s.add_quarantine("{");
        const ran r = run({"status", "--config", s.config()});
        CHECK(r.code == 3);
        CHECK(says(r.out, "quarantine +1 message"));
    }
}

TEST_CASE("status: as JSON it is one object") {
    const site s;
    s.fill();
    s.add_message("study", "k1", outbox_state::dead);
    s.add_quarantine("{");
    const ran r = run({"status", "--json", "--config", s.config()});
    CHECK(r.code == 3);
    json::parser parser;
    const auto read = parser.parse_copy(r.out);
    REQUIRE(read.has_value());
    const json::value v = *read;
    CHECK(v["journal"]["rows"].text() == "1");
    CHECK(v["patients"].text() == "4");
    CHECK(v["decisions"]["first-trial"]["likely"].text() == "2");
    CHECK(v["decisions"]["first-trial"]["not-listed"].text() == "1");
    CHECK(v["humanDecisions"]["first-trial"]["screening"].text() == "1");
    CHECK(v["sources"].size() == 2);
    CHECK(v["sources"][0]["subscriptions"][0]["status"].text() == "active");
    CHECK(v["sources"][1]["jobs"]["hydrate"].text() == "1");
    CHECK(v["sinks"][0]["dead"].text() == "1");
    CHECK(v["sinks"][0]["oldest"].is_null());
    CHECK(v["quarantine"].text() == "1");
    CHECK(v["faults"].is_array());
}

TEST_CASE("status: works while another connection writes") {
    const site s;
    s.fill();
    const auto rows = s.open();
    rows->begin();
    rows->value_put("cursor/ehr/Observation", "x");
    CHECK(run({"status", "--config", s.config()}).code == 0);
    rows->rollback();
}

TEST_CASE("outbox list: names messages, not their content") {
    const site s;
    const auto first = s.add_message("study", "k1", outbox_state::waiting), second = s.add_message("other", "k2", outbox_state::dead);
    const ran all = run({"outbox", "list", "--config", s.config()});
    CHECK(all.code == 0);
    REQUIRE(all.lines().size() == 4);
    CHECK(says(all.lines()[0], "^id +sink +state"));
    CHECK(says(all.lines()[1], ("^" + std::to_string(first) + " +study +waiting +status +first-trial").c_str()));
    CHECK(says(all.lines()[2], ("^" + std::to_string(second) + " +other +dead .* 7 +422 unprocessable \\[31m$").c_str()));
    CHECK(all.lines()[3] == "2 messages");
    CHECK(all.out.find("body-of") == std::string::npos);
    CHECK(run({"outbox", "list", "--sink", "study", "--config", s.config()}).lines().size() == 3);
    CHECK(run({"outbox", "list", "--dead", "--config", s.config()}).lines()[1].starts_with(std::to_string(second)));
    const ran none = run({"outbox", "list", "--sink", "nobody", "--config", s.config()});
    CHECK(none.out == "0 messages\n");
    const ran as_json = run({"outbox", "list", "--json", "--config", s.config()});
    REQUIRE(as_json.lines().size() == 2);
    json::parser parser;
    const auto line = parser.parse_copy(as_json.lines()[1]);
    REQUIRE(line.has_value());
    CHECK((*line)["state"].text() == "dead");
    CHECK((*line)["key"].text() == "k2");
    CHECK((*line)["attempts"].text() == "7");
    CHECK_FALSE((*line)["body"]);
}

TEST_CASE("outbox retry: what was given up is due at once") {
    const site s;
    const auto first = s.add_message("study", "k1", outbox_state::dead), second = s.add_message("study", "k2", outbox_state::dead),
               third = s.add_message("other", "k3", outbox_state::dead);
    CHECK(run({"outbox", "retry", "--config", s.config()}).code == 2);
    CHECK(run({"outbox", "retry", "--all-dead", "1", "--config", s.config()}).code == 2);
    const ran one = run({"outbox", "retry", std::to_string(first), "--config", s.config()});
    CHECK(one.code == 0);
    CHECK(one.out == "1 message will be delivered again\n");
    const auto row = s.open()->outbox_get(first);
    REQUIRE(row);
    CHECK(row->state == outbox_state::waiting);
    CHECK(row->attempts == 0);
    CHECK(row->error.empty());
    CHECK(row->not_before <= system_clock()->now());
    CHECK(s.open()->outbox_get(second)->state == outbox_state::dead);
    const ran missing = run({"outbox", "retry", std::to_string(second), "4711", "--config", s.config()});
    CHECK(missing.code == 1);
    CHECK(says(missing.err, "no message 4711 in the outbox"));
    CHECK(s.open()->outbox_get(second)->state == outbox_state::waiting);
    CHECK(run({"outbox", "retry", "--all-dead", "--sink", "study", "--config", s.config()}).out == "0 messages will be delivered again\n");
    CHECK(run({"outbox", "retry", "--all-dead", "--config", s.config()}).out == "1 message will be delivered again\n");
    CHECK(s.open()->outbox_get(third)->state == outbox_state::waiting);
}

TEST_CASE("outbox drop: only when it is meant") {
    const site s;
    const auto id = s.add_message("study", "k1", outbox_state::dead);
    const ran asked = run({"outbox", "drop", std::to_string(id), "--config", s.config()});
    CHECK(asked.code == 2);
    CHECK(says(asked.err, "add --yes to drop 1 message"));
    CHECK(s.open()->outbox_get(id));
    CHECK(run({"outbox", "drop", std::to_string(id), "--yes", "--config", s.config()}).code == 0);
    CHECK_FALSE(s.open()->outbox_get(id));
    CHECK(run({"outbox", "drop", "--yes", "--config", s.config()}).code == 2);
}

TEST_CASE("quarantine list: the reason, not the content") {
    const site s;
    const auto id = s.add_quarantine("{content of a patient");
    const ran r = run({"quarantine", "list", "--config", s.config()});
    CHECK(r.code == 0);
    REQUIRE(r.lines().size() == 3);
    CHECK(says(r.lines()[1], ("^" + std::to_string(id) + " +ehr +hook +2026-02-02T02:40:01.000Z +21 bytes +line 1, column 2: not JSON$").c_str()));
    CHECK(r.out.find("content of") == std::string::npos);
    const ran as_json = run({"quarantine", "list", "--json", "--config", s.config()});
    CHECK(says(as_json.out, R"(^\{"id":\d+,"source":"ehr","kind":"hook","channel":"labs",.*"reason":"not JSON","path":"line 1, column 2","bytes":21\}\n$)"));
    CHECK(as_json.out.find("content of") == std::string::npos);
}

TEST_CASE("quarantine show: the content as it came, the facts beside it") {
    const site s;
    const auto id = s.add_quarantine("{content\x01 of a patient");
    const ran r = run({"quarantine", "show", std::to_string(id), "--config", s.config()});
    CHECK(r.code == 0);
    CHECK(r.out == "{content\x01 of a patient\n");
    CHECK(says(r.err, "reason +not JSON"));
    CHECK(r.err.find("{content") == std::string::npos);
    const ran missing = run({"quarantine", "show", "4711", "--config", s.config()});
    CHECK(missing.code == 1);
    CHECK(says(missing.err, "no message 4711 in quarantine"));
}

TEST_CASE("quarantine replay: the message goes through the journal again, once") {
    const site s;
    std::vector<std::int64_t> ids;
    for (int n = 0; n < 250; ++n)
        ids.push_back(s.add_quarantine("body " + std::to_string(n)));
    CHECK(run({"quarantine", "replay", "--config", s.config()}).code == 2);
    const ran one = run({"quarantine", "replay", std::to_string(ids[3]), "--config", s.config()});
    CHECK(one.code == 0);
    CHECK(one.out == "1 message put back into the journal\n");
    {
        const auto rows = s.open();
        const auto journal = rows->journal_after(0, 10, 1 << 20);
        REQUIRE(journal.size() == 1);
        CHECK(journal[0].body == "body 3");
        CHECK(journal[0].source == "ehr");
        CHECK(journal[0].channel == "labs");
        CHECK(journal[0].method == "POST");
        CHECK(journal[0].received == 1'770'000'000'000);
        CHECK(rows->quarantine_count() == 249);
    }
    CHECK(run({"quarantine", "replay", std::to_string(ids[3]), "--config", s.config()}).code == 1);
    CHECK(run({"quarantine", "replay", "--all", "--config", s.config()}).out == "249 messages put back into the journal\n");
    CHECK(s.open()->quarantine_count() == 0);
    CHECK(s.open()->journal_count().rows == 250);
}

TEST_CASE("quarantine drop: only when it is meant") {
    const site s;
    const auto id = s.add_quarantine("{");
    CHECK(run({"quarantine", "drop", std::to_string(id), "--config", s.config()}).code == 2);
    CHECK(s.open()->quarantine_count() == 1);
    CHECK(run({"quarantine", "drop", std::to_string(id), "--yes", "--config", s.config()}).code == 0);
    CHECK(s.open()->quarantine_count() == 0);
}

TEST_CASE("check: a configuration without a mistake is summed up") {
    ::setenv("TRIALGATE_MAPPINGS", (trialgate::test::source_folder() + "/mappings").c_str(), 1);
    const site s;
    const ran r = run({"check", "--config", s.config()});
    CHECK(r.code == 0);
    CHECK(says(r.out, "store +/.*/store\n"));
    CHECK(says(r.out, "source +ehr  http://localhost:1/fhir  delivery poll, access none\n"));
    CHECK(says(r.out, "sink +study  http://localhost:3/fhir  fhir 4.0, access none\n"));
    CHECK(says(r.out, "trial +[a-z-]+, protocol .*, \\d+ criteria\n"));
    CHECK(says(r.out, "\n0 errors, 0 warnings\n$"));
    CHECK(r.out.find("a-secret") == std::string::npos);
    CHECK(run({"check", "--json", "--config", s.config()}).out.empty());
}

TEST_CASE("check: warnings alone are findings, errors a failure") {
    ::setenv("TRIALGATE_MAPPINGS", (trialgate::test::source_folder() + "/mappings").c_str(), 1);
    const site s;
    const std::string warned = s.at().write("warned.json", R"({"data": "d", "timeZone": "UTC", "sources": []})");
    const ran w = run({"check", "--config", warned});
    CHECK(w.code == 3);
    CHECK(says(w.out, "warned\\.json:1:45: warning: there is no source: nothing will arrive\n"));
    CHECK(says(w.out, "0 errors, 1 warning\n$"));
    const std::string bad = s.at().write("bad.json", "{\"dat\": \"d\",\n \"timeZone\": \"UTC\", \"trials\": [\"no-such-trial\"], \"sources\": []}");
    const ran b = run({"check", "--config", bad});
    CHECK(b.code == 1);
    CHECK(says(b.out, "bad\\.json:1:2: error: the configuration has no member 'dat' \\(did you mean 'data'\\?\\)\n"));
    CHECK(says(b.out, "no-such-trial"));
    CHECK_FALSE(says(b.out, "store +/"));
    const ran as_json = run({"check", "--json", "--config", bad});
    CHECK(as_json.code == 1);
    for (const std::string& line : as_json.lines()) {
        json::parser parser;
        const auto read = parser.parse_copy(line);
        REQUIRE(read.has_value());
        CHECK((*read)["text"].is_string());
        CHECK((*read)["line"].is_number());
    }
}

TEST_CASE("check: a sink's trial must be loaded") {
    ::setenv("TRIALGATE_MAPPINGS", (trialgate::test::source_folder() + "/mappings").c_str(), 1);
    const site s;
    const std::string config = s.at().write("sink.json", R"({"data": "d", "timeZone": "UTC", "pseudonymKey": {"file": "secret"},
        "sources": [{"name": "ehr", "url": "http://localhost:1", "delivery": "poll"}],
        "sinks": [{"name": "study", "url": "http://localhost:3", "trials": ["none"]}]})");
    const ran r = run({"check", "--config", config});
    CHECK(r.code == 1);
    CHECK(says(r.out, "sink\\.json:3:77: error: the trial 'none' is not loaded"));
}

TEST_CASE("check: a file that is no JSON is an error with its place") {
    ::setenv("TRIALGATE_MAPPINGS", (trialgate::test::source_folder() + "/mappings").c_str(), 1);
    const ran r = run({"check", "--config", trialgate::test::source_folder() + "/tests/gateway/config/bad/not-json.json"});
    CHECK(r.code == 1);
    CHECK(says(r.out, "not-json\\.json:3:3: error: expected ',' or '\\}'"));
}
