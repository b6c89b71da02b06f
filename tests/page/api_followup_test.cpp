// Visits and alerts, as the page reads and answers them.
#include "tests/page/page_bench.hpp"

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

std::string alt(const char* id, const char* day, int value) {
    return std::string(R"({"resourceType":"Observation","id":")") + id + R"(","meta":{"versionId":"1"},"status":"final","subject":{"reference":"Patient/p"},
        "code":{"coding":[{"system":"http://loinc.org","code":"1742-6"}]},"effectiveDateTime":")" + day + R"(","valueQuantity":{"value":)" +
           std::to_string(value) + R"(,"unit":"U/L","system":"http://unitsofmeasure.org","code":"U/L"},
        "referenceRange":[{"high":{"value":35,"unit":"U/L","system":"http://unitsofmeasure.org","code":"U/L"}}]})";
}

struct alert_bench : page_bench {
    alert_bench() {
        history();
        take_part();
        arrive(arrival::resource, alt("a1", "2026-02-20", 20));
        arrive(arrival::resource, alt("a2", "2026-03-12", 190));
        work();
    }
    /// The safety alert of this bench.
    static fhir::json::value graded(const answer& a) {
        for (const fhir::json::value& one : a["alerts"].elements())
            if (one["kind"].text() == "lab-grade")
                return one;
        return {};
    }
};

} // namespace

TEST_CASE("page api: the stamp of alerts tells nothing of other people's trials") {
    page_bench b;
    alert_row a;
    a.trial = "sle-uc-msc";
    a.number = "S-001";
    a.key = "k";
    a.kind = "missed";
    a.source = "ehr";
    a.patient = "Patient/p";
    a.content = "{}";
    b.now->alert_found(a);
    CHECK(b.get("/api/v1/alerts").text("stamp") == "1");
    b.who.may.of_trial = {{"dapa-hf", {role::coordinator}}};
    CHECK(b.get("/api/v1/alerts").text("stamp") == "0");
    a.trial = "dapa-hf";
    b.now->alert_found(a);
    CHECK(b.get("/api/v1/alerts").text("stamp") == "2");
}

TEST_CASE("page api: visits of the next days, overdue ones first, of the visitor's trials only") {
    page_bench b;
    CHECK(b.get("/api/v1/visits").body == R"({"today":"2026-03-15","visits":[]})");
    b.history();
    b.take_part();
    const answer a = b.get("/api/v1/visits?days=60");
    REQUIRE(a["visits"].size() > 1);
    bool open = false;
    std::string before;
    for (const fhir::json::value& v : a["visits"].elements()) {
        const bool overdue = v["state"].text() == "overdue";
        CHECK_FALSE((overdue && open));
        if (!overdue && v["state"].text() != "missed") {
            open = true;
            const std::string day(v["booked"].is_string() ? v["booked"].text() : v["proposed"].text());
            CHECK(before <= day);
            before = day;
        }
        CHECK(v["participant"].text() == "S-001");
        CHECK(v["subject"].text() == b.subject());
        CHECK(v["page"].as_bool());
    }
    CHECK_FALSE(a.has("Patient/p"));
    CHECK(b.get("/api/v1/visits?days=60&trial=dapa-hf")["visits"].size() == 0);
    CHECK(b.get("/api/v1/visits?trial=none").status == 404);
    for (const char* days : {"0", "x", "3661", "-1", ""})
        CHECK(b.get(std::string("/api/v1/visits?days=") + days).status == 400);
    b.who.may.of_trial = {{"dapa-hf", {role::coordinator}}};
    CHECK(b.get("/api/v1/visits?days=60")["visits"].size() == 0);
    CHECK(b.get("/api/v1/visits?trial=sle-uc-msc").status == 403);
}

TEST_CASE("page api: all visits of one participant") {
    page_bench b;
    b.history();
    b.take_part();
    const answer a = b.get("/api/v1/trials/sle-uc-msc/participants/S-001/visits");
    REQUIRE(a.status == 200);
    CHECK(a["visits"].size() > 5);
    CHECK(a.note.subject == b.subject());
    CHECK(b.get("/api/v1/trials/sle-uc-msc/participants/S-002/visits").status == 404);
    CHECK(b.get("/api/v1/trials/dapa-hf/participants/S-001/visits").status == 404);
}

