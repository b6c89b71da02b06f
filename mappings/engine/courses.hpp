// Courses of a medication: facts of use merged into runs. Clinical reference 7.3, steps 1 and 2.
//
// Dates are intervals, so a course has readings. `surely` takes of every fact only the days on which it was surely in use (latest start,
// earliest end); `possibly` every day on which it may have been (earliest start, latest end). What holds surely holds; what does
// not hold even possibly does not; what lies between is imprecise. `unheld` is `possibly` with every hold undone.
#pragma once

#include "mappings/engine/criterion.hpp"

#include <limits>

namespace trialgate::mappings::courses_detail {

using day = std::int64_t;
inline constexpr day always = std::numeric_limits<std::int32_t>::max();
inline constexpr day never = -always;

enum class reading : std::uint8_t { surely, possibly, unheld };

/// One fact of use or against use, in days.
struct use {
    const fact* from = nullptr;
    std::uint32_t index = 0;      ///< in the span of facts
    std::size_t ingredient = 0;
    day start_first = never, start_last = always, end_first = never, end_last = always;
    bool held = false;
};

/// Facts of use of one ingredient with no gap above the limit between them.
struct run {
    day first = 0, last = 0;
    std::size_t ingredient = 0;
    bool several = false;         ///< ingredients, in a union
    std::vector<const use*> of;

    bool reaches(day on, int gap) const noexcept { return first <= on && on <= last + gap; }
    /// Administrations on one day alone: no course.
    bool single_administration() const noexcept;
    bool administrations_only() const noexcept;
};

/// What the facts say about the drugs of a test.
struct history {
    history(const exposure_test& test, std::span<const fact> facts);

    std::vector<use> uses;       ///< of the test's drugs
    std::vector<use> against;
    std::vector<use> others;     ///< of the drugs that are never enough
    std::size_t ingredients = 0;
    std::vector<int> gaps;       ///< one an ingredient

    /// Every day on which some answer can differ from the day before, ascending, after `as_of`.
    std::vector<day> edges(const exposure_test& test, day as_of) const;
};

/// The runs of one ingredient that began on or before `on`, oldest first. `skip(use)` leaves facts out.
template <class Skip>
std::vector<run> runs_of(const history& h, std::size_t ingredient, reading r, day on, Skip skip);

/// The days of one fact under a reading; nothing when there is none that had begun by `on`.
std::optional<std::pair<day, day>> days_of(const use& u, reading r, day on) noexcept;

/// Merges uses of one or of several ingredients; each bridges the gap of its own ingredient.
std::vector<run> merge(std::vector<const use*> uses, reading r, day on, const std::vector<int>& gaps);

template <class Skip>
std::vector<run> runs_of(const history& h, std::size_t ingredient, reading r, day on, Skip skip) {
    std::vector<const use*> chosen;
    for (const use& u : h.uses)
        if (u.ingredient == ingredient && !skip(u))
            chosen.push_back(&u);
    return merge(std::move(chosen), r, on, h.gaps);
}

} // namespace trialgate::mappings::courses_detail
