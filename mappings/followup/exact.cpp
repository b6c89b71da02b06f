#include "mappings/followup/exact.hpp"

namespace trialgate::mappings {

namespace {

__extension__ typedef __int128 wide;
constexpr std::int64_t largest = 1'000'000'000'000'000'000;

wide common(wide a, wide b) noexcept {
    a = a < 0 ? -a : a;
    while (b != 0) {
        const wide rest = a % b;
        a = b;
        b = rest;
    }
    return a == 0 ? 1 : a;
}

} // namespace

template <class Wide>
std::optional<exact> exact::reduced(Wide numerator, Wide denominator) noexcept {
    const Wide g = common(numerator, denominator);
    numerator /= g;
    denominator /= g;
    if (numerator > largest || numerator < -largest || denominator > largest)
        return std::nullopt;
    return exact(static_cast<std::int64_t>(numerator), static_cast<std::int64_t>(denominator));
}

std::optional<exact> exact::of(const fhir::decimal& value, const fhir::ratio& factor) noexcept {
    if (value.mantissa == 0)
        return exact();
    if (value.exponent > 18 || value.exponent < -18)
        return std::nullopt;
    wide up = value.mantissa, down = 1;
    for (int e = value.exponent; e > 0; --e)
        if (__builtin_mul_overflow(up, wide{10}, &up))
            return std::nullopt;
    for (int e = value.exponent; e < 0; ++e)
        down *= 10;
    const wide g = common(up, down);
    up /= g;
    down /= g;
    if (__builtin_mul_overflow(up, wide{factor.numerator}, &up) || __builtin_mul_overflow(down, wide{factor.denominator}, &down))
        return std::nullopt;
    return reduced(up, down);
}

std::optional<exact> plus(const exact& a, const exact& b) noexcept {
    return exact::reduced(wide{a.numerator_} * b.denominator_ + wide{b.numerator_} * a.denominator_, wide{a.denominator_} * b.denominator_);
}

std::optional<exact> minus(const exact& a, const exact& b) noexcept { return plus(a, exact(-b.numerator_, b.denominator_)); }

std::optional<exact> times(const exact& a, const exact& b) noexcept {
    return exact::reduced(wide{a.numerator_} * b.numerator_, wide{a.denominator_} * b.denominator_);
}

std::strong_ordering operator<=>(const exact& a, const exact& b) noexcept {
    const wide left = wide{a.numerator_} * b.denominator_, right = wide{b.numerator_} * a.denominator_;
    return left < right ? std::strong_ordering::less : left > right ? std::strong_ordering::greater : std::strong_ordering::equal;
}

std::optional<exact_span> scaled(const exact_span& s, const exact& by) noexcept {
    exact_span out = s;
    for (auto* end : {&out.low, &out.high})
        if (*end) {
            *end = times(**end, by);
            if (!*end)
                return std::nullopt;
        }
    return out;
}

bool surely_above(const exact_span& a, const exact_span& b) noexcept {
    if (!a.low || !b.high)
        return false;
    return *a.low > *b.high || (*a.low == *b.high && (a.low_open || b.high_open));
}

bool perhaps_above(const exact_span& a, const exact_span& b) noexcept { return !a.high || !b.low || *a.high > *b.low; }

bool surely_at_least(const exact_span& a, const exact_span& b) noexcept { return a.low && b.high && *a.low >= *b.high; }

bool perhaps_at_least(const exact_span& a, const exact_span& b) noexcept {
    return perhaps_above(a, b) || (*a.high == *b.low && !a.high_open && !b.low_open);
}

} // namespace trialgate::mappings
