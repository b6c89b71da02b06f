#include "gateway/core/log.hpp"
#include "tests/gateway/scratch.hpp"
#include "tests/intake/pull_support.hpp"

#include <unistd.h>

using namespace trialgate::gateway;

TEST_CASE("what ended several parts together is told by the one that failed, and they begin again") {
    pulling p;
    int began = 0;
    const auto waiting = [&]() -> asio::awaitable<void> { co_await p.time->wait_for(hour_ms); };
    const auto failing = [&]() -> asio::awaitable<void> {
        co_await p.time->wait_for(second_ms);
        throw store_error(store_error::kind::full, "the disk is full");
    };
    const auto both = [&]() -> asio::awaitable<void> {
        ++began;
        std::vector<asio::awaitable<void>> parts;
        parts.push_back(waiting());
        parts.push_back(failing());
        co_await pull::together(std::move(parts));
    };
    const std::string told = trialgate::tests::written_to(STDERR_FILENO, [&] {
        p.start(pull::forever(p.services, p.source, "fetch", both));
        p.pass(second_ms);
        flush_log();
    });
    CHECK(told.find("pull.failed") != told.npos);
    CHECK(told.find("the disk is full") != told.npos);
    p.pass(minute_ms);
    CHECK(began == 2);
}
