// What an operator sees and does; nothing of it is about a patient.
#include "tests/page/page_bench.hpp"

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

std::int64_t unreadable(page_bench& b) {
    quarantine_item q;
    q.original.source = "ehr";
    q.original.kind = arrival::hook;
    q.original.channel = "observation";
    q.original.tail = "Observation/named-after-somebody";
    q.original.headers = "X-Name: Erika Mustermann";
    q.original.body = R"({"resourceType":"Observation","subject":{"display":"Erika Mustermann"}})";
    q.reason = "'status' is missing";
    q.path = "Observation.status";
    q.at = b.at;
    b.now->begin();
    const std::int64_t id = b.now->quarantine_add(q);
    b.now->commit();
    return id;
}

std::vector<std::int64_t> ids(const answer& a, const char* of) {
    std::vector<std::int64_t> out;
    for (const fhir::json::value& one : a[of].elements())
        out.push_back(std::stoll(std::string(one["id"].text())));
    return out;
}

} // namespace

TEST_CASE("page api: operations show what status knows, and what only the running gateway knows") {
    page_bench b;
    b.history();
    unreadable(b);
    subscription_row s;
    s.source = "ehr";
    s.name = "observation";
    s.token = "tok-en";
    s.secret = "sec-ret";
    s.kind = "rest-hook";
    s.status = "active";
    s.last_heard = start - 5'000;
    b.now->subscription_put(s);
    const answer a = b.get("/api/v1/operations");
    REQUIRE(a.status == 200);
    CHECK(a["journal"]["rows"].text() == "0");
    CHECK(a["journal"]["oldest"].is_null());
    CHECK(a["patients"].text() == "1");
    CHECK(a["quarantine"].text() == "1");
    REQUIRE(a["sources"].size() == 1);
    const auto source = a["sources"][0];
    CHECK(source["url"].text() == "https://ehr.example.org/fhir");
    CHECK(source["answers"].as_bool());
    CHECK(source["lastHeard"].text() == "2026-03-15T07:59:55.000Z");
    CHECK(source["subscriptions"][0]["status"].text() == "active");
    CHECK(a["sinks"][0]["waiting"].text() == "1");
    CHECK(a["mail"]["dead"].text() == "0");
    for (const char* word : {"tok-en", "sec-ret", "Patient/", "Erika", "Observation/"})
        CHECK_FALSE(a.has(word));

    b.faults.raise("source.ehr.unreachable", "ehr does not answer");
    b.live = R"("answers":true,"lastHeard":1773561600000)"; // it did once
    const answer later = b.get("/api/v1/operations");
    CHECK_FALSE(later["sources"][0]["answers"].as_bool(true));
    CHECK(later["sources"][0]["lastHeard"].text() == "2026-03-15T08:00:00.000Z");
    CHECK(later["faults"][0]["text"].text() == "ehr does not answer");
    b.faults.clear("source.ehr.unreachable");
    CHECK(b.get("/api/v1/operations")["sources"][0]["answers"].as_bool());
    b.live = R"({"answers":false})";
    CHECK_FALSE(b.get("/api/v1/operations")["sources"][0]["answers"].as_bool(true));
}

