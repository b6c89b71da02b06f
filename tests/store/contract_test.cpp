// What store.hpp promises, for every kind of store: journal, quarantine, people. contract_work_test.cpp has the rest.
#include "tests/store/store_support.hpp"

using namespace trialgate;
using namespace trialgate::tests;
using pairs = std::vector<std::pair<std::string, std::string>>;
using texts = std::vector<std::string>;

TEST_CASE("The journal gives rows back in order of arrival, as they came") {
    any_store s;
    journal_item all;
    all.source = "ehr";
    all.kind = arrival::lines;
    all.channel = "lab";
    all.method = "PUT";
    all.tail = "Observation/o1";
    all.headers = "X-A: b\nX-C: d";
    all.body = odd_text;
    all.received = 1'700'000'000'123;
    const auto first = s->journal_append(all);
    const auto second = s->journal_append(arrived(""));
    CHECK(first > 0);
    CHECK(second > first);
    s.reopen();
    const auto rows = s->journal_after(0, 10, 1000);
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].seq == first);
    CHECK(rows[0].source == all.source);
    CHECK(rows[0].kind == arrival::lines);
    CHECK(rows[0].channel == all.channel);
    CHECK(rows[0].method == all.method);
    CHECK(rows[0].tail == all.tail);
    CHECK(rows[0].headers == all.headers);
    CHECK(rows[0].body == odd_text);
    CHECK(rows[0].received == all.received);
    CHECK(rows[1].seq == second);
    CHECK(rows[1].body.empty());
}

TEST_CASE("Reading the journal ends at the number of rows or when the bytes are reached, and gives at least one row") {
    any_store s;
    std::vector<std::int64_t> seq;
    for (const char* body : {"aaaa", "bbbb", "cccc", "dddd"})
        seq.push_back(s->journal_append(arrived(body)));
    CHECK(bodies(s->journal_after(0, 2, 1000)) == "aaaa bbbb");
    CHECK(bodies(s->journal_after(seq[1], 10, 1000)) == "cccc dddd");
    CHECK(bodies(s->journal_after(0, 10, 5)) == "aaaa bbbb");
    CHECK(bodies(s->journal_after(0, 10, 4)) == "aaaa");
    CHECK(bodies(s->journal_after(0, 10, 1)) == "aaaa");
    CHECK(bodies(s->journal_after(0, 10, 0)) == "aaaa");
    CHECK(s->journal_after(0, 0, 1000).empty());
    CHECK(s->journal_after(seq[3], 10, 1000).empty());
    CHECK(s->journal_after(0, std::size_t(-1), std::size_t(-1)).size() == 4);
}

TEST_CASE("A journal row that is done is gone, and its number is never given again") {
    any_store s;
    const auto a = s->journal_append(arrived("a"));
    const auto b = s->journal_append(arrived("b"));
    s->journal_done(a);
    s->journal_done(a);
    s->journal_done(999);
    CHECK(bodies(s->journal_after(0, 10, 100)) == "b");
    s->journal_done(b);
    s.reopen();
    CHECK(s->journal_append(arrived("c")) > b);
}

TEST_CASE("Journal rows that are done together are gone and counted, with gaps between them") {
    any_store s;
    const auto a = s->journal_append(arrived("a"));
    const auto b = s->journal_append(arrived("bb"));
    const auto c = s->journal_append(arrived("ccc"));
    const auto d = s->journal_append(arrived("dddd"));
    s->journal_done(b);
    s->journal_done(a, c);
    s.reopen();
    CHECK(bodies(s->journal_after(0, 10, 100)) == "dddd");
    CHECK(s->journal_count().rows == 1);
    s->journal_done(d, d + 100);
    s->journal_done(a, d);
    CHECK(s->journal_count().rows == 0);
    CHECK(s->journal_count().bytes == 0);
}

TEST_CASE("The journal's counts follow every change, in and out of transactions, on every connection") {
    any_store s;
    const auto reading = s.kind.open(s.folder.path().string(), true);
    const auto counts = [](store& from) {
        const auto c = from.journal_count();
        return std::to_string(c.rows) + " rows " + std::to_string(c.bytes) + " bytes since " + std::to_string(c.oldest);
    };
    CHECK(counts(*reading) == "0 rows 0 bytes since 0");
    journal_item item = arrived("12345");
    item.received = 7;
    const auto first = s->journal_append(item);
    item.received = 9;
    item.body = "678";
    CHECK(counts(*reading) == "1 rows 5 bytes since 7");
    s->begin();
    s->journal_append(item);
    CHECK(counts(*s.now) == "2 rows 8 bytes since 7");
    CHECK(counts(*reading) == "1 rows 5 bytes since 7");
    s->rollback();
    CHECK(counts(*s.now) == "1 rows 5 bytes since 7");
    s->begin();
    s->journal_append(item);
    s->journal_done(first);
    s->commit();
    CHECK(counts(*reading) == "1 rows 3 bytes since 9");
    s.reopen();
    CHECK(counts(*s.now) == "1 rows 3 bytes since 9");
}

