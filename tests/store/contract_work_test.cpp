// What store.hpp promises, for every kind of store: outbox, jobs, Subscriptions, values, faults, forgetting a source.
#include "tests/store/store_support.hpp"

using namespace trialgate;
using namespace trialgate::tests;

TEST_CASE("The outbox gives the first row of each subject, oldest first, in the order in which they came") {
    any_store s;
    for (const char* key : {"a1", "b1", "a2", "c1", "b2"})
        s->outbox_add(to_tell(std::string(1, key[0]), key));
    CHECK(keys(s->outbox_due("study", 0, 10)) == "a1 b1 c1");
    CHECK(keys(s->outbox_due("study", 0, 2)) == "a1 b1");
    CHECK(s->outbox_due("other", 0, 10).empty());
    s->outbox_delivered(s->outbox_due("study", 0, 1).front().id);
    CHECK(keys(s->outbox_due("study", 0, 10)) == "b1 a2 c1");
    s.reopen();
    while (!s->outbox_due("study", 0, 1).empty())
        s->outbox_delivered(s->outbox_due("study", 0, 1).front().id);
    CHECK(s->outbox_list("", 0, 10).empty());
    CHECK_FALSE(s->outbox_next("study"));
}

TEST_CASE("An outbox row comes back as it was put in") {
    any_store s;
    outbox_row row{0, "study", "00ff", "t1", "status", "key-1", "{\"a\":\"\xc3\xa9\"}", 5, outbox_state::waiting, 0, 7, ""};
    s->outbox_add(row);
    s.reopen();
    const auto id = s->outbox_list("study", 0, 10).at(0).id;
    s->outbox_failed(id, 3, 9, outbox_state::waiting, "503");
    const auto got = s->outbox_get(id);
    REQUIRE(got);
    CHECK(got->sink == "study");
    CHECK(got->subject == "00ff");
    CHECK(got->trial == "t1");
    CHECK(got->kind == "status");
    CHECK(got->key == "key-1");
    CHECK(got->body == row.body);
    CHECK(got->created == 5);
    CHECK(got->state == outbox_state::waiting);
    CHECK(got->attempts == 3);
    CHECK(got->not_before == 9);
    CHECK(got->error == "503");
    CHECK_FALSE(s->outbox_get(id + 1));
}

TEST_CASE("A key that a sink has had is not told again: waiting, dead, delivered or removed") {
    any_store s;
    for (const char* key : {"waiting", "dead", "delivered", "removed"})
        s->outbox_add(to_tell(key, key));
    const auto rows = s->outbox_list("study", 0, 10);
    REQUIRE(keys(rows) == "waiting dead delivered removed");
    s->outbox_failed(rows[1].id, 9, 0, outbox_state::dead, "422");
    s->outbox_delivered(rows[2].id);
    s->outbox_remove(rows[3].id);
    s.reopen();
    for (const char* key : {"waiting", "dead", "delivered", "removed"})
        s->outbox_add(to_tell(key, key));
    CHECK(keys(s->outbox_list("study", 0, 10)) == "waiting dead");
    s->outbox_add(to_tell("waiting", "waiting", "another-sink"));
    CHECK(keys(s->outbox_list("another-sink", 0, 10)) == "waiting");
    CHECK(keys(s->outbox_list("", 0, 10)) == "waiting dead waiting");
    CHECK(keys(s->outbox_list("", s->outbox_list("", 0, 10)[0].id, 1)) == "dead");
}

TEST_CASE("A row that waits for its next attempt holds its own subject up, and no other") {
    any_store s;
    for (const char* key : {"a1", "b1", "a2", "b2"})
        s->outbox_add(to_tell(std::string(1, key[0]), key));
    const auto a1 = s->outbox_due("study", 0, 1).front();
    s->outbox_failed(a1.id, 1, 100, outbox_state::waiting, "timeout");
    CHECK(keys(s->outbox_due("study", 99, 10)) == "b1");
    CHECK(keys(s->outbox_due("study", 100, 10)) == "a1 b1");
    CHECK(s->outbox_next("study") == 0);
    s->outbox_failed(s->outbox_due("study", 0, 1).front().id, 1, 50, outbox_state::waiting, "timeout");
    CHECK(s->outbox_next("study") == 50); // a2 and b2 stand behind
}

