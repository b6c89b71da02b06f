// People decide, the record goes on: on the real store, as the worker does it.
#include "gateway/work/enrolment.hpp"
#include "tests/work/work_bench.hpp"

#include <random>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

const std::string trial = "sle-uc-msc";
constexpr std::size_t renal = 3, consent = 6;

struct people_bench : bench {
    people_bench() {
        options.fingerprint = "f1";
        arrive(arrival::hook, diagnosis);
        arrive(arrival::resource, tests::patient);
        arrive(arrival::resource, egfr(74, 1));
        arrive(arrival::hydrated, "Patient/p");
        work();
    }
    std::int64_t say(judgement_kind kind, std::string what, std::string value, const std::string& who = "Patient/p") {
        at += second_ms;
        judgement_row j;
        j.source = "ehr";
        j.patient = who;
        j.trial = trial;
        j.kind = kind;
        j.what = std::move(what);
        j.value = std::move(value);
        j.reason = "seen";
        j.by = "local";
        j.at = at;
        now->begin();
        const std::int64_t id = now->judgement_add(j);
        now->commit();
        return id;
    }
    std::int64_t confirm(std::string criterion, std::string value) { return say(judgement_kind::criterion, std::move(criterion), std::move(value)); }
    std::int64_t mark(std::string value, const std::string& who = "Patient/p") { return say(judgement_kind::mark, "", std::move(value), who); }
    void undo(std::int64_t id) {
        at += second_ms;
        CHECK(now->judgement_undo(id, {"local", "local"}, at));
    }
    void study_says(const std::string& status) {
        at += second_ms;
        work_batch batch(options, *now, known, at, options.site.date_of(at / 1000));
        batch.take(human_decision{row().subject, trial, status, at});
        batch.decide();
        now->begin();
        batch.write(*now);
        now->commit();
    }
    decision_row row(const std::string& who = "Patient/p") { return now->decision("ehr", who, trial).value_or(decision_row{}); }
    std::string strip() { return row().strip; }
    std::vector<history_row> history(const std::string& who = "Patient/p") { return now->history_of("ehr", who, trial, 100); }
    std::string cause() { return history().at(0).cause; }
    message last_told() {
        const auto all = told();
        REQUIRE_FALSE(all.empty());
        return *decode_message(all.back().body);
    }
    std::string record_says() { return std::string(to_code(*report("Patient/p").status)); }
};

std::string renal_value(int v, int version) { return egfr(v, version); }

} // namespace

TEST_CASE("people: a decision carries what a worklist shows, and the history begins with it") {
    people_bench b;
    const decision_row r = b.row();
    CHECK(r.status == "possible");
    REQUIRE(r.strip.size() == 8);
    CHECK(r.strip.substr(0, 1) == "+");
    CHECK(r.strip[renal] == '+');
    CHECK(r.strip[consent] == '?');
    CHECK(r.subject == pseudonym_of("key", "ehr", "Patient/p"));
    CHECK(r.changed == start);
    CHECK(r.changes_on == *b.report("Patient/p").changes_on);
    CHECK(b.now->decision_of_subject(r.subject, trial)->patient == "Patient/p");
    REQUIRE(b.history().size() == 1);
    CHECK(b.history()[0].status == "possible");
    CHECK(b.history()[0].strip == r.strip);
    CHECK(b.cause() == R"({"by":"record","events":["Condition/c v1","Patient/p v1","Observation/e v1"]})");
    CHECK(b.last.worklist);
}

TEST_CASE("people: what changed a decision is named, and what changed nothing is not") {
    people_bench b;
    const decision_row before = b.row();
    b.arrive(arrival::hook, renal_value(75, 2));
    b.work();
    CHECK_FALSE(b.last.worklist);
    CHECK(b.history().size() == 1);
    CHECK(b.row().stamp == before.stamp);
    b.at += 5;
    b.arrive(arrival::hook, renal_value(20, 3));
    b.work();
    CHECK(b.cause() == R"({"by":"record","events":["Observation/e v3"]})");
    CHECK(b.row().changed == b.at);
    CHECK(b.row().stamp > before.stamp);
    CHECK(b.strip()[renal] == '-');
    for (int day = 1; day <= 100; ++day) {
        b.at += 24 * hour_ms;
        b.work();
    }
    CHECK(b.strip()[renal] == '?');
    CHECK(b.cause() == R"({"by":"date"})");
}

