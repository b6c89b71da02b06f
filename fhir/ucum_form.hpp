// Inside of ucum, for fhir/ucum*.cpp only: what a unit expression amounts to, exactly.
#pragma once

#include "fhir/ucum.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace trialgate::fhir::ucum::detail {

/// A positive number as a product of integer powers: of 2, 3, 5, 7, pi and a few other whole numbers.
/// Nothing is multiplied out before a conversion asks for it, so no expression overflows, and what stands in
/// both units (Avogadro's number in mmol/L and umol/L) cancels before it is computed.
class magnitude {
public:
    struct power {
        std::uint64_t base;
        std::int32_t exponent;
    };
    static constexpr std::size_t capacity = 12;

    /// Times base^exponent; `base` > 0. False when more different numbers meet than fit; the object is then
    /// unusable.
    [[nodiscard]] bool multiply(std::uint64_t base, int exponent) noexcept;
    [[nodiscard]] bool multiply(const magnitude& other, int exponent) noexcept;
    void multiply_ten(int exponent) noexcept;
    void multiply_pi(int exponent) noexcept { pi += exponent; }

    bool is_power_of_ten() const noexcept;
    bool is_one() const noexcept { return two == 0 && is_power_of_ten(); }
    const power* begin() const noexcept { return others_.data(); }
    const power* end() const noexcept { return others_.data() + count_; }

    std::int32_t two = 0;
    std::int32_t three = 0;
    std::int32_t five = 0;
    std::int32_t seven = 0;
    std::int32_t pi = 0;

private:
    [[nodiscard]] bool multiply_other(std::uint64_t base, int exponent) noexcept;

    std::array<power, capacity> others_{};
    std::uint32_t count_ = 0;
};

/// Powers of arbitrary units ([IU], [arb'U], ...): each is a dimension of its own (UCUM 24), known by its
/// index among the atoms.
class arbitrary_powers {
public:
    struct power {
        std::uint16_t atom;
        std::int32_t exponent;
    };
    static constexpr std::size_t capacity = 4;

    /// False when more different arbitrary units meet than fit; the object is then unusable.
    [[nodiscard]] bool multiply(std::uint16_t atom, int exponent) noexcept;
    const power* begin() const noexcept { return powers_.data(); }
    const power* end() const noexcept { return powers_.data() + count_; }
    friend bool operator==(const arbitrary_powers& a, const arbitrary_powers& b) noexcept;

private:
    std::array<power, capacity> powers_{}; ///< sorted by atom, no zero exponent
    std::uint32_t count_ = 0;
};

inline constexpr std::size_t base_count = 7;

/// A unit on a ratio scale: `scale` times the base units to the powers `dimension`.
struct ratio_form {
    std::array<std::int32_t, base_count> dimension{};
    magnitude scale;
    arbitrary_powers arbitrary;

    [[nodiscard]] bool multiply(const ratio_form& other, int exponent) noexcept;
    bool same_dimension(const ratio_form& other) const noexcept {
        return dimension == other.dimension && arbitrary == other.arbitrary;
    }
};

/// The functions of special units (UCUM table of section 22). `none` is a unit on a ratio scale.
enum class function : std::uint8_t {
    none,
    cel,
    deg_f,
    deg_re,
    tan_100,
    hp_x,
    hp_c,
    hp_m,
    hp_q,
    ph,
    ln,
    lg,
    lg_2,
    ld,
    sqrt
};

} // namespace trialgate::fhir::ucum::detail

namespace trialgate::fhir::ucum {

/// A value v of a special unit means inverse_function(v x multiple) x ratio; of any other unit v x ratio.
struct unit::form {
    std::string text;
    detail::ratio_form ratio;
    detail::function special = detail::function::none;
    detail::magnitude multiple; ///< prefix and plain numbers of a special unit: 1/10 of dB
};

} // namespace trialgate::fhir::ucum
