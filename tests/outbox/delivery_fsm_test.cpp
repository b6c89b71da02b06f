#include "gateway/outbox/delivery_fsm.hpp"

#include <catch2/catch.hpp>

using namespace trialgate::gateway;
using outcome = delivery_result::is;
using cause = delivery_result::cause;
using step = delivery_step::is;

namespace {

constexpr instant now = 1'773'568'800'000;

sink_config patient_sink() {
    sink_config out;
    out.name = "study";
    out.first_retry = 2 * second_ms;
    out.longest_retry = 5 * minute_ms;
    out.give_up_after = 3 * 24 * hour_ms;
    return out;
}

delivery_result result_of(outcome what, cause because = cause::receiver, duration_ms wait = 0) {
    delivery_result out;
    out.what = what;
    out.because = because;
    out.wait = wait;
    return out;
}

outbox_row row_of(std::uint32_t attempts, duration_ms age) {
    outbox_row out;
    out.attempts = attempts;
    out.created = now - age;
    return out;
}

} // namespace

TEST_CASE("What becomes of a message after an attempt") {
    struct expectation {
        const char* name;
        std::uint32_t attempts;
        duration_ms age;
        delivery_result result;
        step what;
        std::uint32_t attempts_after;
        duration_ms least, most; ///< of the pause
    };
    const duration_ms day = 24 * hour_ms;
    const auto e = GENERATE_COPY(from_range(std::vector<expectation>{
        {"delivered", 0, 0, result_of(outcome::delivered), step::delivered, 0, 0, 0},
        {"a person decided", 3, 0, result_of(outcome::overruled), step::delivered, 3, 0, 0},
        {"first failure", 0, 0, result_of(outcome::later), step::retry, 1, 0, 2 * second_ms},
        {"fourth failure", 3, minute_ms, result_of(outcome::later), step::retry, 4, 0, 16 * second_ms},
        {"the pause has an end", 4'000'000'000u, hour_ms, result_of(outcome::later), step::retry, 4'000'000'001u, 0, 5 * minute_ms},
        {"Retry-After is the least", 0, 0, result_of(outcome::later, cause::receiver, 10 * minute_ms), step::retry, 1, 10 * minute_ms, 10 * minute_ms},
        {"but not for ever", 0, 0, result_of(outcome::later, cause::receiver, 9 * day), step::retry, 1, hour_ms, hour_ms},
        {"not tried", 3, 0, result_of(outcome::later, cause::not_tried), step::retry, 3, 0, 16 * second_ms},
        {"not tried, old", 90, 9 * day, result_of(outcome::later, cause::not_tried), step::retry, 90, 0, 5 * minute_ms},
        {"refused for good", 0, 0, result_of(outcome::never), step::dead, 1, 0, 0},
        {"too old", 20, 3 * day + 1, result_of(outcome::later), step::dead, 21, 0, 0},
        {"not yet too old", 20, 3 * day, result_of(outcome::later), step::retry, 21, 0, 5 * minute_ms},
        {"old, retried by an operator", 0, 9 * day, result_of(outcome::later), step::retry, 1, 0, 2 * second_ms},
        {"old, retried, fifth failure", 4, 9 * day, result_of(outcome::later), step::dead, 5, 0, 0},
    }));
    for (const double random : {0.0, 0.5, 0.999}) {
        INFO(e.name << ", random " << random);
        const delivery_step next = after_attempt(row_of(e.attempts, e.age), e.result, patient_sink(), now, random);
        CHECK(next.what == e.what);
        CHECK(next.attempts == e.attempts_after);
        if (e.what == step::retry) {
            CHECK(next.not_before >= now + e.least);
            CHECK(next.not_before <= now + e.most);
        }
    }
}

