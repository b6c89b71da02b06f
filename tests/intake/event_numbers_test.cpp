#include "gateway/core/event_numbers.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <random>
#include <set>

using namespace trialgate::gateway;
using finding = event_numbers::finding;
using hole = event_numbers::hole;

namespace {

constexpr instant start = 1'768'473'000'000;
constexpr duration_ms patience = 30 * second_ms;

/// 1..n arrived in order, each with its total.
event_numbers counted_to(std::int64_t n, instant at = start) {
    event_numbers seen;
    for (std::int64_t i = 1; i <= n; ++i) {
        REQUIRE(seen.event(i, at) == finding::fresh);
        REQUIRE_FALSE(seen.total(i, at));
    }
    return seen;
}

/// What a worker does with a notification of one event: true when it has to reconcile.
bool tell(event_numbers& seen, std::int64_t number, std::int64_t total, instant at) {
    const bool restarted = seen.event(number, at) == finding::restarted;
    return seen.total(total, at) || restarted;
}

} // namespace

TEST_CASE("event numbers: an unbroken sequence has no hole") {
    const event_numbers seen = counted_to(57);
    CHECK(seen.contiguous() == 57);
    CHECK(seen.highest() == 57);
    CHECK_FALSE(seen.due(patience));
    CHECK_FALSE(seen.overdue(start + hour_ms, patience));
}

