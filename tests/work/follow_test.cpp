// After enrolment, on the real store: participations, alerts, and what sinks are told, in one transaction.
#include "tests/work/work_bench.hpp"

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

/// A visit that is due on `day`, and late from the day after on.
struct follow_bench : bench {
    fhir::date day = *fhir::parse_date("2026-03-16");
    int computed = 0;
    std::vector<std::string> about; ///< number, state, dosing day

    follow_bench() {
        options.after_enrolment.compute = [this](const mappings::trial& trial, const mappings::participant& who,
                                                 const mappings::patient_data& data, fhir::date today) {
            ++computed;
            CHECK(trial.id == "sle-uc-msc");
            CHECK_FALSE(data.key.empty());
            const auto dosing = who.anchors.find("dosing");
            about.push_back(who.number + ' ' + std::string(to_code(who.state)) + ' ' +
                            (dosing == who.anchors.end() ? "-" : to_string(dosing->second.on)));
            mappings::followup out;
            if (today < day) {
                out.changes_on = day;
                return out;
            }
            matter m;
            m.key = "visit/v5";
            m.kind = today == day ? mappings::finding_kind::due : mappings::finding_kind::overdue;
            m.urgency = mappings::tier::t2;
            m.title = "Visit 5";
            m.evidence = {{"Observation/e", "1", "2026-03-01", "74"}};
            out.findings.push_back(std::move(m));
            if (today == day)
                out.changes_on = day + 1;
            return out;
        };
    }
    void history(int value = 74) {
        arrive(arrival::resource, patient);
        arrive(arrival::resource, diagnosis);
        arrive(arrival::resource, egfr(value, 1));
        arrive(arrival::hydrated, "Patient/p");
        work();
    }
    void take_part(const char* state = "on-study", const char* number = "001", const std::string& who = "Patient/p") {
        participant_row row;
        row.trial = "sle-uc-msc";
        row.number = number;
        row.source = "ehr";
        row.patient = who;
        row.state = state;
        row.since = *fhir::parse_date("2026-03-02");
        row.anchors = encode_anchors({{"dosing", {row.since}}});
        row.set_by = "user alice";
        now->participant_put(row);
    }
    void says(std::string status, std::string number = "") {
        work_batch batch(options, *now, known, at, options.site.date_of(at / 1000));
        batch.take(human_decision{pseudonym_of("key", "ehr", "Patient/p"), "sle-uc-msc", std::move(status), at, std::move(number), {}});
        batch.decide();
        now->begin();
        batch.write(*now);
        now->commit();
    }
    void days(int n) { at += n * 24 * hour_ms; }
    std::vector<std::string> alerts_told() {
        std::vector<std::string> out;
        for (const outbox_row& row : told())
            if (row.kind == "alert") {
                const auto m = decode_message(row.body);
                REQUIRE(m);
                fhir::json::parser parser;
                const auto alert = parser.parse_copy(m->alert);
                REQUIRE(alert.has_value());
                out.push_back(m->status + ' ' + std::string((*alert)["kind"].text()));
            }
        return out;
    }
};

using told_alerts = std::vector<std::string>;

} // namespace

TEST_CASE("follow: a participant's visit comes due by the date alone, grows late, and each is told once") {
    follow_bench b;
    b.history();
    b.take_part();
    b.work();
    CHECK(b.about.back() == "001 on-study 2026-03-02");
    CHECK(b.alerts_told().empty());
    CHECK(b.now->participants_to_look_at(9).empty());
    CHECK(b.now->patient("ehr", "Patient/p")->changes_on == b.day); // the one timer wakes for it
    b.days(1);
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised due"});
    b.work();
    b.known = known_people(*b.now); // restarted
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised due"});
    b.days(1);
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised due", "withdrawn due", "raised overdue"});
    CHECK(b.last.alerts);
    REQUIRE(b.now->alerts_after(0, true, 9).size() == 1);
    CHECK(b.now->alerts_after(0, true, 9)[0].kind == "overdue");
}

TEST_CASE("follow: nobody is computed who takes no part, and of a batch that is not written nothing is told") {
    follow_bench b;
    b.history();
    CHECK(b.computed == 0);
    b.take_part();
    b.days(2);
    work_batch batch(b.options, *b.now, b.known, b.at, b.options.site.date_of(b.at / 1000));
    for (const participant_row& p : b.now->participants_to_look_at(9))
        batch.take(p);
    batch.decide();
    b.now->begin();
    batch.write(*b.now);
    b.now->rollback();
    CHECK(b.now->alerts_after(0, false, 9).empty());
    CHECK(b.alerts_told().empty());
    CHECK(b.now->participants_to_look_at(9).size() == 1);
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised overdue"});
}

