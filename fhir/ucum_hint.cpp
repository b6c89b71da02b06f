#include "fhir/ascii.hpp"
#include "fhir/ucum_grammar.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace trialgate::fhir::ucum::detail {
namespace {

constexpr std::size_t longest_symbol = 24; ///< what is longer is no misspelt symbol

struct spelling {
    std::string_view wrong; ///< in lower case
    std::string_view right;
};

/// Words and abbreviations which no typing error explains.
constexpr spelling spellings[] = {
    {"hr", "h"},       {"hrs", "h"},       {"hour", "h"},      {"hours", "h"},       {"sec", "s"},
    {"secs", "s"},     {"mins", "min"},    {"minutes", "min"}, {"day", "d"},         {"days", "d"},
    {"week", "wk"},    {"weeks", "wk"},    {"month", "mo"},    {"months", "mo"},     {"yr", "a"},
    {"year", "a"},     {"years", "a"},     {"mcg", "ug"},      {"mcl", "uL"},        {"mcmol", "umol"},
    {"cc", "mL"},      {"gm", "g"},        {"grams", "g"},     {"mmhg", "mm[Hg]"},   {"cmh2o", "cm[H2O]"},
    {"sqm", "m2"},     {"sqcm", "cm2"},    {"thou", "10*3"},   {"iu", "[IU]"},       {"°c", "Cel"},
    {"degc", "Cel"},   {"celsius", "Cel"}, {"°f", "[degF]"},   {"degf", "[degF]"},   {"fahrenheit", "[degF]"},
    {"lb", "[lb_av]"}, {"lbs", "[lb_av]"}, {"inch", "[in_i]"}, {"inches", "[in_i]"}, {"oz", "[oz_av]"},
    {"ft", "[ft_i]"},  {"gpl", "[GPL'U]"}, {"mpl", "[MPL'U]"}, {"apl", "[APL'U]"},   {"percent", "%"},
};

/// The two code points that look like a micro sign, U+00B5 and U+03BC.
std::string replace_micro(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view two = text.substr(i, 2);
        if (two == "\xC2\xB5" || two == "\xCE\xBC") {
            out += 'u';
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// Equal but for letter case and brackets: what a sender who knows neither would write.
bool same_but_case_and_brackets(std::string_view a, std::string_view b) noexcept {
    const auto skip = [](std::string_view s, std::size_t i) {
        while (i < s.size() && (s[i] == '[' || s[i] == ']'))
            ++i;
        return i;
    };
    std::size_t i = skip(a, 0);
    std::size_t j = skip(b, 0);
    for (; i < a.size() && j < b.size(); i = skip(a, i + 1), j = skip(b, j + 1))
        if (lower(a[i]) != lower(b[j]))
            return false;
    return i >= a.size() && j >= b.size();
}

/// Optimal string alignment distance (insert, delete, replace, swap), or `limit` + 1 when it is larger.
std::size_t distance(std::string_view a, std::string_view b, std::size_t limit) noexcept {
    const std::size_t apart = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
    if (apart > limit)
        return limit + 1;
    std::array<std::array<std::size_t, 2 * longest_symbol>, 3> rows;
    for (std::size_t j = 0; j <= b.size(); ++j)
        rows[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto& row = rows[i % 3];
        const auto& above = rows[(i + 2) % 3];
        const auto& above_that = rows[(i + 1) % 3];
        row[0] = i;
        std::size_t least = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] =
                std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped)
                row[j] = std::min(row[j], above_that[j - 2] + 1);
            least = std::min(least, row[j]);
        }
        // No later cell is smaller: a swap that skips this row costs as much as the replacement that passes
        // through it.
        if (least > limit)
            return limit + 1;
    }
    return std::min(rows[a.size() % 3][b.size()], limit + 1);
}

/// Calls `visit(symbol)` for every atom and then for every prefix before a metric atom, as far as its length
/// is within `slack` of `length`.
template <class Visit>
void each_symbol(std::size_t length, std::size_t slack, Visit visit) {
    const auto fits = [&](std::size_t size) { return size + slack >= length && size <= length + slack; };
    for (const definition& d : definitions())
        if (fits(d.code.size()))
            visit(d.code);
    std::array<char, 2 * longest_symbol> joined;
    for (const prefix& p : prefixes())
        for (const definition& d : definitions()) {
            const std::size_t size = p.code.size() + d.code.size();
            if (!d.metric || !fits(size) || size > joined.size())
                continue;
            std::copy(d.code.begin(), d.code.end(), std::copy(p.code.begin(), p.code.end(), joined.begin()));
            visit(std::string_view(joined.data(), size));
        }
}

/// Differs in letter case and brackets only. Among several the one with the fewest changes.
std::string same_letters(std::string_view wrong) {
    std::string best;
    std::size_t best_changes = std::string::npos;
    constexpr std::size_t brackets = 4; // at most two pairs, missing or too many
    each_symbol(wrong.size(), brackets, [&](std::string_view s) {
        if (!same_but_case_and_brackets(wrong, s))
            return;
        const std::size_t changes = distance(wrong, s, longest_symbol);
        if (changes < best_changes) {
            best_changes = changes;
            best = s;
        }
    });
    return best;
}

std::string misspelt(std::string_view wrong) {
    const std::size_t limit = wrong.size() < 3 ? 0 : wrong.size() < 8 ? 1 : 2;
    std::string best;
    std::size_t best_distance = limit + 1;
    if (limit == 0)
        return best;
    each_symbol(wrong.size(), limit, [&](std::string_view s) {
        const std::size_t d = distance(wrong, s, limit);
        if (d < best_distance) {
            best_distance = d;
            best = s;
        }
    });
    return best;
}

} // namespace

std::string respelt_symbol(std::string_view wrong) {
    if (wrong.empty() || wrong.size() > longest_symbol)
        return {};
    const std::string with_u = replace_micro(wrong);
    if (with_u != wrong && find_symbol(with_u))
        return with_u;
    const std::string small = lower(with_u);
    for (const spelling& s : spellings)
        if (s.wrong == small)
            return std::string(s.right);
    return same_letters(with_u);
}

std::string nearest_symbol(std::string_view wrong) {
    if (wrong.empty() || wrong.size() > longest_symbol)
        return {};
    std::string found = respelt_symbol(wrong);
    return found.empty() ? misspelt(replace_micro(wrong)) : found;
}

} // namespace trialgate::fhir::ucum::detail