TEST_CASE("A dead row lets the next of its subject pass, and goes first again when it is retried") {
    any_store s;
    for (const char* key : {"a1", "a2", "a3"})
        s->outbox_add(to_tell("a", key));
    const auto a1 = s->outbox_due("study", 0, 1).front();
    s->outbox_failed(a1.id, 8, 0, outbox_state::dead, "422");
    CHECK(keys(s->outbox_due("study", 0, 10)) == "a2");
    CHECK(s->outbox_count("study").dead == 1);
    s->outbox_failed(a1.id, 0, 0, outbox_state::waiting, "");
    CHECK(keys(s->outbox_due("study", 0, 10)) == "a1");
    s->outbox_failed(a1.id, 8, 0, outbox_state::dead, "422");
    s->outbox_remove(a1.id);
    CHECK(keys(s->outbox_due("study", 0, 10)) == "a2");
    for (const auto& row : s->outbox_list("study", 0, 10))
        s->outbox_failed(row.id, 8, 0, outbox_state::dead, "422");
    CHECK(s->outbox_due("study", 0, 10).empty());
    CHECK_FALSE(s->outbox_next("study"));
    s->outbox_add(to_tell("a", "a4"));
    CHECK(keys(s->outbox_due("study", 0, 10)) == "a4");
    s->outbox_delivered(12345);
    s->outbox_failed(12345, 1, 1, outbox_state::dead, "");
}

TEST_CASE("The outbox counts per sink, or all of them") {
    any_store s;
    CHECK(s->outbox_count("study").oldest == 0);
    for (int i = 1; i <= 4; ++i) {
        outbox_row row = to_tell("s" + std::to_string(i % 2), "k" + std::to_string(i), i == 4 ? "mail" : "study");
        row.created = i;
        s->outbox_add(row);
    }
    s->outbox_failed(s->outbox_due("study", 0, 1).front().id, 1, 0, outbox_state::dead, "");
    const auto study = s->outbox_count("study"), all = s->outbox_count("");
    CHECK(study.waiting == 2);
    CHECK(study.dead == 1);
    CHECK(study.oldest == 2);
    CHECK(all.waiting == 3);
    CHECK(all.dead == 1);
    CHECK(all.oldest == 2);
}

TEST_CASE("What is due is found among many that are to be tried later, and when one subject has many rows") {
    any_store s;
    s->begin();
    for (int i = 0; i < 3000; ++i) // as many heads that wait as an implementation may look at, and more
        s->outbox_add(to_tell("s" + std::to_string(i), "k" + std::to_string(i), "study", 1000 + i));
    for (int i = 0; i < 50; ++i)
        s->outbox_add(to_tell("busy", "busy" + std::to_string(i)));
    s->commit();
    CHECK(keys(s->outbox_due("study", 0, 10)) == "busy0");
    CHECK(keys(s->outbox_due("study", 1001, 10)) == "k0 k1 busy0");
    CHECK(keys(s->outbox_due("study", 5000, 2)) == "k0 k1");
    CHECK(s->outbox_due("study", 5000, 5000).size() == 3001);
}

