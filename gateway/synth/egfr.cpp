// CKD-EPI 2021 (Inker et al., N Engl J Med 385:1737) in fixed point: a laboratory's number must not depend on a machine's pow().
#include "gateway/synth/course.hpp"

#include <array>

namespace trialgate::gateway::synth {

namespace {

constexpr int bits = 30;
constexpr std::int64_t one = std::int64_t{1} << bits;

/// Base-2 logarithm of numerator / denominator, by repeated squaring.
std::int64_t log2_of(std::int64_t numerator, std::int64_t denominator) noexcept {
    std::int64_t whole = 0;
    while (numerator < denominator) {
        numerator *= 2;
        --whole;
    }
    while (numerator >= 2 * denominator) {
        denominator *= 2;
        ++whole;
    }
    std::int64_t x = numerator * one / denominator, out = whole * one;
    for (std::int64_t bit = one / 2; bit > 0; bit /= 2) {
        x = x * x >> bits;
        if (x >= 2 * one) {
            x /= 2;
            out += bit;
        }
    }
    return out;
}

/// Two to the power of `exponent`, in the same scale.
std::int64_t exp2_of(std::int64_t exponent) noexcept {
    // 2^(1/2), 2^(1/4), ... times 2^30, rounded.
    static constexpr auto roots =
        std::to_array<std::int64_t>({1518500250, 1276901417, 1170923762, 1121280436, 1097253708, 1085434106, 1079572136, 1076653033,
                                     1075196443, 1074468888, 1074105294, 1073923544, 1073832680, 1073787251, 1073764537, 1073753181,
                                     1073747502, 1073744663, 1073743244, 1073742534, 1073742179, 1073742001, 1073741913, 1073741868});
    std::int64_t whole = exponent >> bits, rest = exponent - whole * one, out = one;
    std::int64_t bit = one / 2;
    for (const std::int64_t root : roots) {
        if (rest >= bit) {
            out = out * root >> bits;
            rest -= bit;
        }
        bit /= 2;
    }
    return whole >= 0 ? out << whole : out >> -whole;
}

} // namespace

std::int64_t egfr_tenths(std::int64_t creatinine, int age, bool female) noexcept {
    // 88.4 umol/L is 1 mg/dL; creatinine / 88.4 / k with k = 0.7 or 0.9.
    const std::int64_t ratio = log2_of(creatinine * 100, female ? 6188 : 7956);
    const std::int64_t thousandths = ratio > 0 ? -1200 : female ? -241 : -302;
    std::int64_t power = log2_of(142, 1) + ratio * thousandths / 1000 + age * log2_of(9938, 10000);
    if (female)
        power += log2_of(1012, 1000);
    return (exp2_of(power) * 10 + one / 2) >> bits;
}

} // namespace trialgate::gateway::synth
