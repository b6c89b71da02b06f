// What store.hpp promises, for every kind of store: participations, alerts, mails.
#include "gateway/store/alert_stamp.hpp"
#include "tests/store/store_support.hpp"

using namespace trialgate;
using namespace trialgate::tests;

namespace {

participant_row taking_part(std::string number, std::string patient = "Patient/p1", std::string trial = "t1") {
    participant_row out;
    out.trial = std::move(trial);
    out.number = std::move(number);
    out.source = "ehr";
    out.patient = std::move(patient);
    out.state = "on-study";
    out.since = *fhir::parse_date("2026-03-01");
    out.anchors = encode_anchors({{"dosing", {out.since, 1'772'355'600}}, {odd_text.substr(1, 3), {out.since - 20}}});
    out.changed = 5;
    out.set_by = "user alice";
    return out;
}

alert_row found(std::string key, std::string kind = "due", std::string number = "001") {
    alert_row out;
    out.trial = "t1";
    out.number = std::move(number);
    out.key = std::move(key);
    out.kind = std::move(kind);
    out.source = "ehr";
    out.patient = "Patient/p1";
    out.subject = "aa11";
    out.public_id = "ff" + out.key;
    out.tier = 1;
    out.raised = out.changed = out.news = 100;
    out.title = odd_text;
    out.content = "c1";
    out.body = "{}";
    out.body_with_references = "{\"a\":1}";
    return out;
}

std::string keys_of(const std::vector<alert_row>& all) {
    std::string out;
    for (const alert_row& a : all)
        out += (out.empty() ? "" : " ") + a.key + '/' + a.kind;
    return out;
}

} // namespace

TEST_CASE("A participation comes back as it was put, and the trail in its order") {
    any_store s;
    const participant_row put = taking_part("001");
    s->participant_put(put);
    s->participant_note_add("t1", "001", {5, "user alice", odd_text});
    s->participant_note_add("t1", "001", {4, "study system", "second"});
    s.reopen();
    const auto got = s->participant("t1", "001");
    REQUIRE(got);
    CHECK(got->source == "ehr");
    CHECK(got->patient == "Patient/p1");
    CHECK(got->state == "on-study");
    CHECK(got->since == put.since);
    CHECK(got->set_by == "user alice");
    CHECK(got->changed == 5);
    const mappings::participant who = participant_of(*got);
    CHECK(who.state == mappings::participation_state::on_study);
    REQUIRE(who.anchors.count("dosing") == 1);
    CHECK(who.anchors.at("dosing").on == put.since);
    CHECK(who.anchors.at("dosing").at == 1'772'355'600);
    CHECK(who.anchors.at(odd_text.substr(1, 3)).on == put.since - 20);
    CHECK_FALSE(who.anchors.at(odd_text.substr(1, 3)).at);
    const auto trail = s->participant_notes("t1", "001");
    REQUIRE(trail.size() == 2);
    CHECK(trail[0].what == odd_text);
    CHECK(trail[1].by == "study system");
    CHECK_FALSE(s->participant("t2", "001"));
    CHECK(s->participant_notes("t1", "002").empty());
}

TEST_CASE("A state that nobody wrote reads as one of which nothing is asked") {
    participant_row row = taking_part("001");
    row.state = "on-the-moon";
    row.anchors = "not json";
    CHECK(participant_of(row).state == mappings::participation_state::withdrawn);
    CHECK(participant_of(row).anchors.empty());
}

TEST_CASE("Participations are found by person and in pages by trial and number") {
    any_store s;
    s->participant_put(taking_part("002"));
    s->participant_put(taking_part("001"));
    s->participant_put(taking_part("001", "Patient/p2", "t2"));
    participant_row again = taking_part("003");
    again.since = again.since + 30;
    s->participant_put(again);
    const auto mine = s->participants_of("ehr", "Patient/p1");
    REQUIRE(mine.size() == 3);
    CHECK(mine.back().number == "003");
    CHECK(s->participants_of("other", "Patient/p1").empty());
    const auto first = s->participants_after("", "", 2);
    REQUIRE(first.size() == 2);
    CHECK(first[1].number == "002");
    const auto rest = s->participants_after("t1", "002", 10);
    REQUIRE(rest.size() == 2);
    CHECK(rest[1].trial == "t2");
}

TEST_CASE("Participations belong to whom their name is now, and a worklist hears when one begins, changes state or changes hands") {
    any_store s;
    const auto decide = [&](const char* who) {
        decision_row d;
        d.source = "ehr";
        d.patient = who;
        d.trial = "t1";
        d.status = "likely";
        d.subject = who;
        s->decision_put(d);
    };
    for (const char* who : {"Patient/p1", "Patient/p2"})
        decide(who);
    const auto stamp = [&](const char* who) { return s->decision("ehr", who, "t1")->stamp; };
    std::int64_t before = s->decisions_stamp();
    const auto grew = [&](const char* who, const participant_row& row) {
        s->participant_put(row);
        const bool out = stamp(who) > before;
        before = s->decisions_stamp();
        return out;
    };
    participant_row row = taking_part("001");
    CHECK(grew("Patient/p1", row));
    CHECK_FALSE(grew("Patient/p1", row));
    row.anchors = "{}";
    CHECK_FALSE(grew("Patient/p1", row));
    row.state = "withdrawn";
    CHECK(grew("Patient/p1", row));
    CHECK_FALSE(grew("Patient/p1", taking_part("001", "Patient/p1", "t2")));
    s->survivor_put("ehr", "Patient/p1", "Patient/p2");
    before = s->decisions_stamp();
    row.state = "on-study";
    CHECK(grew("Patient/p2", row));
    s->participant_put(taking_part("002", "Patient/p3"));
    s.reopen();
    CHECK(s->participants_of("ehr", "Patient/p2").empty());
    const auto mine = s->participants_of_person("ehr", "Patient/p2");
    REQUIRE(mine.size() == 2);
    CHECK(mine[0].trial == "t1");
    CHECK(mine[0].patient == "Patient/p1");
    CHECK(s->participants_of_person("other", "Patient/p2").empty());
    const auto all = s->participations_in("t1");
    REQUIRE(all.size() == 2);
    CHECK(all[0].patient == "Patient/p2");
    CHECK(all[0].number == "001");
    CHECK(all[0].state == "on-study");
    CHECK(all[1].patient == "Patient/p3");
    before = s->decisions_stamp();
    row.patient = "Patient/p3";
    CHECK(grew("Patient/p2", row)); // taken from one and given to another
}

TEST_CASE("Alerts are read backwards, and those that wait are counted by trial") {
    any_store s;
    for (const char* key : {"a", "b", "c", "d"})
        s->alert_found(found(key));
    alert_row other = found("e");
    other.trial = "t2";
    s->alert_found(other);
    const auto ids = s->alerts_after(0, false, 10);
    CHECK(s->alert_acknowledge(ids[0].id, "alice", 200));
    CHECK(s->alert_snooze(ids[1].id, 1'000));
    alert_row over = found("c");
    over.open = false;
    s->alert_found(over);
    s.reopen();
    const auto counts = s->alerts_waiting(999);
    REQUIRE(counts.size() == 2);
    CHECK(counts[0].trial == "t1");
    CHECK(counts[0].alerts == 1);
    CHECK(counts[1].alerts == 1);
    CHECK(s->alerts_waiting(1'000)[0].alerts == 2);
    CHECK(keys_of(s->alerts_before(ids[3].id, 2)) == "c/due b/due");
    CHECK(s->alerts_before(ids[0].id, 9).empty());
}

TEST_CASE("Who was put is to be looked at until somebody looked at that state") {
    any_store s;
    s->participant_put(taking_part("001"));
    const auto seen = s->participants_to_look_at(10);
    REQUIRE(seen.size() == 1);
    s->participant_put(taking_part("001")); // changed again while it was looked at
    s->participant_looked_at("t1", "001", seen[0].stamp);
    s.reopen();
    const auto again = s->participants_to_look_at(10);
    REQUIRE(again.size() == 1);
    s->participant_looked_at("t1", "001", again[0].stamp);
    CHECK(s->participants_to_look_at(10).empty());
    CHECK(s->participant("t1", "001").has_value());
}

TEST_CASE("An alert is one row for each participation, key and kind, however often it is found") {
    any_store s;
    for (int i = 0; i < 3; ++i) {
        s->alert_found(found("visit/v5"));
        s->alert_found(found("visit/v5", "overdue"));
        s->alert_found(found("visit/v5", "due", "002"));
        s.reopen();
    }
    CHECK(keys_of(s->alerts_of("t1", "001")) == "visit/v5/due visit/v5/overdue");
    CHECK(s->alerts_after(0, true, 10).size() == 3);
    const auto got = s->alert(s->alerts_of("t1", "001")[0].id);
    REQUIRE(got);
    CHECK(got->title == odd_text);
    CHECK(got->public_id == "ffvisit/v5");
    CHECK(got->subject == "aa11");
    CHECK(got->tier == 1);
    CHECK(got->open);
    CHECK(got->body_with_references == "{\"a\":1}");
    CHECK_FALSE(s->alert(99));
}

TEST_CASE("A withdrawn alert is no longer open, stays, and can come back") {
    any_store s;
    s->alert_found(found("k"));
    alert_row gone = s->alerts_of("t1", "001").front();
    gone.open = false;
    gone.withdrawn = 200;
    ++gone.version;
    s->alert_found(gone);
    CHECK(s->alerts_after(0, true, 10).empty());
    CHECK(s->alerts_after(0, false, 10).size() == 1);
    CHECK(s->alerts_of("t1", "001").front().version == 2);
    gone.open = true;
    gone.withdrawn = 0;
    s->alert_found(gone);
    CHECK(s->alerts_after(0, true, 10).size() == 1);
    CHECK(s->alerts_of("t1", "001").front().raised == 100);
}

TEST_CASE("Acknowledging counts as a version, happens once, and only of what is open") {
    any_store s;
    s->alert_found(found("k"));
    const auto id = s->alerts_of("t1", "001").front().id;
    CHECK(s->alert_acknowledge(id, "alice", 150));
    CHECK_FALSE(s->alert_acknowledge(id, "bob", 160));
    CHECK_FALSE(s->alert_snooze(id, 500));
    CHECK_FALSE(s->alert_acknowledge(id + 1, "bob", 160));
    s.reopen();
    alert_row row = *s->alert(id);
    CHECK(row.acknowledged_by == "alice");
    CHECK(row.acknowledged == 150);
    CHECK(row.version == 2);

    SECTION("what is found out meanwhile leaves it alone") {
        alert_row stale = found("k");
        stale.title = "other words";
        stale.version = 2;
        s->alert_found(stale);
        row = *s->alert(id);
        CHECK(row.title == "other words");
        CHECK(row.acknowledged_by == "alice");
        CHECK(row.version == 2);
    }
    SECTION("news ends it, and a snooze and an escalation too") {
        alert_row news = found("k");
        news.news = 300;
        news.version = 3;
        s->alert_found(news);
        row = *s->alert(id);
        CHECK(row.acknowledged == 0);
        CHECK(row.acknowledged_by.empty());
        CHECK(s->alert_snooze(id, 900));
        s->alert_escalated(id, 400);
        CHECK(s->alert(id)->snoozed_until == 900);
        CHECK(s->alert(id)->escalated == 400);
        news.news = 301;
        s->alert_found(news);
        CHECK(s->alert(id)->snoozed_until == 0);
        CHECK(s->alert(id)->escalated == 0);
        news.news = 100; // a clock that was set back
        s->alert_found(news);
        CHECK(s->alert(id)->news == 301);
    }
}

TEST_CASE("The stamp of a trial's alerts grows with its own alone") {
    any_store s;
    const auto stamp = [&](const char* trial) { return s->value(alerts_stamp_name(trial)).value_or(""); };
    alert_row other = found("k");
    other.trial = "t2";
    s->alert_found(found("k"));
    const std::string first = stamp("t1");
    CHECK(first == std::to_string(s->alerts_stamp()));
    CHECK(stamp("t2").empty());
    s->alert_found(other);
    CHECK(stamp("t1") == first);
    CHECK(stamp("t2") == std::to_string(s->alerts_stamp()));
    const auto id = s->alerts_of("t2", other.number).front().id;
    CHECK(s->alert_snooze(id, 5));
    s->alert_escalated(id, 5);
    CHECK(s->alert_acknowledge(id, "alice", 6));
    CHECK(stamp("t1") == first);
    CHECK(stamp("t2") == std::to_string(s->alerts_stamp()));
}

TEST_CASE("The stamp of alerts grows with every change of one") {
    any_store s;
    std::int64_t last = s->alerts_stamp();
    const auto grew = [&] {
        const std::int64_t now = s->alerts_stamp();
        return now > std::exchange(last, now);
    };
    CHECK_FALSE(grew());
    s->alert_found(found("k"));
    CHECK(grew());
    const auto id = s->alerts_of("t1", "001").front().id;
    CHECK(s->alert_snooze(id, 5));
    CHECK(grew());
    CHECK(s->alert_acknowledge(id, "alice", 6));
    CHECK(grew());
    s.reopen();
    CHECK_FALSE(grew());
    s->begin();
    s->alert_found(found("l"));
    s->rollback();
    CHECK_FALSE(grew());
}

TEST_CASE("Mails keep their order and what became of them") {
    any_store s;
    mail_row m;
    m.person = "alice";
    m.kind = "digest";
    m.message_id = "x@y";
    m.created = 7;
    m.subject = odd_text;
    m.text = "text";
    const auto first = s->mail_add(m), second = s->mail_add(m);
    CHECK(first < second);
    s->mail_set(first, mail_state::sending, 1, 90, "421");
    s.reopen();
    REQUIRE(s->mails(mail_state::sending, 10).size() == 1);
    const mail_row got = s->mails(mail_state::sending, 10).front();
    CHECK(got.id == first);
    CHECK(got.attempts == 1);
    CHECK(got.not_before == 90);
    CHECK(got.error == "421");
    CHECK(got.subject == odd_text);
    CHECK(got.message_id == "x@y");
    CHECK(s->mail_count_of(mail_state::waiting) == 1);
    s->mail_remove(first);
    CHECK(s->mails(mail_state::sending, 10).empty());
}

TEST_CASE("Who was told of what is kept for open alerts, and the latest news wins") {
    any_store s;
    s->alert_found(found("k"));
    const auto id = s->alerts_of("t1", "001").front().id;
    s->told_put({"alice", id, false, 100, 110});
    s->told_put({"alice", id, true, 100, 120});
    s->told_put({"alice", id, false, 300, 310});
    s->told_put({"alice", id, false, 200, 210});
    s->mail_count_put({"alice", *fhir::parse_date("2026-03-01"), 3, 120});
    s->mail_count_put({"alice", *fhir::parse_date("2026-03-02"), 1, 310});
    s.reopen();
    const auto told = s->told();
    REQUIRE(told.size() == 2);
    CHECK_FALSE(told[0].escalation);
    CHECK(told[0].news == 300);
    CHECK(told[0].at == 310);
    CHECK(told[1].escalation);
    const auto counts = s->mail_counts();
    REQUIRE(counts.size() == 1);
    CHECK(counts[0].mails == 1);
    CHECK(counts[0].day == *fhir::parse_date("2026-03-02"));
    alert_row gone = *s->alert(id);
    gone.open = false;
    s->alert_found(gone);
    CHECK(s->told().empty());
}

TEST_CASE("Forgetting a source forgets its participants and alerts, and no other's") {
    any_store s;
    s->participant_put(taking_part("001"));
    participant_row other = taking_part("002");
    other.source = "clinic";
    s->participant_put(other);
    s->participant_note_add("t1", "001", {1, "a", "b"});
    s->alert_found(found("k"));
    alert_row kept = found("k", "due", "002");
    kept.source = "clinic";
    s->alert_found(kept);
    s->source_remove("ehr");
    CHECK_FALSE(s->participant("t1", "001"));
    CHECK(s->participant_notes("t1", "001").empty());
    CHECK(s->participant("t1", "002"));
    REQUIRE(s->alerts_after(0, false, 10).size() == 1);
    CHECK(s->alerts_after(0, false, 10)[0].number == "002");
}
