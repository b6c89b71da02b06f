// Fractions, so that a multiple of a limit in another unit is compared without rounding (clinical reference 8.2).
#pragma once

#include "mappings/engine/fact.hpp"

#include <compare>
#include <optional>

namespace trialgate::mappings {

/// numerator / denominator, reduced; both at most 10^18 in size. What does not fit is nothing, never an approximation.
class exact {
public:
    constexpr exact() = default;
    static std::optional<exact> of(const fhir::decimal& value, const fhir::ratio& factor = {}) noexcept;

    friend std::optional<exact> plus(const exact& a, const exact& b) noexcept;
    friend std::optional<exact> minus(const exact& a, const exact& b) noexcept;
    friend std::optional<exact> times(const exact& a, const exact& b) noexcept;
    friend std::strong_ordering operator<=>(const exact& a, const exact& b) noexcept;
    friend bool operator==(const exact& a, const exact& b) noexcept = default;

private:
    constexpr exact(std::int64_t n, std::int64_t d) noexcept : numerator_(n), denominator_(d) {}
    template <class Wide>
    static std::optional<exact> reduced(Wide numerator, Wide denominator) noexcept;

    std::int64_t numerator_ = 0, denominator_ = 1;
};

/// As `interval`, of fractions; `by` of `scaled` is above 0.
struct exact_span {
    std::optional<exact> low, high; ///< absent: without end
    bool low_open = false, high_open = false;
    static exact_span point(const exact& v) { return {v, v, false, false}; }
};

/// Nothing when an end does not fit.
std::optional<exact_span> scaled(const exact_span& s, const exact& by) noexcept;

/// Every value of `a` is above every one of `b`.
bool surely_above(const exact_span& a, const exact_span& b) noexcept;
/// Some value of `a` is above some one of `b`.
bool perhaps_above(const exact_span& a, const exact_span& b) noexcept;
bool surely_at_least(const exact_span& a, const exact_span& b) noexcept;
bool perhaps_at_least(const exact_span& a, const exact_span& b) noexcept;

} // namespace trialgate::mappings
