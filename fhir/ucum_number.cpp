#include "fhir/ucum_number.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace trialgate::fhir::ucum::detail {
namespace {

constexpr std::int64_t most_bits = 20'000;
constexpr int largest_ten = 400;
constexpr int digits_kept = 18;
constexpr int pi_decimals = 64;
constexpr const char* pi_digits = "31415926535897932384626433832795028841971693993751058209749445923";
constexpr std::int64_t bits_of_pi_digits = 215;

integer power(const integer& base, std::int64_t exponent) {
    return boost::multiprecision::pow(base, static_cast<unsigned>(exponent));
}

integer ten_to(std::int64_t exponent) {
    return power(integer(10), exponent);
}

std::int64_t bits_needed(const magnitude& m) {
    const auto size = [](std::int64_t exponent, std::int64_t bits) { return std::abs(exponent) * bits; };
    std::int64_t bits = size(m.two, 1) + size(m.three, 2) + size(m.five, 3) + size(m.seven, 3) +
                        size(m.pi, bits_of_pi_digits);
    for (const auto& p : m)
        bits += size(p.exponent, 64);
    return bits;
}

int decimal_digits(const integer& n) {
    return static_cast<int>((static_cast<std::int64_t>(msb(n)) + 1) * 30103 / 100000) + 1;
}

std::optional<decimal> make_decimal(std::int64_t mantissa, std::int64_t exponent) {
    while (mantissa != 0 && mantissa % 10 == 0 && exponent < 0) {
        mantissa /= 10;
        ++exponent;
    }
    return shift(decimal{mantissa, 0}, static_cast<int>(exponent));
}

} // namespace

std::optional<fraction> multiply_out(const magnitude& m) {
    magnitude rest = m;
    // Powers of ten stay apart: they cost nothing in a decimal.
    fraction out;
    if ((m.two > 0) == (m.five > 0) && m.two != 0)
        out.ten = std::abs(m.two) < std::abs(m.five) ? m.two : m.five;
    rest.multiply_ten(-out.ten);
    if (bits_needed(rest) > most_bits)
        return std::nullopt;
    const auto multiply = [&](const integer& base, std::int64_t exponent) {
        if (exponent > 0)
            out.numerator *= power(base, exponent);
        if (exponent < 0)
            out.denominator *= power(base, -exponent);
    };
    multiply(2, rest.two);
    multiply(3, rest.three);
    multiply(5, rest.five);
    multiply(7, rest.seven);
    for (const auto& p : rest)
        multiply(integer(p.base), p.exponent);
    if (rest.pi != 0) {
        multiply(integer(pi_digits), rest.pi);
        out.ten -= rest.pi * pi_decimals;
    }
    return out;
}

std::optional<rational> as_rational(const magnitude& m) {
    const auto f = multiply_out(m);
    if (!f || std::abs(f->ten) > largest_ten)
        return std::nullopt;
    const integer scale = ten_to(std::abs(f->ten));
    return f->ten >= 0 ? rational(f->numerator * scale, f->denominator)
                       : rational(f->numerator, f->denominator * scale);
}

std::optional<rational> as_rational(const decimal& d) {
    if (std::abs(int{d.exponent}) > largest_ten)
        return std::nullopt;
    const integer scale = ten_to(std::abs(int{d.exponent}));
    return d.exponent >= 0 ? rational(integer(d.mantissa) * scale) : rational(integer(d.mantissa), scale);
}

std::optional<decimal> round_decimal(const integer& numerator, const integer& denominator, int ten) {
    if (numerator == 0)
        return decimal{};
    const bool negative = numerator < 0;
    const integer n = abs(numerator);
    static const integer limit = ten_to(digits_kept);
    // `places` brings the quotient to 18 digits; the estimate from the bit lengths may be one or two off.
    int places = digits_kept - decimal_digits(n) + decimal_digits(denominator);
    integer quotient;
    integer remainder;
    integer divisor;
    const auto divide = [&] {
        divisor = places >= 0 ? denominator : integer(denominator * ten_to(-places));
        divide_qr(places >= 0 ? integer(n * ten_to(places)) : n, divisor, quotient, remainder);
    };
    divide();
    for (; quotient >= limit; divide())
        --places;
    for (; quotient < limit / 10; divide())
        ++places;
    const integer twice = remainder * 2;
    if (twice > divisor || (twice == divisor && bit_test(quotient, 0)))
        ++quotient;
    const auto mantissa = static_cast<std::int64_t>(quotient);
    if (mantissa == limit)
        return make_decimal(negative ? -(mantissa / 10) : mantissa / 10, std::int64_t{ten} - places + 1);
    return make_decimal(negative ? -mantissa : mantissa, std::int64_t{ten} - places);
}

std::optional<decimal> round_decimal(const rational& value) {
    return round_decimal(
        boost::multiprecision::numerator(value), boost::multiprecision::denominator(value), 0
    );
}

std::optional<decimal> shift(const decimal& d, int ten) {
    if (d.mantissa == 0)
        return d;
    std::int64_t mantissa = d.mantissa;
    std::int64_t exponent = std::int64_t{d.exponent} + ten;
    // 5 g/L are 5000 mg/L, not 5e3.
    constexpr std::int64_t room = 99'999'999'999'999'999;
    const bool fits = exponent > 0 && exponent < digits_kept;
    if (fits) {
        std::int64_t plain = mantissa;
        std::int64_t left = exponent;
        for (; left > 0 && plain <= room && plain >= -room; --left)
            plain *= 10;
        if (left == 0) {
            mantissa = plain;
            exponent = 0;
        }
    }
    if (exponent < std::numeric_limits<std::int16_t>::min() ||
        exponent > std::numeric_limits<std::int16_t>::max())
        return std::nullopt;
    return decimal{mantissa, static_cast<std::int16_t>(exponent)};
}

} // namespace trialgate::fhir::ucum::detail
