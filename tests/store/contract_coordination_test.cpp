// What store.hpp promises, for every kind of store: worklists, histories, what people said, and who saw what.
#include "gateway/store/fold.hpp"
#include "tests/store/store_support.hpp"

#include <set>

using namespace trialgate;
using namespace trialgate::tests;

namespace {

decision_row decided(std::string patient, std::string status, std::string trial = "t1") {
    decision_row out;
    out.source = "ehr";
    out.patient = std::move(patient);
    out.trial = std::move(trial);
    out.status = std::move(status);
    out.subject = "aa" + out.patient;
    out.strip = "+?";
    return out;
}

judgement_row said(judgement_kind kind, std::string what, std::string patient = "Patient/p1", std::string trial = "t1") {
    judgement_row out;
    out.source = "ehr";
    out.patient = std::move(patient);
    out.trial = std::move(trial);
    out.kind = kind;
    out.what = std::move(what);
    out.value = "met";
    out.reason = odd_text;
    out.by = "local";
    out.name = "Local user";
    out.role = "investigator";
    out.at = 1'700'000'000'123;
    out.asked = "text";
    return out;
}

std::string patients(const std::vector<decision_row>& rows) {
    std::string out;
    for (const decision_row& r : rows)
        out += (out.empty() ? "" : " ") + r.patient.substr(8);
    return out;
}

std::string whats(const std::vector<judgement_row>& rows) {
    std::string out;
    for (const judgement_row& r : rows)
        out += (out.empty() ? "" : " ") + r.what;
    return out;
}

} // namespace

