// Which events of a topic-based subscription have been seen, and what is missing. Pure. fhir-protocol.md, section 2.6.
//
// Of each notification give the events first, then the total (events-since-subscription-start); nothing of one whose numbers are relative
// (fhir::notification::relative_numbers).
//
// When does a server count anew? A low number alone does not tell: it may be a repeat, or a message that was overtaken. The rule:
//  - An event whose number was seen is a duplicate. What decides is the total, of servers that send none the number itself.
//  - A total above the highest unbroken number is no sign, nor one that comes with an event that was missing: late messages carry such ones.
//  - A total that was true within the last half hour (to an hour; kept as two marks) is a late or repeated message. An older one: restarted.
//  - Except where a counter begins (total 0 or 1, or event 1 in the same notification): restarted as soon as the count had gone 8 beyond the total.
//  - A total lower than an event number of the same notification is nonsense (HAPI once sent "1" always) and is left out.
// After a restart everything up to the total counts as seen: the reconcile that the caller starts covers it. So one restart is one reconcile.
// If the old count then goes on after all (a repeat older than an hour; two nodes of a server that count each for itself), it is taken up again
// without a hole, and nothing counts as a restart for half an hour.
#pragma once

#include "gateway/core/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::gateway {

class event_numbers {
public:
    event_numbers() = default;
    /// From `text()`; anything else gives a fresh state.
    explicit event_numbers(std::string_view text);
    /// As short as the number of holes allows; a hundred bytes usually.
    std::string text() const;

    enum class finding : std::uint8_t {
        fresh,     ///< new
        duplicate, ///< seen before: content is still deduplicated by version, so using it again does no harm
        restarted, ///< the server counts anew (and sends no totals): reconcile
    };
    /// An event with its number arrived at `now`. A number below 1 is a duplicate.
    finding event(std::int64_t number, instant now);
    /// events-since-subscription-start of any notification. True when the server counts anew: reconcile.
    bool total(std::int64_t events_since_start, instant now);

    /// The first hole, when it has been open for `patience`, as [first, last] missing numbers; nothing otherwise.
    struct hole {
        std::int64_t first, last;
        friend bool operator==(const hole&, const hole&) = default;
    };
    std::optional<hole> overdue(instant now, duration_ms patience) const;
    /// When to ask `overdue` again; nothing without a hole.
    std::optional<instant> due(duration_ms patience) const;
    /// The hole was closed by other means ($events, reconcile): what is missing up to `last` counts as seen.
    void closed_through(std::int64_t last);

    std::int64_t contiguous() const noexcept { return contiguous_; } ///< all numbers up to it are seen
    std::int64_t highest() const noexcept;                           ///< seen or announced by a total

private:
    /// Consecutive seen numbers; the key is the first.
    struct run {
        std::int64_t last;
        instant since; ///< when the first of them arrived
    };
    bool counts_anew(std::int64_t low, bool began) const noexcept;
    void restart(std::int64_t at, instant now);
    bool old_count_goes_on(std::int64_t number, instant now);
    void add(std::int64_t number, instant now);
    void absorb();
    void move_marks(instant now);
    bool read(std::string_view text);

    std::int64_t contiguous_ = 0;
    std::map<std::int64_t, run> above_;         ///< seen above contiguous_; bounded: beyond, one hole through the highest takes their place
    std::map<std::int64_t, instant> announced_; ///< totals above all that is seen, and when they were told; bounded
    instant earliest_above() const noexcept;

    std::int64_t settled_ = 0;    ///< highest() at least half an hour ago
    std::int64_t settling_ = 0;   ///< highest() at marked_
    instant marked_ = 0;
    std::int64_t given_up_ = 0;   ///< highest() of the count before the last restart; 0: none
    instant restarted_ = 0;
    instant mixed_until_ = 0;     ///< two counts were seen side by side: no restarts until then
    bool totals_ = false;         ///< this server sends totals
    std::int64_t in_this_one_ = 0; ///< highest event number since the last total
    bool began_in_this_one_ = false; ///< event number 1 since the last total
    bool fresh_in_this_one_ = false; ///< an event that was missing since the last total
};

} // namespace trialgate::gateway
