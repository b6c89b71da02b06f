#include "mappings/engine/result_reading.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/interpretation.hpp"
#include "mappings/engine/reference_range.hpp"
#include "mappings/engine/text_number.hpp"
#include "mappings/engine/titer.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

using namespace written;
using outcome = value_reading::outcome;
using fhir::comparator;

constexpr std::size_t longest_text = 500;

value_reading only(outcome what) {
    value_reading out;
    out.what = what;
    return out;
}

value_reading number_without_unit(const interval& value) {
    value_reading out = only(outcome::number);
    out.value = value;
    out.unit.state = unit_state::fits;
    out.unit_irrelevant = true;
    return out;
}

value_reading titer_reading(const std::optional<interval>& value) {
    if (!value)
        return only(outcome::unreadable);
    value_reading out = number_without_unit(*value);
    out.titer = true;
    return out;
}

value_reading word_reading(finding said) {
    value_reading out = only(said == finding::none ? outcome::unreadable : outcome::word);
    out.said = said;
    return out;
}

bool is_titer_kind(const analyte* a) { return a && a->kind == analyte_kind::titer; }
bool may_be_titer(const analyte* a) { return is_titer_kind(a) || (a && a->screening_dilution > 0); }

std::string_view unit_shown(const fhir::quantity& q) { return names_no_unit(q.unit) ? q.code : q.unit; }

// A unit of a titer: "{titer}", "titer", a ratio such as "1:640", or whatever the analyte lists.
enum class titer_unit { none, titer, same_ratio, other_ratio, other };

titer_unit titer_unit_of(std::string_view raw, const analyte& a, const fhir::decimal& value) {
    if (names_no_unit(raw))
        return titer_unit::none;
    const std::string text = fhir::lower(plain_text(raw));
    constexpr auto names = std::to_array<std::string_view>({"titer", "{titer}", "titre", "{titre}", "titr", "dil", "dilution", "{dilution}"});
    if (std::find(names.begin(), names.end(), text) != names.end())
        return titer_unit::titer;
    if (const auto ratio = read_titer(text, bare_integers::refused))
        return ratio->low == value && ratio->high == value ? titer_unit::same_ratio : titer_unit::other_ratio;
    const auto rule = a.kind == analyte_kind::titer ? a.rule_for(raw) : std::nullopt;
    return rule && rule->factor == fhir::ratio{} && rule->offset == fhir::decimal{} ? titer_unit::none : titer_unit::other;
}

// Nothing when the quantity is no titer but may be a number of its own.
std::optional<value_reading> read_titer_quantity(const fhir::quantity& q, const analyte& a) {
    const titer_unit units[] = {titer_unit_of(q.unit, a, *q.value), titer_unit_of(q.code, a, *q.value)};
    const auto has = [&units](titer_unit u) { return units[0] == u || units[1] == u; };
    if (has(titer_unit::other_ratio))
        return only(outcome::unreadable);
    const bool says_titer = has(titer_unit::titer) || has(titer_unit::same_ratio);
    if (a.kind != analyte_kind::titer && !says_titer)
        return std::nullopt;
    if (has(titer_unit::other)) {
        value_reading out = number_without_unit(interval_of(q.compare, *q.value));
        out.unit.state = unit_state::unusable;
        return out;
    }
    return titer_reading(titer_interval(q.compare, *q.value));
}

std::optional<fhir::decimal> rank_of(const analyte& a, std::string_view raw) {
    std::string text = fhir::lower(plain_text(raw));
    const auto listed = [&a](const std::string& name) -> std::optional<fhir::decimal> {
        const auto at = a.scale.find(name);
        return at == a.scale.end() ? std::nullopt : std::optional<fhir::decimal>(at->second);
    };
    if (const auto rank = listed(text))
        return rank;
    std::string joined = text;
    joined.erase(std::remove(joined.begin(), joined.end(), ' '), joined.end());
    if (const auto rank = listed(joined))
        return rank;
    // "+++" and "+3" are 3+.
    if (!joined.empty() && joined.find_first_not_of('+') == std::string::npos && joined.size() <= 9)
        return listed(std::to_string(joined.size()) + '+');
    if (joined.size() == 2 && joined[0] == '+' && is_digit(joined[1]))
        return listed(std::string{joined[1], '+'});
    // "30mg/dl" is listed as "30 mg/dl".
    const std::size_t digits = joined.find_first_not_of("0123456789.");
    if (digits != std::string::npos && digits > 0)
        if (const auto rank = listed(joined.substr(0, digits) + ' ' + joined.substr(digits)))
            return rank;
    // "2+ (100 mg/dL)": both readings must agree.
    const std::size_t open = text.find('(');
    if (open != std::string::npos && open > 0 && text.ends_with(')')) {
        const auto outside = rank_of(a, text.substr(0, open));
        const auto inside = rank_of(a, text.substr(open + 1, text.size() - open - 2));
        if (outside && (!inside || *inside == *outside))
            return outside;
    }
    return std::nullopt;
}