TEST_CASE("Status codes become outcomes") {
    struct expectation {
        int status;
        outcome what;
        cause because;
    };
    const auto e = GENERATE(values<expectation>({
        {200, outcome::delivered, cause::receiver}, {201, outcome::delivered, cause::receiver}, {204, outcome::delivered, cause::receiver},
        {302, outcome::later, cause::receiver},     {400, outcome::never, cause::receiver},     {401, outcome::later, cause::receiver},
        {403, outcome::later, cause::receiver},     {404, outcome::never, cause::receiver},     {405, outcome::never, cause::receiver},
        {408, outcome::later, cause::receiver},     {409, outcome::later, cause::message},      {410, outcome::never, cause::receiver},
        {412, outcome::later, cause::message},      {413, outcome::never, cause::receiver},     {422, outcome::never, cause::receiver},
        {425, outcome::later, cause::receiver},     {429, outcome::later, cause::receiver},     {500, outcome::later, cause::receiver},
        {501, outcome::later, cause::receiver},     {503, outcome::later, cause::receiver},
    }));
    const delivery_result r = of_status(e.status, 7'000, "error invalid");
    CAPTURE(e.status);
    CHECK(r.what == e.what);
    CHECK(r.because == e.because);
    CHECK(r.why == std::to_string(e.status) + " error invalid");
    if (e.what == outcome::later)
        CHECK(r.wait == 7'000);
}

TEST_CASE("A request that never left is no attempt") {
    CHECK(of_error({net_errc::refused, false, {}}).because == cause::not_tried);
    const delivery_result r = of_error({net_errc::timeout, true, "study.example:443 did not answer"});
    CHECK(r.because == cause::receiver);
    CHECK(r.what == outcome::later);
    CHECK(r.why == "timeout");
}

TEST_CASE("The breaker of a sink opens after five failures of the receiver in a row") {
    sink_health health(patient_sink());
    const auto failure = result_of(outcome::later);
    for (int i = 0; i < 4; ++i)
        CHECK(health.saw(failure, now, 0.5) == sink_health::change::none);
    CHECK(health.may_begin(now, 1, 4) == 3);
    CHECK(health.saw(failure, now, 0.5) == sink_health::change::opened);
    CHECK(health.may_begin(now, 0, 4) == 0);

    SECTION("then one attempt at a time goes out") {
        const instant probe = health.opens_at(now);
        REQUIRE(probe > now);
        CHECK(probe <= now + 2 * second_ms);
        CHECK(health.may_begin(probe, 0, 4) == 1);
        CHECK(health.may_begin(probe, 1, 4) == 0);
        CHECK(health.saw(result_of(outcome::delivered), probe, 0.5) == sink_health::change::closed);
        CHECK(health.may_begin(probe, 0, 4) == 4);
    }
    SECTION("with pauses that grow up to the longest") {
        instant at = now, last = 0;
        for (int i = 0; i < 40; ++i) {
            at = health.opens_at(at);
            CHECK(health.saw(failure, at, 1.0) == sink_health::change::none);
            CHECK(health.opens_at(at) - at >= last);
            last = health.opens_at(at) - at;
        }
        CHECK(last == 5 * minute_ms);
    }
    SECTION("failures that began before it opened do not lengthen the pause") {
        const instant probe = health.opens_at(now);
        CHECK(health.saw(failure, now + 1, 1.0) == sink_health::change::none);
        CHECK(health.opens_at(now) == probe);
    }
    SECTION("a refusal is an answer") { CHECK(health.saw(result_of(outcome::never), now, 0.5) == sink_health::change::closed); }
    SECTION("a conflict is an answer") { CHECK(health.saw(result_of(outcome::later, cause::message), now, 0.5) == sink_health::change::closed); }
    SECTION("a clock that is set back does not prolong it") {
        const instant before = now - 10 * hour_ms;
        CHECK(health.may_begin(before, 0, 4) == 0);
        health.forget_times();
        CHECK(health.may_begin(before, 0, 4) == 1);
    }
}

TEST_CASE("Conflicts of single messages never open the breaker, and successes forget failures") {
    sink_health health(patient_sink());
    for (int i = 0; i < 20; ++i)
        CHECK(health.saw(result_of(outcome::later, cause::message), now, 0.5) == sink_health::change::none);
    for (int i = 0; i < 20; ++i)
        CHECK(health.saw(result_of(i % 5 == 4 ? outcome::delivered : outcome::later), now, 0.5) == sink_health::change::none);
    CHECK_FALSE(health.open());
}

TEST_CASE("Retry-After and requests that were held back pause the whole sink") {
    sink_health health(patient_sink());
    CHECK(health.saw(result_of(outcome::later, cause::receiver, minute_ms), now, 0.5) == sink_health::change::none);
    CHECK(health.may_begin(now + minute_ms - 1, 0, 4) == 0);
    CHECK(health.may_begin(now + minute_ms, 0, 4) == 4);
    health.saw(result_of(outcome::later, cause::not_tried), now + minute_ms, 0.5);
    CHECK(health.opens_at(now + minute_ms) == now + minute_ms + 2 * second_ms);
    CHECK_FALSE(health.open());
}
