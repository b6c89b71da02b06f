// The trail of who saw and did what: that it goes with what it tells of, how it is read, and that nobody waits for it.
#include "gateway/core/async.hpp"
#include "gateway/page/api_thread.hpp"
#include "gateway/page/seal_check.hpp"
#include "gateway/store/sqlite_store.hpp"
#include "tests/page/page_bench.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <sqlite3.h>
#include <thread>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

void fill(store& rows, int number, instant from = start) {
    rows.begin();
    for (int n = 0; n < number; ++n) {
        audit_row row;
        row.at = from + n * hour_ms;
        row.by = n % 2 ? "oidc:x|ian" : "oidc:x|eve";
        row.action = n % 3 ? "view-patient" : "login";
        row.subject = n % 3 ? "ab" + std::to_string(n) : "";
        row.status = n == 4 ? 404 : n == 5 ? 503 : 0;
        rows.audit_add(row);
    }
    rows.commit();
}

std::string ids(const answer& a) {
    std::string out;
    for (const auto& one : a["entries"].elements())
        out += (out.empty() ? "" : " ") + std::string(one["id"].text());
    return out;
}

/// What somebody who can write the file could do.
void damage(const page_bench& b, const std::string& sql) {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(store_file(b.folder.path().string()).c_str(), &db) == SQLITE_OK);
    REQUIRE(sqlite3_exec(db, ("DROP TRIGGER audit_never_changed; DROP TRIGGER audit_never_removed; " + sql).c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
}

seal_standing checked(store& rows) {
    seal_check check;
    while (check.step(rows, 7))
        ;
    return check.standing();
}

/// A thread of the API, and coroutines that ask it.
struct asking : page_bench {
    boost::asio::io_context io{1};
    api_thread thread;
    explicit asking(api_thread::slice background = {}) : thread(open_sqlite(folder.path().string()), std::move(background)) {}

    struct asked {
        boost::asio::cancellation_signal cancel;
        http_response got;
        bool ended = false;
    };
    std::shared_ptr<asked> ask(api_thread::work what) {
        const auto out = std::make_shared<asked>();
        boost::asio::co_spawn(io, thread.run(std::move(what)), boost::asio::bind_cancellation_slot(out->cancel.slot(), [out](std::exception_ptr e, http_response r) {
                                  REQUIRE_FALSE(e);
                                  out->got = std::move(r);
                                  out->ended = true;
                              }));
        return out;
    }
};

} // namespace

TEST_CASE("trail: a change that the trail cannot tell of is not made") {
    page_bench b;
    b.history();
    b.trail = [](store&, const audit_note&) { throw store_error(store_error::kind::io, "no trail"); };
    const std::string judgements = b.person_path() + "/judgements";
    const std::string body = R"({"kind":"mark","value":"enrolled","reason":"r","number":"S-7"})";
    const answer refused = b.post(judgements, body);
    CHECK(refused.status == 503);
    CHECK(refused.has("nothing was changed"));
    CHECK_FALSE(refused.note.written);
    CHECK(b.now->judgements_of("ehr", "Patient/p", "").empty());
    CHECK_FALSE(b.now->participant("sle-uc-msc", "S-7"));
    CHECK(b.woken_worker == 0);

    b.trail = [](store& s, const audit_note& note) {
        audit_row row;
        row.action = note.action;
        row.subject = note.subject;
        row.detail = note.detail;
        s.audit_add(row);
    };
    const answer done = b.post(judgements, body);
    CHECK(done.status == 201);
    CHECK(done.note.written);
    REQUIRE(b.now->audit_latest(5).size() == 1);
    CHECK(b.now->audit_latest(1).front().action == "judge");
    CHECK(b.now->audit_latest(1).front().detail == "mark enrolled #1");

    b.trail = [](store&, const audit_note&) { throw store_error(store_error::kind::io, "no trail"); };
    CHECK(b.post(judgements + "/1/undo").status == 503);
    CHECK(b.now->judgements_of("ehr", "Patient/p", "").front().undone_by.empty());
}

