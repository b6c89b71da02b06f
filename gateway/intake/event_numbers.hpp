// Which events of a topic-based subscription have been seen, and what is missing. Pure. fhir-protocol.md, section 2.6.
#pragma once

#include "gateway/core/clock.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace trialgate::gateway {

class event_numbers {
public:
    event_numbers() = default;
    /// From `text()`; anything else gives a fresh state.
    explicit event_numbers(std::string_view text);
    std::string text() const;

    enum class finding : std::uint8_t {
        fresh,     ///< new
        duplicate, ///< seen before: content is still deduplicated by version, so using it again does no harm
        restarted, ///< lower than what we know and not a repeat: the server counts anew; reconcile
    };
    /// An event with its number arrived at `now`.
    finding event(std::int64_t number, instant now);
    /// events-since-subscription-start of any notification. True when the server counts anew.
    bool total(std::int64_t events_since_start, instant now);

    /// The hole that has been open for longer than `patience`, as [first, last] missing numbers; nothing otherwise.
    struct hole {
        std::int64_t first, last;
    };
    std::optional<hole> overdue(instant now, duration_ms patience) const;
    /// When to ask `overdue` again; nothing without a hole.
    std::optional<instant> due(duration_ms patience) const;
    /// The hole was closed by other means ($events, reconcile): what is missing up to `last` counts as seen.
    void closed_through(std::int64_t last);

    std::int64_t contiguous() const noexcept { return contiguous_; } ///< all numbers up to it are seen
    std::int64_t highest() const noexcept;

private:
    std::int64_t contiguous_ = 0;
    std::int64_t announced_ = 0;      ///< highest events-since-subscription-start
    std::set<std::int64_t> above_;    ///< seen above contiguous_; bounded
    instant hole_since_ = 0;
};

} // namespace trialgate::gateway
