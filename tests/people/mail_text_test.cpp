// What stands in a mail, and what never does.
#include "tests/people/people_support.hpp"

using namespace trialgate;
using namespace trialgate::tests;

namespace {

planned_mail mail_with(std::vector<alert_row> alerts, std::string kind = "immediate") {
    planned_mail out;
    out.person = "alice";
    out.kind = std::move(kind);
    out.count.last = 5;
    for (const alert_row& a : alerts)
        out.told.push_back({"alice", a.id, false, a.news, 5});
    out.alerts = std::move(alerts);
    return out;
}

} // namespace

TEST_CASE("mail: screening number, title, tier and link, nothing else of a person") {
    const auto [subject, text] = words_of(mail_with({alert_of(7, 1, 100), alert_of(8, 3, 100)}), one_subscriber());
    CHECK(subject == "[trialgate] 2 alerts, tier T1: 1");
    CHECK(text.find("T1  t1, participant S-7: title 7\n    https://study.example.org/t1/S-7?a=f007\n    trialgate alerts ack 7\n") == 0);
    CHECK(text.find("T3  t1, participant S-8: title 8") != std::string::npos);
    for (const char* never : {"secret", "Patient", "210", "aa11", "k7"}) {
        INFO(never);
        CHECK((subject + text).find(never) == std::string::npos);
    }
}

TEST_CASE("mail: a number that means something in a URL is written as text") {
    alert_row a = alert_of(7, 1, 100);
    a.number = "001/2026 {trial}&x";
    const auto [subject, text] = words_of(mail_with({a}), one_subscriber());
    CHECK(text.find("https://study.example.org/t1/001%2F2026%20%7Btrial%7D%26x?a=f007") != std::string::npos);
}

TEST_CASE("mail: a title cannot add a line") {
    alert_row a = alert_of(7, 1, 100);
    a.title = "x\r\nBcc: somebody@example.org\n.\n";
    const auto [subject, text] = words_of(mail_with({a}), one_subscriber());
    CHECK(text.find("\nBcc") == std::string::npos);
    CHECK(text.find("x  Bcc: somebody@example.org") != std::string::npos);
}

TEST_CASE("mail: many alerts are counted, and fifty of them listed") {
    std::vector<alert_row> many;
    for (int i = 0; i < 1000; ++i)
        many.push_back(alert_of(i, 1 + i % 2, 100));
    const auto [subject, text] = words_of(mail_with(many), one_subscriber());
    CHECK(subject == "[trialgate] 1000 alerts, tier T1: 500");
    CHECK(text.find("T1  t1: 500 lab-grade\nT2  t1: 500 due\n") == 0);
    CHECK(text.find("and 950 more") != std::string::npos);
    CHECK(text.size() < 12'000);
    const auto [last, summary] = words_of(mail_with(many, "summary"), one_subscriber());
    CHECK(last == "[trialgate] 1000 alerts: no more mails today");
    CHECK(summary.find("participant") == std::string::npos);
    CHECK(summary.find("T1  t1: 500 lab-grade") != std::string::npos);
}

TEST_CASE("mail: an escalation says so") {
    planned_mail m = mail_with({alert_of(7, 1, 100)}, "escalation");
    m.overdue = {7};
    const auto [subject, text] = words_of(m, one_subscriber());
    CHECK(subject == "[trialgate] 1 alert, not acknowledged: 1");
    CHECK(text.find("nobody has acknowledged it in its time") != std::string::npos);
}

TEST_CASE("mail: the Message-ID is the same for the same mail and another for another") {
    const planned_mail a = mail_with({alert_of(7, 1, 100)});
    planned_mail b = a;
    CHECK(message_id(a, "x@example.org") == message_id(b, "x@example.org"));
    CHECK(message_id(a, "x@example.org").ends_with("@example.org"));
    b.told[0].news = 101;
    CHECK(message_id(a, "x@example.org") != message_id(b, "x@example.org"));
    b = a;
    b.person = "bob";
    CHECK(message_id(a, "x@example.org") != message_id(b, "x@example.org"));
}

TEST_CASE("mail: as it goes over the wire") {
    mail_row m;
    m.message_id = "1@example.org";
    m.created = 1'773'568'800'123; // 2026-03-15T10:00:00Z, a Sunday
    m.subject = "subject\r\nBcc: x";
    m.text = "caf\xc3\xa9 = 1 \n.\n" + std::string(100, 'x') + '\n';
    const std::string bytes = mail_bytes(m, "from@example.org", "to@example.org");
    CHECK(bytes.starts_with("Date: Sun, 15 Mar 2026 10:00:00 +0000\r\nFrom: trialgate <from@example.org>\r\nTo: <to@example.org>\r\n"
                            "Subject: subject  Bcc: x\r\nMessage-ID: <1@example.org>\r\nAuto-Submitted: auto-generated\r\n"));
    CHECK(bytes.find("\r\n\r\ncaf=C3=A9 =3D 1=20\r\n=2E\r\n" + std::string(75, 'x') + "=\r\n" + std::string(25, 'x') + "\r\n") !=
          std::string::npos);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        if (bytes[i] == '\n')
            CHECK(bytes[i - 1] == '\r');
}
