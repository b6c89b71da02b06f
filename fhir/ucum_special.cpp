#include "fhir/ucum_special.hpp"

#include "fhir/ucum_number.hpp"

#include <boost/math/constants/constants.hpp>
#include <boost/multiprecision/cpp_dec_float.hpp>

namespace trialgate::fhir::ucum::detail {
namespace {

using real = boost::multiprecision::cpp_dec_float_50;

/// Beyond this a level or potency is nonsense, and its antilogarithm would be expensive.
constexpr int largest_level = 5000;

/// Zero point of a temperature scale, counted in its own degrees from absolute zero.
std::optional<rational> zero_point(function f) {
    switch (f) {
    case function::none:
        return rational(0);
    case function::cel:
        return rational(27315, 100);
    case function::deg_f:
        return rational(45967, 100);
    case function::deg_re:
        return rational(21852, 100);
    default:
        return std::nullopt;
    }
}

std::optional<decimal> convert_linear(
    const rational& value, const rational& zero_from, const rational& zero_to, const unit::form& from,
    const unit::form& to
) {
    magnitude between = from.ratio.scale;
    if (!between.multiply(to.ratio.scale, -1))
        return std::nullopt;
    const auto scale = as_rational(between);
    const auto multiple_from = as_rational(from.multiple);
    const auto multiple_to = as_rational(to.multiple);
    if (!scale || !multiple_from || !multiple_to)
        return std::nullopt;
    const rational absolute = (value * *multiple_from + zero_from) * *scale;
    return round_decimal(rational((absolute - zero_to) / *multiple_to));
}

real as_real(const rational& r) {
    return real(boost::multiprecision::numerator(r)) / real(boost::multiprecision::denominator(r));
}

real base_of_logarithm(function f) {
    switch (f) {
    case function::hp_c:
        return 100;
    case function::hp_m:
        return 1000;
    case function::hp_q:
        return 50000;
    case function::ln:
        return boost::math::constants::e<real>();
    case function::ld:
        return 2;
    default:
        return 10;
    }
}

/// Homeopathic potencies and pH grow as the quantity shrinks; amplitude levels count twice.
int sign_and_weight(function f) {
    switch (f) {
    case function::hp_x:
    case function::hp_c:
    case function::hp_m:
    case function::hp_q:
    case function::ph:
        return -1;
    case function::lg_2:
        return 2;
    default:
        return 1;
    }
}

/// A value on the special scale as a number of the unit that its function is defined on.
std::optional<real> to_ratio_scale(function f, const real& v) {
    switch (f) {
    case function::none:
        return v;
    case function::cel:
    case function::deg_f:
    case function::deg_re:
        return v + as_real(*zero_point(f));
    case function::tan_100:
        return atan(v / 100);
    case function::sqrt:
        if (v < 0)
            return std::nullopt;
        return v * v;
    default:
        break;
    }
    if (abs(v) > largest_level)
        return std::nullopt;
    return pow(base_of_logarithm(f), v / sign_and_weight(f));
}

std::optional<real> from_ratio_scale(function f, const real& x) {
    switch (f) {
    case function::none:
        return x;
    case function::cel:
    case function::deg_f:
    case function::deg_re:
        return x - as_real(*zero_point(f));
    case function::tan_100:
        if (abs(x) >= boost::math::constants::half_pi<real>())
            return std::nullopt;
        return tan(x) * 100;
    case function::sqrt:
        if (x < 0)
            return std::nullopt;
        return sqrt(x);
    default:
        break;
    }
    if (x <= 0)
        return std::nullopt;
    switch (f) {
    case function::ln:
        return log(x);
    case function::ld:
        return log(x) / log(base_of_logarithm(f));
    default:
        return log10(x) / log10(base_of_logarithm(f)) * sign_and_weight(f);
    }
}

/// The angle units rad and deg: `%[slope]` is defined on deg, but a tangent takes the angle itself, so 100
/// %[slope] are 45 deg.
magnitude function_scale(const unit::form& f) {
    return f.special == function::tan_100 ? magnitude{} : f.ratio.scale;
}

std::optional<decimal> round_real(const real& r) {
    if (!isfinite(r))
        return std::nullopt;
    const auto read = parse_decimal(r.str(17, std::ios_base::scientific));
    if (!read)
        return std::nullopt;
    return round_decimal(integer(read->mantissa), integer(1), read->exponent);
}

} // namespace

std::optional<decimal> convert_special(const decimal& value, const unit::form& from, const unit::form& to) {
    const auto exact = as_rational(value);
    if (!exact)
        return std::nullopt;
    const auto zero_from = zero_point(from.special);
    const auto zero_to = zero_point(to.special);
    if (zero_from && zero_to)
        return convert_linear(*exact, *zero_from, *zero_to, from, to);

    magnitude between = function_scale(from);
    if (!between.multiply(function_scale(to), -1))
        return std::nullopt;
    const auto scale = as_rational(between);
    const auto multiple_from = as_rational(from.multiple);
    const auto multiple_to = as_rational(to.multiple);
    if (!scale || !multiple_from || !multiple_to)
        return std::nullopt;
    if (from.special == to.special && *scale == 1)
        return round_decimal(rational(*exact * *multiple_from / *multiple_to));

    const auto on_ratio_scale = to_ratio_scale(from.special, as_real(rational(*exact * *multiple_from)));
    if (!on_ratio_scale)
        return std::nullopt;
    const auto converted = from_ratio_scale(to.special, *on_ratio_scale * as_real(*scale));
    if (!converted)
        return std::nullopt;
    return round_real(*converted / as_real(*multiple_to));
}

} // namespace trialgate::fhir::ucum::detail
