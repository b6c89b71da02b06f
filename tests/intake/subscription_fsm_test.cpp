#include "gateway/intake/subscription_fsm.hpp"

#include <catch2/catch.hpp>

using namespace trialgate::gateway;
using act = subscription_action;
using kind = subscription_event::kind;
using state = subscription_state;

namespace {

subscription_event event(kind k, std::string status = {}, std::string id = {}, instant end = 0) {
    subscription_event e;
    e.what = k;
    e.status = std::move(status);
    e.id = std::move(id);
    e.end = end;
    return e;
}

struct row {
    duration_ms later; ///< since the row before
    subscription_event told;
    std::vector<act> expected;
    state after;
};

constexpr instant start = 1'000'000;

/// Steps through the table; checks after each row.
struct play {
    subscription_fsm fsm;
    instant now = start;

    explicit play(subscription_rules rules = {}, subscription_fsm::memory known = {}) : fsm(rules, std::move(known), start) {}

    void operator()(const std::vector<row>& table) {
        int number = 0;
        for (const row& r : table) {
            now += r.later;
            INFO("row " << ++number);
            subscription_event e = r.told;
            if (e.at == -1)
                e.at = now;
            CHECK(fsm.step(e, now, 1.0) == r.expected);
            CHECK(to_code(fsm.state()) == to_code(r.after));
        }
    }
};

subscription_event heard() {
    subscription_event e = event(kind::heard);
    e.at = -1; // now
    return e;
}
subscription_event canary_written() {
    subscription_event e = event(kind::canary_written);
    e.at = -1;
    return e;
}

const subscription_event tick = event(kind::tick);
const subscription_event active = event(kind::found, "active");
const std::vector<act> none;

/// Created and active at once.
play running(subscription_rules rules = {}) {
    play p(rules, {"7", "active", 0, 0, 0});
    p({{0, tick, {rules.status_operation ? act::ask_status : act::read}, state::active},
       {0, active, {act::clear_inactive, act::reconcile}, state::active}});
    return p;
}

} // namespace

