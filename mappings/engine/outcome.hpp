// What a test answers.
//
// Three values, with a reason for the third; whether a not-met is for good; and the horizon: `changes_on` is the first date on which
// the answer can differ when no data arrive. Law: for every date t in [as_of, changes_on) a full evaluation at t gives the same answer.
//
// An outcome is small and holds no text: it is what is kept for each node of the network and compared after each change. Words,
// evidence and needs are made from the same facts when somebody asks (explain.hpp).
#pragma once

#include "mappings/engine/note.hpp"

#include "fhir/datetime.hpp"

#include <cstdint>
#include <string_view>

namespace trialgate::mappings {

enum class verdict : std::uint8_t { not_met, unknown, met };

/// Why unknown. Ordered: when several apply, the later one is reported (the one closest to a decision).
enum class reason : std::uint8_t {
    none,
    needs_person,
    no_data,
    history_incomplete,
    too_old,
    support_only,
    value_unusable,
    unit_unusable,
    imprecise,
    borderline,
    cause_to_exclude,
    conflicting,
    pending,
};

std::string_view to_code(verdict v) noexcept; ///< "met", "not-met", "unknown"
std::string_view to_code(reason r) noexcept;  ///< "no-data", ...

struct outcome {
    verdict is = verdict::unknown;
    reason why = reason::no_data;
    bool for_good = false;           ///< neither time nor a repeated test can change the verdict: not-met that cannot be cured, or a met that stays
    fhir::date changes_on = fhir::date::highest();
    note_set notes;
    std::int16_t low = 0, high = 0;  ///< bounds of counts and scores; else 0

    friend bool operator==(const outcome&, const outcome&) = default;

    static outcome met(fhir::date until = fhir::date::highest()) { return {verdict::met, reason::none, false, until, {}, 0, 0}; }
    static outcome not_met(fhir::date until = fhir::date::highest(), bool forever = false) {
        return {verdict::not_met, reason::none, forever, until, {}, 0, 0};
    }
    static outcome unknown(reason r, fhir::date until = fhir::date::highest()) {
        return {verdict::unknown, r, false, until, {}, 0, 0};
    }
};

} // namespace trialgate::mappings
