#include "mappings/engine/unit_choice.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"

#include "fhir/ucum.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace trialgate::mappings {

namespace {

using namespace written;

bool is_ucum(std::string_view system) {
    if (system.ends_with('/'))
        system.remove_suffix(1);
    return system == "http://unitsofmeasure.org" || system == "https://unitsofmeasure.org" ||
           system == "urn:oid:2.16.840.1.113883.6.8" || system == "2.16.840.1.113883.6.8";
}

bool same(const unit_rule& a, const unit_rule& b) { return a.factor == b.factor && a.offset == b.offset; }

bool molar(std::string_view unit) { return fhir::lower(unit).find("mol") != std::string::npos; }

// A printed unit without a rule is no contradiction ("percent"), unless it is a real unit that counts something else.
bool contradicts(std::string_view printed, std::string_view code) {
    return molar(printed) != molar(code) && fhir::ucum::parse(plain_text(printed)).has_value();
}

bool is_flag(std::string_view word) {
    constexpr auto flags = std::to_array<std::string_view>(
        {"H", "L", "HH", "LL", "A", "AA", "N", "*", "**", "(H)", "(L)", "(HH)", "(LL)", "(A)", "(N)", "[H]", "[L]", "High",
         "Low", "HIGH", "LOW", "high", "low", "(high)", "(low)", "(High)", "(Low)", "Abnormal", "abnormal", "Normal", "normal", "!"}
    );
    return std::find(flags.begin(), flags.end(), word) != flags.end();
}

std::string_view without_last_remark(std::string_view text) {
    if (text.ends_with(')')) {
        const std::size_t open = text.rfind('(');
        return open == std::string_view::npos ? text : trimmed(text.substr(0, open));
    }
    if (text.ends_with('*'))
        return trimmed(text.substr(0, text.size() - 1));
    const std::size_t space = text.rfind(' ');
    const std::string_view last = space == std::string_view::npos ? text : text.substr(space + 1);
    if (!is_flag(last))
        return text;
    return space == std::string_view::npos ? std::string_view{} : trimmed(text.substr(0, space));
}

bool scaled_less(const fhir::decimal& value, const fhir::ratio& factor, const fhir::decimal& limit) noexcept {
    return fhir::compare_scaled(value, factor, limit, {}) < 0;
}

bool whole(const fhir::decimal& value, const fhir::ratio& factor) noexcept {
    const auto scaled = rescale(value, factor, {});
    return scaled && scaled->is_integer();
}

} // namespace

bool names_no_unit(std::string_view unit) {
    constexpr auto none = std::to_array<std::string_view>(
        {"", "-", "--", ".", "n/a", "na", "none", "null", "no unit", "no units", "unitless", "not applicable", "{n/a}"}
    );
    return std::find(none.begin(), none.end(), fhir::lower(plain_text(unit))) != none.end();
}

unit_choice choose_unit(const analyte& a, const fhir::quantity& q) {
    const bool has_code = !names_no_unit(q.code), has_unit = !names_no_unit(q.unit);
    if (!has_code && !has_unit)
        return {};
    const auto coded = has_code ? a.rule_for(q.code) : std::nullopt;
    const auto printed = has_unit ? a.rule_for(q.unit) : std::nullopt;
    constexpr unit_choice unusable{unit_state::unusable, {}};
    if (coded && printed)
        return same(*coded, *printed) ? unit_choice{unit_state::fits, *coded} : unusable;
    if (coded)
        return has_unit && contradicts(q.unit, q.code) ? unusable : unit_choice{unit_state::fits, *coded};
    if (!printed)
        return unusable;
    // A code that is a real unit and none of this analyte contradicts the printed one; local codes and misspellings do not.
    if (has_code && is_ucum(q.system) && fhir::ucum::parse(q.code))
        return unusable;
    return {unit_state::fits, *printed};
}

unit_choice choose_unit(const analyte& a, std::string_view text) {
    for (text = trimmed(text); !names_no_unit(text);) {
        if (const auto rule = a.rule_for(text))
            return {unit_state::fits, *rule};
        const std::string_view shorter = without_last_remark(text);
        if (shorter.size() == text.size())
            return {unit_state::unusable, {}};
        text = shorter;
    }
    return {};
}