TEST_CASE("people: other criteria are the cause after a reload in the same millisecond, and only once") {
    people_bench b;
    b.options.fingerprint = "f2";
    b.arrive(arrival::hook, renal_value(20, 2)); // at the same instant as everything before
    b.work();
    CHECK(b.cause() == R"({"by":"trial","events":["Observation/e v2"]})");
    b.arrive(arrival::hook, renal_value(50, 3));
    b.work();
    CHECK(b.cause() == R"({"by":"record","events":["Observation/e v3"]})");
    CHECK(b.history().size() == 3);
    // A reload that changes nothing for this person is no history.
    b.options.fingerprint = "f3";
    b.now->patient_put([&] {
        auto p = *b.now->patient("ehr", "Patient/p");
        p.changes_on = fhir::date::lowest();
        return p;
    }());
    b.work();
    CHECK(b.history().size() == 3);
    CHECK(b.row().made_with == "f3");
}

TEST_CASE("people: a confirmed criterion counts until it is undone, whatever arrives") {
    people_bench b;
    const auto first = b.confirm("renal-function", "not-met");
    b.work();
    CHECK(b.status() == "not-now");
    CHECK(b.strip()[renal] == 'N');
    CHECK(b.cause() == R"({"by":"person","judgement":)" + std::to_string(first) + "}");
    CHECK_FALSE(b.last_told().flag);
    const auto second = b.confirm("renal-function", "met");
    b.work();
    CHECK(b.status() == "possible");
    CHECK(b.strip()[renal] == 'M');
    b.arrive(arrival::hook, renal_value(20, 2));
    b.work();
    CHECK(b.status() == "possible");
    CHECK(b.record_says() == "not-now");
    b.undo(second); // the one before holds again
    b.work();
    CHECK(b.strip()[renal] == 'N');
    b.undo(first);
    b.work();
    CHECK(b.strip()[renal] == '-');
    CHECK(b.status() == "not-now");
    CHECK(b.cause() == R"({"by":"person","judgement":)" + std::to_string(first) + "}");
    CHECK(b.now->judgements_to_look_at(10).empty());
}

TEST_CASE("people: the record against a confirmed criterion is told once, and whoever knew is not told") {
    people_bench b;
    b.confirm("renal-function", "met");
    b.work();
    const std::size_t before = b.told().size();
    CHECK(b.row().contradiction.empty());
    b.arrive(arrival::hook, renal_value(20, 2));
    b.work();
    CHECK(b.row().contradiction == "criterion:renal-function");
    REQUIRE(b.told().size() == before + 1);
    CHECK(b.last_told().kind == "contradiction");
    CHECK(b.last_told().text == "A person confirmed the criterion 'renal-function'; the record now says the opposite.");
    b.arrive(arrival::hook, renal_value(19, 3));
    b.work();
    CHECK(b.told().size() == before + 1);
    b.confirm("renal-function", "met"); // again, knowing it
    b.work();
    CHECK(b.told().size() == before + 1);
    CHECK(b.row().contradiction == "criterion:renal-function");
    b.arrive(arrival::hook, renal_value(50, 4));
    b.work();
    CHECK(b.row().contradiction.empty());
    b.arrive(arrival::hook, renal_value(20, 5));
    b.work();
    CHECK(b.told().size() == before + 2);
}

TEST_CASE("people: whoever confirms against the record sees it, and the study system is told the status alone") {
    people_bench b;
    b.arrive(arrival::hook, renal_value(20, 2));
    b.work();
    const std::size_t before = b.told().size();
    b.confirm("renal-function", "met");
    b.work();
    CHECK(b.status() == "possible");
    CHECK(b.row().contradiction == "criterion:renal-function");
    REQUIRE(b.told().size() == before + 1);
    CHECK(b.last_told().kind == "status");
    CHECK(b.last_told().flag);
    CHECK(b.last_told().report.find("decided by a person") != std::string::npos);
}