TEST_CASE("A decision comes back as it was put, what a worklist shows included") {
    any_store s;
    decision_row d = decided("Patient/p1", "likely");
    d.strip = odd_text;
    d.changes_on = {20'000};
    d.changed = 5;
    d.mark = "screened";
    d.marked = 6;
    d.made_with = "f1";
    d.stamp = 99;
    s->decision_put(d);
    s.reopen();
    const auto got = s->decision("ehr", "Patient/p1", "t1");
    REQUIRE(got);
    CHECK(got->subject == d.subject);
    CHECK(got->strip == odd_text);
    CHECK(got->changes_on == fhir::date{20'000});
    CHECK(got->changed == 5);
    CHECK(got->mark == "screened");
    CHECK(got->marked == 6);
    CHECK(got->made_with == "f1");
    CHECK(got->stamp == 1); // the store's own
    CHECK(s->decision_of_subject(d.subject, "t1")->patient == "Patient/p1");
    CHECK_FALSE(s->decision_of_subject(d.subject, "t2"));
    s->decision_put({"ehr", "Patient/p2", "t1", "", 0, false, 0, "", 0, ""});
    CHECK_FALSE(s->decision_of_subject("", "t1")); // of whom no pseudonym is known yet
}

TEST_CASE("A decision gets a new stamp when something differs that a worklist shows, and only then") {
    any_store s;
    decision_row d = decided("Patient/p1", "likely");
    s->decision_put(d);
    s->decision_put(decided("Patient/p2", "likely"));
    std::int64_t last = s->decisions_stamp();
    CHECK(last == 2);
    const auto grew = [&] {
        s->decision_put(d);
        const std::int64_t now = s->decisions_stamp();
        CHECK((s->decision("ehr", "Patient/p1", "t1")->stamp == now) == (now != last || last == 1));
        return now > std::exchange(last, now);
    };
    CHECK(((d.status = "possible"), grew()));
    d.decided = 77;
    d.number = 4;
    d.pushed = true;
    d.human_at = d.marked = d.changed = 78;
    const std::int64_t before = s->decision("ehr", "Patient/p1", "t1")->stamp;
    s->decision_put(d);
    CHECK(s->decisions_stamp() == last);
    CHECK(s->decision("ehr", "Patient/p1", "t1")->stamp == before);
    CHECK(s->decision("ehr", "Patient/p1", "t1")->number == 4);
    CHECK(((d.strip = "++"), grew()));
    CHECK(((d.changes_on = {7}), grew()));
    CHECK(((d.mark = "excluded"), grew()));
    CHECK(((d.human = "on-study"), grew()));
    CHECK(((d.contradiction = "ineligible"), grew()));
    CHECK(((d.subject = "bb"), grew()));
    s->begin();
    d.strip = "--";
    s->decision_put(d);
    s->rollback();
    CHECK(s->decisions_stamp() == last);
}

TEST_CASE("A worklist is read on from a stamp, by stamp, with people who are not listed any more") {
    any_store s;
    for (const char* p : {"Patient/a", "Patient/b", "Patient/c"})
        s->decision_put(decided(p, "likely"));
    s->decision_put(decided("Patient/a", "likely", "t2"));
    CHECK(patients(s->decisions_since("t1", 0, 10)) == "a b c");
    CHECK(patients(s->decisions_since("t1", 0, 2)) == "a b");
    const std::int64_t seen = s->decisions_stamp();
    s->decision_put(decided("Patient/a", ""));
    s->decision_put(decided("Patient/b", "likely"));
    CHECK(patients(s->decisions_since("t1", seen, 10)) == "a");
    CHECK(s->decisions_since("t1", s->decisions_stamp(), 10).empty());
    CHECK(patients(s->decisions_since("t1", 0, 10)) == "b c a");
    s.reopen();
    CHECK(s->decisions_stamp() == seen + 1);
}

TEST_CASE("A history is read newest first") {
    any_store s;
    for (int i = 1; i <= 3; ++i)
        s->history_add({0, "ehr", "Patient/p1", "t1", i, "likely", odd_text, "{\"by\":\"record\"}", "f1"});
    s->history_add({0, "ehr", "Patient/p1", "t2", 9, "", "", "{}"});
    s->history_add({0, "ehr", "Patient/p2", "t1", 9, "", "", "{}"});
    s.reopen();
    const auto got = s->history_of("ehr", "Patient/p1", "t1", 2);
    REQUIRE(got.size() == 2);
    CHECK(got[0].at == 3);
    CHECK(got[1].at == 2);
    CHECK(got[0].status == "likely");
    CHECK(got[0].strip == odd_text);
    CHECK(got[0].cause == "{\"by\":\"record\"}");
    CHECK(got[0].made_with == "f1");
    CHECK(got[0].id > got[1].id);
}

TEST_CASE("What was said of a person when the list had a stamp is found") {
    any_store s;
    const auto decide = [&](const char* status, const char* strip) {
        decision_row d = decided("Patient/p1", status);
        d.strip = strip;
        s->decision_put(d);
        s->history_add({0, "ehr", "Patient/p1", "t1", 1, status, strip, "{}", "f1"});
        return s->decisions_stamp();
    };
    const std::int64_t before = s->decisions_stamp(), first = decide("likely", "+?"), second = decide("possible", "??");
    s->decision_put(decided("Patient/p2", "likely"));
    CHECK(second > first);
    CHECK_FALSE(s->history_at("ehr", "Patient/p1", "t1", before));
    CHECK(s->history_at("ehr", "Patient/p1", "t1", first)->strip == "+?");
    CHECK(s->history_at("ehr", "Patient/p1", "t1", second)->strip == "??");
    CHECK(s->history_at("ehr", "Patient/p1", "t1", s->decisions_stamp())->status == "possible");
    CHECK_FALSE(s->history_at("ehr", "Patient/p1", "t2", second));
}

TEST_CASE("Of whom somebody else said or took back something since a stamp is told, under the name of now") {
    any_store s;
    s->decision_put(decided("Patient/p1", "likely"));
    s->decision_put(decided("Patient/p2", "likely"));
    const std::int64_t seen = s->decisions_stamp();
    const auto id = s->judgement_add(said(judgement_kind::mark, ""));
    CHECK(s->judged_since("t1", seen, "local").empty());
    CHECK(s->judged_since("t2", seen, "oidc:x").empty());
    REQUIRE(s->judged_since("t1", seen, "oidc:x").size() == 1);
    CHECK(s->judged_since("t1", seen, "oidc:x")[0].patient == "Patient/p1");
    const std::int64_t later = s->decisions_stamp();
    CHECK(s->judged_since("t1", later, "oidc:x").empty());
    s->judgement_undo(id, {"oidc:x", "Ann"}, 1);
    CHECK(s->judged_since("t1", later, "oidc:x").empty());
    CHECK(s->judged_since("t1", later, "local").size() == 1);
    s->survivor_put("ehr", "Patient/p1", "Patient/p2");
    REQUIRE(s->judged_since("t1", later, "local").size() == 1);
    CHECK(s->judged_since("t1", later, "local")[0].patient == "Patient/p2");
}

TEST_CASE("What people said is kept, undone once, and never removed") {
    any_store s;
    const judgement_row put = said(judgement_kind::criterion, "c1");
    const auto first = s->judgement_add(put);
    const auto second = s->judgement_add(said(judgement_kind::mark, ""));
    const auto other = s->judgement_add(said(judgement_kind::criterion, "c2", "Patient/p1", "t2"));
    CHECK(first < second);
    CHECK(s->judgement_undo(first, {"oidc:x", "Ann"}, 99));
    CHECK_FALSE(s->judgement_undo(first, {"oidc:y", "Ann"}, 100));
    CHECK_FALSE(s->judgement_undo(12345, {"oidc:y", "Ann"}, 100));
    s.reopen();
    const auto got = s->judgement(first);
    REQUIRE(got);
    CHECK(got->source == "ehr");
    CHECK(got->patient == "Patient/p1");
    CHECK(got->trial == "t1");
    CHECK(got->kind == judgement_kind::criterion);
    CHECK(got->what == "c1");
    CHECK(got->value == "met");
    CHECK(got->reason == odd_text);
    CHECK(got->by == "local");
    CHECK(got->name == "Local user");
    CHECK(got->role == "investigator");
    CHECK(got->at == put.at);
    CHECK(got->asked == "text");
    CHECK(got->undone_by == "oidc:x");
    CHECK(got->undone_name == "Ann");
    CHECK(got->undone == 99);
    CHECK(s->judgement(second)->undone_by.empty());
    CHECK(s->judgements_of("ehr", "Patient/p1", "t1").size() == 2);
    CHECK(s->judgements_of("ehr", "Patient/p1", "").size() == 3);
    CHECK(s->judgements_of("lab", "Patient/p1", "").empty());
    CHECK(s->judgements_after(0, judgement_kind::criterion, 10).size() == 2);
    CHECK(s->judgements_after(first, judgement_kind::criterion, 10).front().id == other);
    CHECK(s->judgements_after(0, judgement_kind::criterion, 1).front().id == first);
}

TEST_CASE("What was said or undone is to be looked at until somebody looked at that") {
    any_store s;
    const auto id = s->judgement_add(said(judgement_kind::criterion, "c1"));
    s->judgement_add(said(judgement_kind::mark, "m"));
    auto seen = s->judgements_to_look_at(10);
    REQUIRE(whats(seen) == "c1 m");
    s->judgement_undo(id, {"local", "Ann"}, 5); // while it was looked at
    for (const judgement_row& j : seen)
        s->judgement_looked_at(j.id, j.unread);
    s.reopen();
    seen = s->judgements_to_look_at(10);
    REQUIRE(whats(seen) == "c1");
    s->judgement_looked_at(id, seen[0].unread);
    CHECK(s->judgements_to_look_at(10).empty());
    CHECK(s->judgement(id)->unread == 0);
}

TEST_CASE("A comment gives the decision that it is about a new stamp, and so does taking it back") {
    any_store s;
    s->decision_put(decided("Patient/p1", "likely"));
    s->decision_put(decided("Patient/p2", "likely"));
    const auto id = s->judgement_add(said(judgement_kind::comment, ""));
    s->judgement_add(said(judgement_kind::comment, "", "Patient/p9")); // of whom nothing was decided
    CHECK(patients(s->decisions_since("t1", 2, 10)) == "p1");
    CHECK(s->decision("ehr", "Patient/p1", "t1")->stamp == 3);
    CHECK(s->decisions_stamp() == 3);
    CHECK(s->judgement_undo(id, {"local", "Ann"}, 1));
    CHECK(s->decisions_stamp() == 4);
    CHECK(s->decision("ehr", "Patient/p1", "t1")->stamp == 4);
}

TEST_CASE("Standing comments are counted by person") {
    any_store s;
    s->judgement_add(said(judgement_kind::comment, ""));
    s->judgement_add(said(judgement_kind::comment, ""));
    s->judgement_add(said(judgement_kind::comment, "", "Patient/p2"));
    s->judgement_add(said(judgement_kind::comment, "", "Patient/p1", "t2"));
    s->judgement_add(said(judgement_kind::mark, ""));
    s->judgement_undo(s->judgement_add(said(judgement_kind::comment, "", "Patient/p2")), {"local", "Ann"}, 1);
    const auto counts = s->comment_counts("t1");
    REQUIRE(counts.size() == 2);
    CHECK(counts[0].source == "ehr");
    CHECK(counts[0].patient == "Patient/p1");
    CHECK(counts[0].comments == 2);
    CHECK(counts[1].comments == 1);
}

TEST_CASE("What belongs to a name follows its survivor, and comes back") {
    any_store s;
    s->decision_put(decided("Patient/a", "likely"));
    s->decision_put(decided("Patient/b", "likely"));
    s->judgement_add(said(judgement_kind::comment, "of a", "Patient/a"));
    s->judgement_add(said(judgement_kind::comment, "of b", "Patient/b"));
    s->history_add({0, "ehr", "Patient/a", "t1", 1, "likely", "", "a"});
    s->history_add({0, "ehr", "Patient/a", "t1", 2, "", "", "its name left the list, not its person"});
    CHECK(s->survivor("ehr", "Patient/a") == "Patient/a");
    const std::int64_t before = s->decisions_stamp();
    s->survivor_put("ehr", "Patient/a", "Patient/b");
    CHECK(patients(s->decisions_since("t1", before, 10)) == "a b");
    s->survivor_put("ehr", "Patient/a", "Patient/b");
    CHECK(s->decisions_stamp() == before + 2);
    s.reopen();
    CHECK(s->survivor("ehr", "Patient/a") == "Patient/b");
    CHECK(s->survivor("lab", "Patient/a") == "Patient/a");
    CHECK(whats(s->judgements_of("ehr", "Patient/b", "t1")) == "of a of b");
    CHECK(whats(s->judgements_of("ehr", "Patient/b", "")) == "of a of b");
    CHECK(whats(s->judgements_of("ehr", "Patient/a", "t1")) == "of a");
    CHECK(s->history_of("ehr", "Patient/b", "t1", 9).size() == 1);
    REQUIRE(s->comment_counts("t1").size() == 1);
    CHECK(s->comment_counts("t1")[0].patient == "Patient/b");
    CHECK(s->comment_counts("t1")[0].comments == 2);
    const std::int64_t b = s->decision("ehr", "Patient/b", "t1")->stamp;
    s->judgement_add(said(judgement_kind::comment, "of a, too", "Patient/a"));
    CHECK(s->decision("ehr", "Patient/b", "t1")->stamp > b);
    s->survivor_put("ehr", "Patient/a", "Patient/a");
    CHECK(s->survivor("ehr", "Patient/a") == "Patient/a");
    CHECK(whats(s->judgements_of("ehr", "Patient/b", "t1")) == "of b");
    CHECK(s->comment_counts("t1").size() == 2);
}

TEST_CASE("The audit trail keeps who did what, each line sealed with the one before") {
    any_store s;
    audit_row a;
    a.at = 1'700'000'000'123;
    a.by = "oidc:x";
    a.name = odd_text;
    a.role = "investigator";
    a.address = "::1";
    a.action = "view-patient";
    a.trial = "t1";
    a.subject = "aa11";
    a.detail = "d";
    a.refused = true;
    a.status = 403;
    CHECK(s->audit_add(a) == 1);
    CHECK(s->audit_add(a) == 2);
    s->audit_add({});
    s.reopen();
    const auto all = s->audit_after(0, 10);
    REQUIRE(all.size() == 3);
    CHECK(all[0].at == a.at);
    CHECK(all[0].by == "oidc:x");
    CHECK(all[0].name == odd_text);
    CHECK(all[0].role == "investigator");
    CHECK(all[0].address == "::1");
    CHECK(all[0].action == "view-patient");
    CHECK(all[0].trial == "t1");
    CHECK(all[0].subject == "aa11");
    CHECK(all[0].detail == "d");
    CHECK(all[0].refused);
    CHECK(all[0].status == 403);
    CHECK(all[2].status == 0);
    std::string before;
    std::set<std::string> seals;
    for (const audit_row& row : all) {
        CHECK(row.seal == audit_seal(before, row));
        CHECK(row.seal.size() == 64);
        before = row.seal;
        seals.insert(before);
    }
    CHECK(seals.size() == 3);
    CHECK(s->audit_after(2, 10).size() == 1);
    CHECK(s->audit_after(0, 2).size() == 2);
    CHECK(s->audit_latest(2).front().id == 3);
    audit_row other = all[1];
    other.detail = "e";
    CHECK(audit_seal(all[0].seal, other) != all[1].seal);
    CHECK(audit_seal(all[1].seal, all[1]) != all[1].seal);
    other = all[1];
    other.status = 404;
    CHECK(audit_seal(all[0].seal, other) != all[1].seal);
}

TEST_CASE("The audit trail is searched by who, what, whom and when, newest first") {
    any_store s;
    const auto put = [&](const char* by, const char* name, const char* action, const char* subject, instant at) {
        audit_row row;
        row.by = by;
        row.name = name;
        row.action = action;
        row.subject = subject;
        row.at = at;
        s->audit_add(row);
    };
    put("oidc:x|eve", "Eve E", "view-list", "", 100);
    put("oidc:x|ian", "Ian I", "view-patient", "aa11", 200);
    put("oidc:x|eve", "Eve E", "view-patient", "aa22", 300);
    put("local", "100%_", "login", "", 400);
    const auto ids = [&](const audit_filter& f, std::int64_t from = 0, std::int64_t before = 100, std::size_t limit = 10) {
        std::string out;
        for (const audit_row& row : s->audit_between(from, before, f, limit))
            out += std::to_string(row.id);
        return out;
    };
    CHECK(ids({}) == "4321");
    CHECK(ids({}, 1, 4) == "32");
    CHECK(ids({}, 0, 100, 2) == "43");
    CHECK(ids({"EVE"}) == "31");
    CHECK(ids({"|ian"}) == "2");
    CHECK(ids({"%"}) == "4");
    CHECK(ids({"e", "view-patient"}) == "3");
    CHECK(ids({"", "view"}) == "");
    CHECK(ids({"", "", "aa"}) == "32");
    CHECK(ids({"", "", "aa2"}) == "3");
    CHECK(ids({"", "", "", 200, 300}) == "2");
    CHECK(ids({"", "", "", 300, 0}) == "43");
    put("oidc:x|j\u00f6rg", "J\u00d6RG \u0160\u03a3", "login", "", 500);
    for (const char* who : {"J\u00d6RG", "j\u00f6rg", "J\u00f6Rg", "\u0161\u03c3", "\u0161\u03c2"})
        CHECK(ids({who}) == "5");
    CHECK(ids({"jorg"}) == "");
    CHECK(fold_case("A\xff\xc3\xe2\x82") == "a\xff\xc3\xe2\x82"); // no UTF-8
    CHECK(fold_case("\u00df\u20ac\U0001F600\U00010400") == "\u00df\u20ac\U0001F600\U00010428");
}

TEST_CASE("Forgetting a source forgets histories and judgements, and no other's, and never the audit trail") {
    any_store s;
    s->judgement_add(said(judgement_kind::comment, "gone"));
    judgement_row kept = said(judgement_kind::comment, "kept");
    kept.source = "clinic";
    s->judgement_add(kept);
    s->history_add({0, "ehr", "Patient/p1", "t1", 1, "", "", "{}"});
    s->history_add({0, "clinic", "Patient/p1", "t1", 1, "", "", "{}"});
    s->survivor_put("ehr", "Patient/a", "Patient/b");
    s->audit_add({});
    s->source_remove("ehr");
    CHECK(whats(s->judgements_to_look_at(10)) == "kept");
    CHECK(s->history_of("ehr", "Patient/p1", "t1", 10).empty());
    CHECK(s->history_of("clinic", "Patient/p1", "t1", 10).size() == 1);
    CHECK(s->survivor("ehr", "Patient/a") == "Patient/a");
    CHECK(s->audit_after(0, 10).size() == 1);
}

TEST_CASE("A judgement is found by the key with which its user said it") {
    any_store s;
    judgement_row row = said(judgement_kind::comment, "x");
    row.by = "anna";
    s->judgement_add(row);
    row.key = "0123456789abcdef";
    const std::int64_t id = s->judgement_add(row);
    s.reopen();
    REQUIRE(s->judgement_by_key("anna", row.key));
    CHECK(s->judgement_by_key("anna", row.key)->id == id);
    CHECK_FALSE(s->judgement_by_key("berta", row.key));
    CHECK_FALSE(s->judgement_by_key("anna", ""));
    CHECK_THROWS_AS(s->judgement_add(row), store_error);
    row.by = "berta";
    CHECK(s->judgement_add(row) > id);
}

TEST_CASE("Codes that nobody knows are kept per person until the next time all is fetched") {
    any_store s;
    patient_row p;
    p.source = "ehr";
    for (const char* key : {"Patient/a", "Patient/b"}) {
        p.key = key;
        s->patient_put(p);
    }
    const auto codes = [&](std::string_view who) {
        std::string out;
        for (const local_code& c : s->local_codes_of("ehr", who))
            out += c.code + '=' + c.display + ' ';
        return out;
    };
    s->local_code_put("ehr", "Patient/a", {"Observation", "urn:lab", "X", "old"});
    s->local_code_put("ehr", "Patient/a", {"Observation", "urn:lab", "X", "new"});
    s->local_code_put("ehr", "Patient/a", {"Observation", "urn:lab", "Y", "y"});
    s->local_code_put("ehr", "Patient/b", {"Observation", "urn:lab", "X", "new"});
    s->local_code_put("ehr", "Patient/unknown", {"Observation", "urn:lab", "X", ""});
    CHECK(codes("Patient/unknown").empty());
    s->local_codes_settle("ehr", "Patient/a");
    CHECK(codes("Patient/a") == "X=new Y=y ");
    s->local_code_put("ehr", "Patient/a", {"Observation", "urn:lab", "Y", "y"});
    s->local_codes_settle("ehr", "Patient/a");
    s.reopen();
    CHECK(codes("Patient/a") == "Y=y ");
    s->survivor_put("ehr", "Patient/a", "Patient/b");
    CHECK(codes("Patient/b") == "X=new Y=y ");
    s->patient_remove("ehr", "Patient/a");
    CHECK(codes("Patient/b") == "X=new ");
    for (int n = 0; n < 400; ++n)
        s->local_code_put("ehr", "Patient/b", {"Observation", "urn:lab", "n" + std::to_string(n), ""});
    CHECK(s->local_codes_of("ehr", "Patient/b").size() == 300);
    s->source_remove("ehr");
    CHECK(s->local_codes_of("ehr", "Patient/b").empty());
}
