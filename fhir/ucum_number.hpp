// Inside of ucum, for fhir/ucum*.cpp only: from powers to numbers and back to decimals.
#pragma once

#include "fhir/ucum_form.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <optional>

namespace trialgate::fhir::ucum::detail {

using integer = boost::multiprecision::cpp_int;
using rational = boost::multiprecision::cpp_rational;

/// numerator / denominator x 10^ten, both > 0, not reduced.
struct fraction {
    integer numerator = 1;
    integer denominator = 1;
    int ten = 0;
};

/// Multiplied out; pi by the 64 decimals of the essence. Nothing when the numbers would pass 20,000 bits.
std::optional<fraction> multiply_out(const magnitude& m);
/// The same as one rational; nothing also for powers of ten beyond 10^±400.
std::optional<rational> as_rational(const magnitude& m);
std::optional<rational> as_rational(const decimal& d);

/// numerator / denominator x 10^ten rounded to 18 significant digits, half to even; `denominator` > 0. No
/// trailing zeros after the point. Nothing when the exponent does not fit a decimal.
std::optional<decimal> round_decimal(const integer& numerator, const integer& denominator, int ten);
std::optional<decimal> round_decimal(const rational& value);

/// d x 10^ten without rounding; nothing when the exponent does not fit.
std::optional<decimal> shift(const decimal& d, int ten);

} // namespace trialgate::fhir::ucum::detail