TEST_CASE("people: a judgement of a question that was asked in other words does not count") {
    people_bench b;
    judgement_row j;
    j.source = "ehr";
    j.patient = "Patient/p";
    j.trial = trial;
    j.kind = judgement_kind::criterion;
    j.what = "renal-function";
    j.value = "not-met";
    j.by = "local";
    j.asked = "eGFR of at least 60";
    b.now->judgement_add(j);
    j.what = "no-such-criterion";
    b.now->judgement_add(j);
    b.work();
    CHECK(b.strip()[renal] == '+');
    j.what = "renal-function";
    for (const auto& t : b.options.net->trials())
        if (t.source->id == trial)
            j.asked = t.source->criteria[renal].root.text;
    b.now->judgement_add(j);
    b.work();
    CHECK(b.strip()[renal] == 'N');
}

TEST_CASE("people: a mark leaves the status, ends the flag, and is taken back") {
    people_bench b;
    const auto [value, shown] = GENERATE(table<std::string, std::string>(
        {{"not-interested", "withdrawn"}, {"screened", "screening"}, {"enrolled", "on-study"}, {"excluded", "ineligible"}}));
    INFO(value);
    const std::string before = b.strip();
    const auto id = b.mark(value);
    b.work();
    CHECK(b.status() == "possible");
    CHECK(b.strip() == before);
    CHECK(b.row().mark == value);
    CHECK(b.row().marked == b.at);
    CHECK(b.last_told().kind == "status");
    CHECK(b.last_told().subject_status == shown);
    CHECK(b.last_told().human == shown);
    CHECK_FALSE(b.last_told().flag);
    CHECK(b.last_told().text.find(value) != std::string::npos);
    CHECK(b.last_told().text.find("seen") == std::string::npos); // the reason stays here
    CHECK(b.cause() == R"({"by":"person","judgement":)" + std::to_string(id) + "}");
    const std::size_t told = b.told().size();
    b.arrive(arrival::hook, renal_value(76, 2));
    b.work();
    CHECK(b.told().size() == told);
    b.undo(id);
    b.work();
    CHECK(b.row().mark.empty());
    REQUIRE(b.told().size() == told + 1);
    CHECK(b.last_told().flag);
    CHECK(b.last_told().subject_status == "potential-candidate");
}

TEST_CASE("people: evidence against a mark that wants the patient is told once, against others never") {
    people_bench b;
    const std::string value = GENERATE("screened", "enrolled", "excluded", "not-interested");
    const bool wants = value == "screened" || value == "enrolled";
    b.mark(value);
    b.work();
    const std::size_t told = b.told().size();
    b.arrive(arrival::hook, renal_value(20, 2));
    b.work();
    b.arrive(arrival::hook, renal_value(19, 3));
    b.work();
    CHECK(b.told().size() == told + (wants ? 1 : 0));
    CHECK(b.row().contradiction == (wants ? "not-now" : ""));
    if (wants) {
        CHECK(b.last_told().kind == "contradiction");
        CHECK(b.last_told().text == "A person marked this patient as '" + value + "'; by the record the status is now 'not-now'.");
    }
}

