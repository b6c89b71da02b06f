#include "mappings/engine/code_check.hpp"
#include "mappings/engine/spelling.hpp"
#include "mappings/engine/trial_reader.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace trialgate::mappings {

namespace json = fhir::json;

namespace {

__extension__ typedef __int128 wide;
constexpr std::int64_t largest = 999'999'999'999'999'999;

wide gcd(wide a, wide b) {
    a = a < 0 ? -a : a;
    while (b != 0) {
        const wide rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

std::optional<fhir::decimal> narrowed(wide mantissa, int exponent) {
    while (mantissa != 0 && mantissa % 10 == 0 && exponent < 0) {
        mantissa /= 10;
        ++exponent;
    }
    if (mantissa > largest || mantissa < -largest || exponent < -300 || exponent > 300)
        return std::nullopt;
    return fhir::decimal{static_cast<std::int64_t>(mantissa), static_cast<std::int16_t>(exponent)};
}

std::optional<fhir::decimal> minus(fhir::decimal a, fhir::decimal b) {
    if (b.mantissa == 0)
        return a;
    wide x = a.mantissa, y = b.mantissa;
    const int exponent = std::min(a.exponent, b.exponent);
    if (a.exponent - exponent > 18 || b.exponent - exponent > 18)
        return std::nullopt;
    for (int i = exponent; i < a.exponent; ++i)
        x *= 10;
    for (int i = exponent; i < b.exponent; ++i)
        y *= 10;
    return narrowed(x - y, exponent);
}

/// Nothing when the product has no end as a decimal.
std::optional<fhir::decimal> times(fhir::decimal value, fhir::ratio factor) {
    wide above = static_cast<wide>(value.mantissa) * factor.numerator;
    wide below = factor.denominator;
    const wide common = std::max<wide>(gcd(above, below), 1);
    above /= common;
    below /= common;
    int exponent = value.exponent;
    for (; below != 1; --exponent) {
        if (above > largest * wide{1000} || above < -largest * wide{1000})
            return std::nullopt;
        if (below % 10 == 0) {
            below /= 10;
        } else if (below % 2 == 0) {
            below /= 2;
            above *= 5;
        } else if (below % 5 == 0) {
            below /= 5;
            above *= 2;
        } else {
            return std::nullopt;
        }
    }
    return narrowed(above, exponent);
}

bool is_setting_name(std::string_view text) noexcept {
    return text.size() > 1 && text.front() == '$' && std::all_of(text.begin() + 1, text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
           });
}

bool bare_number_fits(const analyte& a) noexcept {
    return a.kind == analyte_kind::titer || a.kind == analyte_kind::ordinal ||
           a.kind == analyte_kind::score || a.unit.empty() || a.unit.starts_with('{');
}

} // namespace

trial_reader::node trial_reader::resolve(node n) {
    const std::string_view name = n.content.text();
    if (n.content.is_string() && is_setting_name(name)) {
        const auto found = settings_.find(name.substr(1));
        if (found == settings_.end()) {
            nearest_name near(name.substr(1));
            for (const auto& [known, s] : settings_)
                near.consider(known);
            error(
                n, "unknown-setting", "there is no setting '" + std::string(name.substr(1)) + "'", near.hint()
            );
            return {};
        }
        setting& s = found->second;
        s.used = true;
        if (s.given)
            return {n.file, *s.given, n.at};
        n = {s.file, s.declared, s.declared};
    }
    const value branches = n.content["byVersion"];
    if (n.content.size() != 1 || !branches.is_object() || branches.size() == 0 ||
        std::any_of(branches.members().begin(), branches.members().end(), [](const json::member& m) {
            return m.content.is_object();
        }))
        return n;
    for (const json::member& m : branches.members())
        if (std::find(versions_.begin(), versions_.end(), m.name) == versions_.end())
            n.file->report(
                problem::level::error, "unknown-version", m,
                "the trial has no version '" + std::string(m.name) + "'", nearest_hint(m.name, versions_)
            );
    const value chosen = branches[version_];
    if (!chosen)
        error({n.file, branches, branches}, "unknown-version", "no value for version '" + version_ + "'");
    return chosen ? node{n.file, chosen, chosen} : node{};
}

std::optional<bool> trial_reader::truth(const node& n) {
    if (!n)
        return std::nullopt;
    if (n.content.is_boolean())
        return n.content.as_bool();
    if (n.content.text() == "true" || n.content.text() == "false")
        return n.content.text() == "true";
    wrong_type(n, "true or false");
    return std::nullopt;
}

std::optional<fhir::decimal> trial_reader::number(const node& n) {
    if (!n)
        return std::nullopt;
    bool exact = true;
    const auto parsed = n.content.is_number() || n.content.is_string()
                            ? fhir::parse_decimal(trimmed(n.content.text()), &exact)
                            : std::nullopt;
    if (!parsed || !exact) {
        error(n, "bad-number", "expected a number");
        return std::nullopt;
    }
    return parsed;
}

std::optional<int> trial_reader::whole(const node& n, int least, int most) {
    const auto d = number(n);
    if (!d)
        return std::nullopt;
    const fhir::decimal low{least, 0}, high{most, 0};
    if (!d->is_integer() || *d < low || *d > high) {
        error(
            n, "bad-number",
            "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most)
        );
        return std::nullopt;
    }
    std::int64_t out = d->mantissa;
    for (int i = 0; i < d->exponent && out != 0; ++i)
        out *= 10;
    for (int i = d->exponent; i < 0 && out != 0; ++i)
        out /= 10;
    return static_cast<int>(out);
}

std::optional<span_of_time> trial_reader::span(const node& n) {
    if (!n)
        return std::nullopt;
    if (n.content.is_number() || (n.content.is_string() && fhir::parse_decimal(trimmed(n.content.text())))) {
        error(
            n, "window-without-unit", "a span of time needs its unit",
            "write \"" + std::string(trimmed(n.content.text())) + " days\" or months"
        );
        return std::nullopt;
    }
    if (!n.content.is_string()) {
        wrong_type(n, "a span of time, such as \"6 months\"");
        return std::nullopt;
    }
    const auto parsed = parse_span(n.content.text());
    if (!parsed)
        error(
            n, "bad-duration", "'" + std::string(n.content.text()) + "' is no span of time",
            "write \"6 months\", \"90 days\", \"12 weeks\" or \"1 year\""
        );
    return parsed;
}

window trial_reader::look_back(const node& n) {
    const auto s = span(n);
    if (s && s->months == 0 && s->days == 0)
        error(n, "bad-duration", "a look-back of no days would hold nothing; leave it out for 'ever'");
    return s ? window{s->months, s->days} : window{};
}

std::optional<int> trial_reader::day_count(const node& n) {
    const std::string_view said = n.content.text();
    if (n.content.is_string() && said.starts_with('-')) {
        const auto back = parse_span(said.substr(1));
        if (back && back->months == 0)
            return -back->days;
    }
    const auto s = span(n);
    if (!s)
        return std::nullopt;
    if (s->months != 0) {
        error(n, "bad-duration", "days or weeks are needed here: months differ in length");
        return std::nullopt;
    }
    return s->days;
}

void trial_reader::add_concept(const node& n, std::vector<concept_id>& to) {
    if (!n)
        return;
    if (!n.content.is_string()) {
        wrong_type(n, "the id of a concept");
        return;
    }
    const std::string_view id = n.content.text();
    if (id.find('|') != std::string_view::npos) {
        add_code(n, to);
        return;
    }
    const concept_id c = codes_.find(id);
    if (c == concept_id::none) {
        const std::string near = codes_.nearest(id);
        error(
            n, "unknown-concept", "there is no concept '" + std::string(id) + "'",
            near.empty() ? std::string{} : "did you mean '" + near + "'?"
        );
        return;
    }
    for (const concept_id member : codes_.members(c))
        if (std::find(to.begin(), to.end(), member) == to.end())
            to.push_back(member);
}

// "http://loinc.org|5048-4" stands for the concepts that list the code.
void trial_reader::add_code(const node& n, std::vector<concept_id>& to) {
    const std::string_view whole_text = n.content.text();
    const std::string_view uri = whole_text.substr(0, whole_text.find('|'));
    const std::string_view code = whole_text.substr(whole_text.find('|') + 1);
    const std::string_view preferred = codes_.system(uri);
    if (check_code(preferred.empty() ? uri : preferred, code) != code_defect::none) {
        error(
            n, "bad-check-digit",
            "'" + std::string(code) + "' is no code of " + std::string(uri) +
                ": its check digit or form is wrong"
        );
        return;
    }
    const auto found = codes_.lookup(uri, code);
    if (found.empty())
        error(
            n, "unknown-concept", "no concept of the library lists the code '" + std::string(whole_text) + "'"
        );
    for (const meaning& m : found)
        if (std::find(to.begin(), to.end(), m.concept_) == to.end())
            to.push_back(m.concept_);
}

std::vector<concept_id> trial_reader::concepts(const node& n) {
    std::vector<concept_id> out;
    if (!n.content.is_array()) {
        add_concept(n, out);
        return out;
    }
    for (const value& e : n.content.elements())
        add_concept(resolve({n.file, e, e}), out);
    return out;
}

std::vector<std::vector<concept_id>> trial_reader::concept_lists(const node& n) {
    std::vector<std::vector<concept_id>> out;
    if (n && !n.content.is_array() && !n.content.is_string())
        wrong_type(n, "a list of concepts");
    if (n.content.is_string())
        out.push_back(concepts(n));
    for (const value& e : n.content.elements())
        out.push_back(concepts(resolve({n.file, e, e})));
    return out;
}

// All analytes among the concepts must agree on what the limit is; a presence has no scale on which it could
// lie.
std::optional<fhir::decimal> trial_reader::limit(const node& n, std::span<const concept_id> what) {
    if (!n)
        return std::nullopt;
    if (!n.content.is_string() && !n.content.is_number()) {
        wrong_type(n, "a limit, such as \"30 mg/dL\" or 160");
        return std::nullopt;
    }
    std::vector<const analyte*> scales;
    for (const concept_id c : what)
        if (const analyte* a = codes_.analyte_of(c); a != nullptr && a->kind != analyte_kind::presence)
            scales.push_back(a);
    if (scales.empty())
        for (const concept_id c : what)
            if (const analyte* a = codes_.analyte_of(c); a != nullptr && !a->unit.empty())
                scales.push_back(a);
    if (scales.empty()) {
        if (!what.empty())
            error(
                n, "unit-does-not-fit",
                "'" + std::string(codes_.id(what.front())) + "' has no scale in the analytes of the library"
            );
        return std::nullopt;
    }
    std::optional<fhir::decimal> out;
    std::set<std::string_view> units;
    for (const analyte* a : scales) {
        if (!units.insert(a->unit).second && a->kind == scales.front()->kind &&
            a->kind != analyte_kind::ordinal)
            continue;
        const auto found = limit_of(n, *a);
        if (!found)
            return std::nullopt;
        if (out && *out != *found) {
            error(
                n, "unit-does-not-fit",
                "the limit is not the same for '" + std::string(codes_.id(scales.front()->concept_)) +
                    "' and '" + std::string(codes_.id(a->concept_)) + "', whose canonical units differ"
            );
            return std::nullopt;
        }
        out = found;
    }
    return out;
}

std::optional<fhir::decimal> trial_reader::limit_of(const node& n, const analyte& a) {
    const std::string_view said = trimmed(n.content.text());
    if (a.kind == analyte_kind::ordinal)
        if (const auto rank = a.scale.find(said); rank != a.scale.end())
            return rank->second;
    const std::size_t space = said.find(' ');
    std::string_view digits = said.substr(0, space);
    const std::string_view unit =
        space == std::string_view::npos ? std::string_view{} : trimmed(said.substr(space));
    if (a.kind == analyte_kind::titer && digits.starts_with("1:"))
        digits.remove_prefix(2);
    bool exact = true;
    const auto value_said = fhir::parse_decimal(digits, &exact);
    if (!value_said || !exact) {
        error(n, "bad-number", "'" + std::string(said) + "' does not start with a number");
        return std::nullopt;
    }
    const std::string name(codes_.id(a.concept_));
    if (unit.empty()) {
        if (bare_number_fits(a))
            return value_said;
        error(
            n, "unit-does-not-fit", "a limit of '" + name + "' needs its unit",
            "write \"" + std::string(said) + ' ' + a.unit + '"'
        );
        return std::nullopt;
    }
    const auto rule = a.rule_for(unit);
    if (!rule) {
        error(
            n, "unit-does-not-fit", "'" + std::string(unit) + "' is no unit of '" + name + "'",
            a.unit.empty() ? "write a bare number" : "its unit is " + a.unit
        );
        return std::nullopt;
    }
    const auto moved = minus(*value_said, rule->offset);
    const auto canonical = moved ? times(*moved, rule->factor) : std::nullopt;
    if (!canonical)
        error(
            n, "unit-does-not-fit", "'" + std::string(said) + "' has no exact value in " + a.unit,
            "write the limit in " + a.unit
        );
    return canonical;
}

} // namespace trialgate::mappings
