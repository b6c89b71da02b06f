#include "fhir/ucum.hpp"
#include "fhir/ucum_grammar.hpp"
#include "fhir/ucum_number.hpp"
#include "fhir/ucum_special.hpp"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <utility>

namespace trialgate::fhir::ucum {
namespace {

using detail::function;

issue problem(std::string sentence, const unit& a, const unit& b) {
    issue found;
    found.type = issue_type::value;
    found.text = std::move(sentence);
    found.theirs = a.text() + ", " + b.text();
    return found;
}

/// How many of `to` one of `from` is; nothing when the expressions hold too many different numbers.
std::optional<detail::magnitude> between(const unit::form& from, const unit::form& to) {
    detail::magnitude m = from.ratio.scale;
    if (!m.multiply(to.ratio.scale, -1))
        return std::nullopt;
    return m;
}

bool between_is_one(const unit::form& from, const unit::form& to) {
    const auto ratio = between(from, to);
    detail::magnitude multiple = from.multiple;
    return ratio && ratio->is_one() && multiple.multiply(to.multiple, -1) && multiple.is_one();
}

std::optional<decimal> convert_ratio(const decimal& value, const unit::form& from, const unit::form& to) {
    const auto m = between(from, to);
    if (!m)
        return std::nullopt;
    if (m->is_power_of_ten())
        return detail::shift(value, m->two);
    const auto f = detail::multiply_out(*m);
    if (!f)
        return std::nullopt;
    return detail::round_decimal(value.mantissa * f->numerator, f->denominator, value.exponent + f->ten);
}

/// So that what canonical_text writes can be parsed again.
bool exponents_in_range(const detail::ratio_form& form) {
    const auto in_range = [](int exponent) { return std::abs(exponent) <= detail::largest_exponent; };
    return std::all_of(form.dimension.begin(), form.dimension.end(), in_range) &&
           std::all_of(form.arbitrary.begin(), form.arbitrary.end(), [&](const auto& p) {
               return in_range(p.exponent);
           });
}

std::string canonical_text(const detail::ratio_form& form) {
    std::string out;
    const auto add = [&](std::string_view code, int exponent) {
        if (exponent == 0)
            return;
        if (!out.empty())
            out += '.';
        out += code;
        if (exponent != 1)
            out += std::to_string(exponent);
    };
    const auto codes = detail::definitions();
    for (std::size_t i = 0; i < detail::base_count; ++i)
        add(codes[i].code, form.dimension[i]);
    for (const auto& p : form.arbitrary)
        add(codes[p.atom].code, p.exponent);
    return out.empty() ? "1" : out;
}

result<std::pair<decimal, std::string>>
combine(const decimal& a, const unit& ua, const decimal& b, const unit& ub, int sign) {
    if (ua.canonical().special != function::none || ub.canonical().special != function::none)
        return problem("special units take no part in products", ua, ub);
    detail::ratio_form form = ua.canonical().ratio;
    if (!form.multiply(ub.canonical().ratio, sign))
        return problem("too many different numbers in the units", ua, ub);
    if (!exponents_in_range(form))
        return problem("too large an exponent in the result", ua, ub);
    const auto f = detail::multiply_out(form.scale);
    if (!f)
        return problem("too large a number in the units", ua, ub);
    detail::integer numerator = f->numerator * a.mantissa;
    detail::integer denominator = f->denominator;
    int ten = f->ten + a.exponent;
    if (sign > 0) {
        numerator *= b.mantissa;
        ten += b.exponent;
    } else {
        if (b.mantissa == 0)
            return problem("division by zero", ua, ub);
        denominator *= b.mantissa;
        ten -= b.exponent;
    }
    if (denominator < 0) {
        denominator = -denominator;
        numerator = -numerator;
    }
    const auto value = detail::round_decimal(numerator, denominator, ten);
    if (!value)
        return problem("the result is out of range", ua, ub);
    return std::pair(*value, canonical_text(form));
}

} // namespace

result<decimal> convert(const decimal& value, const unit& from, const unit& to) {
    if (!comparable(from, to))
        return problem("the units are not comparable", from, to);
    const unit::form& f = from.canonical();
    const unit::form& t = to.canonical();
    if (f.special == t.special && between_is_one(f, t))
        return value;
    const bool special = f.special != function::none || t.special != function::none;
    const auto converted = special ? detail::convert_special(value, f, t) : convert_ratio(value, f, t);
    if (!converted)
        return problem("the value cannot be converted: out of range", from, to);
    return *converted;
}

std::optional<ratio> factor(const unit& from, const unit& to) {
    if (!comparable(from, to))
        return std::nullopt;
    const unit::form& f = from.canonical();
    const unit::form& t = to.canonical();
    if (f.special != function::none || t.special != function::none)
        return std::nullopt;
    const auto m = between(f, t);
    if (!m || m->pi != 0)
        return std::nullopt;
    const auto r = detail::as_rational(*m);
    constexpr auto largest = std::numeric_limits<std::int64_t>::max();
    if (!r || numerator(*r) > largest || denominator(*r) > largest)
        return std::nullopt;
    return ratio{static_cast<std::int64_t>(numerator(*r)), static_cast<std::int64_t>(denominator(*r))};
}

result<std::pair<decimal, std::string>>
multiply(const decimal& a, const unit& ua, const decimal& b, const unit& ub) {
    return combine(a, ua, b, ub, 1);
}

result<std::pair<decimal, std::string>>
divide(const decimal& a, const unit& ua, const decimal& b, const unit& ub) {
    return combine(a, ua, b, ub, -1);
}

} // namespace trialgate::fhir::ucum