TEST_CASE("people: of the page's mark and the study's decision the later one holds") {
    people_bench b;
    SECTION("the study first, then the page, and back") {
        b.study_says("on-study");
        const std::size_t told = b.told().size();
        CHECK(b.cause() == R"({"by":"study","says":"on-study"})");
        const auto id = b.mark("excluded");
        b.work();
        REQUIRE(b.told().size() == told + 1);
        CHECK(b.last_told().subject_status == "ineligible");
        b.arrive(arrival::hook, renal_value(20, 2));
        b.work();
        CHECK(b.told().size() == told + 1); // whom nobody wants is no contradiction
        b.undo(id);
        b.work();
        // What the study had decided holds again, is told, and the evidence contradicts it.
        REQUIRE(b.told().size() == told + 3);
        CHECK(decode_message(b.told()[told + 1].body)->subject_status == "on-study");
        CHECK(b.last_told().kind == "contradiction");
        b.work();
        CHECK(b.told().size() == told + 3);
    }
    SECTION("the page first, then the study") {
        const auto id = b.mark("enrolled");
        b.work();
        const std::size_t told = b.told().size();
        b.study_says("withdrawn");
        CHECK(b.told().size() == told);
        b.arrive(arrival::hook, renal_value(20, 2));
        b.work();
        CHECK(b.told().size() == told);
        b.undo(id);
        b.work();
        CHECK(b.told().size() == told);
        CHECK(b.row().human == "withdrawn");
    }
}

TEST_CASE("people: of whom the study never heard it is not told that they are not wanted") {
    bench quiet;
    quiet.arrive(arrival::hook, diagnosis);
    quiet.arrive(arrival::resource, patient);
    quiet.arrive(arrival::resource, egfr(20, 1));
    quiet.arrive(arrival::hydrated, "Patient/p");
    quiet.work();
    REQUIRE(quiet.told().empty());
    const auto say = [&](const char* value) {
        judgement_row j;
        j.source = "ehr";
        j.patient = "Patient/p";
        j.trial = trial;
        j.kind = judgement_kind::mark;
        j.value = value;
        j.by = "local";
        j.at = quiet.at += 1;
        quiet.now->judgement_add(j);
        quiet.work();
    };
    say("excluded");
    CHECK(quiet.told().empty());
    say("screened");
    REQUIRE(quiet.told().size() == 1);
    CHECK(decode_message(quiet.told()[0].body)->subject_status == "screening");
    CHECK(quiet.now->decision("ehr", "Patient/p", trial)->contradiction == "not-now"); // they saw it
}

TEST_CASE("people: a diagnosis that was entered in error takes the row to where it belongs, and a mark stays") {
    people_bench b;
    b.confirm("consent", "met");
    b.mark("screened");
    b.work();
    std::string wrong = diagnosis;
    wrong.replace(wrong.find("\"versionId\":\"1\""), 15, "\"versionId\":\"2\"");
    wrong.replace(wrong.find("\"confirmed\""), 11, "\"entered-in-error\"");
    b.arrive(arrival::hook, wrong);
    b.work();
    CHECK(b.status().empty()); // nobody considers this person any more
    CHECK(b.strip().empty());
    CHECK(b.row().mark == "screened");
    CHECK(b.last_told().kind == "contradiction");
    CHECK(b.row().contradiction == "not-listed");
    CHECK(b.cause() == R"({"by":"record","events":["Condition/c v2"]})");
    b.arrive(arrival::hook, [] {
        std::string again = diagnosis;
        again.replace(again.find("\"versionId\":\"1\""), 15, "\"versionId\":\"3\"");
        return again;
    }());
    b.work();
    CHECK(b.status() == "possible");
    CHECK(b.strip()[consent] == 'M');
    CHECK(b.row().contradiction.empty());
}

