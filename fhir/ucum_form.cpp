#include "fhir/ucum_form.hpp"

#include <algorithm>

namespace trialgate::fhir::ucum::detail {

bool magnitude::multiply_other(std::uint64_t base, int exponent) noexcept {
    if (base == 1 || exponent == 0)
        return true;
    for (std::uint32_t i = 0; i < count_; ++i) {
        if (others_[i].base != base)
            continue;
        others_[i].exponent += exponent;
        if (others_[i].exponent == 0)
            others_[i] = others_[--count_];
        return true;
    }
    if (count_ == capacity)
        return false;
    others_[count_++] = {base, exponent};
    return true;
}

bool magnitude::multiply(std::uint64_t base, int exponent) noexcept {
    const auto take_out = [&](std::uint64_t prime, std::int32_t& power_of_prime) {
        for (; base % prime == 0; base /= prime)
            power_of_prime += exponent;
    };
    take_out(2, two);
    take_out(3, three);
    take_out(5, five);
    take_out(7, seven);
    return multiply_other(base, exponent);
}

bool magnitude::multiply(const magnitude& other, int exponent) noexcept {
    two += other.two * exponent;
    three += other.three * exponent;
    five += other.five * exponent;
    seven += other.seven * exponent;
    pi += other.pi * exponent;
    return std::all_of(other.begin(), other.end(), [&](const power& p) {
        return multiply_other(p.base, p.exponent * exponent);
    });
}

void magnitude::multiply_ten(int exponent) noexcept {
    two += exponent;
    five += exponent;
}

bool magnitude::is_power_of_ten() const noexcept {
    return two == five && three == 0 && seven == 0 && pi == 0 && count_ == 0;
}

bool arbitrary_powers::multiply(std::uint16_t atom, int exponent) noexcept {
    if (exponent == 0)
        return true;
    const auto last = powers_.begin() + count_;
    const auto at = std::lower_bound(powers_.begin(), last, atom, [](const power& p, std::uint16_t a) {
        return p.atom < a;
    });
    if (at != last && at->atom == atom) {
        at->exponent += exponent;
        if (at->exponent == 0) {
            std::move(at + 1, last, at);
            --count_;
        }
        return true;
    }
    if (count_ == capacity)
        return false;
    std::move_backward(at, last, last + 1);
    *at = {atom, exponent};
    ++count_;
    return true;
}

bool operator==(const arbitrary_powers& a, const arbitrary_powers& b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.atom == y.atom && x.exponent == y.exponent;
    });
}

bool ratio_form::multiply(const ratio_form& other, int exponent) noexcept {
    for (std::size_t i = 0; i < base_count; ++i)
        dimension[i] += other.dimension[i] * exponent;
    if (!scale.multiply(other.scale, exponent))
        return false;
    return std::all_of(other.arbitrary.begin(), other.arbitrary.end(), [&](const arbitrary_powers::power& p) {
        return arbitrary.multiply(p.atom, p.exponent * exponent);
    });
}

} // namespace trialgate::fhir::ucum::detail
