#include "mappings/engine/catalog.hpp"
#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"

#include "fhir/ucum.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

// UCUM reads the point of "mL/min/1.73" as a multiplication: 52 mL/min/1.73 would be 3,796 mL/min (clinical reference 8.1).
bool looks_like_body_surface(std::string_view unit) {
    const std::size_t at = unit.find("1.73");
    return at != std::string_view::npos && unit.find("{1.73") == std::string_view::npos;
}

std::optional<unit_rule> by_ucum(std::string_view unit, const std::string& canonical) {
    if (looks_like_body_surface(unit))
        return std::nullopt;
    const auto from = fhir::ucum::parse(unit);
    if (!from)
        return std::nullopt;
    const auto to = fhir::ucum::parse(canonical);
    if (!to)
        return std::nullopt;
    const auto factor = fhir::ucum::factor(*from, *to);
    if (!factor)
        return std::nullopt;
    return unit_rule{*factor, {}, false};
}

// Old interfaces send everything in capitals. Spellings that differ in case only and mean different things are not told apart.
std::optional<unit_rule> in_other_case(const analyte& a, std::string_view unit) {
    // "g/L" is grams, however much it looks like "G/L" for thousands of millions: only whole capitals, or what is no unit at all, are habit.
    const bool capitals = std::none_of(unit.begin(), unit.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    if (!capitals && fhir::ucum::parse(unit))
        return std::nullopt;
    const std::string wanted = fhir::lower(unit);
    std::optional<unit_rule> found;
    if (fhir::lower(a.unit) == wanted)
        found = unit_rule{{}, {}, true};
    for (const auto& [name, rule] : a.units) {
        if (fhir::lower(name) != wanted)
            continue;
        if (found && (found->factor != rule.factor || found->offset != rule.offset))
            return std::nullopt;
        found = rule;
        found->by_alias = true;
    }
    return found;
}

} // namespace

std::optional<unit_rule> analyte::rule_for(std::string_view raw_unit) const {
    const auto listed = [this](std::string_view name) -> std::optional<unit_rule> {
        if (const auto at = units.find(name); at != units.end())
            return at->second;
        if (name == unit && !unit.empty())
            return unit_rule{};
        return std::nullopt;
    };
    if (const auto found = listed(raw_unit))
        return found;
    constexpr std::size_t longest = 80;
    if (raw_unit.size() > longest)
        return std::nullopt;
    std::string plain = written::plain_text(raw_unit);
    if (plain.empty())
        return std::nullopt;
    if (const auto found = listed(plain))
        return found;
    std::string joined = plain;
    joined.erase(std::remove(joined.begin(), joined.end(), ' '), joined.end());
    if (const auto found = listed(joined))
        return found;
    if (!unit.empty())
        if (const auto found = by_ucum(plain, unit))
            return found;
    return in_other_case(*this, joined);
}

} // namespace trialgate::mappings
