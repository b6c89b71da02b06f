// When who is told; all times are the site's.
#include "tests/people/people_support.hpp"

#include <algorithm>
#include <random>

using namespace trialgate;
using namespace trialgate::tests;
using how = subscriber_config::when::how;

namespace {

/// Plans as the desk does, and remembers what was told.
struct office {
    people_config config = one_subscriber();
    std::vector<alert_row> open;
    std::vector<told_row> told;
    std::map<std::string, mail_count> counts;
    instant next = 0;

    std::vector<planned_mail> look(instant now) {
        std::vector<mail_count> all;
        for (const auto& [name, c] : counts)
            all.push_back(c);
        mail_plan plan = plan_mails(config, berlin(), open, told, all, now);
        next = plan.next;
        for (const planned_mail& m : plan.mails) {
            told.insert(told.end(), m.told.begin(), m.told.end());
            counts[m.person] = m.count;
        }
        return std::move(plan.mails);
    }
    std::vector<planned_mail> look(const std::string& local) { return look(at(local)); }
    /// Goes from wake to wake; what was sent as "time person kind alerts".
    std::string until(const std::string& local, instant now) {
        std::string out;
        while (now <= at(local)) {
            for (const planned_mail& m : look(now)) {
                const std::int64_t seconds = now / 1000 + berlin().offset_at(now / 1000);
                out += to_text(seconds * 1000).substr(0, 19) + ' ' + m.person + ' ' + m.kind;
                for (const alert_row& a : m.alerts)
                    out += ' ' + std::to_string(a.id);
                out += '\n';
            }
            if (next <= now)
                now += second_ms; // never: the test fails by what is sent
            else if (next > at(local))
                break;
            else
                now = next;
        }
        return out;
    }
};

} // namespace

TEST_CASE("planner: nothing is told when nothing is open") {
    office o;
    CHECK(o.look("2026-03-15T10:00").empty());
    CHECK(o.next == std::numeric_limits<instant>::max());
}