std::optional<fhir::decimal> minus(const fhir::decimal& a, const fhir::decimal& b) noexcept {
    if (b.mantissa == 0)
        return a;
    const int exponent = std::min<int>(a.exponent, b.exponent);
    const auto at = [exponent](const fhir::decimal& d) -> std::optional<std::int64_t> {
        std::int64_t m = d.mantissa;
        if (m == 0)
            return m;
        for (int e = d.exponent; e > exponent; --e)
            if (__builtin_mul_overflow(m, std::int64_t{10}, &m))
                return std::nullopt;
        return m;
    };
    const auto left = at(a), right = at(b);
    std::int64_t difference = 0;
    if (!left || !right || __builtin_sub_overflow(*left, *right, &difference))
        return std::nullopt;
    return fhir::decimal{difference, static_cast<std::int16_t>(exponent)};
}

std::optional<fhir::decimal>
rescale(const fhir::decimal& value, const fhir::ratio& from, const fhir::ratio& to) noexcept {
    if (from == to)
        return value;
    std::int64_t up = from.numerator, down = from.denominator;
    std::int64_t other_up = to.denominator, other_down = to.numerator;
    const auto reduce = [](std::int64_t& n, std::int64_t& d) {
        const std::int64_t g = std::gcd(n, d);
        if (g > 1) {
            n /= g;
            d /= g;
        }
    };
    reduce(up, other_down);
    reduce(other_up, down);
    std::int64_t numerator = 0, denominator = 0, mantissa = value.mantissa;
    if (__builtin_mul_overflow(up, other_up, &numerator) || __builtin_mul_overflow(down, other_down, &denominator))
        return std::nullopt;
    reduce(numerator, denominator);
    reduce(mantissa, denominator);
    int exponent = value.exponent;
    // A finite decimal exists when only twos and fives are left below.
    for (; denominator > 1; --exponent) {
        if (__builtin_mul_overflow(mantissa, std::int64_t{10}, &mantissa))
            return std::nullopt;
        const std::int64_t before = denominator;
        reduce(mantissa, denominator);
        if (denominator == before)
            return std::nullopt;
    }
    if (__builtin_mul_overflow(mantissa, numerator, &mantissa) || exponent < std::numeric_limits<std::int16_t>::min())
        return std::nullopt;
    return fhir::decimal{mantissa, static_cast<std::int16_t>(exponent)};
}

bool shift(interval& value, const fhir::decimal& offset) noexcept {
    for (auto* end : {&value.low, &value.high}) {
        if (!*end)
            continue;
        const auto shifted = minus(**end, offset);
        if (!shifted)
            return false;
        *end = *shifted;
    }
    return true;
}

namespace {

/// Of cells an analyser prints 0 when it counts next to none, and 0 is 0 in every unit: the least plausible count guards against wrong units.
bool no_cells(const analyte& a, const interval& value) noexcept {
    return a.unit == "10*9/L" && value.low && value.high && value.low->mantissa == 0 && value.high->mantissa == 0;
}

} // namespace

bool plausible(const analyte& a, const interval& value, const fhir::ratio& factor) noexcept {
    if (const auto& least = a.plausible_min; least && !no_cells(a, value)) {
        if (value.low && !value.low_open && scaled_less(*value.low, factor, *least))
            return false;
        if (value.high && scaled_less(*value.high, factor, *least))
            return false;
    }
    if (const auto& most = a.plausible_max) {
        const auto above = [&](const fhir::decimal& end) { return fhir::compare_scaled(end, factor, *most, {}) > 0; };
        if (value.high && !value.high_open && above(*value.high))
            return false;
        if (value.low && above(*value.low))
            return false;
    }
    if (a.integer && ((value.low && !whole(*value.low, factor)) || (value.high && !whole(*value.high, factor))))
        return false;
    return true;
}

bool canonical_by_range(const analyte& a, const interval& value, const interval& normal) noexcept {
    if (!a.plausible_min || !a.plausible_max || (!normal.low && !normal.high))
        return false;
    const auto fits = [&](const fhir::ratio& factor) {
        return plausible(a, value, factor) && plausible(a, {normal.low, normal.high, false, false}, factor);
    };
    if (!fits({}))
        return false;
    return std::none_of(a.units.begin(), a.units.end(), [&](const auto& named) {
        const unit_rule& rule = named.second;
        return !(rule.factor == fhir::ratio{} && rule.offset == fhir::decimal{}) && fits(rule.factor);
    });
}

} // namespace trialgate::mappings
