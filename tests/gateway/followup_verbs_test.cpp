// subject and alerts, as an operator and a script see them: output, exit code, and what is in the store afterwards.
#include "fhir/json.hpp"
#include "gateway/store/message.hpp"
#include "verb_run.hpp"

#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::tests;
namespace json = fhir::json;

namespace {

struct ward : site {
    ward() { open(); }
    ran verb(std::vector<std::string> arguments) const {
        arguments.insert(arguments.end(), {"--config", config()});
        return run(std::move(arguments));
    }
    ran add(const std::string& number = "S-1") const {
        return verb({"subject", "add", number, "--trial", "sle-uc-msc", "--patient", "Patient/p1", "--source", "ehr", "--on", "2026-03-01"});
    }
    std::optional<participant_row> kept(const std::string& number = "S-1") const { return open()->participant("sle-uc-msc", number); }
    std::int64_t alert(const std::string& key = "k") const {
        alert_row a;
        a.trial = "sle-uc-msc";
        a.number = "S-1";
        a.key = key;
        a.kind = "lab-grade";
        a.source = "ehr";
        a.patient = "Patient/p1";
        a.subject = "0123456789abcdef";
        a.public_id = "f00d" + key;
        a.tier = 1;
        a.raised = a.changed = a.news = 1'770'000'000'000;
        a.title = "ALT increased\x1b[31m";
        a.body = R"({"kind":"lab-grade","text":"210 U/L"})";
        const auto rows = open();
        rows->alert_found(a);
        for (const alert_row& one : rows->alerts_of("sle-uc-msc", "S-1"))
            if (one.key == key)
                return one.id;
        return 0;
    }
};

} // namespace

