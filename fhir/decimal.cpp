#include "fhir/decimal.hpp"

#include <array>
#include <boost/multiprecision/cpp_int.hpp>
#include <charconv>
#include <cstdlib>
#include <limits>

namespace trialgate::fhir {

namespace {

__extension__ using uint128 = unsigned __int128;

// Wide enough for every product that compare_scaled can form (below 2^383), without allocation.
using uint512 = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<
    512, 512, boost::multiprecision::unsigned_magnitude, boost::multiprecision::unchecked, void>>;

constexpr int significant_digits = 18;

constexpr std::uint64_t magnitude(std::int64_t n) noexcept {
    return n < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(n) : static_cast<std::uint64_t>(n);
}

constexpr int sign(std::int64_t n) noexcept {
    return n < 0 ? -1 : n > 0 ? 1 : 0;
}

constexpr std::strong_ordering reversed_if(bool reverse, std::strong_ordering o) noexcept {
    return reverse ? 0 <=> o : o;
}

template <class T>
constexpr T power_of_ten(int n) noexcept {
    T p = 1;
    for (; n > 0; --n)
        p *= 10U;
    return p;
}

constexpr int digits(std::uint64_t n) noexcept {
    int count = 1;
    for (; n >= 10; n /= 10)
        ++count;
    return count;
}

template <class T>
std::strong_ordering order(const T& a, const T& b) noexcept {
    return a < b   ? std::strong_ordering::less
           : b < a ? std::strong_ordering::greater
                   : std::strong_ordering::equal;
}

bool multiply(uint128& a, uint128 b) noexcept {
    return !__builtin_mul_overflow(a, b, &a);
}

/// One side of a comparison: magnitude x numerator x other denominator x 10^shift, in 128 bits if it fits.
std::optional<uint128> product(std::uint64_t m, std::int64_t n, std::int64_t d, int shift) noexcept {
    constexpr int most = 38;
    uint128 p = m;
    if (shift > most || !multiply(p, magnitude(n)) || !multiply(p, magnitude(d)) ||
        !multiply(p, power_of_ten<uint128>(shift)))
        return std::nullopt;
    return p;
}

uint512 wide_product(std::uint64_t m, std::int64_t n, std::int64_t d, int shift) noexcept {
    return uint512(m) * magnitude(n) * magnitude(d) * power_of_ten<uint512>(shift);
}

constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

/// The digits around the point of a number, gathered up to the capacity of a mantissa.
struct digit_collector {
    std::int64_t mantissa = 0;
    int kept = 0; ///< significant digits in `mantissa`
    std::int64_t cut = 0;
    bool lost = false;
    bool any = false;