TEST_CASE("people: what was said of a record that was merged is said of the survivor, until the merge is taken back") {
    people_bench b;
    b.confirm("consent", "met");
    b.mark("screened");
    b.say(judgement_kind::comment, "", "");
    b.work();
    const std::string merged = R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"active":false,"gender":"female","birthDate":"1990-05-04",
        "link":[{"other":{"reference":"Patient/q"},"type":"replaced-by"}]})";
    b.arrive(arrival::hook, merged);
    b.work();
    b.arrive(arrival::resource, R"({"resourceType":"Patient","id":"q","meta":{"versionId":"1"},"gender":"female","birthDate":"1990-05-04"})");
    b.arrive(arrival::hydrated, "Patient/q");
    b.work();
    CHECK(b.row("Patient/q").status == "possible");
    CHECK(b.row("Patient/q").mark == "screened");
    CHECK(b.row("Patient/q").strip[consent] == 'M');
    CHECK(b.row("Patient/p").status.empty());
    CHECK(b.row("Patient/p").mark.empty());
    CHECK(b.last_told().subject == b.row("Patient/q").subject);
    CHECK(b.last_told().subject_status == "screening");
    CHECK(b.now->judgements_of("ehr", "Patient/q", trial).size() == 3);
    CHECK(b.now->comment_counts(trial).at(0).patient == "Patient/q");
    CHECK(b.history("Patient/q").back().patient == "Patient/p");
    CHECK(b.history("Patient/q").front().patient == "Patient/q");
    // What is said now is the survivor's; taking back what was said before the merge works, too.
    const std::int64_t old = b.now->judgements_of("ehr", "Patient/q", trial).at(0).id;
    b.say(judgement_kind::criterion, "renal-function", "not-met", "Patient/q");
    b.undo(old);
    b.work();
    CHECK(b.row("Patient/q").strip[consent] == '?');
    CHECK(b.row("Patient/q").strip[renal] == 'N');
    // The merge was a mistake.
    std::string apart = merged;
    apart.replace(apart.find("\"versionId\":\"2\""), 15, "\"versionId\":\"3\"");
    apart.erase(apart.find(",\n        \"link\""), apart.find("}]}") + 2 - apart.find(",\n        \"link\""));
    apart.replace(apart.find("\"active\":false"), 14, "\"active\":true ");
    b.arrive(arrival::hook, apart);
    b.work();
    CHECK(b.row("Patient/p").mark == "screened");
    CHECK(b.row("Patient/p").strip[renal] == '+');
    CHECK(b.row("Patient/q").mark.empty());
    CHECK(b.now->judgements_of("ehr", "Patient/q", trial).size() == 1);
}

TEST_CASE("people: the status is that of the criteria with what people said, after any sequence") {
    const auto& trials = shipped().net->trials();
    const auto which = std::find_if(trials.begin(), trials.end(), [](const auto& t) { return t.source->id == trial; });
    for (std::uint32_t seed = 1; seed <= 8; ++seed) {
        people_bench b;
        std::mt19937 random(seed);
        std::vector<std::int64_t> standing;
        int version = 1;
        for (int step = 0; step < 25; ++step) {
            b.at += second_ms;
            switch (random() % 5) {
            case 0: {
                const auto& criteria = which->source->criteria;
                standing.push_back(b.confirm(criteria[random() % criteria.size()].root.id, random() % 2 ? "met" : "not-met"));
                break;
            }
            case 1: {
                constexpr const char* marks[] = {"screened", "enrolled", "excluded", "not-interested"};
                standing.push_back(b.mark(marks[random() % 4]));
                break;
            }
            case 2:
                if (!standing.empty()) {
                    const std::size_t n = random() % standing.size();
                    b.undo(standing[n]);
                    standing.erase(standing.begin() + static_cast<std::ptrdiff_t>(n));
                }
                break;
            case 3: b.arrive(arrival::hook, renal_value(random() % 2 ? 20 : 50, ++version)); break;
            default: b.at += 24 * hour_ms * static_cast<instant>(random() % 20); break;
            }
            if (random() % 3 == 0)
                continue; // several things in one batch
            b.work();
            INFO("seed " << seed << ", step " << step);
            const auto record = b.report("Patient/p");
            const auto said = standing_judgements_of(b.now->judgements_of("ehr", "Patient/p", ""), trial);
            const judged_standing expected = judge(*which->source, outcomes_of(record), said);
            CHECK(b.status() == to_code(expected.status));
            CHECK(b.strip() == expected.strip);
            CHECK(b.row().mark == (said.mark ? said.mark->value : ""));
            for (std::size_t n = 0; n < expected.strip.size(); ++n) {
                const auto* const by = judgement_on(said, which->source->criteria[n].root);
                CHECK((by != nullptr) == (expected.strip[n] == 'M' || expected.strip[n] == 'N'));
            }
            auto shown = record;
            lay_over(shown, *which->source, said);
            CHECK(to_code(*shown.status) == b.status());
            CHECK(b.row().changes_on == shown.changes_on.value_or(fhir::date::highest()));
            // The newest line of the history is what holds now.
            CHECK(b.history().at(0).status == b.status());
            CHECK(b.history().at(0).strip == b.strip());
        }
    }
}