TEST_CASE("event numbers: a hole is reported after the patience, and no more once it is closed") {
    event_numbers seen = counted_to(3);
    CHECK(seen.event(7, start + 1000) == finding::fresh);
    CHECK(seen.event(9, start + 2000) == finding::fresh);
    CHECK(seen.contiguous() == 3);
    CHECK(seen.highest() == 9);
    CHECK(seen.due(patience) == start + 1000 + patience);
    CHECK_FALSE(seen.overdue(start + 1000 + patience - 1, patience));
    CHECK(seen.overdue(start + 1000 + patience, patience) == hole{4, 6});
    seen.closed_through(6);
    CHECK(seen.contiguous() == 7);
    CHECK(seen.due(patience) == start + 2000 + patience);
    CHECK(seen.overdue(start + 2000 + patience, patience) == hole{8, 8});
    CHECK(seen.event(8, start + 40'000) == finding::fresh);
    CHECK(seen.contiguous() == 9);
    CHECK_FALSE(seen.due(patience));
}

TEST_CASE("event numbers: a hole that fills in time is not reported") {
    event_numbers seen = counted_to(3);
    seen.event(5, start);
    CHECK(seen.event(4, start + 29'000) == finding::fresh);
    CHECK_FALSE(seen.overdue(start + hour_ms, patience));
    CHECK(seen.contiguous() == 5);
}

TEST_CASE("event numbers: a total above what was seen opens a hole") {
    event_numbers seen = counted_to(3);
    CHECK_FALSE(seen.total(5, start));
    CHECK_FALSE(seen.total(6, start + 20'000));
    CHECK(seen.highest() == 6);
    CHECK(seen.overdue(start + patience, patience) == hole{4, 5}); // 6 may be on its way
    seen.closed_through(5);
    CHECK_FALSE(seen.overdue(start + patience, patience));
    CHECK(seen.overdue(start + 20'000 + patience, patience) == hole{6, 6});
    CHECK(seen.event(6, start + 51'000) == finding::fresh);
    CHECK_FALSE(seen.due(patience));
}

TEST_CASE("event numbers: a subscription first heard in the middle has one hole") {
    event_numbers seen;
    CHECK(seen.event(500, start) == finding::fresh);
    CHECK(seen.overdue(start + patience, patience) == hole{1, 499});
    seen.closed_through(499);
    CHECK(seen.contiguous() == 500);
}

TEST_CASE("event numbers: repeats are duplicates and nothing more") {
    event_numbers seen = counted_to(40);
    seen.event(42, start);
    for (const std::int64_t n : {40, 33, 42, 5})
        CHECK(seen.event(n, start + minute_ms) == finding::duplicate);
    CHECK(seen.event(0, start) == finding::duplicate);
    CHECK(seen.event(-3, start) == finding::duplicate);
    CHECK_FALSE(seen.total(42, start + minute_ms));
    CHECK(seen.contiguous() == 40);
}

TEST_CASE("event numbers: late totals and repeats of whole notifications are no restart") {
    event_numbers seen = counted_to(57);
    CHECK_FALSE(tell(seen, 56, 56, start + 5 * minute_ms));
    CHECK_FALSE(tell(seen, 20, 20, start + 20 * minute_ms));
    CHECK_FALSE(seen.total(55, start + 20 * minute_ms));
    CHECK(seen.contiguous() == 57);
    // Quiet for long, and then overtaken by a second: 57 was true until just now.
    CHECK_FALSE(tell(seen, 58, 58, start + 5 * hour_ms));
    CHECK_FALSE(seen.total(57, start + 5 * hour_ms + second_ms));
    CHECK_FALSE(tell(seen, 57, 57, start + 5 * hour_ms + second_ms));
    CHECK(seen.contiguous() == 58);
}

TEST_CASE("event numbers: a server that begins at 1 again is one restart") {
    event_numbers seen = counted_to(1000);
    int reconciles = 0;
    for (std::int64_t n = 1; n <= 1500; ++n)
        reconciles += tell(seen, n, n, start + n * second_ms);
    CHECK(reconciles == 1);
    CHECK(seen.contiguous() == 1500);
    CHECK_FALSE(seen.due(patience));
}

TEST_CASE("event numbers: a restart is seen in every way that a server tells it") {
    SECTION("the total comes before the event") {
        event_numbers seen = counted_to(57);
        CHECK(seen.total(1, start));
        CHECK(seen.event(1, start) == finding::duplicate);
        CHECK(seen.event(2, start) == finding::fresh);
        CHECK_FALSE(seen.total(2, start));
    }
    SECTION("a heartbeat or a handshake of 0") {
        event_numbers seen = counted_to(57);
        CHECK(seen.total(0, start));
        CHECK_FALSE(seen.total(0, start + minute_ms));
        CHECK_FALSE(tell(seen, 1, 1, start + 2 * minute_ms));
        CHECK(seen.contiguous() == 1);
    }
    SECTION("several events in the first bundle") {
        event_numbers seen = counted_to(57);
        for (const std::int64_t n : {1, 2, 3})
            CHECK(seen.event(n, start) == finding::duplicate);
        CHECK(seen.total(3, start));
        CHECK(seen.contiguous() == 3);
    }
    SECTION("the first events are lost") {
        event_numbers seen = counted_to(57);
        CHECK(tell(seen, 20, 20, start + 2 * hour_ms));
        CHECK(seen.contiguous() == 20);
        CHECK_FALSE(seen.due(patience));
    }
    SECTION("few events, after a long time") {
        event_numbers seen = counted_to(3);
        CHECK(tell(seen, 1, 1, start + 2 * hour_ms));
        CHECK_FALSE(tell(seen, 2, 2, start + 2 * hour_ms));
    }
    SECTION("no totals at all") {
        event_numbers seen;
        for (std::int64_t n = 1; n <= 57; ++n)
            seen.event(n, start);
        CHECK(seen.event(1, start) == finding::restarted);
        CHECK(seen.event(2, start) == finding::fresh);
    }
}

TEST_CASE("event numbers: a restart ends the holes of the old count") {
    event_numbers seen = counted_to(57);
    CHECK_FALSE(tell(seen, 60, 60, start));
    REQUIRE(seen.due(patience));
    CHECK(tell(seen, 1, 1, start + second_ms));
    CHECK_FALSE(seen.due(patience));
    CHECK(seen.highest() == 1);
    seen.event(3, start + 2 * second_ms);
    CHECK(seen.overdue(start + minute_ms, patience) == hole{2, 2});
}

TEST_CASE("event numbers: a count that goes on after all costs no second reconcile") {
    event_numbers seen = counted_to(57);
    REQUIRE(tell(seen, 1, 1, start + 3 * hour_ms)); // a very late repeat
    CHECK_FALSE(tell(seen, 58, 58, start + 3 * hour_ms + second_ms));
    CHECK(seen.contiguous() == 58);
    CHECK_FALSE(seen.due(patience));
    CHECK_FALSE(tell(seen, 2, 2, start + 3 * hour_ms + minute_ms));
    CHECK(seen.contiguous() == 58);
}

TEST_CASE("event numbers: two nodes that count each for itself cause no storm") {
    event_numbers seen = counted_to(500);
    int reconciles = 0;
    for (std::int64_t n = 1; n <= 200; ++n) {
        const instant now = start + n * minute_ms;
        reconciles += tell(seen, 500 + n, 500 + n, now);
        reconciles += tell(seen, n, n, now + second_ms);
    }
    CHECK(reconciles >= 1);
    CHECK(reconciles <= 8); // in more than three hours
    CHECK(seen.highest() == 700);
}

TEST_CASE("event numbers: totals that make no sense are left out") {
    event_numbers seen;
    int reconciles = 0;
    for (std::int64_t n = 1; n <= 100; ++n)
        reconciles += tell(seen, n, 1, start + n * hour_ms);
    CHECK(reconciles == 0);
    CHECK(seen.contiguous() == 100);
    CHECK_FALSE(seen.total(-1, start));
    CHECK(seen.event(std::numeric_limits<std::int64_t>::max(), start) == finding::duplicate);
    CHECK_FALSE(seen.total(std::numeric_limits<std::int64_t>::max(), start));
    CHECK(seen.contiguous() == 100);
}

TEST_CASE("event numbers: a server that always says 1 is quiet") {
    event_numbers seen;
    for (int i = 0; i < 50; ++i)
        CHECK_FALSE(tell(seen, 1, 1, start + i * hour_ms));
    CHECK_FALSE(seen.due(patience));
}

TEST_CASE("event numbers: memory is bounded by one hole through the highest") {
    event_numbers seen;
    for (std::int64_t n = 2; n <= 100'000; n += 2)
        seen.event(n, start + n);
    CHECK(seen.highest() == 100'000);
    CHECK(seen.text().size() < 40'000);
    const auto open = seen.overdue(start + 100'000 + patience, patience);
    REQUIRE(open);
    CHECK(open->first == 1);
    for (std::size_t holes = 0; holes < 2'000 && seen.due(patience); ++holes)
        seen.closed_through(seen.overdue(start + hour_ms, patience).value().last);
    CHECK(seen.contiguous() == 100'000);
}

TEST_CASE("event numbers: text keeps everything, and other text gives a fresh state") {
    event_numbers seen = counted_to(57);
    seen.event(60, start + 1);
    seen.event(61, start + 2);
    seen.event(1, start + 3);
    seen.total(64, start + 4);
    seen.total(66, start + 5);
    seen.event(1, start + 6);
    const event_numbers again(seen.text());
    CHECK(again.text() == seen.text());
    CHECK(again.contiguous() == 57);
    CHECK(again.highest() == 66);
    CHECK(again.due(patience) == seen.due(patience));
    CHECK(seen.text().size() < 150);

    const std::string fresh = event_numbers().text();
    CHECK(event_numbers(fresh).text() == fresh);
    const std::string whole = seen.text();
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        const event_numbers read(std::string_view(whole).substr(0, cut)); // cut at an announcement's end it is a state, and a sound one
        CHECK((read.text() == fresh || (read.contiguous() == 57 && read.highest() >= 61)));
    }
    for (const char* other : {"", "57", "n1 ", "n2 1 0 0 0 0 0 0 0 0;;", "n1 -1 0 0 0 0 0 0 0 0;;", "n1 9 0 0 0 0 0 0 0 0;5-6@1,;",
                              "n1 9 0 0 0 0 0 0 0 0;12-11@1,;", "n1 9 0 0 0 0 0 0 0 0;;5@1,", "n1 9999999999999999999 0 0 0 0 0 0 0 0;;"})
        CHECK(event_numbers(other).text() == fresh);
}

TEST_CASE("event numbers: whatever is lost is reported and nothing else") {
    const unsigned seed = GENERATE(range(0u, 200u));
    CAPTURE(seed);
    std::mt19937 random(seed);
    const auto chance = [&](int percent) { return static_cast<int>(random() % 100) < percent; };

    struct message {
        instant at;
        std::int64_t number, total;
    };
    std::vector<message> sent;
    std::set<std::int64_t> lost, reported;
    constexpr std::int64_t events = 300;
    for (std::int64_t n = 1; n <= events; ++n) {
        // Up to 20 s late: within the patience. The last is not lost, or nobody would know of it.
        const instant at = start + n * 700;
        if (n < events && chance(10)) {
            lost.insert(n);
            continue;
        }
        sent.push_back({at + static_cast<instant>(random() % (chance(50) ? 20'000 : 100)), n, n});
        while (chance(20) && n > 8) // a repeat of the first of all, much later, cannot be told from a restart
            sent.push_back({at + static_cast<instant>(random() % (10 * minute_ms)), n, n});
        if (chance(10) && n > 8)
            sent.push_back({at + static_cast<instant>(random() % 20'000), 0, n}); // heartbeat
    }
    std::stable_sort(sent.begin(), sent.end(), [](const message& a, const message& b) { return a.at < b.at; });

    event_numbers seen;
    const auto look = [&](instant now) {
        while (const auto open = seen.overdue(now, patience)) {
            for (std::int64_t n = open->first; n <= open->last; ++n)
                CHECK(reported.insert(n).second);
            seen.closed_through(open->last);
        }
    };
    int restarts = 0;
    for (const message& m : sent) {
        look(m.at);
        if (m.number > 0)
            restarts += seen.event(m.number, m.at) == finding::restarted;
        restarts += seen.total(m.total, m.at);
        if (chance(5))
            seen = event_numbers(seen.text());
    }
    look(start + hour_ms);
    CHECK(restarts == 0);
    CHECK(reported == lost);
    CHECK(seen.contiguous() == events);
    CHECK_FALSE(seen.due(patience));
}
