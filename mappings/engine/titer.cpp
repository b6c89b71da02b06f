#include "mappings/engine/titer.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace trialgate::mappings {

namespace {

using namespace written;
using fhir::comparator;

constexpr fhir::decimal lowest{10, 0};
constexpr fhir::decimal highest{1'310'720, 0};

struct found_titer {
    interval value;
    bool compared = false;
    bool explained = false; ///< words before it may make it the laboratory's limit
};

bool any_of_words(std::string_view text, std::span<const std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [text](std::string_view w) {
        return text.find(w) != std::string_view::npos;
    });
}

// int := [1-9][0-9]{0,2}([,.'][0-9]{3})* | [1-9][0-9]*. A denominator is no fraction, so a point before three digits groups too.
std::optional<fhir::decimal> take_integer(std::string_view& text) {
    std::string_view rest = text;
    std::string digits;
    while (!rest.empty() && is_digit(rest.front())) {
        digits += rest.front();
        rest.remove_prefix(1);
    }
    if (digits.empty() || digits.front() == '0' || digits.size() > 7)
        return std::nullopt;
    const auto three_digits = [](std::string_view s) {
        return s.size() >= 4 && is_digit(s[1]) && is_digit(s[2]) && is_digit(s[3]) && (s.size() == 4 || !is_digit(s[4]));
    };
    while (digits.size() <= 6 && three_digits(rest) && (rest[0] == ',' || rest[0] == '.' || rest[0] == '\'')) {
        digits += rest.substr(1, 3);
        rest.remove_prefix(4);
    }
    text = rest;
    return fhir::parse_decimal(digits);
}

bool continues_number(std::string_view rest) noexcept {
    if (rest.size() > 1 && std::string_view(".,'").find(rest.front()) != std::string_view::npos)
        return is_digit(rest[1]);
    trim_front(rest);
    return rest.size() > 1 && (rest.front() == ':' || rest.front() == '/') && is_digit(rest[1]);
}

bool is_clock(std::string_view rest) noexcept {
    trim_front(rest);
    return rest.starts_with("am") || rest.starts_with("pm") || rest.starts_with("a.m") || rest.starts_with("p.m") ||
           rest.starts_with("hrs") || rest.starts_with("uhr");
}

enum class shape { dilution, integer, other };

struct token {
    shape kind = shape::other;
    fhir::decimal denominator;
};

// Reads the number at the front whatever it is, so that the parts of a date are not taken for numbers of their own.
token take_token(std::string_view& text) {
    token out;
    std::string_view rest = text;
    const auto first = take_integer(rest);
    std::string_view after = rest;
    trim_front(after);
    if (first && !after.empty() && (after.front() == ':' || after.front() == '/')) {
        const char separator = after.front();
        after.remove_prefix(1);
        trim_front(after);
        const auto second = take_integer(after);
        if (second && !continues_number(after) && !is_clock(after)) {
            if (*first == fhir::decimal{1, 0})
                out = {shape::dilution, *second};
            else if (*second == fhir::decimal{1, 0} && separator == ':')
                out = {shape::dilution, *first};
        }
        if (second)
            rest = after;
    } else if (first && !continues_number(rest) && !is_clock(rest) && (rest.empty() || !is_letter(rest.front())) &&
               !after.starts_with('%')) {
        out = {shape::integer, *first};
    }
    if (out.kind == shape::other) {
        rest = first ? rest : text.substr(1);
        while (!rest.empty() && (is_digit(rest.front()) || continues_number(rest)))
            rest.remove_prefix(1);
    }
    text = rest;
    return out;
}

// What stands behind "ref.", "cut-off" and the like is the laboratory's limit, not the result.
std::string_view without_reference(std::string_view text) {
    constexpr auto markers = std::to_array<std::string_view>(
        {"ref.", "ref:", "ref ", "reference", "cutoff", "cut-off", "cut off", "normal range", "normal:", "normal <",
         "normal value", "expected"}
    );
    std::size_t end = text.size();
    for (const std::string_view marker : markers)
        if (const std::size_t at = text.find(marker); at != std::string_view::npos)
            if (std::any_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), is_digit))
                end = std::min(end, at);
    return text.substr(0, end);
}

class titer_reader {
public:
    explicit titer_reader(std::string_view text) noexcept : all_(text), rest_(text) {}

    bool read(bare_integers bare) {
        while (!rest_.empty())
            if (!step())
                return false;
        if (titers.empty() && bare == bare_integers::allowed && integers_.size() == 1 && !unknown_number_)
            titers = integers_;
        return !titers.empty();
    }