TEST_CASE("people: what was said after a batch began is decided with, and is known to whoever said it") {
    people_bench b;
    b.arrive(arrival::hook, renal_value(20, 2));
    b.confirm("renal-function", "met");
    const std::size_t told = b.told().size();
    work_batch batch(b.options, *b.now, b.known, b.at, b.options.site.date_of(b.at / 1000)); // asked what was said before that
    for (const journal_row& row : b.now->journal_after(0, 100, 1 << 20))
        batch.take(row, b.reader.read(row, b.order));
    batch.decide();
    b.now->begin();
    batch.write(*b.now);
    b.now->commit();
    CHECK(b.strip()[renal] == 'M');
    CHECK(b.row().contradiction == "criterion:renal-function");
    CHECK(b.told().size() == told);
    CHECK(b.now->judgements_to_look_at(10).empty());
    b.work();
    CHECK(b.told().size() == told);
}

TEST_CASE("people: what is said while a history is still fetched waits for it") {
    people_bench b;
    b.arrive(arrival::hook, R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"gender":"female","birthDate":"1990-05-04",
        "link":[{"other":{"reference":"Patient/q"},"type":"replaced-by"}]})");
    b.work();
    b.mark("screened");
    b.work();
    CHECK(b.now->judgements_to_look_at(10).size() == 1);
    b.arrive(arrival::resource, R"({"resourceType":"Patient","id":"q","meta":{"versionId":"1"},"gender":"female","birthDate":"1990-05-04"})");
    b.arrive(arrival::hydrated, "Patient/q");
    b.work();
    CHECK(b.now->judgements_to_look_at(10).empty());
    CHECK(b.row("Patient/q").mark == "screened");
    CHECK(b.now->history_of("ehr", "Patient/q", trial, 10).at(0).cause.find("\"judgement\"") != std::string::npos);
}

TEST_CASE("people: whom the study may know by itself is not made known to it by a mark") {
    bench b;
    b.arrive(arrival::hook, diagnosis);
    b.arrive(arrival::resource, R"({"resourceType":"Patient","id":"p","meta":{"versionId":"1"},"active":false,"gender":"female","birthDate":"1990-05-04"})");
    b.arrive(arrival::resource, egfr(74, 1));
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    REQUIRE(b.told().empty());
    judgement_row j;
    j.source = "ehr";
    j.patient = "Patient/p";
    j.trial = trial;
    j.kind = judgement_kind::mark;
    j.value = "screened";
    j.by = "local";
    j.at = b.at += 1;
    b.now->judgement_add(j);
    b.work();
    CHECK(b.now->decision("ehr", "Patient/p", trial)->mark == "screened");
    CHECK(b.told().empty());
}

TEST_CASE("people: who takes part under a name that is another person's now cannot begin again under that") {
    people_bench b;
    const order_author author{"page x", b.at};
    const enrolment first{trial, "S-001", "ehr", "Patient/p", {}, *fhir::parse_date("2026-03-01")};
    const auto begun = enrol(*b.now, *shipped().net, first, author);
    REQUIRE(std::holds_alternative<participation_change>(begun));
    b.now->participant_put(std::get<participation_change>(begun).after);
    b.now->survivor_put("ehr", "Patient/p", "Patient/q");
    enrolment again = first;
    again.number = "S-002";
    again.patient = "Patient/q";
    CHECK(std::holds_alternative<refusal>(enrol(*b.now, *shipped().net, again, author)));
    again.patient = "Patient/p";
    CHECK(std::holds_alternative<refusal>(enrol(*b.now, *shipped().net, again, author)));
    again.patient = "Patient/r";
    CHECK(std::holds_alternative<participation_change>(enrol(*b.now, *shipped().net, again, author)));
}
