// Notes: what a person should know beside a verdict. They never change one (design.md, section 5).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace trialgate::mappings {

/// The engine's own notes. A trial adds others by id, as data.
enum class note : std::uint8_t {
    deceased,
    inactive,
    merged,
    opted_out,
    restricted,
    not_considered,
    already_in_study,
    in_other_study,
    conflict,
    future_data,
    report_date_used,
    name_match_only,
    unit_by_alias,
    unit_missing,
    code_conflict,
    unmapped_code,
    clinician_to_confirm,
    // raised by single tests; the trial gives the words
    drug_cause_possible,
    past_course,
    switched_drug,
    order_only,
    never_dispensed,
    supply_ended,
    short_course,
    dose_changed,
    recalculated,
    history_only,
    specimen_spoiled,
    count_,
};

/// "clinician-to-confirm"
std::string_view id(note n) noexcept;
/// A sentence for people.
std::string_view sentence(note n) noexcept;
/// `count_` when there is no such note.
note find_note(std::string_view id) noexcept;

class note_set {
public:
    constexpr note_set() noexcept = default;
    constexpr note_set(std::initializer_list<note> notes) noexcept {
        for (note n : notes)
            add(n);
    }
    constexpr void add(note n) noexcept { bits_ |= std::uint64_t{1} << static_cast<unsigned>(n); }
    constexpr void add(note_set other) noexcept { bits_ |= other.bits_; }
    constexpr void remove(note n) noexcept { bits_ &= ~(std::uint64_t{1} << static_cast<unsigned>(n)); }
    constexpr bool has(note n) const noexcept { return (bits_ >> static_cast<unsigned>(n)) & 1u; }
    constexpr bool empty() const noexcept { return bits_ == 0; }
    constexpr std::uint64_t bits() const noexcept { return bits_; }
    static constexpr note_set from_bits(std::uint64_t bits) noexcept {
        note_set s;
        s.bits_ = bits;
        return s;
    }
    friend constexpr bool operator==(note_set, note_set) noexcept = default;

private:
    std::uint64_t bits_ = 0;
};

} // namespace trialgate::mappings