    std::vector<found_titer> titers;

private:
    // False when the text must not be read.
    bool step() {
        const std::size_t at = all_.size() - rest_.size();
        const char before = at == 0 ? ' ' : all_[at - 1];
        if (is_letter(before) || (before == '-' && at > 1 && is_letter(all_[at - 2]))) {
            // Inside a word, or "hep-2".
            rest_.remove_prefix(1);
            while (is_digit(before == '-' ? all_[at] : ' ') && !rest_.empty() && is_digit(rest_.front()))
                rest_.remove_prefix(1);
            return true;
        }
        std::string_view ahead = rest_;
        const auto compared = take_comparator(ahead);
        if (ahead.empty() || !is_digit(ahead.front())) {
            rest_.remove_prefix(compared ? rest_.size() - ahead.size() : 1);
            return true;
        }
        rest_ = ahead;
        if (before == '-')
            unknown_number_ = true;
        return number(compared.value_or(comparator::none), at);
    }

    bool number(comparator c, std::size_t at) {
        const token t = take_token(rest_);
        if (t.kind == shape::other) {
            unknown_number_ = true;
            return true;
        }
        auto value = titer_interval(c, t.denominator);
        if (!value) {
            if (t.kind == shape::integer) { // "2 patterns"
                unknown_number_ = true;
                return true;
            }
            return false;
        }
        if (c == comparator::none && !second_end(t, *value))
            return false;
        found_titer found{*value, value->low != value->high, explained(at)};
        (t.kind == shape::dilution ? titers : integers_).push_back(found);
        last_end_ = all_.size() - rest_.size();
        return true;
    }

    // "1:80 - 1:160", "1:80-160", "1:80+", "1:80 or greater".
    bool second_end(const token& first, interval& value) {
        std::string_view whole = rest_;
        trim_front(whole);
        constexpr auto open_ends = std::to_array<std::string_view>({"+", "or more", "or greater", "or higher", "and above"});
        for (const std::string_view words : open_ends)
            if (whole.starts_with(words)) {
                value.high.reset();
                rest_ = whole.substr(words.size());
                return true;
            }
        const bool dash = whole.starts_with('-');
        if (!dash && !whole.starts_with("to "))
            return true;
        whole.remove_prefix(dash ? 1 : 3);
        trim_front(whole);
        if (whole.empty() || !is_digit(whole.front()))
            return true;
        const token t = take_token(whole);
        const bool same = t.kind == first.kind || (first.kind == shape::dilution && t.kind == shape::integer);
        if (!same || !plausible_titer(t.denominator) || t.denominator < first.denominator || whole.starts_with('-'))
            return false;
        value.high = t.denominator;
        rest_ = whole;
        return true;
    }

    bool explained(std::size_t at) const {
        constexpr auto words = std::to_array<std::string_view>({"pos", "neg", "normal", "border", "equivoc", "(", "signif"});
        return any_of_words(all_.substr(last_end_, at - last_end_), words);
    }

    std::string_view all_, rest_;
    std::vector<found_titer> integers_;
    std::size_t last_end_ = 0;
    bool unknown_number_ = false;
};

interval highest_of(const std::vector<found_titer>& all) {
    interval out = all.front().value;
    for (const found_titer& each : all) {
        const interval& v = each.value;
        if (*v.low > *out.low || (*v.low == *out.low && v.low_open)) {
            out.low = v.low;
            out.low_open = v.low_open;
        }
        if (out.high && (!v.high || *v.high > *out.high || (*v.high == *out.high && !v.high_open))) {
            out.high = v.high;
            out.high_open = v.high_open;
        }
    }
    return out;
}

interval all_of(const std::vector<found_titer>& all) {
    interval out = highest_of(all);
    for (const found_titer& each : all)
        if (*each.value.low < *out.low || (*each.value.low == *out.low && !each.value.low_open)) {
            out.low = each.value.low;
            out.low_open = each.value.low_open;
        }
    return out;
}

} // namespace

bool plausible_titer(const fhir::decimal& denominator) noexcept {
    return denominator >= lowest && denominator <= highest && denominator.is_integer();
}

std::optional<interval> titer_interval(comparator c, const fhir::decimal& denominator) {
    if (!plausible_titer(denominator) || c == comparator::sufficient)
        return std::nullopt;
    interval out = written::interval_of(c, denominator);
    if (!out.low) {
        out.low = fhir::decimal{0, 0};
        out.low_open = true;
    }
    return out;
}

std::optional<interval> read_titer(std::string_view text, bare_integers bare) {
    // "No antibodies at 1:160", "unter 1:160", "between 1:80 and 1:320", "1:80 (previous 1:640)": a titer is named, and not as the result.
    constexpr auto doubtful_words = std::to_array<std::string_view>(
        {"no ", "not ", "none", "without", "unter", "kein", "nicht", "between", "previous", "prior", "cytoplasm", "zytoplasm"}
    );
    if (any_of_words(fhir::lower(text), doubtful_words))
        return std::nullopt;
    titer_reader reader(without_reference(text));
    if (!reader.read(bare))
        return std::nullopt;
    const auto& all = reader.titers;
    const bool doubtful = all.size() > 1 && std::any_of(all.begin(), all.end(), [](const found_titer& t) {
        return t.compared && t.explained;
    });
    return doubtful ? all_of(all) : highest_of(all);
}

} // namespace trialgate::mappings
