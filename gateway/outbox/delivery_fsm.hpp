// What becomes of a message after an attempt, and whether its sink is asked at all. Time and chance are arguments: no clock, no I/O.
#pragma once

#include "gateway/outbox/outbox.hpp"

namespace trialgate::gateway {

struct delivery_step {
    enum class is : std::uint8_t { delivered, retry, dead } what = is::retry;
    std::uint32_t attempts = 0;
    instant not_before = 0;
    std::string error;
};

/// A message is given up when the receiver refuses it for good, or when it is older than `give_up_after` and was tried at least five times: neither a
/// weekend without the receiver nor an operator's retry of an old message may end after a single attempt.
delivery_step after_attempt(const outbox_row& row, const delivery_result& result, const sink_config& sink, instant now, double random);

/// fhir-protocol.md 3.6. 401 and 403 are an operator's to mend, so they come again; `codes` is appended to `why` (fhir::outcome_codes, no patient data).
delivery_result of_status(int status, std::optional<duration_ms> retry_after, std::string_view codes = {});
delivery_result of_error(const net_error& error);

/// Longest time for which a receiver's Retry-After is followed.
inline constexpr duration_ms longest_wait = hour_ms;

/// The breaker of one sink. After five failures of the receiver in a row, whoever's messages they were, one attempt at a time goes out, at growing
/// intervals, until one is answered.
class sink_health {
public:
    explicit sink_health(const sink_config& sink) : first_(sink.first_retry), longest_(sink.longest_retry) {}

    enum class change : std::uint8_t { none, opened, closed };
    change saw(const delivery_result& result, instant now, double random) noexcept;
    /// Nothing is begun before `until`.
    void hold(instant until) noexcept { held_until_ = std::max(held_until_, until); }
    /// The clock was set back: what was to last until then is over.
    void forget_times() noexcept { held_until_ = probe_at_ = 0; }
    /// How many attempts may begin now.
    std::size_t may_begin(instant now, std::size_t running, std::size_t most) const noexcept;
    /// When `may_begin` changes by time alone; 0 when it does not.
    instant opens_at(instant now) const noexcept;
    bool open() const noexcept { return open_; }

private:
    duration_ms first_, longest_;
    unsigned failures_ = 0; ///< of the receiver, in a row
    unsigned probes_ = 0;   ///< failed since it opened
    bool open_ = false;
    instant probe_at_ = 0, held_until_ = 0;
};

} // namespace trialgate::gateway
