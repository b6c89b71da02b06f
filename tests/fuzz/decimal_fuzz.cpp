// Any text and any pair of numbers: what is read prints back to an equal number, and every comparison agrees
// with unbounded integers.
#include "fhir/decimal.hpp"

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string_view>

using trialgate::fhir::compare_scaled;
using trialgate::fhir::decimal;
using trialgate::fhir::parse_decimal;
using trialgate::fhir::ratio;

namespace {

using integer = boost::multiprecision::cpp_int;

void require(bool fact) {
    if (!fact)
        std::abort();
}

std::strong_ordering exact_order(const decimal& a, const ratio& fa, const decimal& b, const ratio& fb) {
    integer left = integer(a.mantissa) * fa.numerator * fb.denominator;
    integer right = integer(b.mantissa) * fb.numerator * fa.denominator;
    const int shift = a.exponent - b.exponent;
    if (shift > 0)
        left *= boost::multiprecision::pow(integer(10), static_cast<unsigned>(shift));
    else
        right *= boost::multiprecision::pow(integer(10), static_cast<unsigned>(-shift));
    const int order = left.compare(right);
    return order <=> 0;
}

void check_text(std::string_view text) {
    bool exact = false;
    const auto read = parse_decimal(text, &exact);
    if (!read)
        return;
    require(read->mantissa < 1'000'000'000'000'000'000 && read->mantissa > -1'000'000'000'000'000'000);
    bool again_exact = false;
    const auto again = parse_decimal(read->to_string(), &again_exact);
    require(again && again_exact && *again == *read);
    const double value = read->approximate();
    require((value >= 0) == (read->mantissa >= 0 || value == 0));
}

template <class T>
T take(const std::uint8_t*& data) {
    T out;
    std::memcpy(&out, data, sizeof out);
    data += sizeof out;
    return out;
}

std::int64_t positive(std::int64_t n) {
    const std::int64_t without_sign = n & std::numeric_limits<std::int64_t>::max();
    return without_sign == 0 ? 1 : without_sign;
}

void check_order(const std::uint8_t* data) {
    decimal a;
    decimal b;
    ratio fa;
    ratio fb;
    // Eight bits of right shift each, so that small and equal numbers come up as often as large ones.
    const auto number = [&data] {
        const auto n = take<std::int64_t>(data);
        return n >> (take<std::uint8_t>(data) % 64);
    };
    a.mantissa = number();
    b.mantissa = number();
    fa = {positive(number()), positive(number())};
    fb = {positive(number()), positive(number())};
    // The full range would cost the oracle most of its time; the unit tests have it.
    const auto exponent = [&data] {
        const auto n = take<std::int16_t>(data);
        return static_cast<std::int16_t>(n >> (4 + take<std::uint8_t>(data) % 12));
    };
    a.exponent = exponent();
    b.exponent = exponent();
    require(compare_scaled(a, fa, b, fb) == exact_order(a, fa, b, fb));
    require(compare_scaled(b, fb, a, fa) == (0 <=> compare_scaled(a, fa, b, fb)));
    require((a <=> b) == exact_order(a, {}, b, {}));
    require((a <=> b) == compare_scaled(a, {}, b, {}));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check_text({reinterpret_cast<const char*>(data), size});
    constexpr std::size_t needed = 6 * 9 + 2 * 3;
    if (size >= needed)
        check_order(data);
    return 0;
}
