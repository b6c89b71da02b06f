#include "mappings/engine/code_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace trialgate::mappings {

namespace {

bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}
bool all_digits(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}
bool is_space(char c) noexcept {
    return c == ' ' || (c >= '\t' && c <= '\r');
}
char upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

// Multiplication in the dihedral group of ten elements, and the permutation of Verhoeff's scheme.
constexpr std::array<std::array<std::uint8_t, 10>, 10> dihedral{{
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
    {1, 2, 3, 4, 0, 6, 7, 8, 9, 5},
    {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
    {3, 4, 0, 1, 2, 8, 9, 5, 6, 7},
    {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
    {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
    {6, 5, 9, 8, 7, 1, 0, 4, 3, 2},
    {7, 6, 5, 9, 8, 2, 1, 0, 4, 3},
    {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
    {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
}};
constexpr std::array<std::uint8_t, 10> permutation{1, 5, 7, 6, 2, 8, 3, 0, 9, 4};

std::uint8_t permuted(std::uint8_t digit, std::size_t times) noexcept {
    for (std::size_t i = 0; i < times; ++i)
        digit = permutation[digit];
    return digit;
}

constexpr std::string_view dagger = "\xE2\x80\xA0";

bool loinc_shape(std::string_view code) noexcept {
    return code.size() >= 3 && code.size() <= 10 && code[code.size() - 2] == '-' && is_digit(code.back()) &&
           all_digits(code.substr(0, code.size() - 2));
}

} // namespace

std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

bool loinc_check_digit(std::string_view code) noexcept {
    if (!loinc_shape(code))
        return false;
    int sum = 0;
    bool doubled = true;
    for (std::size_t i = code.size() - 2; i-- > 0; doubled = !doubled) {
        const int digit = (code[i] - '0') * (doubled ? 2 : 1);
        sum += digit / 10 + digit % 10;
    }
    return (sum + (code.back() - '0')) % 10 == 0;
}

bool snomed_check_digit(std::string_view code) noexcept {
    if (code.size() < 6 || code.size() > 18 || !all_digits(code) || code.front() == '0')
        return false;
    std::uint8_t check = 0;
    for (std::size_t i = 0; i < code.size(); ++i) {
        const auto digit = static_cast<std::uint8_t>(code[code.size() - 1 - i] - '0');
        check = dihedral[check][permuted(digit, i % 8)];
    }
    return check == 0;
}

bool is_icd(std::string_view system) noexcept {
    return system.find("icd-") != std::string_view::npos;
}

bool is_hierarchical(std::string_view system) noexcept {
    return is_icd(system) || system.find("/atc") != std::string_view::npos;
}

code_defect check_code(std::string_view system, std::string_view code) noexcept {
    const auto judged = [](bool shape, bool digit) {
        return !shape ? code_defect::shape : digit ? code_defect::none : code_defect::check_digit;
    };
    if (system == "http://loinc.org") {
        if (code.starts_with("LP") || code.starts_with("LA") || code.starts_with("LL") ||
            code.starts_with("LG"))
            return code_defect::none;
        return judged(loinc_shape(code), loinc_check_digit(code));
    }
    if (system == "http://snomed.info/sct")
        return judged(code.size() >= 6 && code.size() <= 18 && all_digits(code), snomed_check_digit(code));
    if (system == "http://www.nlm.nih.gov/research/umls/rxnorm")
        return judged(all_digits(code), true);
    if (is_icd(system)) {
        std::array<char, 16> room;
        return judged(!plain_icd(code, room).empty(), true);
    }
    return code_defect::none;
}

std::string_view plain_icd(std::string_view code, std::span<char> room) noexcept {
    code = trimmed(code);
    if (code.ends_with(dagger))
        code.remove_suffix(dagger.size());
    while (!code.empty() &&
           (code.back() == '+' || code.back() == '*' || code.back() == '!' || code.back() == '-'))
        code.remove_suffix(1);
    if (code.ends_with('.'))
        code.remove_suffix(1);
    const std::size_t dot = code.find('.');
    const bool external_cause = !code.empty() && upper(code.front()) == 'E';
    if (dot != std::string_view::npos && dot != 3 && !(dot == 4 && external_cause))
        return {};
    std::size_t size = 0;
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (i == dot)
            continue;
        const char c = upper(code[i]);
        if (!(is_digit(c) || (c >= 'A' && c <= 'Z')) || size == room.size() || size == 8)
            return {};
        room[size++] = c;
    }
    return size < 3 ? std::string_view{} : std::string_view(room.data(), size);
}

} // namespace trialgate::mappings