TEST_CASE("page api: visits that were missed come after the others, as long as the participation goes on") {
    page_bench b;
    b.history();
    b.take_part();
    b.at += 200 * 24 * hour_ms;
    b.work();
    const answer a = b.get("/api/v1/visits?days=60");
    std::size_t missed = 0;
    for (const fhir::json::value& v : a["visits"].elements()) {
        const bool here = v["state"].text() == "missed";
        CHECK((here || missed == 0));
        missed += here;
    }
    CHECK(missed > 0);
    b.take_part("sle-uc-msc", "withdrawn");
    CHECK(b.get("/api/v1/visits?days=60")["visits"].size() == 0);
}

TEST_CASE("page api: visits and alerts of a merged record are the survivor's") {
    alert_bench b;
    b.merge();
    for (const char* path : {"/api/v1/visits?days=60", "/api/v1/alerts"}) {
        const answer a = b.get(path);
        const auto all = a["alerts"].is_array() ? a["alerts"] : a["visits"];
        REQUIRE(all.size() > 0);
        for (const fhir::json::value& one : all.elements()) {
            CHECK(one["subject"].text() == b.subject("Patient/q"));
            CHECK(one["page"].as_bool());
        }
    }
    CHECK(b.get("/api/v1/trials/sle-uc-msc/participants/S-001/visits").note.subject == b.subject("Patient/q"));
}

TEST_CASE("page api: who takes part without being considered has no page to open") {
    page_bench b;
    b.history();
    b.take_part("dapa-hf");
    const answer a = b.get("/api/v1/visits?days=366");
    for (const fhir::json::value& v : a["visits"].elements())
        CHECK_FALSE(v["page"].as_bool());
    b.arrive(arrival::hook, R"({"resourceType":"Patient","id":"n","meta":{"versionId":"1"},"gender":"male","birthDate":"1961-01-01"})");
    participant_row row = *b.now->participant("dapa-hf", "S-001");
    row.trial = "sle-uc-msc";
    row.patient = "Patient/n";
    b.now->participant_put(row);
    b.arrive(arrival::hydrated, "Patient/n");
    b.work();
    const answer c = b.get("/api/v1/visits?days=366&trial=sle-uc-msc");
    REQUIRE(c["visits"].size() > 0);
    for (const fhir::json::value& v : c["visits"].elements())
        CHECK_FALSE(v["page"].as_bool());
    const answer one = b.get("/api/v1/trials/sle-uc-msc/participants/S-001/visits");
    CHECK_FALSE(one["page"].as_bool());
    CHECK(b.get("/api/v1/trials/sle-uc-msc/people/" + one.text("subject")).status == 404);
}

TEST_CASE("page api: alerts that wait are counted, those of other trials, acknowledged and snoozed ones are not") {
    alert_bench b;
    const auto waiting = [&] { return b.get("/api/v1/alerts/count").text("waiting"); };
    const std::size_t all = b.get("/api/v1/alerts")["alerts"].size();
    REQUIRE(all > 1);
    CHECK(waiting() == std::to_string(all));
    const answer list = b.get("/api/v1/alerts");
    b.post("/api/v1/alerts/" + std::string(list["alerts"][0]["id"].text()) + "/acknowledge");
    b.post("/api/v1/alerts/" + std::string(list["alerts"][1]["id"].text()) + "/snooze", R"({"hours":2})");
    CHECK(waiting() == std::to_string(all - 2));
    b.at += 2 * hour_ms;
    CHECK(waiting() == std::to_string(all - 1));
    b.who.may.of_trial = {{"dapa-hf", {role::coordinator}}};
    CHECK(waiting() == "0");
}