TEST_CASE("page api: of the unreadable the reason is shown and never the content, and it can be read again or dropped") {
    page_bench b;
    const std::int64_t first = unreadable(b), second = unreadable(b);
    const answer a = b.get("/api/v1/operations/quarantine");
    CHECK(ids(a, "items") == std::vector<std::int64_t>{first, second});
    CHECK(a["items"][0]["reason"].text() == "'status' is missing");
    CHECK(a["items"][0]["path"].text() == "Observation.status");
    CHECK(a["items"][0]["kind"].text() == "hook");
    CHECK(a["items"][0]["bytes"].text() == "71");
    for (const char* word : {"Erika", "named-after-somebody", "resourceType"})
        CHECK_FALSE(a.has(word));
    CHECK(ids(b.get("/api/v1/operations/quarantine?limit=1"), "items").size() == 1);
    CHECK(ids(b.get("/api/v1/operations/quarantine?after=" + std::to_string(first)), "items") == std::vector<std::int64_t>{second});

    const std::string path = "/api/v1/operations/quarantine/";
    const answer replayed = b.post(path + std::to_string(first) + "/replay");
    CHECK(replayed.status == 204);
    CHECK(replayed.note.detail == "quarantine " + std::to_string(first));
    CHECK(b.woken_worker == 1);
    CHECK(b.now->journal_count().rows == 1);
    CHECK(b.post(path + std::to_string(first) + "/replay").status == 404);
    CHECK(b.post(path + std::to_string(second) + "/drop").status == 204);
    CHECK(b.post(path + std::to_string(second) + "/drop").status == 404);
    CHECK(b.now->quarantine_count() == 0);
    CHECK(b.now->journal_count().rows == 1);
}

TEST_CASE("page api: messages that wait or were given up are listed without content, retried and dropped") {
    page_bench b;
    b.history();
    const answer waiting = b.get("/api/v1/operations/outbox?state=waiting");
    REQUIRE(waiting["messages"].size() == 1);
    const auto m = waiting["messages"][0];
    CHECK(m["subject"].text() == b.subject().substr(0, 8));
    CHECK(m["state"].text() == "waiting");
    CHECK_FALSE(waiting.has(b.subject()));
    const std::int64_t id = ids(waiting, "messages")[0];
    b.now->outbox_failed(id, 7, 0, outbox_state::dead, "the study system refused it: 422");
    CHECK(b.get("/api/v1/operations/outbox?state=waiting")["messages"].size() == 0);
    const answer dead = b.get("/api/v1/operations/outbox?state=dead");
    CHECK(dead["messages"][0]["attempts"].text() == "7");
    CHECK(dead["messages"][0]["notBefore"].is_null());
    CHECK(b.get("/api/v1/operations/outbox")["messages"].size() == 1);
    CHECK(b.get("/api/v1/operations/outbox?state=lost").status == 400);
    const std::string path = "/api/v1/operations/outbox/" + std::to_string(id);
    CHECK(b.post(path + "/retry").status == 204);
    CHECK(b.woken_outbox == 1);
    CHECK(b.now->outbox_get(id)->state == outbox_state::waiting);
    CHECK(b.now->outbox_get(id)->attempts == 0);
    CHECK(b.post(path + "/drop").status == 204);
    CHECK(b.post(path + "/retry").status == 404);
}

TEST_CASE("page api: whether a source is heard is told to whoever sees people or operations") {
    page_bench b;
    const answer before = b.get("/api/v1/sources");
    REQUIRE(before["sources"].size() == 1);
    CHECK(before["sources"][0]["name"].text() == "ehr");
    CHECK(before["sources"][0]["lastHeard"].is_null());
    CHECK_FALSE(before["sources"][0]["trouble"].as_bool());
    b.live = R"("answers":true,"lastHeard":)" + std::to_string(start);
    b.faults.raise("source.ehr.observation.refused", "it is polled instead");
    b.faults.raise("source.ehr2.unreachable", "another one");
    CHECK_FALSE(b.get("/api/v1/sources")["sources"][0]["trouble"].as_bool());
    b.faults.raise("source.ehr.unreachable", "no answer");
    const answer after = b.get("/api/v1/sources");
    CHECK(after["sources"][0]["trouble"].as_bool());
    CHECK(after["sources"][0]["lastHeard"].text() == "2026-03-15T08:00:00.000Z");
    b.who.may.of_trial = {{"dapa-hf", {role::coordinator}}};
    CHECK(b.get("/api/v1/sources").status == 200);
    b.who.may.of_trial = {};
    CHECK(b.get("/api/v1/sources").status == 403);
}
