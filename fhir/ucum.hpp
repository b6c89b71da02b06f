// UCUM, The Unified Code for Units of Measure (https://ucum.org/ucum): grammar, all units of the essence
// table, prefixes, special units, exact conversion.
//
// Ask the analyte's alias table first (mappings/library/labs.json): `K/uL`, `G/L` and `mL/min/1.73` are valid
// UCUM and mean kelvin per microlitre, gauss per litre and seventy-three millilitres.
#pragma once

#include "fhir/decimal.hpp"
#include "fhir/issue.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace trialgate::fhir::ucum {

/// A validated unit expression in canonical form. Immutable; cheap to copy.
class unit {
public:
    /// The expression as given.
    const std::string& text() const noexcept;
    /// Same dimension (and, for arbitrary units, the same arbitrary unit).
    friend bool comparable(const unit& a, const unit& b) noexcept;

    struct form; ///< exact magnitude and dimension
    explicit unit(std::shared_ptr<const form> f);
    const form& canonical() const noexcept { return *form_; }

private:
    std::shared_ptr<const form> form_;
};

bool comparable(const unit& a, const unit& b) noexcept;

/// Parses and validates a case-sensitive unit expression, the whole of `text`. The error says which symbol is
/// not understood, at which position (`offset`, `theirs`), and the nearest known one; its type is always
/// code_invalid. The empty text is an error: a missing unit is not the unit 1. Atoms are those of
/// ucum_table.inc (UCUM 2.2).
result<unit> parse(std::string_view text);

/// `value` in `from`, expressed in `to`, exactly rounded to 18 significant digits. Exact where a finite
/// decimal exists (100.4 [degF] is 38.0 Cel). Error when not comparable. Special units (Cel, [degF], [pH],
/// dB, ...) convert by their functions: temperatures exactly, the others with 50 digits. Equal units give the
/// value as it is written; powers of ten keep its digits (8.20 g/dL is 82.0 g/L).
result<decimal> convert(const decimal& value, const unit& from, const unit& to);

/// The exact factor from one unit to another where it is a ratio that fits; nothing for special units,
/// irrational or too large factors.
std::optional<ratio> factor(const unit& from, const unit& to);

/// product of two units ("m" x "s" -> "m.s"), for tests of the published suite: value and unit text in
/// canonical base units.
result<std::pair<decimal, std::string>>
multiply(const decimal& a, const unit& ua, const decimal& b, const unit& ub);
result<std::pair<decimal, std::string>>
divide(const decimal& a, const unit& ua, const decimal& b, const unit& ub);

/// Human name of an expression as the published suite spells it: "(millimeter)" of "mm",
/// "(meter) / (second ^ 2)" of "m/s2", "(unity)" of the empty text.
result<std::string> display(std::string_view text);

} // namespace trialgate::fhir::ucum
