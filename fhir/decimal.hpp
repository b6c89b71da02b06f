// Exact decimals. A laboratory limit is decided by an exact comparison or not at all: 3.0 10*3/uL converted in
// binary floating point becomes 2.9999999999999996 10*9/L and falls on the wrong side of "< 3.0" (clinical reference 8.2).
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::fhir {

/// mantissa x 10^exponent, kept as written: 8.20 is {820, -2} and prints as "8.20", but equals 8.2.
/// At most 18 significant digits; see `parse_decimal` for what happens to longer ones.
struct decimal {
    std::int64_t mantissa = 0;
    std::int16_t exponent = 0;

    /// By value: 8.20 == 8.2. Exact for all inputs.
    friend std::strong_ordering operator<=>(const decimal& a, const decimal& b) noexcept;
    friend bool operator==(const decimal& a, const decimal& b) noexcept { return (a <=> b) == 0; }

    double approximate() const noexcept;
    /// As written, without exponent where the number is of ordinary size: "8.20", "-0.5", "120", "1e30".
    std::string to_string() const;
    bool is_integer() const noexcept;
};

/// A positive rational factor, exact. `numerator / denominator`, both > 0.
struct ratio {
    std::int64_t numerator = 1;
    std::int64_t denominator = 1;
    friend bool operator==(const ratio&, const ratio&) = default;
};

/// Exact comparison of a x fa with b x fb, without rounding (128-bit, falls back to long arithmetic on overflow).
std::strong_ordering compare_scaled(const decimal& a, const ratio& fa, const decimal& b, const ratio& fb) noexcept;

/// Reads `-?digits[.digits][(e|E)[+-]digits]`, the whole of `text` (also a leading '+' and a leading or trailing
/// point, which laboratories send). Nothing for any other text.
/// More than 18 significant digits: the rest is cut and, unless it was all zeros, `exact` is set to false, so that the
/// caller can widen to an interval. Nothing for an exponent that does not fit into 16 bits (only zero fits any).
std::optional<decimal> parse_decimal(std::string_view text, bool* exact = nullptr) noexcept;

} // namespace trialgate::fhir