TEST_CASE("A transaction that is rolled back changes nothing") {
    any_store s;
    s->value_put("kept", "1");
    s->begin();
    s->value_put("kept", "2");
    s->journal_append(arrived("a"));
    s->outbox_add(to_tell("s", "k"));
    s->rollback();
    s->rollback();
    CHECK(s->value("kept") == "1");
    CHECK(s->journal_after(0, 10, 100).empty());
    CHECK(s->outbox_list("", 0, 10).empty());
    s->outbox_add(to_tell("s", "k")); // the key was not remembered
    CHECK(s->outbox_list("", 0, 10).size() == 1);
}

TEST_CASE("A reading connection sees what was committed, not what is being written, and cannot write") {
    any_store s;
    const auto reading = s.kind.open(s.folder.path().string(), true);
    s->begin();
    s->value_put("a", "1");
    CHECK_FALSE(reading->value("a"));
    s->commit();
    CHECK(reading->value("a") == "1");
    CHECK_THROWS_AS(reading->value_put("a", "2"), store_error);
    CHECK(reading->value("a") == "1");
}

TEST_CASE("Quarantine keeps what could not be read until it is removed") {
    any_store s;
    quarantine_item item;
    item.original = arrived(odd_text);
    item.original.kind = arrival::resource;
    item.original.channel = "lab";
    item.original.method = "POST";
    item.original.tail = "Condition/c1";
    item.original.headers = "X: y";
    item.original.received = 5;
    item.reason = "no JSON";
    item.path = "line 3, column 1";
    item.at = 6;
    const auto a = s->quarantine_add(item);
    item.reason = "again";
    const auto b = s->quarantine_add(item);
    s.reopen();
    CHECK(s->quarantine_count() == 2);
    const auto got = s->quarantine_get(a);
    REQUIRE(got);
    CHECK(got->id == a);
    CHECK(got->original.source == "ehr");
    CHECK(got->original.kind == arrival::resource);
    CHECK(got->original.channel == "lab");
    CHECK(got->original.method == "POST");
    CHECK(got->original.tail == "Condition/c1");
    CHECK(got->original.headers == "X: y");
    CHECK(got->original.received == 5);
    CHECK(got->original.body == odd_text);
    CHECK(got->reason == "no JSON");
    CHECK(got->path == "line 3, column 1");
    CHECK(got->at == 6);
    const auto listed = s->quarantine_list(a, 10);
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].id == b);
    CHECK(s->quarantine_list(0, 1).front().id == a);
    s->quarantine_remove(a);
    CHECK_FALSE(s->quarantine_get(a));
    CHECK(s->quarantine_count() == 1);
}

