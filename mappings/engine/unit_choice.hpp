// Which unit a number is in, and exact arithmetic with it. Clinical reference 8.2 to 8.4.
#pragma once

#include "mappings/engine/fact.hpp"

#include "fhir/types.hpp"

namespace trialgate::mappings {

enum class unit_state : std::uint8_t {
    fits,
    missing,  ///< nothing was sent that names a unit
    unusable, ///< not a unit of this analyte, or `unit` and `code` contradict each other
};

struct unit_choice {
    unit_state state = unit_state::missing;
    unit_rule rule;
};

/// The rule for the unit of a Quantity: `code` when its system is UCUM, checked against `unit`; else both as plain text.
unit_choice choose_unit(const analyte& a, const fhir::quantity& q);
/// The rule for what follows a number in a text. A flag behind the unit ("mg/dL H", "(calculated)") is left out when the rest fits.
unit_choice choose_unit(const analyte& a, std::string_view text);

/// True for texts that stand where a unit should and name none: "N/A", "none", "-".
bool names_no_unit(std::string_view unit);

/// a - b, exactly; nothing when it does not fit.
std::optional<fhir::decimal> minus(const fhir::decimal& a, const fhir::decimal& b) noexcept;
/// value x from / to, exactly; nothing when there is no finite decimal for it.
std::optional<fhir::decimal> rescale(const fhir::decimal& value, const fhir::ratio& from, const fhir::ratio& to) noexcept;

/// Both ends less `offset`; false when an end does not fit.
bool shift(interval& value, const fhir::decimal& offset) noexcept;

/// Whether a value (reported unit, offset subtracted) can occur: a limit that is reached lies in the plausible range, and an open one
/// leaves something in it; whole where the analyte is an integer.
bool plausible(const analyte& a, const interval& value, const fhir::ratio& factor) noexcept;

/// Clinical reference 8.4: without a unit, value and range agree with the canonical unit and with no other unit of the analyte.
bool canonical_by_range(const analyte& a, const interval& value, const interval& normal) noexcept;

} // namespace trialgate::mappings
