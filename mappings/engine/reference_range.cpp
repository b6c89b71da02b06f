#include "mappings/engine/reference_range.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"
#include "mappings/engine/titer.hpp"
#include "mappings/engine/unit_choice.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

using namespace written;

bool same(const interval& a, const interval& b) {
    return a.low == b.low && a.high == b.high && a.low_open == b.low_open && a.high_open == b.high_open;
}

bool speaks_of_age(std::string_view words) {
    constexpr auto ages = std::to_array<std::string_view>({"year", "yr", "month", "week", "day", "age", "jahr", "ans", "sex"});
    return std::any_of(ages.begin(), ages.end(), [words](std::string_view w) { return words.find(w) != std::string_view::npos; });
}

/// A text as spans of numbers with the words between them: words[0] span[0] words[1] span[1] ... words[n].
struct split_text {
    std::vector<std::string> words{""};
    std::vector<interval> spans;
};

// In a titer's range "1:80" is the number 80.
std::string without_dilution(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const char before = out.empty() ? ' ' : out.back();
        if (text.front() == '1' && !is_digit(before)) {
            std::string_view rest = text.substr(1);
            trim_front(rest);
            if (rest.size() > 1 && (rest.front() == ':' || rest.front() == '/')) {
                rest.remove_prefix(1);
                trim_front(rest);
                if (!rest.empty() && is_digit(rest.front())) {
                    text = rest;
                    continue;
                }
            }
        }
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

std::optional<split_text> split(std::string_view text) {
    split_text out;
    while (!text.empty()) {
        std::string& words = out.words.back();
        const char before = words.empty() ? ' ' : words.back();
        if (!is_letter(before) && !is_digit(before)) {
            std::string_view rest = text;
            if (const auto span = take_interval(rest)) {
                out.spans.push_back(*span);
                out.words.emplace_back();
                text = rest;
                continue;
            }
            // A number that is none by itself, such as a date, makes the whole text unreadable.
            rest = text;
            take_comparator(rest);
            if (!rest.empty() && is_digit(rest.front()))
                return std::nullopt;
        }
        words += text.front();
        text.remove_prefix(1);
        if (out.spans.size() > 8)
            return std::nullopt;
    }
    return out;
}

// "<=4 / 5-9 / >=10" and "<100 / >=100" without words: negative, equivocal, positive, if they ascend and are open at the outside.
std::vector<result_band> bands_by_order(const std::vector<interval>& spans) {
    const std::size_t n = spans.size();
    if (n < 2 || n > 3 || !spans.front().high || !spans.back().low || spans.back().high)
        return {};
    const auto& first = spans.front();
    if (first.low && *first.low != fhir::decimal{0, 0})
        return {};
    for (std::size_t i = 1; i < n; ++i)
        if (!spans[i].low || !spans[i - 1].high || *spans[i].low < *spans[i - 1].high)
            return {};
    if (n == 2)
        return {{finding::negative, spans[0]}, {finding::positive, spans[1]}};
    return {{finding::negative, spans[0]}, {finding::equivocal, spans[1]}, {finding::positive, spans[2]}};
}

std::vector<result_band> bands_by_words(const split_text& parts, const catalog& codes) {
    const std::size_t n = parts.spans.size();
    std::vector<finding> said;
    for (const std::string& w : parts.words)
        said.push_back(finding_of(codes.result_word(w)));
    const bool leading = said.front() != finding::none;
    // Words behind the last span belong to it, unless every span already has words before it.
    const std::size_t from = leading ? 0 : 1;
    std::vector<result_band> out;
    for (std::size_t i = 0; i < n; ++i)
        if (said[i + from] != finding::none)
            out.push_back({said[i + from], parts.spans[i]});
    if (leading && said[n] != finding::none && (n > 1 || said[n] != said[0]))
        return {};
    return out.size() == n ? out : std::vector<result_band>{};
}

bool disjoint(const std::vector<result_band>& bands) {
    for (std::size_t i = 0; i < bands.size(); ++i)
        for (std::size_t k = i + 1; k < bands.size(); ++k)
            if (bands[i].means != bands[k].means && !entirely_above(bands[i].span, bands[k].span) &&
                !entirely_above(bands[k].span, bands[i].span))
                return false;
    return true;
}

void take_normal_from_bands(result_limits& out) {
    for (const result_band& b : out.bands)
        if (b.means == finding::negative)
            out.normal = b.span;
}

bool same_text(std::string_view a, std::string_view b) { return fhir::lower(plain_text(a)) == fhir::lower(plain_text(b)); }

// Nothing when `limit` cannot be said in the unit of the value.
std::optional<fhir::decimal>
limit_in(const fhir::quantity& limit, const analyte* about, const value_unit& unit, bool titers) {
    if (!limit.value || !limit.value_exact)
        return std::nullopt;
    unit_rule own = unit.rule;
    if (!titers && !(names_no_unit(limit.unit) && names_no_unit(limit.code))) {
        const unit_choice chosen = about ? choose_unit(*about, limit) : unit_choice{};
        if (about && chosen.state == unit_state::fits)
            own = chosen.rule;
        // A unit that nobody here knows is still the same unit when value and range spell it alike.
        else if (!unit.text.empty() && !same_text(limit.unit, unit.text) && !same_text(limit.code, unit.text))
            return std::nullopt;
    }
    const auto shifted = minus(*limit.value, own.offset);
    return shifted ? rescale(*shifted, own.factor, unit.rule.factor) : std::nullopt;
}

bool is_normal_type(const fhir::codeable_concept& type) {
    if (type.codings.empty())
        return type.text.empty() || fhir::lower(type.text).starts_with("normal") ||
               fhir::lower(type.text).starts_with("reference");
    return std::any_of(type.codings.begin(), type.codings.end(), [](const fhir::coding& c) {
        return c.code.empty() || fhir::lower(c.code) == "normal";
    });
}

// A label such as "Equivocal" makes a band of a range; "Normal Range" does not.
finding label_of(const fhir::reference_range& from, const catalog& codes) {
    finding said = finding_of(codes.result_word(from.text));
    if (said == finding::none)
        said = finding_of(codes.result_word(from.type.text));
    return said == finding::negative ? finding::none : said;
}

// One element of the list. False when it has limits that cannot be used.
bool read_range(
    const fhir::reference_range& from, const analyte* about, const value_unit& unit, bool titers, const catalog& codes,
    result_limits& out
) {
    const bool has_low = from.low && from.low->value, has_high = from.high && from.high->value;
    if (has_low || has_high) {
        interval span;
        if (has_low && !(span.low = limit_in(*from.low, about, unit, titers)))
            return false;
        if (has_high && !(span.high = limit_in(*from.high, about, unit, titers)))
            return false;
        // Some interfaces put the sign of "< 30" into the comparator of a limit.
        span.low_open = has_low && from.low->compare == fhir::comparator::greater;
        span.high_open = has_high && from.high->compare == fhir::comparator::less;
        if (is_empty(span))
            return false;
        const finding means = label_of(from, codes);
        if (means == finding::none)
            out.normal = span;
        else
            out.bands.push_back({means, span});
        return true;
    }
    out = read_range_text(from.text, titers, codes);
    if (out.bands.empty() && !out.normal.low && !out.normal.high)
        return true;
    // A text has the unit of the value: a unit inside it is not read.
    bool fits = shift(out.normal, unit.rule.offset);
    for (result_band& b : out.bands)
        fits = shift(b.span, unit.rule.offset) && fits;
    return fits;
}

} // namespace