value_reading read_ordinal_text(std::string_view raw, const analyte& a, const catalog& codes) {
    if (const auto rank = rank_of(a, raw))
        return number_without_unit(interval::point(*rank));
    const std::string text = fhir::lower(plain_text(raw));
    std::string_view rest = text;
    if (const auto compared = take_comparator(rest); compared && *compared != comparator::none)
        if (const auto rank = rank_of(a, rest))
            return number_without_unit(interval_of(*compared, *rank));
    for (const std::string_view between : {" to ", "-"})
        if (const std::size_t at = text.find(between); at != std::string::npos) {
            const auto low = rank_of(a, text.substr(0, at)), high = rank_of(a, text.substr(at + between.size()));
            if (low && high && *low <= *high)
                return number_without_unit({low, high, false, false});
        }
    const catalog::word word = codes.result_word(raw);
    if (word == catalog::word::no_result)
        return only(outcome::no_result);
    if (word == catalog::word::negative)
        for (const char* name : {"negative", "neg"})
            if (const auto rank = rank_of(a, name))
                return number_without_unit(interval::point(*rank));
    return word_reading(finding_of(word));
}

value_reading read_ordinal_quantity(const fhir::quantity& q, const analyte& a) {
    const std::string number = q.value->to_string();
    for (const std::string_view unit : {q.unit, q.code}) {
        const auto rank = rank_of(a, names_no_unit(unit) ? number : number + ' ' + std::string(unit));
        if (rank && q.value_exact)
            return number_without_unit(interval_of(q.compare, *rank));
    }
    return only(outcome::unreadable);
}

value_reading read_quantity(const fhir::quantity& q, const analyte* a) {
    if (!q.value)
        return {};
    if (!a || q.compare == comparator::sufficient)
        return only(outcome::unreadable);
    if (a->kind == analyte_kind::ordinal)
        return read_ordinal_quantity(q, *a);
    if (may_be_titer(a))
        if (auto titer = read_titer_quantity(q, *a))
            return *titer;
    value_reading out = only(outcome::number);
    out.value = interval_of(q.compare, *q.value, q.value_exact);
    out.unit = choose_unit(*a, q);
    out.unit_text = unit_shown(q);
    return out;
}

value_reading read_rational(const fhir::rational& r, const analyte* a) {
    if (!r.numerator || !r.denominator || !r.numerator->value || !r.denominator->value || !may_be_titer(a))
        return only(r.numerator || r.denominator ? outcome::unreadable : outcome::nothing);
    constexpr fhir::decimal one{1, 0};
    const fhir::decimal& above = *r.numerator->value;
    const fhir::decimal& below = *r.denominator->value;
    // HL7 v2 structured numerics put the sign before the first number: >^1^:^1280.
    const comparator first = r.numerator->compare, second = r.denominator->compare;
    if (first != comparator::none && second != comparator::none && first != second)
        return only(outcome::unreadable);
    const comparator c = first == comparator::none ? second : first;
    return titer_reading(above == one ? titer_interval(c, below) : below == one ? titer_interval(c, above) : std::nullopt);
}

value_reading read_range_value(const fhir::range& r, const analyte* a) {
    const bool has_low = r.low && r.low->value, has_high = r.high && r.high->value;
    if (!has_low && !has_high)
        return {};
    value_reading low = has_low ? read_quantity(*r.low, a) : value_reading{};
    const value_reading high = has_high ? read_quantity(*r.high, a) : value_reading{};
    if (!has_low || !has_high) {
        value_reading one = has_low ? low : high;
        if (one.what != outcome::number)
            return one;
        (has_low ? one.value.high : one.value.low).reset();
        return one;
    }
    if (low.what != outcome::number || high.what != outcome::number || low.titer != high.titer ||
        !(low.unit.rule.factor == high.unit.rule.factor) || !(low.unit.rule.offset == high.unit.rule.offset))
        return only(outcome::unreadable);
    low.value.high = high.value.high;
    low.value.high_open = high.value.high_open;
    // One unit for both is customary.
    if (low.unit.state == unit_state::missing)
        low.unit = high.unit;
    return is_empty(low.value) || high.unit.state == unit_state::unusable ? only(outcome::unreadable) : low;
}

// Local codes such as "2+" and "1:160" are results; a SNOMED CT code without display is not a number.
bool reads_as_text(std::string_view code) {
    return !code.empty() && (is_letter(code.front()) || code.find_first_of(":+<>") != std::string_view::npos);
}

value_reading read_concept(const fhir::codeable_concept& c, const analyte* a, const catalog& codes) {
    if (c.empty())
        return {};
    const coded_finding coded = read_coded_finding(c, codes);
    const outcome otherwise = coded.no_result ? outcome::no_result : outcome::unreadable;
    std::vector<std::string_view> texts{c.text};
    for (const fhir::coding& each : c.codings)
        texts.push_back(each.display.empty() && reads_as_text(each.code) ? each.code : each.display);
    for (const std::string_view text : texts) {
        if (text.empty())
            continue;
        value_reading read = read_text_value(text, a, codes);
        if (read.what == outcome::number) {
            if (read.said == finding::none)
                read.said = coded.found;
            read.contradictory = coded.contradictory || (coded.found != finding::none && read.said != coded.found);
            return read;
        }
    }
    if (coded.found == finding::none)
        return only(otherwise);
    value_reading out = word_reading(coded.found);
    out.contradictory = coded.contradictory;
    return out;
}

