// Whether the trail is as it was written, looked at slice by slice: a trail has hundreds of thousands of rows, and others want to be answered meanwhile.
#pragma once

#include "gateway/store/store.hpp"

namespace trialgate::gateway {

/// What is known of the trail's seals.
struct seal_standing {
    bool intact = true;               ///< nothing was found broken so far
    std::int64_t checked_through = 0; ///< id of the last row that was looked at
    std::int64_t broken_at = 0;       ///< id of the first row that is not as it was written, or follows a gap; 0: none
};

/// For one thread.
class seal_check {
public:
    static constexpr std::size_t at_a_time = 2'000; ///< rows; some 50 ms

    /// Looks at the rows that follow. True: there may be more.
    bool step(store& rows, std::size_t most = at_a_time);
    /// From the first row on, once more: what was looked at may have been changed since. What was found stays.
    void again() noexcept;
    const seal_standing& standing() const noexcept { return found_; }
    const std::string& last_seal() const noexcept { return seal_; } ///< of the row that was looked at last

private:
    void broken(std::int64_t id) noexcept;

    seal_standing found_;
    std::int64_t at_ = 0;
    std::string seal_;
};

/// The work of the API's thread while nobody waits: checks the seals, once a day all of them, and writes the newest one to the log each day, so that the
/// house's log holds an anchor that who writes the store cannot change. For one thread.
class trail_keeper {
public:
    /// True: there is more to do at once.
    bool step(store& rows, instant now);
    const seal_standing& standing() const noexcept { return check_.standing(); }

private:
    seal_check check_;
    std::int64_t day_ = -1;   ///< of the last anchor
    bool told_broken_ = false;
};

/// Writes where the trail ends to the log: number and seal of its newest row. `why` is a word: "daily", "export".
void log_anchor(const audit_row& newest, std::string_view why, bool intact);

} // namespace trialgate::gateway
