// Time as the live gateway sees it. Everything that waits or asks for the time in the domain's sense (timers, retries, polls, heartbeats)
// does it here, so that a test can set the clock; deadlines of single socket operations are the sockets' own business and use real time.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace trialgate::gateway {

/// Milliseconds since 1970-01-01T00:00Z.
using instant = std::int64_t;
/// Milliseconds.
using duration_ms = std::int64_t;

inline constexpr duration_ms second_ms = 1000, minute_ms = 60'000, hour_ms = 3'600'000;

/// "2026-03-15T10:00:00.123Z"
std::string to_text(instant at);

/// Thread-safe.
class clock {
public:
    virtual ~clock() = default;
    virtual instant now() const noexcept = 0;
    /// Returns at `at` or later, at once when that has passed. Follows the machine's clock when it is set. Ends early when the coroutine is
    /// cancelled (throws operation_aborted).
    virtual boost::asio::awaitable<void> wait_until(instant at) = 0;
    boost::asio::awaitable<void> wait_for(duration_ms d) { return wait_until(now() + d); }
};

std::shared_ptr<clock> system_clock();

/// Stands still until set. `set` wakes who has waited long enough; setting it back wakes nobody.
class manual_clock : public clock {
public:
    virtual void set(instant at) = 0;
};
std::shared_ptr<manual_clock> make_manual_clock(instant start);

} // namespace trialgate::gateway