bool is_graded_positive(std::string_view text) {
    if (text.size() == 2 && text[0] >= '1' && text[0] <= '4' && text[1] == '+')
        return true;
    return !text.empty() && text.size() <= 4 && text.find_first_not_of('+') == std::string_view::npos;
}

// Words of the analyte that stand for a number, alone or before a unit: "tntc", "TNTC /hpf".
std::optional<interval> listed_word(const std::string& text, const analyte& a) {
    for (std::size_t end = text.size();; end = text.rfind(' ', end - 1)) {
        if (end == std::string::npos || end == 0)
            return std::nullopt;
        const auto at = a.words.find(text.substr(0, end));
        if (at != a.words.end() &&
            (end == text.size() || choose_unit(a, std::string_view(text).substr(end)).state == unit_state::fits)) {
            const word_value& w = at->second;
            return interval{w.low, w.high, w.low_open, w.high_open};
        }
    }
}

value_reading read_titer_text(const std::string& text, const interval& value, finding said) {
    value_reading out = titer_reading(value);
    out.said = said;
    const bool exact = value.low && value.high && *value.low == *value.high;
    // "Negative at 1:40" is an answer about everything up to 1:40; "positive at 1:80" (the screening dilution) about 1:80 and more.
    if (exact && said == finding::negative) {
        out.value.low = fhir::decimal{0, 0};
        out.value.low_open = true;
    } else if (exact && said == finding::positive &&
               (text.find(" at ") != std::string::npos || text.find("screen") != std::string::npos)) {
        out.value.high.reset();
    }
    return out;
}

} // namespace

value_reading read_text_value(std::string_view raw, const analyte* a, const catalog& codes) {
    if (raw.size() > longest_text)
        return only(outcome::unreadable);
    const std::string plain = plain_text(raw);
    if (plain.empty())
        return {};
    if (a && a->kind == analyte_kind::ordinal)
        return read_ordinal_text(plain, *a, codes);
    const std::string text = fhir::lower(plain);
    const catalog::word word = codes.result_word(plain);
    const finding said = finding_of(word);
    if (a)
        if (const auto listed = listed_word(text, *a))
            return number_without_unit(*listed);
    if (may_be_titer(a)) {
        const auto bare = is_titer_kind(a) ? bare_integers::allowed : bare_integers::refused;
        if (const auto titer = read_titer(text, bare))
            return read_titer_text(text, *titer, said);
    }
    if (a && a->kind == analyte_kind::presence && is_graded_positive(text))
        return word_reading(finding::positive);
    if (text == "+/-")
        return word_reading(finding::equivocal);
    std::string_view rest = text;
    const auto number = a && !is_titer_kind(a) ? take_interval(rest) : std::nullopt;
    if (number) {
        const std::string_view unit = trimmed(std::string_view(plain).substr(text.size() - rest.size()));
        if (word == catalog::word::no_result || (!unit.empty() && is_digit(unit.front())))
            return only(outcome::unreadable);
        value_reading out = only(outcome::number);
        out.value = *number;
        out.unit = choose_unit(*a, unit);
        out.said = a->kind == analyte_kind::presence ? said : finding::none;
        return out;
    }
    if (word == catalog::word::no_result)
        return only(outcome::no_result);
    value_reading out = word_reading(said);
    out.bare_normal = text.find("normal") != std::string::npos;
    return out;
}

value_reading read_value(const fhir::observation_value& value, const analyte* a, const catalog& codes) {
    if (const auto* q = std::get_if<fhir::quantity>(&value))
        return read_quantity(*q, a);
    if (const auto* c = std::get_if<fhir::codeable_concept>(&value))
        return read_concept(*c, a, codes);
    if (const auto* s = std::get_if<std::string_view>(&value))
        return read_text_value(*s, a, codes);
    if (const auto* i = std::get_if<std::int64_t>(&value)) {
        fhir::quantity q;
        q.value = fhir::parse_decimal(std::to_string(*i), &q.value_exact);
        return read_quantity(q, a);
    }
    if (const auto* r = std::get_if<fhir::rational>(&value))
        return read_rational(*r, a);
    if (const auto* r = std::get_if<fhir::range>(&value))
        return read_range_value(*r, a);
    if (const auto* b = std::get_if<bool>(&value)) {
        const bool answers = !a || a->kind == analyte_kind::presence || a->kind == analyte_kind::titer;
        return answers ? word_reading(*b ? finding::positive : finding::negative) : only(outcome::unreadable);
    }
    return only(std::holds_alternative<std::monostate>(value) ? outcome::nothing : outcome::unreadable);
}

} // namespace trialgate::mappings