TEST_CASE("A job stands once per source, kind and target, adding it again asks for it sooner and afresh") {
    any_store s;
    s->job_add(to_do(job_kind::fetch, "Observation/o1", 50));
    const auto before = s->jobs_due("ehr", job_kind::fetch, 50, 10).at(0);
    s->job_later(before.id, 4, 900);
    CHECK(s->jobs_due("ehr", job_kind::fetch, 899, 10).empty());
    CHECK(s->job_next("ehr", job_kind::fetch) == 900);
    s->job_add(to_do(job_kind::fetch, "Observation/o1", 70));
    s->job_add(to_do(job_kind::fetch, "Observation/o1", 80));
    s.reopen();
    const auto again = s->jobs_due("ehr", job_kind::fetch, 70, 10);
    REQUIRE(again.size() == 1);
    CHECK(again[0].id == before.id);
    CHECK(again[0].not_before == 70);
    CHECK(again[0].attempts == 0);
    CHECK(again[0].stamp > before.stamp);
    CHECK(again[0].source == "ehr");
    CHECK(again[0].kind == job_kind::fetch);
    CHECK(again[0].target == "Observation/o1");
    s->job_done(before.id, before.stamp); // somebody asked again meanwhile
    CHECK(s->job_count("ehr", job_kind::fetch) == 1);
    s->job_done(again[0].id, again[0].stamp);
    CHECK(s->job_count("ehr", job_kind::fetch) == 0);
    s->job_add(to_do(job_kind::fetch, "Observation/o1"));
    s->job_done(again[0].id, again[0].stamp); // an answer for a job that is gone does not end the new one
    CHECK(s->job_count("ehr", job_kind::fetch) == 1);
}

TEST_CASE("Jobs come earliest first, for one source and kind, when they are due") {
    any_store s;
    s->job_add(to_do(job_kind::fetch, "later", 30));
    s->job_add(to_do(job_kind::fetch, "b", 10));
    s->job_add(to_do(job_kind::fetch, "c", 10));
    s->job_add(to_do(job_kind::fetch, "a", 5));
    s->job_add(to_do(job_kind::hydrate, "Patient/p1", 1));
    s->job_add(to_do(job_kind::reconcile, "", 1, "lab"));
    CHECK(targets(s->jobs_due("ehr", job_kind::fetch, 29, 10)) == "a b c");
    CHECK(targets(s->jobs_due("ehr", job_kind::fetch, 30, 2)) == "a b");
    CHECK(s->job_next("ehr", job_kind::fetch) == 5);
    CHECK_FALSE(s->job_next("lab", job_kind::fetch));
    CHECK(s->job_count("ehr", job_kind::fetch) == 4);
    CHECK(s->job_count("lab", job_kind::reconcile) == 1);
    CHECK(s->jobs_due("lab", job_kind::hydrate, 99, 10).empty());
}

TEST_CASE("Subscriptions are kept by source and name") {
    any_store s;
    subscription_row row{"ehr", "lab", "token", "secret", "17", "rest-hook", "Observation?", "https://gate.example/hook", "active", 1, 2, 3, 4, "1-9"};
    s->subscription_put({"ehr", "lab", "", "", "", "", "", "", "", 0, 0, 0, 0, ""});
    s->subscription_put(row);
    s->subscription_put({"ehr", "drugs", "", "", "", "", "", "", "", 0, 0, 0, 0, ""});
    s->subscription_put({"other", "lab", "", "", "", "", "", "", "", 0, 0, 0, 0, ""});
    s.reopen();
    const auto all = s->subscriptions("ehr");
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "drugs");
    CHECK(all[1].name == "lab");
    const auto got = s->subscription("ehr", "lab");
    REQUIRE(got);
    CHECK(got->token == "token");
    CHECK(got->secret == "secret");
    CHECK(got->id == "17");
    CHECK(got->kind == "rest-hook");
    CHECK(got->criteria == "Observation?");
    CHECK(got->endpoint == "https://gate.example/hook");
    CHECK(got->status == "active");
    CHECK(got->created == 1);
    CHECK(got->ends == 2);
    CHECK(got->last_heard == 3);
    CHECK(got->last_checked == 4);
    CHECK(got->numbers == "1-9");
    s->subscription_remove("ehr", "lab");
    CHECK_FALSE(s->subscription("ehr", "lab"));
    CHECK(s->subscription("other", "lab"));
}

