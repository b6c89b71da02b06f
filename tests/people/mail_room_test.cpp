// The desk on the real store, with a carrier that does what it is told.
#include "tests/people/people_support.hpp"

#include <deque>
#include <thread>

using namespace trialgate;
using namespace trialgate::tests;
using is = mail_outcome::is;

namespace {

struct scripted {
    std::deque<mail_outcome> answers; ///< then: taken
    std::vector<std::pair<std::string, std::string>> sent; ///< to, bytes: every attempt
    std::function<void()> before;
};

class scripted_carrier final : public carrier {
public:
    explicit scripted_carrier(std::shared_ptr<scripted> by) : by_(std::move(by)) {}
    mail_outcome send(const std::string& to, const std::string& bytes) override {
        if (by_->before)
            by_->before();
        by_->sent.emplace_back(to, bytes);
        if (by_->answers.empty())
            return {is::taken, ""};
        const mail_outcome out = by_->answers.front();
        by_->answers.pop_front();
        return out;
    }
    void cut() override {}

private:
    std::shared_ptr<scripted> by_;
};

struct site {
    scratch_folder folder;
    people_config config = one_subscriber();
    std::shared_ptr<manual_clock> time = make_manual_clock(at("2026-03-15T10:00"));
    std::shared_ptr<scripted> relay = std::make_shared<scripted>();
    std::vector<std::string> told_faults;
    fault_board faults{time, [this](const fault_row& f, bool over) { told_faults.push_back((over ? "-" : "+") + f.key); }};
    metrics figures;
    std::unique_ptr<committer> writer = start_committer(open_sqlite(folder.path().string()), folder.path().string());
    std::unique_ptr<store> reading = open_sqlite(folder.path().string());
    std::unique_ptr<mail_room> room;

    site() { restart(); }
    ~site() {
        room.reset();
        writer->stop();
    }
    void restart() {
        room = std::make_unique<mail_room>(config, berlin(), *writer, open_sqlite(folder.path().string(), true), *time, faults, figures,
                                           std::make_unique<scripted_carrier>(relay));
    }
    void change(std::function<void(store&)> work) { REQUIRE_FALSE(commit_and_wait(*writer, std::move(work))); }
    void raise(int id, unsigned tier = 1) {
        change([&](store& s) { s.alert_found(alert_of(id, tier, time->now())); });
    }
    void later(duration_ms by) { time->set(time->now() + by); }
    void round() {
        room->plan();
        room->send();
    }
};

} // namespace

TEST_CASE("mail room: an alert becomes one mail, and no second one, also after restarts") {
    site s;
    s.raise(1);
    s.round();
    CHECK(s.relay->sent.empty());
    s.later(30 * second_ms);
    s.round();
    REQUIRE(s.relay->sent.size() == 1);
    CHECK(s.relay->sent[0].first == "alice@example.org");
    CHECK(s.relay->sent[0].second.find("participant S-1: title 1") != std::string::npos);
    CHECK(s.relay->sent[0].second.find("secret") == std::string::npos);
    for (int i = 0; i < 3; ++i) {
        s.restart();
        s.later(24 * hour_ms);
        s.round();
    }
    CHECK(s.relay->sent.size() == 1);
    CHECK(s.reading->mails(mail_state::waiting, 9).empty());
    CHECK(s.told_faults.empty());
}

TEST_CASE("mail room: it looks again only when something changed or is due") {
    site s;
    CHECK_FALSE(s.room->plan());
    s.raise(1, 3); // next digest: tomorrow
    s.later(minute_ms);
    CHECK_FALSE(s.room->plan());
    s.time->set(at("2026-03-16T07:29"));
    CHECK_FALSE(s.room->plan());
    s.time->set(at("2026-03-16T07:30"));
    CHECK(s.room->plan());
}

TEST_CASE("mail room: what another process acknowledged is not told") {
    site s;
    s.raise(1);
    s.round();
    s.change([](store& r) { r.alert_acknowledge(r.alerts_of("t1", "S-1").front().id, "alice", 5); });
    s.later(hour_ms);
    s.round();
    CHECK(s.relay->sent.empty());
}

TEST_CASE("mail room: a relay in trouble is one fault, tried again at growing pauses, and everything comes when it recovers") {
    site s;
    for (int i = 0; i < 6; ++i)
        s.relay->answers.push_back({is::relay, "no connection"});
    s.raise(1);
    s.later(30 * second_ms);
    s.round();
    CHECK(s.relay->sent.size() == 1);
    CHECK(s.told_faults == std::vector<std::string>{"+people.relay"});
    s.round();
    CHECK(s.relay->sent.size() == 1); // held
    s.raise(2);
    std::size_t rounds = 0;
    for (; s.relay->sent.size() < 7 && rounds < 10'000; ++rounds) {
        s.later(30 * second_ms);
        s.round();
    }
    CHECK(s.relay->sent.size() >= 7);
    CHECK(rounds >= 60); // 30 s, 1, 2, 4, 8, 16 min
    s.later(hour_ms);
    s.round();
    CHECK(s.relay->sent.size() == 8); // both mails arrived
    CHECK(s.told_faults == std::vector<std::string>{"+people.relay", "-people.relay"});
    CHECK(s.reading->mails(mail_state::waiting, 9).empty());
}

