// Inside of ucum, for fhir/ucum*.cpp only: the grammar of unit expressions (UCUM sections 5 to 12).
//
//   main-term   ["/"] term
//   term        component { ("." | "/") component }          from left to right: a/b.c is (a/b).c
//   component   symbol [exponent] [annotation] | number [annotation] | annotation | "(" term ")"
//
// Narrower than some readers: no annotation after ")", no second annotation, no leading "/" inside
// parentheses, no white space, no byte outside printable ASCII. The number 0 is refused, since no value has a
// unit of size nothing.
#pragma once

#include "fhir/issue.hpp"
#include "fhir/ucum_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::fhir::ucum::detail {

inline constexpr std::size_t longest_expression = 512; ///< bytes
inline constexpr int deepest_nesting = 32;
inline constexpr int largest_exponent = 999;

/// Why an event is refused: a sentence with static storage; null when it is accepted.
using refusal = const char*;

/// Told what is read, in order. `exponent` is the effective one: negative in a denominator, also through
/// parentheses.
class expression_events {
public:
    virtual refusal on_operator(char op) = 0;
    virtual refusal on_open() = 0;
    virtual refusal on_close() = 0;
    virtual refusal on_number(std::uint64_t number, int sign) = 0;
    virtual refusal on_symbol(symbol s, int written_exponent, int sign) = 0;
    /// Follows the number or symbol it stands on, or stands alone.
    virtual refusal on_annotation(std::string_view with_braces, bool alone) = 0;

protected:
    ~expression_events() = default;
};

/// Reads the whole of `text`. Nothing when it is a unit; otherwise what is wrong (type code_invalid,
/// `offset`, `theirs`).
std::optional<issue> read_expression(std::string_view text, expression_events& events);

/// The known symbol that `wrong` stands for when it is only spelt otherwise: as hospitals send it ("hr",
/// "mcg", "mmHg"), in other letter case or without brackets. Empty when there is none.
std::string respelt_symbol(std::string_view wrong);
/// The same, or else the symbol that is one typing error away (two in long ones). Empty when none is near.
std::string nearest_symbol(std::string_view wrong);

} // namespace trialgate::fhir::ucum::detail