TEST_CASE("trail: what a rule refuses is not in the trail as done") {
    page_bench b;
    b.history();
    bool wrote = false;
    b.trail = [&](store&, const audit_note&) { wrote = true; };
    const std::string judgements = b.person_path() + "/judgements";
    CHECK(b.post(judgements, R"({"kind":"mark","value":"enrolled","reason":"r","number":"S-7"})").status == 201);
    wrote = false;
    const answer again = b.post(judgements, R"({"kind":"mark","value":"enrolled","reason":"r","number":"S-8"})");
    CHECK(again.status == 409);
    CHECK_FALSE(again.note.written);
    CHECK_FALSE(wrote);
    CHECK(again.note.detail == "mark enrolled");
    CHECK(b.post("/api/v1/operations/quarantine/77/drop").status == 404);
    CHECK_FALSE(wrote);
}

TEST_CASE("trail: newest first, in parts, and by who, what, whom and when") {
    page_bench b;
    fill(*b.now, 60);
    const answer first = b.get("/api/v1/audit?limit=3");
    CHECK(first.note.action == "view-audit");
    CHECK(ids(first) == "60 59 58");
    CHECK(first.text("older") == "58");
    const answer more = b.get("/api/v1/audit?limit=3&before=58");
    CHECK(more.note.action == "view-audit"); // every page of it is looked at by somebody
    CHECK(ids(more) == "57 56 55");
    const answer last = b.get("/api/v1/audit?limit=3&before=4");
    CHECK(ids(last) == "3 2 1");
    CHECK(last["older"].is_null());
    CHECK(ids(b.get("/api/v1/audit?who=IAN&action=login&limit=2")) == "58 52");
    CHECK(ids(b.get("/api/v1/audit?subject=ab5&limit=500")) == "60 59 57 56 54 53 51 6");
    // The bench's site is at UTC: its first day ends after some hours.
    const std::string day = to_text(start).substr(0, 10);
    const auto of_day = b.now->audit_between(0, 100, {"", "", "", start, start - start % (24 * hour_ms) + 24 * hour_ms}, 100);
    REQUIRE_FALSE(of_day.empty());
    REQUIRE(of_day.size() < 60);
    CHECK(b.get("/api/v1/audit?from=" + day + "&to=" + day)["entries"].size() == of_day.size());
    CHECK(b.get("/api/v1/audit?from=" + day)["entries"].size() == 60);
    for (const char* wrong : {"before=0", "before=x", "limit=501", "from=2026", "to=x"})
        CHECK(b.get(std::string("/api/v1/audit?") + wrong).status == 400);
    b.seals = {false, 60, 7};
    const auto seals = b.get("/api/v1/audit?limit=1");
    CHECK(seals.has(R"("seals":{"intact":false,"checkedThrough":60,"newest":60,"brokenAt":7})"));
}