TEST_CASE("mail room: a refused mail is given up at once and told as a fault, others go on") {
    site s;
    s.config.subscribers.push_back(subscriber("bob"));
    s.restart();
    s.relay->answers = {{is::refused, "550"}};
    s.raise(1);
    s.later(30 * second_ms);
    s.round();
    CHECK(s.relay->sent.size() == 2);
    const auto dead = s.reading->mails(mail_state::dead, 9);
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].person == "alice");
    CHECK(dead[0].error == "550");
    CHECK(s.told_faults == std::vector<std::string>{"+people.undelivered"});
    s.later(24 * hour_ms);
    s.round();
    CHECK(s.relay->sent.size() == 2);
    s.change([&](store& r) { r.mail_remove(dead[0].id); });
    s.round();
    CHECK(s.told_faults.back() == "-people.undelivered");
}

TEST_CASE("mail room: retries end") {
    site s;
    for (int i = 0; i < 1000; ++i)
        s.relay->answers.push_back({is::later, "451"});
    s.raise(1);
    for (int i = 0; i < 24 * 60 * 4; ++i) {
        s.later(minute_ms);
        s.round();
    }
    const auto dead = s.reading->mails(mail_state::dead, 9);
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].attempts > 50);
    CHECK(dead[0].attempts < 150);
    CHECK(s.told_faults == std::vector<std::string>{"+people.undelivered"});
}

TEST_CASE("mail room: a mail that may have been sent when the process died goes out again under the same Message-ID") {
    site s;
    s.raise(1);
    s.later(30 * second_ms);
    s.relay->before = [] { throw std::runtime_error("died"); };
    CHECK_THROWS(s.round());
    CHECK(s.reading->mails(mail_state::sending, 9).size() == 1);
    const std::string id = s.reading->mails(mail_state::sending, 9)[0].message_id;
    s.relay->before = {};
    s.restart();
    s.round();
    REQUIRE(s.relay->sent.size() == 1);
    CHECK(s.relay->sent[0].second.find("Message-ID: <" + id + ">") != std::string::npos);
    CHECK(s.reading->mails(mail_state::sending, 9).empty());
}

TEST_CASE("mail room: the escalation of an alert is kept with it") {
    site s;
    s.config.subscribers[0].escalate_after = 30 * minute_ms;
    s.config.subscribers[0].escalate_to = "bob";
    s.config.subscribers.push_back(subscriber("bob"));
    s.config.subscribers[1].tiers[0] = {};
    s.restart();
    s.raise(1);
    s.later(30 * minute_ms);
    s.round();
    REQUIRE(s.relay->sent.size() == 2);
    CHECK(s.relay->sent[1].first == "bob@example.org");
    CHECK(s.reading->alerts_of("t1", "S-1").front().escalated == s.time->now());
    s.restart();
    s.later(24 * hour_ms);
    s.round();
    CHECK(s.relay->sent.size() == 2);
}

TEST_CASE("mail room: a mail to somebody who is no longer named is given up, unsent") {
    site s;
    s.relay->answers = {{is::later, "451"}};
    s.raise(1);
    s.later(30 * second_ms);
    s.round();
    s.config.subscribers[0].name = "carol";
    s.restart();
    s.later(hour_ms);
    s.room->send();
    REQUIRE(s.reading->mails(mail_state::dead, 9).size() == 1);
    CHECK(s.relay->sent.size() == 1);
}

TEST_CASE("mail room: what becomes of a mail") {
    relay_config relay;
    mail_row m;
    m.created = 1000;
    CHECK(after_attempt(m, 1, {is::taken, ""}, relay, 2000).what == mail_step::is::sent);
    CHECK(after_attempt(m, 1, {is::refused, ""}, relay, 2000).what == mail_step::is::dead);
    CHECK(after_attempt(m, 1, {is::later, ""}, relay, 2000).not_before == 2000 + 30 * second_ms);
    CHECK(after_attempt(m, 3, {is::relay, ""}, relay, 2000).not_before == 2000 + 2 * minute_ms);
    CHECK(after_attempt(m, 99, {is::relay, ""}, relay, 2000).not_before == 2000 + 30 * minute_ms);
    const instant old = 1001 + relay.give_up_after;
    CHECK(after_attempt(m, 4, {is::later, ""}, relay, old).what == mail_step::is::retry); // a weekend without the relay
    CHECK(after_attempt(m, 5, {is::later, ""}, relay, old).what == mail_step::is::dead);
}

TEST_CASE("people desk: its thread sends, hears of changes, and ends") {
    site s;
    s.room.reset();
    s.config.gather = 0;
    people_desk desk(s.config, berlin(), *s.writer, open_sqlite(s.folder.path().string(), true), s.time, s.faults, s.figures,
                     std::make_unique<scripted_carrier>(s.relay));
    s.raise(1);
    desk.poke();
    for (int i = 0; i < 500 && s.reading->told().empty(); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    CHECK(s.reading->told().size() == 1);
    for (int i = 0; i < 500 && s.reading->mail_count_of(mail_state::waiting) + s.reading->mail_count_of(mail_state::sending) > 0; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    desk.stop();
    desk.stop();
    CHECK(s.relay->sent.size() == 1);
}