TEST_CASE("A subscription is looked for, created, awaited, and then watched", "[fsm]") {
    play p;
    p({{0, tick, {act::find}, state::absent},
       {0, tick, none, state::absent}, // one question at a time
       {0, event(kind::not_found), {act::create}, state::creating},
       {100, event(kind::found, "requested", "7"), {act::clear_refused}, state::requested},
       {4'000, tick, none, state::requested},
       {1'000, tick, {act::read}, state::requested},
       {0, active, {act::reconcile, act::clear_inactive}, state::active},
       {5 * minute_ms - 1, tick, none, state::active},
       {1, tick, {act::read}, state::active},
       {0, active, {act::clear_inactive}, state::active}});
    CHECK(p.fsm.id() == "7");
    CHECK(p.fsm.due() == p.now + 5 * minute_ms);
}

TEST_CASE("One that an earlier create left behind is adopted", "[fsm]") {
    play p;
    p({{0, tick, {act::find}, state::absent}, {0, event(kind::found, "active", "3"), {act::reconcile, act::clear_inactive}, state::active}});
    CHECK(p.fsm.id() == "3");
}

TEST_CASE("A create whose outcome is unknown is followed by a search, not by another create", "[fsm]") {
    play p;
    p({{0, tick, {act::find}, state::absent},
       {0, event(kind::not_found), {act::create}, state::creating},
       {0, event(kind::failed), none, state::waiting},
       {4'999, tick, none, state::waiting},
       {1, tick, {act::find}, state::waiting},
       {0, event(kind::failed), none, state::waiting},
       {10'000, tick, {act::find}, state::waiting}});
    subscription_event later = event(kind::failed);
    later.retry_after = 7 * minute_ms;
    p({{0, later, none, state::waiting}});
    CHECK(p.fsm.due() == p.now + 7 * minute_ms);
}

TEST_CASE("A refusal is a fault, and tried again with growing pauses", "[fsm]") {
    play p;
    p({{0, tick, {act::find}, state::absent},
       {0, event(kind::not_found), {act::create}, state::creating},
       {0, event(kind::refused), {act::raise_refused}, state::waiting}});
    duration_ms before = 0;
    for (int i = 0; i < 12; ++i) {
        const duration_ms wait = p.fsm.due() - p.now;
        CHECK(wait >= before);
        before = wait;
        p({{wait, tick, {act::find}, state::waiting},
           {0, event(kind::not_found), {act::create}, state::creating},
           {0, event(kind::refused), {act::raise_refused}, state::waiting}});
    }
    CHECK(before == hour_ms);
    p({{hour_ms, tick, {act::find}, state::waiting},
       {0, event(kind::not_found), {act::create}, state::creating},
       {0, event(kind::found, "requested", "7"), {act::clear_refused}, state::requested}});
}

TEST_CASE("Error and off are asked anew, at once and then with pauses, and what was missed is asked for", "[fsm]") {
    const auto [word, named] = GENERATE(table<std::string, state>({{"error", state::error}, {"off", state::off}}));
    play p = running();
    p({{5 * minute_ms, tick, {act::read}, state::active},
       {0, event(kind::found, word), {act::reconcile, act::update}, named},
       {0, event(kind::found, "requested"), {act::clear_refused}, state::requested},
       {5'000, tick, {act::read}, state::requested},
       {0, event(kind::found, word), {act::reconcile, act::raise_inactive}, named},
       {9'999, tick, none, named},
       {1, tick, {act::update}, named},
       {0, event(kind::found, word), {act::clear_refused, act::reconcile, act::raise_inactive}, named},
       {20'000, tick, {act::update}, named},
       // It comes back, and stays a fault until it has been calm.
       {0, active, {act::clear_refused, act::reconcile}, state::active}});
    for (int i = 0; i < 11; ++i)
        p({{5 * minute_ms, tick, {act::read}, state::active}, {0, active, none, state::active}});
    p({{5 * minute_ms, tick, {act::read}, state::active}, {0, active, {act::clear_inactive}, state::active}});
}

TEST_CASE("What is gone is created anew and everything since is asked for", "[fsm]") {
    play p = running();
    p({{5 * minute_ms, tick, {act::read}, state::active},
       {0, event(kind::gone), {act::reconcile, act::find}, state::absent},
       {0, event(kind::not_found), {act::create}, state::creating},
       {0, event(kind::found, "active", "8"), {act::clear_refused, act::reconcile, act::clear_inactive}, state::active}});
    CHECK(p.fsm.id() == "8");
}

TEST_CASE("One that never becomes active is a fault after a while", "[fsm]") {
    play p;
    p({{0, tick, {act::find}, state::absent},
       {0, event(kind::not_found), {act::create}, state::creating},
       {0, event(kind::found, "requested", "7"), {act::clear_refused}, state::requested}});
    int reads = 0;
    std::vector<act> last;
    while (p.now < start + 11 * minute_ms) {
        p.now = p.fsm.due();
        REQUIRE(p.fsm.step(tick, p.now, 0.5) == std::vector<act>{act::read});
        last = p.fsm.step(event(kind::found, "requested"), p.now, 0.5);
        ++reads;
    }
    CHECK(reads < 25);
    CHECK(last == std::vector<act>{act::raise_inactive});
}

TEST_CASE("A heartbeat that is overdue makes us ask, and servers that send none are asked less often", "[fsm]") {
    subscription_rules rules;
    rules.heartbeat = minute_ms;
    rules.status_operation = true;
    play p = running(rules);
    p({{149'999, tick, none, state::active},
       {1, tick, {act::ask_status}, state::active},
       {0, active, {act::clear_inactive}, state::active},
       {299'999, tick, none, state::active},
       {1, tick, {act::ask_status}, state::active},
       {0, active, {act::clear_inactive}, state::active},
       {10'000, heard(), none, state::active}, // it does send them
       {149'999, tick, none, state::active},
       {1, tick, {act::ask_status}, state::active},
       {0, event(kind::found, "error"), {act::reconcile, act::update}, state::error}});
}

TEST_CASE("A server that cannot be asked is asked again, and then for everything since", "[fsm]") {
    play p = running();
    p({{5 * minute_ms, tick, {act::read}, state::active},
       {0, event(kind::failed), none, state::active},
       {5'000, tick, {act::read}, state::active},
       {0, event(kind::failed), none, state::active},
       {10'000, tick, {act::read}, state::active},
       {0, active, {act::clear_inactive, act::reconcile}, state::active}});
}

TEST_CASE("A restart asks for the status at once and for everything that nobody heard", "[fsm]") {
    play p({}, {"7", "active", 0, start - hour_ms, 0});
    p({{0, tick, {act::read}, state::active}, {0, active, {act::clear_inactive, act::reconcile}, state::active}});
}

TEST_CASE("The end is moved when a third is left, and a server without ends is left alone", "[fsm]") {
    play p;
    p({{0, tick, {act::find}, state::absent},
       {0, event(kind::not_found), {act::create}, state::creating},
       {0, event(kind::found, "active", "7", start + 30 * minute_ms), {act::clear_refused, act::reconcile, act::clear_inactive}, state::active}});
    // 20 of 30 minutes later: four checks in between
    for (int i = 0; i < 3; ++i)
        p({{5 * minute_ms, tick, {act::read}, state::active},
           {0, event(kind::found, "active", "", start + 30 * minute_ms), {act::clear_inactive}, state::active}});
    p({{5 * minute_ms, tick, {act::update}, state::active},
       {0, event(kind::found, "active", "", p.now + 35 * minute_ms), {act::clear_refused, act::clear_inactive}, state::active}});
    CHECK(p.fsm.ends() == start + 50 * minute_ms);
    play q = running();
    CHECK(q.fsm.due() == start + 5 * minute_ms);
}

TEST_CASE("A renewal that is refused leaves what works alone", "[fsm]") {
    play p({}, {"7", "active", start + hour_ms, start, 0});
    p({{0, tick, {act::update}, state::active},
       {0, event(kind::refused), {act::raise_refused, act::read}, state::active},
       {0, event(kind::found, "active", "", start + hour_ms), {act::clear_inactive, act::reconcile}, state::active},
       {30 * minute_ms, tick, {act::update}, state::active}});
}

TEST_CASE("A server without updates gets a new one in place of the old", "[fsm]") {
    play p = running();
    p({{0, event(kind::changed), {act::update}, state::active},
       {0, event(kind::unsupported), {act::remove}, state::removing},
       {0, event(kind::removed), {act::reconcile, act::find}, state::absent},
       {0, event(kind::not_found), {act::create}, state::creating}});
}

TEST_CASE("A changed endpoint is told to the server", "[fsm]") {
    play p = running();
    p({{0, event(kind::changed), {act::update}, state::active},
       {0, event(kind::failed), none, state::waiting},
       {5'000, tick, {act::update}, state::waiting},
       {0, event(kind::found, "requested"), {act::clear_refused, act::reconcile}, state::requested},
       {0, heard(), {act::read}, state::requested}, // its handshake
       {0, active, {act::reconcile, act::clear_inactive}, state::active}});
}

TEST_CASE("What is no longer wanted is removed, or switched off where nothing can be deleted", "[fsm]") {
    play p = running();
    p({{0, event(kind::drop), {act::remove}, state::removing}, {0, event(kind::gone), none, state::removed}, {hour_ms, tick, none, state::removed}});
    play q = running();
    q({{0, event(kind::drop), {act::remove}, state::removing},
       {0, event(kind::failed), none, state::waiting},
       {5'000, tick, {act::remove}, state::removing},
       {0, event(kind::unsupported), {act::switch_off}, state::removing},
       {0, event(kind::removed), none, state::removed}});
    CHECK(q.fsm.due() == std::numeric_limits<instant>::max());
    play never_created;
    never_created({{0, event(kind::drop), {act::find}, state::absent}, {0, event(kind::not_found), none, state::removed}});
}

TEST_CASE("Silence is looked into", "[fsm]") {
    subscription_rules rules;
    rules.silence = hour_ms;
    rules.check_every = 24 * hour_ms;
    play p = running(rules);
    p({{30 * minute_ms, heard(), none, state::active},
       {hour_ms - 1, tick, none, state::active},
       {1, tick, {act::reconcile, act::read}, state::active},
       {0, active, {act::clear_inactive}, state::active},
       {hour_ms, tick, {act::reconcile, act::read}, state::active}});
}

TEST_CASE("A canary that is not heard is a fault and a new request, one that is heard ends it", "[fsm]") {
    subscription_rules rules;
    rules.canary = true;
    rules.check_every = 24 * hour_ms;
    play p = running(rules);
    p({{minute_ms, tick, {act::write_canary}, state::active},
       {0, canary_written(), none, state::active},
       {5 * minute_ms - 1, tick, none, state::active},
       {1, tick, {act::raise_canary, act::reconcile, act::remove_canary, act::update}, state::active},
       {0, active, {act::clear_refused, act::clear_inactive}, state::active},
       {hour_ms, tick, {act::write_canary}, state::active},
       {0, canary_written(), none, state::active},
       {1'000, event(kind::canary_heard), {act::remove_canary, act::clear_canary}, state::active},
       {0, event(kind::canary_heard), none, state::active}});
    CHECK(p.fsm.due() == start + 24 * hour_ms); // nothing else is due before the silence is
}