TEST_CASE("follow: a message names nobody but to sinks that may know, and carries the participant's number") {
    follow_bench b;
    sink_config other;
    other.name = "inside";
    other.subject = sink_config::identity::reference;
    b.options.sinks.push_back(other);
    b.history();
    b.take_part();
    b.days(2);
    b.work();
    int seen = 0;
    for (const outbox_row& row : b.told()) {
        if (row.kind != "alert")
            continue;
        ++seen;
        CHECK(row.subject == pseudonym_of("key", "ehr", "Patient/p"));
        CHECK(row.body.find("\"participant\":\"001\"") != std::string::npos);
        const bool names = row.sink == "inside";
        CHECK((row.body.find("Patient/p") != std::string::npos) == names);
        CHECK((row.body.find("Observation/e\"") != std::string::npos) == names);
        CHECK((row.body.find("https://ehr.example.org/fhir/Patient/p") != std::string::npos) == names);
    }
    CHECK(seen == 2);
}

TEST_CASE("follow: who takes part is kept and fetched, whoever considers them") {
    follow_bench b;
    b.take_part("on-study", "001", "Patient/q");
    b.work();
    CHECK(b.now->patient("ehr", "Patient/q").has_value());
    CHECK(b.now->jobs_due("ehr", job_kind::hydrate, b.at, 9).at(0).target == "Patient/q");
    CHECK(b.now->participants_to_look_at(9).empty());
    CHECK(b.computed == 0);
    b.days(2);
    b.arrive(arrival::resource, R"({"resourceType":"Patient","id":"q","meta":{"versionId":"1"},"gender":"male","birthDate":"1980-01-01"})");
    b.arrive(arrival::hydrated, "Patient/q");
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised overdue"});
}

TEST_CASE("follow: the study system's word begins and ends a participation, with a trail") {
    follow_bench b;
    b.history();
    b.says("candidate");
    CHECK(b.now->participants_of("ehr", "Patient/p").empty());
    b.says("screening", "S-9");
    const auto row = b.now->participant("sle-uc-msc", "S-9");
    REQUIRE(row);
    CHECK(row->state == "screening");
    CHECK(row->patient == "Patient/p");
    CHECK(row->set_by == "study system");
    CHECK_FALSE(row->protocol_version.empty());
    b.says("screening", "S-9"); // asked again after a restart
    b.days(2);
    b.says("on-study", "S-9");
    CHECK(b.now->participant("sle-uc-msc", "S-9")->state == "on-study");
    CHECK(b.alerts_told() == told_alerts{"raised overdue"});
    b.says("withdrawn", "S-9");
    CHECK(b.alerts_told() == told_alerts{"raised overdue", "withdrawn overdue"}); // nothing is asked any more
    b.says("on-study", "S-9");
    CHECK(b.now->participant("sle-uc-msc", "S-9")->state == "withdrawn");
    CHECK(b.now->participant_notes("sle-uc-msc", "S-9").size() == 3);
}

TEST_CASE("follow: a number belongs to one person") {
    follow_bench b;
    b.history();
    b.take_part("on-study", "S-9", "Patient/q");
    b.says("on-study", "S-9");
    CHECK(b.now->participant("sle-uc-msc", "S-9")->patient == "Patient/q");
    CHECK(b.now->participants_of("ehr", "Patient/p").empty());
}

TEST_CASE("follow: death in the record ends the participation and withdraws what is open") {
    follow_bench b;
    b.history();
    b.take_part();
    b.days(2);
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised overdue"});
    b.arrive(
        arrival::resource,
        R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"gender":"female","birthDate":"1990-05-04","deceasedBoolean":true})");
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised overdue", "withdrawn overdue"});
    CHECK(b.now->participant("sle-uc-msc", "001")->state == "died");
}

TEST_CASE("follow: a participation goes with its person when records are merged") {
    follow_bench b;
    b.history();
    b.take_part();
    b.days(2);
    b.arrive(arrival::resource, R"({"resourceType":"Patient","id":"new","meta":{"versionId":"1"},"gender":"female","birthDate":"1990-05-04",
        "link":[{"other":{"reference":"Patient/p"},"type":"replaces"}]})");
    b.arrive(arrival::resource,
             R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"active":false,"gender":"female","birthDate":"1990-05-04",
        "link":[{"other":{"reference":"Patient/new"},"type":"replaced-by"}]})");
    b.arrive(arrival::hydrated, "Patient/new");
    b.work();
    CHECK(b.alerts_told() == told_alerts{"raised overdue"});
    REQUIRE(b.now->alerts_of("sle-uc-msc", "001").size() == 1);
    CHECK(b.now->alerts_of("sle-uc-msc", "001")[0].subject == pseudonym_of("key", "ehr", "Patient/p"));
}

TEST_CASE("follow: an acknowledgement stands against what the worker finds out meanwhile") {
    follow_bench b;
    b.history();
    b.take_part();
    b.days(2);
    b.work();
    const auto id = b.now->alerts_of("sle-uc-msc", "001").front().id;
    b.now->alert_acknowledge(id, "alice", b.at);
    b.take_part(); // looked at again
    b.work();
    CHECK(b.now->alert(id)->acknowledged_by == "alice");
    CHECK(b.alerts_told() == told_alerts{"raised overdue"});
}