TEST_CASE("A patient is put, put again, found and removed") {
    any_store s;
    CHECK_FALSE(s->patient("ehr", "Patient/p1"));
    patient_row p{"ehr", "Patient/p1", odd_text, false, {20'000}, 3};
    s->patient_put(p);
    s->patient_put({"lab", "Patient/p1", "other", false, {20'000}, 3});
    p.records = std::string(100'000, 'x');
    p.hydrated = true;
    p.changes_on = fhir::date::highest();
    p.changed = 1'700'000'000'000;
    s->patient_put(p);
    s->refers("ehr", "Medication/m1", "Patient/p1");
    s->refers("lab", "Medication/m1", "Patient/p1");
    s.reopen();
    CHECK(s->patient_count() == 2);
    const auto got = s->patient("ehr", "Patient/p1");
    REQUIRE(got);
    CHECK(got->source == "ehr");
    CHECK(got->key == "Patient/p1");
    CHECK(got->records == p.records);
    CHECK(got->hydrated);
    CHECK(got->changes_on == fhir::date::highest());
    CHECK(got->changed == p.changed);
    CHECK(s->patient("lab", "Patient/p1")->records == "other");
    s->patient_remove("ehr", "Patient/p1");
    CHECK_FALSE(s->patient("ehr", "Patient/p1"));
    CHECK(s->patient_count() == 1);
    CHECK(s->referring("ehr", "Medication/m1").empty());
    CHECK(s->referring("lab", "Medication/m1") == texts{"Patient/p1"});
}

TEST_CASE("People are due when they are hydrated and their day has come, earliest first") {
    any_store s;
    s->patient_put({"ehr", "Patient/late", "", true, {300}, 0});
    s->patient_put({"ehr", "Patient/b", "", true, {200}, 0});
    s->patient_put({"ehr", "Patient/a", "", true, {100}, 0});
    s->patient_put({"ehr", "Patient/new", "", false, {1}, 0});
    s->patient_put({"lab", "Patient/lowest", "", true, fhir::date::lowest(), 0});
    s->patient_put({"lab", "Patient/never", "", true, fhir::date::highest(), 0});
    CHECK(s->patients_due({200}, 10) == pairs{{"lab", "Patient/lowest"}, {"ehr", "Patient/a"}, {"ehr", "Patient/b"}});
    CHECK(s->patients_due({200}, 2) == pairs{{"lab", "Patient/lowest"}, {"ehr", "Patient/a"}});
    s->patient_put({"lab", "Patient/lowest", "", true, {400}, 0});
    CHECK(s->patients_due({99}, 10).empty());
}

TEST_CASE("A sweep meets every patient once, ascending") {
    any_store s;
    for (const char* key : {"Patient/b", "Patient/a", "Patient/c"})
        s->patient_put({"ehr", key, "", false, {0}, 0});
    s->patient_put({"a-lab", "Patient/z", "", false, {0}, 0});
    CHECK(s->patients_after("", "", 2) == pairs{{"a-lab", "Patient/z"}, {"ehr", "Patient/a"}});
    CHECK(s->patients_after("ehr", "Patient/a", 9) == pairs{{"ehr", "Patient/b"}, {"ehr", "Patient/c"}});
    CHECK(s->patients_after("ehr", "Patient/c", 9).empty());
}

TEST_CASE("Links hold in both directions and may be repeated") {
    any_store s;
    s->link("ehr", "Patient/a", "Patient/b");
    s->link("ehr", "Patient/b", "Patient/a");
    s->link("ehr", "Patient/b", "identifier:s|1");
    s->link("ehr", "Patient/b", "Patient/b");
    s.reopen();
    CHECK(s->linked("ehr", "Patient/a") == texts{"Patient/b"});
    CHECK(s->linked("ehr", "Patient/b") == texts{"Patient/a", "identifier:s|1"});
    CHECK(s->linked("ehr", "identifier:s|1") == texts{"Patient/b"});
    CHECK(s->linked("lab", "Patient/a").empty());
}

TEST_CASE("A pseudonym leads to its patient") {
    any_store s;
    CHECK_FALSE(s->subject_of("00ff"));
    s->subject_put("00ff", "ehr", "Patient/a");
    s->subject_put("00ff", "ehr", "Patient/a");
    s.reopen();
    CHECK(s->subject_of("00ff") == std::pair<std::string, std::string>("ehr", "Patient/a"));
    s->subject_put("00ff", "lab", "Patient/b");
    CHECK(s->subject_of("00ff") == std::pair<std::string, std::string>("lab", "Patient/b"));
}

TEST_CASE("Definitions are kept with those who refer to them") {
    any_store s;
    CHECK_FALSE(s->definition("ehr", "Medication/m1"));
    s->definition_put("ehr", "Medication/m1", "old");
    s->definition_put("ehr", "Medication/m1", odd_text);
    s->refers("ehr", "Medication/m1", "Patient/b");
    s->refers("ehr", "Medication/m1", "Patient/a");
    s->refers("ehr", "Medication/m1", "Patient/a");
    s.reopen();
    CHECK(s->definition("ehr", "Medication/m1") == odd_text);
    CHECK_FALSE(s->definition("lab", "Medication/m1"));
    CHECK(s->referring("ehr", "Medication/m1") == texts{"Patient/a", "Patient/b"});
    CHECK(s->referring("ehr", "Medication/m2").empty());
}

TEST_CASE("Decisions are kept per patient and trial and paged in order") {
    any_store s;
    CHECK_FALSE(s->decision("ehr", "Patient/a", "t1"));
    const decision_row d{"ehr", "Patient/a", "t1", "likely", 3, true, 11, "enrolled", 12, "ineligible"};
    s->decision_put({"ehr", "Patient/a", "t1", "", 0, false, 0, "", 0, ""});
    s->decision_put(d);
    s->decision_put({"ehr", "Patient/a", "t2", "possible", 1, false, 1, "", 0, ""});
    s->decision_put({"ehr", "Patient/b", "t1", "possible", 1, false, 1, "", 0, ""});
    s->decision_put({"lab", "Patient/a", "t1", "possible", 1, false, 1, "", 0, ""});
    s.reopen();
    const auto got = s->decision("ehr", "Patient/a", "t1");
    REQUIRE(got);
    CHECK(got->status == "likely");
    CHECK(got->number == 3);
    CHECK(got->pushed);
    CHECK(got->decided == 11);
    CHECK(got->human == "enrolled");
    CHECK(got->human_at == 12);
    CHECK(got->contradiction == "ineligible");
    const auto names = [](const std::vector<decision_row>& rows) {
        std::string out;
        for (const auto& r : rows)
            out += r.source + '/' + r.patient.substr(8) + '/' + r.trial + ' ';
        return out;
    };
    CHECK(names(s->decisions_of("ehr", "Patient/a")) == "ehr/a/t1 ehr/a/t2 ");
    CHECK(names(s->decisions_after("", "", "", 3)) == "ehr/a/t1 ehr/a/t2 ehr/b/t1 ");
    CHECK(names(s->decisions_after("ehr", "Patient/b", "t1", 3)) == "lab/a/t1 ");
    CHECK(names(s->decisions_after("ehr", "Patient/a", "t1", 1)) == "ehr/a/t2 ");
}