    void take(char c) noexcept {
        any = true;
        if (kept == significant_digits) {
            ++cut;
            lost = lost || c != '0';
            return;
        }
        mantissa = mantissa * 10 + (c - '0');
        if (mantissa != 0)
            ++kept;
    }
};

/// `[+-]digits`, the whole of `text`. Saturates far outside the range of any exponent.
std::optional<std::int64_t> parse_exponent(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+'))
        text.remove_prefix(1);
    if (text.empty())
        return std::nullopt;
    constexpr std::int64_t far = 1'000'000'000'000;
    std::int64_t n = 0;
    for (const char c : text) {
        if (!is_digit(c))
            return std::nullopt;
        if (n < far)
            n = n * 10 + (c - '0');
    }
    return negative ? -n : n;
}

} // namespace

std::strong_ordering operator<=>(const decimal& a, const decimal& b) noexcept {
    if (sign(a.mantissa) != sign(b.mantissa) || a.mantissa == 0)
        return sign(a.mantissa) <=> sign(b.mantissa);
    const std::uint64_t ma = magnitude(a.mantissa);
    const std::uint64_t mb = magnitude(b.mantissa);
    const bool negative = a.mantissa < 0;
    const int size_a = digits(ma) + a.exponent;
    const int size_b = digits(mb) + b.exponent;
    if (size_a != size_b)
        return reversed_if(negative, size_a <=> size_b);
    // Equal sizes: the exponents differ by less than a mantissa has digits, so that 128 bits suffice.
    const int shift = a.exponent - b.exponent;
    const uint128 wa = ma * power_of_ten<uint128>(shift);
    const uint128 wb = mb * power_of_ten<uint128>(-shift);
    return reversed_if(negative, order(wa, wb));
}

std::strong_ordering
compare_scaled(const decimal& a, const ratio& fa, const decimal& b, const ratio& fb) noexcept {
    if (sign(a.mantissa) != sign(b.mantissa) || a.mantissa == 0)
        return sign(a.mantissa) <=> sign(b.mantissa);
    const bool negative = a.mantissa < 0;
    const int shift = a.exponent - b.exponent;
    // A product of three 63-bit numbers has at most 57 digits: beyond that the exponents decide alone.
    constexpr int decisive = 58;
    if (shift > decisive || shift < -decisive)
        return reversed_if(negative, shift <=> 0);
    const std::uint64_t ma = magnitude(a.mantissa);
    const std::uint64_t mb = magnitude(b.mantissa);
    const int up_a = shift > 0 ? shift : 0;
    const int up_b = shift < 0 ? -shift : 0;
    const auto pa = product(ma, fa.numerator, fb.denominator, up_a);
    const auto pb = product(mb, fb.numerator, fa.denominator, up_b);
    if (pa && pb)
        return reversed_if(negative, order(*pa, *pb));
    return reversed_if(
        negative, order(
                      wide_product(ma, fa.numerator, fb.denominator, up_a),
                      wide_product(mb, fb.numerator, fa.denominator, up_b)
                  )
    );
}

double decimal::approximate() const noexcept {
    std::array<char, 40> text{};
    char* end = std::to_chars(text.data(), text.data() + 24, mantissa).ptr;
    *end++ = 'e';
    end = std::to_chars(end, text.data() + text.size(), exponent).ptr;
    double out = 0;
    if (std::from_chars(text.data(), end, out).ec == std::errc::result_out_of_range) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        return exponent < 0 ? 0.0 : mantissa < 0 ? -infinity : infinity;
    }
    return out;
}

std::string decimal::to_string() const {
    constexpr int leading_zeros_at_most = 6;
    std::string text = std::to_string(magnitude(mantissa));
    const int length = static_cast<int>(text.size());
    const int before_point = length + exponent;
    if (exponent >= 0 && (mantissa == 0 || before_point <= significant_digits)) {
        if (mantissa != 0)
            text.append(static_cast<std::size_t>(exponent), '0');
    } else if (exponent < 0 && before_point > -leading_zeros_at_most) {
        if (before_point <= 0)
            text.insert(0, static_cast<std::size_t>(1 - before_point), '0');
        text.insert(text.size() - static_cast<std::size_t>(-exponent), 1, '.');
    } else {
        if (length > 1)
            text.insert(1, 1, '.');
        text += 'e' + std::to_string(before_point - 1);
    }
    return mantissa < 0 ? '-' + text : text;
}

bool decimal::is_integer() const noexcept {
    if (exponent >= 0 || mantissa == 0)
        return true;
    constexpr int most = std::numeric_limits<std::uint64_t>::digits10;
    return -exponent <= most && magnitude(mantissa) % power_of_ten<std::uint64_t>(-exponent) == 0;
}

std::optional<decimal> parse_decimal(std::string_view text, bool* exact) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+'))
        text.remove_prefix(1);
    std::string_view exponent_text;
    const std::size_t e = text.find_first_of("eE");
    if (e != std::string_view::npos)
        exponent_text = text.substr(e + 1);

    digit_collector number;
    std::int64_t after_point = 0;
    bool point = false;
    for (const char c : text.substr(0, e)) {
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (!is_digit(c))
            return std::nullopt;
        number.take(c);
        after_point += point ? 1 : 0;
    }
    if (!number.any)
        return std::nullopt;
    std::int64_t exponent = 0;
    if (e != std::string_view::npos) {
        const auto parsed = parse_exponent(exponent_text);
        if (!parsed)
            return std::nullopt;
        exponent = *parsed;
    }
    exponent += number.cut - after_point;
    constexpr std::int64_t least = std::numeric_limits<std::int16_t>::min();
    constexpr std::int64_t most = std::numeric_limits<std::int16_t>::max();
    if (number.mantissa == 0)
        exponent = exponent < least ? least : exponent > most ? most : exponent;
    if (exponent < least || exponent > most)
        return std::nullopt;
    if (exact != nullptr)
        *exact = !number.lost;
    return decimal{negative ? -number.mantissa : number.mantissa, static_cast<std::int16_t>(exponent)};
}

} // namespace trialgate::fhir