finding finding_of(catalog::word w) noexcept {
    switch (w) {
    case catalog::word::positive: return finding::positive;
    case catalog::word::negative: return finding::negative;
    case catalog::word::equivocal: return finding::equivocal;
    default: return finding::none;
    }
}

result_limits read_range_text(std::string_view raw, bool titers, const catalog& codes) {
    result_limits out;
    constexpr std::size_t longest = 400;
    if (raw.empty() || raw.size() > longest)
        return out;
    std::string text = fhir::lower(plain_text(raw));
    if (titers || text.find("1:") != std::string::npos)
        text = without_dilution(text);
    const auto parts = split(text);
    if (!parts || parts->spans.empty())
        return out;
    if (std::any_of(parts->words.begin(), parts->words.end(), speaks_of_age))
        return out;
    const bool words = std::any_of(parts->words.begin(), parts->words.end(), [&](const std::string& w) {
        return finding_of(codes.result_word(w)) != finding::none;
    });
    if (words)
        out.bands = bands_by_words(*parts, codes);
    else if (parts->spans.size() == 1)
        out.normal = parts->spans.front();
    else
        out.bands = bands_by_order(parts->spans);
    // "Negative <10" alone says no more than "<10".
    if (!disjoint(out.bands))
        out.bands.clear();
    take_normal_from_bands(out);
    if (out.bands.size() == 1 && out.bands.front().means == finding::negative)
        out.bands.clear();
    return out;
}

result_limits read_ranges(
    std::span<const fhir::reference_range> ranges, const analyte* about, const value_unit& unit, bool titers,
    const catalog& codes
) {
    std::vector<interval> normals;
    result_limits out;
    for (const fhir::reference_range& each : ranges) {
        if (!is_normal_type(each.type) && label_of(each, codes) == finding::none)
            continue;
        result_limits one;
        if (!read_range(each, about, unit, titers, codes, one))
            return {};
        out.bands.insert(out.bands.end(), one.bands.begin(), one.bands.end());
        const bool in_bands = std::any_of(one.bands.begin(), one.bands.end(), [&](const result_band& b) {
            return b.means == finding::negative;
        });
        if (in_bands || (!one.normal.low && !one.normal.high))
            continue;
        if (std::none_of(normals.begin(), normals.end(), [&](const interval& n) { return same(n, one.normal); }))
            normals.push_back(one.normal);
    }
    if (normals.size() > 1 || !disjoint(out.bands))
        return {};
    take_normal_from_bands(out);
    if (normals.size() == 1) {
        if (out.bands.empty())
            out.normal = normals.front();
        else if (std::none_of(out.bands.begin(), out.bands.end(), [](const result_band& b) { return b.means == finding::negative; })) {
            out.bands.push_back({finding::negative, normals.front()});
            out.normal = normals.front();
            if (!disjoint(out.bands))
                return {};
        }
    }
    return out;
}

finding weigh_limits(const result_limits& limits, const interval& value) noexcept {
    if (!limits.bands.empty()) {
        for (const result_band& b : limits.bands)
            if (contains(b.span, value))
                return b.means;
        return finding::none;
    }
    if (!limits.normal.high)
        return finding::none;
    if (entirely_above(value, {std::nullopt, limits.normal.high, false, limits.normal.high_open}))
        return finding::positive;
    return contains({std::nullopt, limits.normal.high, false, limits.normal.high_open}, value) ? finding::negative
                                                                                             : finding::none;
}

} // namespace trialgate::mappings