TEST_CASE("planner: what comes within half a minute makes one mail, the most urgent first, and nothing is told twice") {
    office o;
    o.open = {alert_of(1, 2, at("2026-03-15T10:00")), alert_of(2, 1, at("2026-03-15T10:00") + 20'000),
              alert_of(3, 1, at("2026-03-15T10:00") + 5'000)};
    CHECK(o.look("2026-03-15T10:00").empty());
    CHECK(o.next == at("2026-03-15T10:00") + 30'000);
    const auto mails = o.look(o.next);
    REQUIRE(mails.size() == 1);
    CHECK(mails[0].kind == "immediate");
    REQUIRE(mails[0].alerts.size() == 3);
    CHECK(mails[0].alerts[0].id == 3);
    CHECK(mails[0].alerts[1].id == 2);
    CHECK(mails[0].alerts[2].id == 1);
    CHECK(o.look("2026-03-15T10:01").empty());
    CHECK(o.look("2026-03-20T10:01").empty());
    CHECK(o.next == std::numeric_limits<instant>::max());
}

TEST_CASE("planner: a thousand alerts at once are one mail") {
    office o;
    for (int i = 1; i <= 1000; ++i)
        o.open.push_back(alert_of(i, 1 + i % 3, at("2026-03-15T07:00") + i));
    CHECK(o.until("2026-03-15T07:05", at("2026-03-15T07:00")).find("immediate") != std::string::npos);
    CHECK(o.counts["alice"].mails == 1);
    o.until("2026-03-16T12:00", at("2026-03-15T07:05"));
    CHECK(o.counts["alice"].last == at("2026-03-15T07:30"));
    CHECK(o.counts["alice"].mails == 2); // the digest of tier T3
    CHECK(o.told.size() == 1000);
}

TEST_CASE("planner: a digest goes out at its time, with what came before it") {
    office o;
    o.open = {alert_of(1, 3, at("2026-03-15T07:29")), alert_of(2, 3, at("2026-03-15T07:30")), alert_of(3, 3, at("2026-03-15T07:31"))};
    CHECK(o.until("2026-03-17T00:00", at("2026-03-15T07:00")) ==
          "2026-03-15T07:30:00 alice digest 1 2\n2026-03-16T07:30:00 alice digest 3\n");
}

TEST_CASE("planner: a digest missed while nothing ran is sent late, and once") {
    office o;
    o.open = {alert_of(1, 3, at("2026-03-15T07:29"))};
    CHECK(o.until("2026-03-20T00:00", at("2026-03-18T15:00")) == "2026-03-18T15:00:00 alice digest 1\n");
}

TEST_CASE("planner: the digest keeps the time of the site's clocks when they change") {
    office o;
    for (int day = 27; day <= 31; ++day) // 2026-03-29: clocks go forward
        o.open.push_back(alert_of(day, 3, at("2026-03-" + std::to_string(day) + "T06:00")));
    CHECK(o.until("2026-04-01T00:00", at("2026-03-27T00:00")) ==
          "2026-03-27T07:30:00 alice digest 27\n2026-03-28T07:30:00 alice digest 28\n2026-03-29T07:30:00 alice digest 29\n"
          "2026-03-30T07:30:00 alice digest 30\n2026-03-31T07:30:00 alice digest 31\n");
    office autumn; // 2026-10-25: clocks go back, half past two comes twice and the digest once
    autumn.config.subscribers[0].tiers[2] = {how::digest, 2 * 60 + 30};
    autumn.open = {alert_of(1, 3, at("2026-10-25T01:00"))};
    CHECK(autumn.until("2026-10-27T00:00", at("2026-10-25T00:00")) == "2026-10-25T02:30:00 alice digest 1\n");
    office spring; // half past two does not come: the digest does
    spring.config.subscribers[0].tiers[2] = {how::digest, 2 * 60 + 30};
    spring.open = {alert_of(1, 3, at("2026-03-29T01:00"))};
    CHECK(spring.until("2026-03-30T00:00", at("2026-03-29T00:00")) == "2026-03-29T03:30:00 alice digest 1\n");
}

TEST_CASE("planner: quiet hours hold back what is not T1, over midnight too") {
    office o;
    o.config.subscribers[0].quiet.emplace(22 * 60, 6 * 60);
    o.open = {alert_of(1, 2, at("2026-03-15T23:00")), alert_of(2, 2, at("2026-03-16T05:00"))};
    CHECK(o.until("2026-03-16T12:00", at("2026-03-15T23:00")) == "2026-03-16T06:00:00 alice immediate 1 2\n");
    office day;
    day.config.subscribers[0].quiet.emplace(12 * 60, 13 * 60);
    day.open = {alert_of(1, 2, at("2026-03-15T12:30")), alert_of(2, 2, at("2026-03-15T13:00"))};
    CHECK(day.until("2026-03-15T14:00", at("2026-03-15T12:30")) == "2026-03-15T13:00:00 alice immediate 1 2\n");
    office urgent;
    urgent.config.subscribers[0].quiet.emplace(22 * 60, 6 * 60);
    urgent.open = {alert_of(1, 1, at("2026-03-15T23:00"))};
    CHECK(urgent.until("2026-03-16T12:00", at("2026-03-15T23:00")) == "2026-03-15T23:00:30 alice immediate 1\n");
}

TEST_CASE("planner: between two mails to a person lies a while") {
    office o;
    for (int i = 0; i < 4; ++i)
        o.open.push_back(alert_of(i + 1, 1, at("2026-03-15T10:00") + i * minute_ms));
    // Open alerts appear one after the other, as they come.
    std::vector<alert_row> all;
    all.swap(o.open);
    std::string sent;
    for (instant now = at("2026-03-15T10:00"); now < at("2026-03-15T10:20"); now += 10 * second_ms) {
        while (!all.empty() && all.front().news <= now) {
            o.open.push_back(all.front());
            all.erase(all.begin());
        }
        for (const planned_mail& m : o.look(now))
            sent += std::to_string((now - at("2026-03-15T10:00")) / 1000) + ":" + std::to_string(m.alerts.size()) + ' ';
    }
    CHECK(sent == "30:1 330:3 ");
}

TEST_CASE("planner: after the day's cap one summary, then nothing until the site's next day") {
    office o;
    o.config.subscribers[0].mails_a_day = 2;
    o.config.spacing = 0;
    std::string kinds;
    for (int i = 1; i <= 6; ++i) {
        const instant came = at("2026-03-15T10:00") + i * hour_ms;
        o.open.push_back(alert_of(i, 1, came));
        for (const planned_mail& m : o.look(came + minute_ms))
            kinds += m.kind + ' ';
    }
    CHECK(kinds == "immediate immediate summary ");
    CHECK(o.next == at("2026-03-16T00:00"));
    CHECK(o.until("2026-03-17T00:00", at("2026-03-15T17:00")) == "2026-03-16T00:00:00 alice immediate 4 5 6\n");
    CHECK(o.counts["alice"].mails == 1);
}

TEST_CASE("planner: a person hears of the own trials and tiers only") {
    office o;
    o.config.subscribers[0].trials = {"t2"};
    o.config.subscribers[0].tiers[1] = {how::never};
    o.open = {alert_of(1, 1, at("2026-03-15T10:00")), alert_of(2, 1, at("2026-03-15T10:00"), "t2"),
              alert_of(3, 2, at("2026-03-15T10:00"), "t2")};
    CHECK(o.until("2026-03-16T10:00", at("2026-03-15T10:00")) == "2026-03-15T10:00:30 alice immediate 2\n");
}

TEST_CASE("planner: what is acknowledged, snoozed or withdrawn is not told, when a snooze ends it is told again") {
    office o;
    o.open = {alert_of(1, 1, at("2026-03-15T10:00")), alert_of(2, 1, at("2026-03-15T10:00")), alert_of(3, 1, at("2026-03-15T10:00"))};
    o.open[0].acknowledged = 1;
    o.open[1].snoozed_until = at("2026-03-15T18:00");
    CHECK(o.until("2026-03-16T10:00", at("2026-03-15T10:00")) ==
          "2026-03-15T10:00:30 alice immediate 3\n2026-03-15T18:00:30 alice immediate 2\n");
    o.open[2].snoozed_until = at("2026-03-17T08:00"); // told before it was snoozed
    CHECK(o.until("2026-03-18T10:00", at("2026-03-16T10:00")) == "2026-03-17T08:00:30 alice immediate 3\n");
}

TEST_CASE("planner: what is news again is told again") {
    office o;
    o.open = {alert_of(1, 1, at("2026-03-15T10:00"))};
    o.until("2026-03-15T11:00", at("2026-03-15T10:00"));
    o.open[0].news = at("2026-03-15T12:00");
    CHECK(o.until("2026-03-15T13:00", at("2026-03-15T11:00")) == "2026-03-15T12:00:30 alice immediate 1\n");
}

TEST_CASE("planner: a T1 that nobody acknowledges goes to somebody else, once, at any hour") {
    office o;
    o.config.subscribers[0].escalate_after = 30 * minute_ms;
    o.config.subscribers[0].escalate_to = "bob";
    o.config.subscribers.push_back(subscriber("bob"));
    for (auto& tier : o.config.subscribers[1].tiers)
        tier = {how::never};
    o.config.subscribers[1].quiet.emplace(0, 23 * 60 + 59);
    o.open = {alert_of(1, 1, at("2026-03-15T03:00")), alert_of(2, 2, at("2026-03-15T03:00"))};
    const std::string alice = "2026-03-15T03:00:30 alice immediate 1 2\n";
    SECTION("not in time") {
        CHECK(o.until("2026-03-16T03:00", at("2026-03-15T03:00")) == alice + "2026-03-15T03:30:00 bob escalation 1\n");
        const auto it = std::find_if(o.told.begin(), o.told.end(), [](const told_row& t) { return t.person == "bob"; });
        REQUIRE(it != o.told.end());
        CHECK(it->escalation);
    }
    SECTION("in time") {
        CHECK(o.until("2026-03-15T03:29", at("2026-03-15T03:00")) == alice);
        o.open[0].acknowledged = at("2026-03-15T03:29");
        CHECK(o.until("2026-03-16T03:00", at("2026-03-15T03:29")).empty());
    }
    SECTION("snoozed: its time begins when the snooze ends") {
        o.until("2026-03-15T03:10", at("2026-03-15T03:00"));
        o.open[0].snoozed_until = at("2026-03-15T09:00");
        CHECK(o.until("2026-03-16T03:00", at("2026-03-15T03:10")) ==
              "2026-03-15T09:00:30 alice immediate 1\n2026-03-15T09:30:00 bob escalation 1\n");
    }
}

TEST_CASE("planner: a clock that is set back sends nothing twice and holds nothing for ever") {
    office o;
    o.open = {alert_of(1, 1, at("2026-03-15T10:00"))};
    o.until("2026-03-15T11:00", at("2026-03-15T10:00"));
    CHECK(o.look("2026-03-14T09:00").empty());
    o.open.push_back(alert_of(2, 1, at("2026-03-14T09:00")));
    CHECK(o.until("2026-03-14T10:00", at("2026-03-14T09:00")) == "2026-03-14T09:00:30 alice immediate 2\n");
}

TEST_CASE("planner: laws on random days") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        INFO("seed " << seed);
        std::mt19937 random(seed);
        const auto any = [&](unsigned below) { return static_cast<instant>(random() % below); };
        office o;
        o.config.subscribers[0].mails_a_day = 1 + static_cast<unsigned>(any(6));
        o.config.subscribers[0].quiet.emplace(any(1440), any(1440));
        o.config.spacing = any(30) * minute_ms;
        std::vector<alert_row> all;
        for (int i = 1; i <= 40; ++i)
            all.push_back(alert_of(i, 1 + static_cast<unsigned>(any(3)), at("2026-03-27T00:00") + any(4 * 1440) * minute_ms));
        std::sort(all.begin(), all.end(), [](const alert_row& a, const alert_row& b) { return a.news < b.news; });
        std::map<std::int64_t, int> times;
        std::map<std::int32_t, unsigned> a_day;
        instant last = 0;
        std::size_t shown = 0;
        for (instant now = at("2026-03-27T00:00"); now < at("2026-04-06T00:00"); now += 7 * minute_ms) {
            while (shown < all.size() && all[shown].news <= now)
                o.open.push_back(all[shown++]);
            for (const planned_mail& m : o.look(now)) {
                for (const told_row& t : m.told)
                    ++times[t.alert];
                ++a_day[berlin().date_of(now / 1000).days];
                if (last != 0)
                    CHECK(now - last >= o.config.spacing);
                last = now;
            }
            CHECK(o.next > now); // never asks to be asked again at once
        }
        CHECK(times.size() == 40); // everybody hears of everything in the end
        for (const auto& [id, n] : times)
            CHECK(n == 1);
        for (const auto& [day, n] : a_day)
            CHECK(n <= o.config.subscribers[0].mails_a_day + 1);
    }
}