TEST_CASE("subject: added, dosed, withdrawn, each step with who said it") {
    const ward w;
    const ran added = w.add();
    CHECK(added.code == 0);
    CHECK(added.out == "sle-uc-msc S-1: screening since 2026-03-01\n");
    REQUIRE(w.kept());
    CHECK(w.kept()->state == "screening");
    CHECK(w.kept()->patient == "Patient/p1");
    CHECK(w.kept()->set_by == acting_user());
    CHECK(w.open()->participants_to_look_at(9).size() == 1);

    const ran dosed = w.verb({"subject", "dose", "S-1", "--at", "2026-03-05T09:30"});
    CHECK(dosed.out == "sle-uc-msc S-1: dosed on 2026-03-05\n");
    const auto anchors = decode_anchors(w.kept()->anchors);
    CHECK(anchors.at("dosing").at == 1'772'699'400); // 09:30 in Berlin
    CHECK(to_string(anchors.at("screening").on) == "2026-03-01");
    CHECK(w.kept()->state == "on-study");

    CHECK(w.verb({"subject", "dose", "S-1", "--on", "2026-03-06"}).code == 1); // Day 0 does not move by accident
    CHECK(w.verb({"subject", "dose", "S-1", "--on", "2026-03-06", "--reason", "typing error"}).code == 0);
    CHECK(w.verb({"subject", "withdraw", "S-1", "--on", "2026-03-07", "--as", "ended-early"}).code == 0);
    CHECK(to_string(decode_anchors(w.kept()->anchors).at("end").on) == "2026-03-07");
    CHECK(w.verb({"subject", "withdraw", "S-1", "--on", "2026-03-08"}).code == 0);
    CHECK(w.kept()->state == "withdrawn");
    CHECK(w.verb({"subject", "dose", "S-1", "--on", "2026-03-06"}).code == 1);
    const auto trail = w.open()->participant_notes("sle-uc-msc", "S-1");
    REQUIRE(trail.size() == 5);
    CHECK(trail[2].what == "dosed on 2026-03-06: typing error");
    CHECK(trail[4].by == acting_user());
}

TEST_CASE("subject add: what cannot be is refused and keeps nothing") {
    const ward w;
    CHECK(w.verb({"subject", "add", "S-1", "--trial", "sle-uc-msc", "--patient", "Patient/p1"}).code == 2); // two sources
    CHECK(w.verb({"subject", "add", "S-1", "--trial", "sle-uc-msc", "--patient", "Patient/p1", "--source", "nowhere"}).code == 2);
    CHECK(w.verb({"subject", "add", "S-1", "--trial", "sle-uc-msc", "--patient", "p1", "--source", "ehr"}).code == 2);
    CHECK(w.verb({"subject", "add", "S-1", "--trial", "sle-uc-msc", "--patient", "Patient/p1", "--source", "ehr", "--on", "2026-02-30"}).code == 2);
    CHECK(w.verb({"subject", "add", "S-1", "--trial", "sle-uc-msc", "--patient", "Patient/p1", "--source", "ehr", "--on", "2999-01-01"}).code == 2);
    CHECK(w.verb({"subject", "add", "S-1", "--trial", "sle-uc-msc"}).code == 2);
    CHECK_FALSE(w.kept());
    CHECK(w.add().code == 0);
    CHECK(w.add().code == 1);
    CHECK(says(w.add("S-2").err, "takes part as S-1"));
    CHECK(w.verb({"subject", "withdraw", "S-1", "--as", "screen-failure", "--on", "2026-03-01"}).code == 0);
    CHECK(w.add("S-2").code == 0); // screened again: another number
    CHECK(w.kept("S-1")->state == "screen-failure");
}

TEST_CASE("subject: orders that contradict what is known are refused, and nothing changes") {
    const ward w;
    const auto add = [&](const std::string& number, const std::string& trial, const std::string& patient, const std::string& on) {
        return w.verb({"subject", "add", number, "--trial", trial, "--patient", patient, "--source", "ehr", "--on", on});
    };
    const ran unknown = add("S-1", "sle-uc-mcs", "Patient/p1", "2026-03-01");
    CHECK(unknown.code == 2);
    CHECK(says(unknown.err, "has no trial 'sle-uc-mcs'"));
    CHECK(add("S\n1", "sle-uc-msc", "Patient/p1", "2026-03-01").code == 2);
    CHECK(add(std::string(65, 'S'), "sle-uc-msc", "Patient/p1", "2026-03-01").code == 2);
    REQUIRE(add("S-1", "sle-uc-msc", "Patient/p1", "2026-03-01").code == 0);
    CHECK(w.verb({"subject", "dose", "S-1", "--on", "2026-02-28"}).code == 1); // before screening
    CHECK(w.verb({"subject", "withdraw", "S-1", "--on", "2026-02-28"}).code == 1);
    REQUIRE(w.verb({"subject", "dose", "S-1", "--on", "2026-03-05"}).code == 0);
    CHECK(w.verb({"subject", "withdraw", "S-1", "--on", "2026-03-04"}).code == 1); // before the dose
    CHECK(w.kept()->state == "on-study");
    REQUIRE(w.verb({"subject", "withdraw", "S-1", "--on", "2026-03-09"}).code == 0);
    CHECK(add("S-2", "sle-uc-msc", "Patient/p1", "2026-03-08").code == 1); // while S-1 went on
    REQUIRE(add("S-2", "sle-uc-msc", "Patient/p1", "2026-03-09").code == 0);
    REQUIRE(w.verb({"subject", "withdraw", "S-2", "--as", "died", "--on", "2026-03-10"}).code == 0);
    CHECK(add("S-3", "sle-uc-msc", "Patient/p1", "2026-03-11").code == 1);
    CHECK_FALSE(w.kept("S-3"));
    const ran nothing_watched = add("D-1", "dapa-hf", "Patient/p2", "2026-03-01");
    CHECK(nothing_watched.code == 0);
    CHECK(says(nothing_watched.err, "laboratory results are not watched"));
}

TEST_CASE("subject withdraw: only states that end a participation, and a screening failure ends screening only") {
    const ward w;
    w.add();
    CHECK(w.verb({"subject", "withdraw", "S-1", "--as", "on-study"}).code == 2);
    CHECK(w.verb({"subject", "withdraw", "S-1", "--as", "asleep"}).code == 2);
    CHECK(w.verb({"subject", "withdraw", "nobody"}).code == 1);
    w.verb({"subject", "dose", "S-1", "--on", "2026-03-02"});
    CHECK(w.verb({"subject", "withdraw", "S-1", "--as", "screen-failure"}).code == 1);
    CHECK(w.verb({"subject", "withdraw", "S-1", "--as", "died"}).code == 0);
    CHECK(w.verb({"subject", "withdraw", "S-1"}).code == 1);
}

TEST_CASE("subject show and list: text for people, JSON for scripts") {
    const ward w;
    w.add();
    w.alert();
    const ran shown = w.verb({"subject", "show", "S-1"});
    CHECK(says(shown.out, "sle-uc-msc S-1: screening since 2026-03-01\n  patient +Patient/p1 at ehr\n"));
    CHECK(says(shown.out, "alert 1 +T1 ALT increased"));
    const ran as_json = w.verb({"subject", "show", "S-1", "--json"});
    json::parser parser;
    const auto tree = parser.parse_copy(as_json.out);
    REQUIRE(tree.has_value());
    CHECK((*tree)["state"].text() == "screening");
    CHECK((*tree)["anchors"]["screening"]["on"].text() == "2026-03-01");
    CHECK((*tree)["trail"].size() == 1);
    CHECK(says(w.verb({"subject", "list"}).out, "1 participant\n$"));
    CHECK(w.verb({"subject", "list", "--trial", "t2"}).out == "0 participants\n");
    CHECK(w.verb({"subject", "list", "--json"}).lines().size() == 1);
}

TEST_CASE("alerts list: what is open, and nothing of a record") {
    const ward w;
    CHECK(w.verb({"alerts", "list"}).out == "0 alerts\n");
    w.alert();
    const ran listed = w.verb({"alerts", "list"});
    CHECK(says(listed.out, "1 +T1 +sle-uc-msc +S-1 +lab-grade +.* +open +ALT increased"));
    CHECK(listed.out.find('\x1b') == std::string::npos);
    CHECK(listed.out.find("210") == std::string::npos);
    CHECK(listed.out.find("Patient") == std::string::npos);
    CHECK(w.verb({"alerts", "list", "--tier", "2"}).out == "0 alerts\n");
    CHECK(w.verb({"alerts", "list", "--participant", "S-1", "--trial", "sle-uc-msc", "--json"}).lines().size() == 1);
}

TEST_CASE("alerts ack: kept with the name, told to every sink, once") {
    const ward w;
    const std::string id = std::to_string(w.alert());
    const ran done = w.verb({"alerts", "ack", id});
    CHECK(done.code == 0);
    CHECK(done.out == "1 alert acknowledged\n");
    const auto rows = w.open();
    CHECK("user " + rows->alert(std::stoll(id))->acknowledged_by == acting_user());
    const auto told = rows->outbox_list("", 0, 9);
    REQUIRE(told.size() == 2);
    const auto m = decode_message(told[0].body);
    REQUIRE(m);
    CHECK(m->status == "acknowledged");
    CHECK(m->flag);
    CHECK(m->alert.find("acknowledgedBy") != std::string::npos);
    CHECK(m->patient.empty());
    const ran again = w.verb({"alerts", "ack", id, "77"});
    CHECK(again.code == 1);
    CHECK(says(again.err, "no open alert 77"));
    CHECK(w.open()->outbox_list("", 0, 9).size() == 2);
}

TEST_CASE("alerts snooze: for a while") {
    const ward w;
    const std::string id = std::to_string(w.alert());
    CHECK(w.verb({"alerts", "snooze", id, "--for", "soon"}).code == 2);
    CHECK(w.verb({"alerts", "snooze", id, "--for", "1s"}).code == 2);
    const instant before = system_clock()->now();
    CHECK(w.verb({"alerts", "snooze", id, "--for", "8h"}).code == 0);
    const instant until = w.open()->alert(std::stoll(id))->snoozed_until;
    CHECK(until >= before + 8 * hour_ms);
    CHECK(until <= system_clock()->now() + 8 * hour_ms);
    CHECK(says(w.verb({"alerts", "list"}).out, "snoozed until"));
}

TEST_CASE("alerts undelivered: mails that were given up are sent again or dropped") {
    const ward w;
    mail_row m;
    m.person = "alice";
    m.state = mail_state::dead;
    m.error = "550";
    m.subject = "[trialgate] 1 alert";
    m.text = "text of a mail";
    w.open()->mail_add(m);
    const ran listed = w.verb({"alerts", "undelivered"});
    CHECK(says(listed.out, "1 +alice .*550"));
    CHECK(says(listed.out, "1 mail given up\n$"));
    CHECK(listed.out.find("text of") == std::string::npos);
    CHECK(w.verb({"alerts", "undelivered", "--retry", "--drop"}).code == 2);
    CHECK(w.verb({"alerts", "undelivered", "--retry"}).code == 0);
    CHECK(w.open()->mails(mail_state::waiting, 9).size() == 1);
    w.open()->mail_set(1, mail_state::dead, 1, 0, "");
    CHECK(w.verb({"alerts", "undelivered", "--drop"}).code == 0);
    CHECK(w.open()->mail_count_of(mail_state::dead) == 0);
}
