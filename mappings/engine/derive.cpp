#include "mappings/engine/derive.hpp"

#include <numeric>

namespace trialgate::mappings {

namespace {

/// a x b, nothing when it does not fit.
std::optional<fhir::ratio> times(fhir::ratio a, fhir::ratio b) {
    const auto reduce = [](std::int64_t& n, std::int64_t& d) {
        if (const std::int64_t g = std::gcd(n, d); g > 1) {
            n /= g;
            d /= g;
        }
    };
    reduce(a.numerator, b.denominator);
    reduce(b.numerator, a.denominator);
    fhir::ratio out;
    if (__builtin_mul_overflow(a.numerator, b.numerator, &out.numerator) ||
        __builtin_mul_overflow(a.denominator, b.denominator, &out.denominator))
        return std::nullopt;
    return out;
}

std::optional<fhir::ratio> as_ratio(const fhir::decimal& d) {
    if (d.mantissa <= 0)
        return std::nullopt;
    fhir::ratio out{d.mantissa, 1};
    for (int e = d.exponent; e != 0; e += e > 0 ? -1 : 1)
        if (__builtin_mul_overflow(e > 0 ? out.numerator : out.denominator, std::int64_t{10},
                                   e > 0 ? &out.numerator : &out.denominator))
            return std::nullopt;
    return out;
}

bool is_point(const interval& v) {
    return v.low && v.high && *v.low == *v.high && !v.low_open && !v.high_open;
}

} // namespace

bool same_draw(const fact& a, const fact& b) noexcept {
    if (a.observation.specimen != 0 && b.observation.specimen != 0)
        return a.observation.specimen == b.observation.specimen;
    return a.dated && b.dated && a.when == b.when && a.when.is_day() && a.second == b.second;
}

std::optional<fact> derive_fact(const analyte& a, const fact& left, const fact& right) {
    const observation_fact& l = left.observation;
    const observation_fact& r = right.observation;
    if (l.use != usability::usable || r.use != usability::usable || !l.has_value || !is_point(r.value) ||
        !same_draw(left, right))
        return std::nullopt;
    std::optional<fhir::ratio> other = as_ratio(*r.value.low);
    if (other)
        other = times(*other, r.factor);
    if (other && a.derived->quotient)
        other = fhir::ratio{other->denominator, other->numerator};
    if (other)
        other = times(*other, l.factor);
    if (other)
        other = times(*other, a.derived->factor);
    if (!other)
        return std::nullopt;
    fact out = left;
    out.what = a.concept_;
    out.notes.add(right.notes);
    out.observation = {};
    out.observation.has_value = true;
    out.observation.value = l.value;
    out.observation.factor = *other;
    out.observation.specimen = l.specimen;
    out.text = left.text + (a.derived->quotient ? " / " : " x ") + right.text;
    return out;
}

} // namespace trialgate::mappings