TEST_CASE("Values and faults are put, replaced and removed") {
    any_store s;
    CHECK_FALSE(s->value("cursor/ehr/Observation"));
    s->value_put("cursor/ehr/Observation", "1");
    s->value_put("cursor/ehr/Observation", "");
    s->fault_put({"source.ehr.unreachable", "old", 1, 1, 1});
    s->fault_put({"source.ehr.unreachable", "The server does not answer", 1, 9, 5});
    s->fault_put({"a", "b", 0, 0, 1});
    s.reopen();
    CHECK(s->value("cursor/ehr/Observation") == "");
    const auto faults = s->faults();
    REQUIRE(faults.size() == 2);
    CHECK(faults[0].key == "a");
    CHECK(faults[1].text == "The server does not answer");
    CHECK(faults[1].since == 1);
    CHECK(faults[1].last == 9);
    CHECK(faults[1].times == 5);
    s->value_remove("cursor/ehr/Observation");
    s->fault_remove("a");
    CHECK_FALSE(s->value("cursor/ehr/Observation"));
    CHECK(s->faults().size() == 1);
}

namespace {

void fill(store& s, const std::string& source) {
    journal_item item = arrived("body", source);
    s.journal_append(item);
    s.quarantine_add({0, item, "why", "", 0});
    s.patient_put({source, "Patient/a", "records", true, {1}, 0});
    s.link(source, "Patient/a", "Patient/b");
    s.subject_put("subject-" + source, source, "Patient/a");
    s.definition_put(source, "Medication/m", "record");
    s.refers(source, "Medication/m", "Patient/a");
    s.decision_put({source, "Patient/a", "t", "likely", 1, true, 0, "", 0, ""});
    s.outbox_add(to_tell("subject-" + source, "key-" + source));
    s.outbox_add(to_tell("subject-" + source, "old-" + source));
    s.outbox_delivered(s.outbox_list("", 0, 100).back().id);
    s.job_add(to_do(job_kind::hydrate, "Patient/a", 0, source));
    s.subscription_put({source, "lab", "", "", "", "", "", "", "", 0, 0, 0, 0, ""});
    for (const std::string& name : {"cursor/" + source + "/Observation", "bulk/" + source})
        s.value_put(name, "1");
    for (const std::string& key : {"source." + source + ".unreachable", "subscription." + source + ".drugs.silent"})
        s.fault_put({key, "text", 0, 0, 1});
}

/// How many things are kept of a source; `fill` makes 15.
int kept(store& s, const std::string& source) {
    int out = 0;
    for (const auto& row : s.journal_after(0, 100, 10000))
        out += row.source == source;
    for (const auto& item : s.quarantine_list(0, 100))
        out += item.original.source == source;
    out += s.patient(source, "Patient/a").has_value();
    out += static_cast<int>(s.linked(source, "Patient/b").size());
    out += s.subject_of("subject-" + source).has_value();
    out += s.definition(source, "Medication/m").has_value();
    out += static_cast<int>(s.referring(source, "Medication/m").size());
    out += static_cast<int>(s.decisions_of(source, "Patient/a").size());
    for (const auto& row : s.outbox_list("", 0, 100))
        out += row.subject == "subject-" + source;
    out += static_cast<int>(s.job_count(source, job_kind::hydrate));
    out += static_cast<int>(s.subscriptions(source).size());
    out += s.value("cursor/" + source + "/Observation").has_value() + s.value("bulk/" + source).has_value();
    for (const auto& f : s.faults())
        out += f.key.find('.' + source + '.') != std::string::npos;
    return out;
}

} // namespace

TEST_CASE("Removing a source forgets everything of it but its quarantine, and nothing of the others") {
    any_store s;
    for (const char* source : {"ehr", "ehr-2", "lab"})
        fill(*s.now, source);
    s->value_put("ehr", "1");
    s->fault_put({"sink.ehr.rejects", "of a sink with that name", 0, 0, 1});
    REQUIRE(kept(*s.now, "ehr-2") == 15);
    s->source_remove("ehr");
    s.reopen();
    CHECK(kept(*s.now, "ehr") == 2); // the quarantine, and the sink's fault
    CHECK(kept(*s.now, "ehr-2") == 15);
    CHECK(kept(*s.now, "lab") == 15);
    CHECK(s->value("ehr") == "1");
    CHECK(s->journal_count().rows == 2);
    CHECK(s->journal_count().bytes == 8);
    fill(*s.now, "ehr"); // as if it had never been there: its keys are not remembered
    CHECK(kept(*s.now, "ehr") == 17);
}