TEST_CASE("page api: closed alerts come a page at a time, newest first") {
    alert_bench b;
    const alert_row pattern = b.now->alerts_after(0, false, 1).at(0);
    b.now->begin();
    for (int n = 0; n < 450; ++n) {
        alert_row a = pattern;
        a.key = "lab/" + std::to_string(n);
        a.public_id = "x" + std::to_string(n);
        a.trial = n % 2 ? "dapa-hf" : "sle-uc-msc";
        a.open = false;
        b.now->alert_found(a);
    }
    b.now->commit();
    b.who.may.of_trial = {{"sle-uc-msc", {role::coordinator}}};
    const answer open = b.get("/api/v1/alerts");
    CHECK(open["older"].is_null());
    const std::size_t all = 225 + open["alerts"].size();
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    std::size_t seen = 0;
    std::string more = "/api/v1/alerts?closed=1";
    for (int page = 0; page < 2; ++page) {
        const answer a = b.get(more);
        CHECK(a["alerts"].size() == (page == 0 ? 200 : all - 200));
        for (const fhir::json::value& one : a["alerts"].elements()) {
            const std::int64_t id = std::strtoll(std::string(one["id"].text()).c_str(), nullptr, 10);
            CHECK(id < before);
            before = id;
            ++seen;
        }
        CHECK(a["older"].is_null() == (page == 1));
        more = "/api/v1/alerts?closed=1&before=" + a.text("older");
    }
    CHECK(seen == all);
    CHECK(b.get("/api/v1/alerts?closed=1&before=0").status == 400);
}

TEST_CASE("page api: a safety alert comes with grade, baseline and trend, and names no resource") {
    alert_bench b;
    const answer a = b.get("/api/v1/alerts");
    const auto one = b.graded(a);
    REQUIRE(one.is_object());
    CHECK(one["subject"].text() == b.subject());
    CHECK(one["detail"]["details"]["grade"].text() == "3");
    CHECK(one["detail"]["details"]["baselineGrade"].text() == "0");
    CHECK(one["acknowledged"].is_null());
    REQUIRE(one["trend"].size() == 2);
    CHECK(one["trend"][0]["value"].text() == "20");
    CHECK(one["trend"][0]["grade"].text() == "0");
    CHECK(one["trend"][0]["beforeDose"].as_bool());
    CHECK(one["trend"][1]["value"].text() == "190");
    CHECK(one["trend"][1]["unit"].text() == "U/L");
    CHECK(one["trend"][1]["grade"].text() == "3");
    for (const char* word : {"Patient/p\"", "Observation/a", "1990-05-04"})
        CHECK_FALSE(a.has(word));
    b.who.revealed.insert(b.subject());
    CHECK(b.get("/api/v1/alerts").has("Observation/a2"));
    b.who.may.of_trial = {{"dapa-hf", {role::coordinator}}};
    CHECK(b.get("/api/v1/alerts")["alerts"].size() == 0);
}

TEST_CASE("page api: an alert is acknowledged once, in the name of the visitor, and the study system is told") {
    alert_bench b;
    const std::string id(b.graded(b.get("/api/v1/alerts"))["id"].text());
    const std::string path = "/api/v1/alerts/" + id;
    const std::size_t told = b.told().size();
    CHECK(b.post("/api/v1/alerts/999/acknowledge").status == 404);
    CHECK(b.post("/api/v1/alerts/x/acknowledge").status == 404);
    CHECK(b.post(path + "/acknowledge", R"({"more":1})").status == 400);
    const answer done = b.post(path + "/acknowledge");
    CHECK(done.status == 204);
    CHECK(done.note.trial == "sle-uc-msc");
    CHECK(done.note.subject == b.subject());
    CHECK(b.told_alerts == 1);
    CHECK(b.woken_outbox == 1);
    CHECK(b.told().size() == told + 1);
    CHECK(b.post(path + "/acknowledge").status == 409);
    const answer after = b.get("/api/v1/alerts");
    CHECK(b.graded(after)["acknowledgedBy"].text() == "Ann (local)");
    CHECK(b.graded(after)["acknowledged"].text() == "2026-03-15T08:00:00.000Z");
    CHECK(b.post(path + "/snooze", R"({"hours":2})").status == 409);
}

TEST_CASE("page api: an alert is snoozed for up to two weeks, by who works in its trial") {
    alert_bench b;
    const std::string path = "/api/v1/alerts/" + std::string(b.graded(b.get("/api/v1/alerts"))["id"].text()) + "/snooze";
    for (const char* body : {"", "{}", R"({"hours":0})", R"({"hours":337})", R"({"hours":1.5})", R"({"hours":"2"})"})
        CHECK(b.post(path, body).status == 400);
    CHECK(b.post(path, R"({"hours":336})").status == 204);
    CHECK(b.graded(b.get("/api/v1/alerts"))["snoozedUntil"].text() == "2026-03-29T08:00:00.000Z");
    b.who.may.of_trial = {{"dapa-hf", {role::investigator}}};
    CHECK(b.post(path, R"({"hours":1})").status == 404);
}