TEST_CASE("trail: the export is a bundle of all rows up to its request, or of a period") {
    page_bench b;
    const auto empty = b.get("/api/v1/audit/fhir");
    CHECK(empty["type"].text() == "collection");
    CHECK_FALSE(empty["entry"]);
    fill(*b.now, 2'500);
    const answer all = b.get("/api/v1/audit/fhir");
    CHECK(all.note.action == "export");
    CHECK(all.note.detail == "audit trail, through row 2500");
    REQUIRE(all["entry"].size() == 2'500);
    const auto outcome = [&](std::size_t n) { return std::string(all["entry"][n]["resource"]["outcome"].text()); };
    CHECK(outcome(0) == "0");
    CHECK(outcome(4) == "4");
    CHECK(outcome(5) == "8");
    CHECK(all["entry"][7]["fullUrl"].text() == "urn:trialgate:audit:8");
    const std::string day = to_text(start + 24 * hour_ms).substr(0, 10);
    CHECK(b.get("/api/v1/audit/fhir?from=" + day + "&to=" + day)["entry"].size() == 24);
    CHECK_FALSE(b.get("/api/v1/audit/fhir?to=2000-01-01")["entry"]);
    CHECK(b.get("/api/v1/audit/fhir?to=2000").status == 400);
}

TEST_CASE("trail: seals are checked in slices, and tell where the trail is not as it was written") {
    page_bench b;
    fill(*b.now, 50);
    seal_check check;
    CHECK(check.step(*b.now, 20));
    CHECK(check.standing().checked_through == 20);
    CHECK(check.step(*b.now, 20));
    CHECK_FALSE(check.step(*b.now, 20));
    CHECK(check.standing().intact);
    CHECK(check.standing().checked_through == 50);
    fill(*b.now, 1);
    CHECK_FALSE(check.step(*b.now, 20));
    CHECK(check.standing().checked_through == 51);
    CHECK(check.standing().intact);

    SECTION("a row that was changed after it was looked at is seen when all is looked at again") {
        damage(b, "UPDATE audit SET detail = 'x' WHERE id = 12");
        CHECK_FALSE(check.step(*b.now, 20));
        CHECK(check.standing().intact);
        check.again();
        while (check.step(*b.now, 20))
            ;
        CHECK_FALSE(check.standing().intact);
        CHECK(check.standing().broken_at == 12);
        CHECK(checked(*b.now).broken_at == 12);
    }
    SECTION("a row that was taken out") {
        damage(b, "DELETE FROM audit WHERE id = 30");
        CHECK(checked(*b.now).broken_at == 31);
    }
    SECTION("the first row") {
        damage(b, "DELETE FROM audit WHERE id = 1");
        CHECK(checked(*b.now).broken_at == 2);
    }
    SECTION("the last rows, while somebody looks") {
        damage(b, "DELETE FROM audit WHERE id > 40");
        CHECK_FALSE(check.step(*b.now, 20));
        CHECK(check.standing().broken_at == 51);
    }
}

TEST_CASE("api thread: what nobody waits for any more is not begun, and what was begun says that it is not known") {
    asking a;
    std::atomic<bool> go = false, begun = false, done = false, never = false;
    const auto first = a.ask([&](store&) {
        begun = true;
        while (!go)
            std::this_thread::yield();
        done = true;
        return http_response{};
    });
    const auto second = a.ask([&](store&) {
        never = true;
        return http_response{};
    });
    const auto third = a.ask([](store&) { return http_response{204, {}, {}}; });
    while (!begun)
        a.io.poll();
    first->cancel.emit(boost::asio::cancellation_type::terminal);
    second->cancel.emit(boost::asio::cancellation_type::terminal);
    while (!first->ended || !second->ended)
        a.io.poll();
    CHECK(first->got.status == 503);
    CHECK(first->got.body.find("not known") != std::string::npos);
    CHECK(second->got.status == 503);
    CHECK(second->got.body.find("nothing was done") != std::string::npos);
    go = true;
    while (!third->ended) {
        a.io.restart();
        a.io.run_for(std::chrono::milliseconds(10));
    }
    CHECK(third->got.status == 204);
    CHECK(done);
    CHECK_FALSE(never);
}

TEST_CASE("api thread: the background goes on in slices while others are answered") {
    std::atomic<int> slices = 0;
    asking a([&](store&) {
        ++slices;
        return slices < 40;
    });
    while (slices == 0)
        std::this_thread::yield();
    const auto asked = a.ask([](store&) { return http_response{204, {}, {}}; });
    while (!asked->ended) {
        a.io.restart();
        a.io.run_for(std::chrono::milliseconds(1));
    }
    CHECK(slices < 40);
    for (int n = 0; n < 5'000 && slices < 40; ++n)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(slices >= 40);
}

TEST_CASE("trail: where it ends is looked at each day, and all of it again") {
    page_bench b;
    trail_keeper keeper;
    const instant day = 24 * hour_ms;
    CHECK_FALSE(keeper.step(*b.now, start));
    fill(*b.now, 10);
    CHECK_FALSE(keeper.step(*b.now, start));
    damage(b, "UPDATE audit SET detail = 'x' WHERE id = 3");
    CHECK_FALSE(keeper.step(*b.now, start + 1));
    CHECK(keeper.standing().intact);
    CHECK(keeper.step(*b.now, start + day));
    CHECK_FALSE(keeper.step(*b.now, start + day));
    CHECK_FALSE(keeper.standing().intact);
    CHECK(keeper.standing().broken_at == 3);
}
