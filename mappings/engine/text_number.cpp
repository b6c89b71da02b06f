#include "mappings/engine/text_number.hpp"

#include "fhir/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace trialgate::mappings::written {

namespace {

using fhir::comparator;
using spelling = std::pair<std::string_view, std::string_view>;

constexpr auto spellings = std::to_array<spelling>({
    {"\xC2\xA0", " "},      {"\xC2\xB5", "u"},      {"\xCE\xBC", "u"},      {"\xE2\x80\x87", " "},
    {"\xE2\x80\x89", " "},  {"\xE2\x80\x8A", " "},  {"\xE2\x80\xAF", " "},  {"\xE3\x80\x80", " "},
    {"\xE2\x80\x90", "-"},  {"\xE2\x80\x91", "-"},  {"\xE2\x80\x92", "-"},  {"\xE2\x80\x93", "-"},
    {"\xE2\x80\x94", "-"},  {"\xE2\x80\x95", "-"},  {"\xE2\x88\x92", "-"},  {"\xEF\xBC\x8D", "-"},
    {"\xE2\x80\x99", "'"},  {"\xE2\x81\x84", "/"},  {"\xE2\x88\x95", "/"},  {"\xEF\xBC\x8F", "/"},
    {"\xE2\x88\xB6", ":"},  {"\xEF\xBC\x9A", ":"},  {"\xE2\x89\xA4", "<="}, {"\xE2\x89\xA5", ">="},
    {"\xE2\x89\xA6", "<="}, {"\xE2\x89\xA7", ">="}, {"\xE2\xA9\xBD", "<="}, {"\xE2\xA9\xBE", ">="},
    {"\xEF\xBC\x9C", "<"},  {"\xEF\xBC\x9E", ">"},  {"\xEF\xBC\x9D", "="},  {"\xEF\xBC\x8C", ","},
    {"\xEF\xBC\x8E", "."},  {"\xEF\xBC\x8B", "+"},  {"&lt;", "<"},          {"&gt;", ">"},
});

// Longer spellings before their own beginnings.
constexpr auto comparisons = std::to_array<std::pair<std::string_view, comparator>>({
    {"greater than or equal to", comparator::greater_or_equal},
    {"greater or equal to", comparator::greater_or_equal},
    {"more than or equal to", comparator::greater_or_equal},
    {"less than or equal to", comparator::less_or_equal},
    {"less or equal to", comparator::less_or_equal},
    {"greater than", comparator::greater},
    {"not more than", comparator::less_or_equal},
    {"not less than", comparator::greater_or_equal},
    {"no more than", comparator::less_or_equal},
    {"more than", comparator::greater},
    {"less than", comparator::less},
    {"at least", comparator::greater_or_equal},
    {"at most", comparator::less_or_equal},
    {"up to", comparator::less_or_equal},
    {"above", comparator::greater},
    {"over", comparator::greater},
    {"below", comparator::less},
    {"under", comparator::less},
    {"equal to", comparator::none},
    {"gte", comparator::greater_or_equal},
    {"lte", comparator::less_or_equal},
    {"gt", comparator::greater},
    {"ge", comparator::greater_or_equal},
    {"lt", comparator::less},
    {"le", comparator::less_or_equal},
    {"> or =", comparator::greater_or_equal},
    {"< or =", comparator::less_or_equal},
    {">or=", comparator::greater_or_equal},
    {"<or=", comparator::less_or_equal},
    {"> =", comparator::greater_or_equal},
    {"< =", comparator::less_or_equal},
    {">=", comparator::greater_or_equal},
    {"=>", comparator::greater_or_equal},
    {"<=", comparator::less_or_equal},
    {"=<", comparator::less_or_equal},
    {">", comparator::greater},
    {"<", comparator::less},
    {"=", comparator::none},
});

std::string_view digits_at_front(std::string_view text) noexcept {
    std::size_t n = 0;
    while (n < text.size() && is_digit(text[n]))
        ++n;
    return text.substr(0, n);
}

// Cuts the digits of the whole part and its groups of three; `groups` says how many groups there were.
std::string take_whole(std::string_view& text, int& groups) {
    std::string digits(digits_at_front(text));
    text.remove_prefix(digits.size());
    groups = 0;
    if (digits.empty() || digits.size() > 3 || digits.front() == '0')
        return digits;
    while (text.size() > 3 && (text.front() == ',' || text.front() == '\'')) {
        const std::string_view group = digits_at_front(text.substr(1));
        if (group.size() != 3)
            break;
        digits += group;
        text.remove_prefix(4);
        ++groups;
    }
    return digits;
}

bool starts_another_number(std::string_view text) noexcept {
    if (text.size() < 2 || !is_digit(text[1]))
        return false;
    return std::string_view(".,:/'^*").find(text.front()) != std::string_view::npos;
}

bool take_words(std::string_view& text, std::string_view words) noexcept {
    std::string_view rest = text;
    trim_front(rest);
    if (!rest.starts_with(words) || (rest.size() > words.size() && is_letter(rest[words.size()])))
        return false;
    rest.remove_prefix(words.size());
    text = rest;
    return true;
}

bool take_open_end(std::string_view& text) noexcept {
    std::string_view rest = text;
    trim_front(rest);
    if (rest.starts_with('+') && (rest.size() == 1 || !is_digit(rest[1]))) {
        text = rest.substr(1);
        return true;
    }
    for (const std::string_view words : {"or more", "or greater", "or higher", "or above", "and above", "and over", "and higher"})
        if (take_words(text, words))
            return true;
    return false;
}

bool take_dash(std::string_view& text) noexcept {
    std::string_view rest = text;
    trim_front(rest);
    if (rest.starts_with('-') && rest.size() > 1) {
        rest.remove_prefix(1);
        trim_front(rest);
        if (rest.empty() || !is_digit(rest.front()))
            return false;
        text = rest;
        return true;
    }
    if (!take_words(rest, "to") && !take_words(rest, "through"))
        return false;
    trim_front(rest);
    if (rest.empty() || !is_digit(rest.front()))
        return false;
    text = rest;
    return true;
}

fhir::decimal next_after(fhir::decimal d) noexcept {
    return {d.mantissa + (d.mantissa < 0 ? -1 : 1), d.exponent};
}

} // namespace

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_letter(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

void trim_front(std::string_view& text) noexcept {
    while (!text.empty() && text.front() == ' ')
        text.remove_prefix(1);
}

std::string_view trimmed(std::string_view text) noexcept {
    trim_front(text);
    while (!text.empty() && text.back() == ' ')
        text.remove_suffix(1);
    return text;
}

std::string plain_text(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    const auto append = [&out](char c) {
        if (c != ' ')
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    };
    while (!text.empty()) {
        const char c = text.front();
        if (c == '&' || static_cast<unsigned char>(c) >= 0x80) {
            const auto known = std::find_if(spellings.begin(), spellings.end(), [text](const spelling& s) {
                return text.starts_with(s.first);
            });
            if (known != spellings.end()) {
                for (const char each : known->second)
                    append(each);
                text.remove_prefix(known->first.size());
                continue;
            }
            // Full-width digits, U+FF10 to U+FF19.
            if (text.size() >= 3 && text.starts_with("\xEF\xBC") && text[2] >= '\x90' && text[2] <= '\x99') {
                append(static_cast<char>('0' + (text[2] - '\x90')));
                text.remove_prefix(3);
                continue;
            }
        }
        append(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
        text.remove_prefix(1);
    }
    if (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

std::optional<comparator> take_comparator(std::string_view& text) noexcept {
    for (const auto& [words, meaning] : comparisons) {
        if (!text.starts_with(words))
            continue;
        const bool word = is_letter(words.back());
        if (word && text.size() > words.size() && is_letter(text[words.size()]))
            continue;
        text.remove_prefix(words.size());
        trim_front(text);
        return meaning;
    }
    return std::nullopt;
}

std::optional<text_number> take_number(std::string_view& text) {
    std::string_view rest = text;
    std::string digits;
    if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
        if (rest.front() == '-')
            digits = "-";
        rest.remove_prefix(1);
    }
    int groups = 0;
    const std::string whole = take_whole(rest, groups);
    digits += whole;
    bool fraction = false;
    if (rest.size() > 1 && is_digit(rest[1])) {
        const std::string_view decimals = digits_at_front(rest.substr(1));
        // A comma is a decimal one where it cannot separate thousands.
        const bool comma = rest.front() == ',' && groups == 0 &&
                           (decimals.size() != 3 || whole.size() > 3 || whole == "0");
        if ((rest.front() == '.' || comma) && (!whole.empty() || rest.front() == '.')) {
            digits += '.';
            digits += decimals;
            rest.remove_prefix(decimals.size() + 1);
            fraction = true;
        }
    }
    if (whole.empty() && !fraction)
        return std::nullopt;
    if (starts_another_number(rest))
        return std::nullopt;
    // "5." is a number, "5.a" is not one.
    if (!fraction && rest.starts_with('.') && (rest.size() == 1 || rest[1] == ' '))
        rest.remove_prefix(1);
    text_number out;
    const auto value = fhir::parse_decimal(digits, &out.exact);
    if (!value)
        return std::nullopt;
    out.value = *value;
    text = rest;
    return out;
}

interval interval_of(comparator c, fhir::decimal value, bool exact) {
    // Digits were cut towards zero: the number lies between this one and the next.
    fhir::decimal low = value, high = value;
    if (!exact)
        (value.mantissa < 0 ? low : high) = next_after(value);
    switch (c) {
    case comparator::less: return {std::nullopt, high, false, true};
    case comparator::less_or_equal: return {std::nullopt, high, false, false};
    case comparator::greater: return {low, std::nullopt, true, false};
    case comparator::greater_or_equal: return {low, std::nullopt, false, false};
    default: return {low, high, false, false};
    }
}

std::optional<interval> take_interval(std::string_view& text) {
    std::string_view rest = text;
    trim_front(rest);
    const bool between = take_words(rest, "between");
    trim_front(rest);
    const auto compared = between ? std::nullopt : take_comparator(rest);
    const auto first = take_number(rest);
    if (!first)
        return std::nullopt;
    const comparator c = compared.value_or(comparator::none);
    interval out = interval_of(c, first->value, first->exact);
    std::string_view after = rest;
    const bool dash = between ? take_words(after, "and") : take_dash(after);
    trim_front(after);
    if (dash) {
        const auto second = take_number(after);
        if (!second || c != comparator::none || second->value < first->value)
            return std::nullopt;
        // A third number: a date.
        if (after.size() > 1 && after.front() == '-' && is_digit(after[1]))
            return std::nullopt;
        out.high = interval_of(comparator::none, second->value, second->exact).high;
        rest = after;
    } else if (between) {
        return std::nullopt;
    } else if (c == comparator::none && take_open_end(rest)) {
        out = interval_of(comparator::greater_or_equal, first->value, first->exact);
    }
    text = rest;
    return out;
}

bool contains(const interval& outer, const interval& inner) noexcept {
    if (outer.low) {
        if (!inner.low)
            return false;
        const auto order = *inner.low <=> *outer.low;
        if (order < 0 || (order == 0 && outer.low_open && !inner.low_open))
            return false;
    }
    if (outer.high) {
        if (!inner.high)
            return false;
        const auto order = *inner.high <=> *outer.high;
        if (order > 0 || (order == 0 && outer.high_open && !inner.high_open))
            return false;
    }
    return true;
}

bool entirely_above(const interval& a, const interval& b) noexcept {
    if (!a.low || !b.high)
        return false;
    const auto order = *a.low <=> *b.high;
    return order > 0 || (order == 0 && (a.low_open || b.high_open));
}

bool is_empty(const interval& i) noexcept {
    if (!i.low || !i.high)
        return false;
    const auto order = *i.low <=> *i.high;
    return order > 0 || (order == 0 && (i.low_open || i.high_open));
}

} // namespace trialgate::mappings::written
