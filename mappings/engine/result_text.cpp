#include "mappings/engine/coded.hpp"
#include "mappings/engine/result_reading.hpp"
#include "mappings/engine/result_value.hpp"
#include "mappings/engine/titer.hpp"

namespace trialgate::mappings {

namespace {

std::string_view sign_of(fhir::comparator c) {
    switch (c) {
    case fhir::comparator::less: return "< ";
    case fhir::comparator::less_or_equal: return "<= ";
    case fhir::comparator::greater: return "> ";
    case fhir::comparator::greater_or_equal: return ">= ";
    default: return "";
    }
}

std::string text_of_quantity(const fhir::quantity& q, const analyte* about) {
    if (!q.value)
        return {};
    std::string out(sign_of(q.compare));
    const bool titer = about && about->kind == analyte_kind::titer && plausible_titer(*q.value);
    if (titer)
        out += "1:";
    out += q.value->to_string();
    const std::string_view unit = q.unit.empty() ? q.code : q.unit;
    // "{score}" and "{titer}" are for machines.
    if (!unit.empty() && !unit.starts_with('{') && !(titer && unit.starts_with("1:"))) {
        out += ' ';
        out += unit;
    }
    return out;
}

std::string text_of_range(const fhir::range& r, const analyte* about) {
    const std::string high = r.high ? text_of_quantity(*r.high, about) : std::string{};
    if (!r.low || !r.low->value)
        return high.empty() ? high : "<= " + high;
    if (high.empty())
        return ">= " + text_of_quantity(*r.low, about);
    return r.low->value->to_string() + " - " + high;
}

std::string text_of_ratio(const fhir::rational& r) {
    if (!r.numerator || !r.denominator || !r.numerator->value || !r.denominator->value)
        return {};
    const auto sign = r.numerator->compare == fhir::comparator::none ? r.denominator->compare : r.numerator->compare;
    return std::string(sign_of(sign)) + r.numerator->value->to_string() + ':' + r.denominator->value->to_string();
}

} // namespace

std::string compact_text(std::string_view text) {
    constexpr std::size_t longest = 60;
    std::string out;
    for (const char c : text) {
        const bool space = c == ' ' || static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
        if (space && (out.empty() || out.back() == ' '))
            continue;
        out += space ? ' ' : c;
        if (out.size() > longest + 8)
            break;
    }
    if (!out.empty() && out.back() == ' ')
        out.pop_back();
    if (out.size() <= longest)
        return out;
    std::size_t end = longest - 3;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0) == 0x80)
        --end;
    out.resize(end);
    return out + "...";
}

std::string text_of_value(const fhir::observation_value& value, const analyte* about) {
    if (const auto* q = std::get_if<fhir::quantity>(&value))
        return compact_text(text_of_quantity(*q, about));
    if (const auto* c = std::get_if<fhir::codeable_concept>(&value))
        return compact_text(text_of(*c));
    if (const auto* s = std::get_if<std::string_view>(&value))
        return compact_text(*s);
    if (const auto* b = std::get_if<bool>(&value))
        return *b ? "true" : "false";
    if (const auto* i = std::get_if<std::int64_t>(&value))
        return std::to_string(*i);
    if (const auto* r = std::get_if<fhir::range>(&value))
        return compact_text(text_of_range(*r, about));
    if (const auto* r = std::get_if<fhir::rational>(&value))
        return compact_text(text_of_ratio(*r));
    return {};
}

} // namespace trialgate::mappings
