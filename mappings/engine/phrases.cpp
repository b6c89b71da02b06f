#include "mappings/engine/phrases.hpp"

#include "fhir/ascii.hpp"
#include "fhir/utf8.hpp"

#include <algorithm>
#include <span>

namespace trialgate::mappings {

namespace {

enum class letter_kind { separator, letter, digit };

letter_kind kind_of(unsigned char c) noexcept {
    if (c >= '0' && c <= '9')
        return letter_kind::digit;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80 ? letter_kind::letter
                                                                         : letter_kind::separator;
}

char32_t lower(char32_t c) noexcept {
    if ((c >= 0xC0 && c <= 0xDE && c != 0xD7) || (c >= 0x391 && c <= 0x3A9) || (c >= 0x410 && c <= 0x42F))
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40F)
        return c + 0x50;
    if (c >= 0x100 && c <= 0x137)
        return c | 1;
    return c;
}

// Letters beyond ASCII whose capital is known have two bytes in UTF-8, small and capital alike.
void append_lower(std::string& out, std::string_view character) {
    if (character.size() == 1) {
        out += fhir::lower(character.front());
    } else if (character.size() == 2) {
        const char32_t small = lower(
            (static_cast<char32_t>(static_cast<unsigned char>(character[0]) & 0x1F) << 6) |
            (static_cast<unsigned char>(character[1]) & 0x3F)
        );
        out += static_cast<char>(0xC0 | (small >> 6));
        out += static_cast<char>(0x80 | (small & 0x3F));
    } else {
        out += character;
    }
}

bool is_separator(std::string_view character) noexcept {
    // No-break space, and the punctuation and symbols of U+2000 to U+2BFF.
    return character == "\xC2\xA0" || (character.size() == 3 && character[0] == '\xE2' &&
                                       static_cast<unsigned char>(character[1]) <= 0xAF);
}

} // namespace

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    letter_kind before = letter_kind::separator;
    const char* const end = text.data() + text.size();
    for (const char* p = text.data(); p != end;) {
        const std::size_t length = std::max<std::size_t>(fhir::utf8_length(p, end), 1);
        const std::string_view character(p, length);
        p += length;
        const bool broken = length == 1 && static_cast<unsigned char>(character.front()) >= 0x80;
        const letter_kind kind = broken || is_separator(character)
                                     ? letter_kind::separator
                                     : kind_of(static_cast<unsigned char>(character.front()));
        if (kind != letter_kind::separator) {
            if (kind != before)
                words.emplace_back();
            append_lower(words.back(), character);
        }
        before = kind;
    }
    return words;
}

phrase::phrase(std::string_view text) : words_(words_of(text)) {
    const std::size_t last = text.find_last_not_of(" \t");
    prefix_ = last != std::string_view::npos && text[last] == '*' && !words_.empty();
}

bool phrase::at(const std::vector<std::string>& text, std::size_t position) const noexcept {
    if (words_.empty() || position > text.size() || text.size() - position < words_.size())
        return false;
    for (std::size_t i = 0; i < words_.size(); ++i) {
        const bool open = prefix_ && i + 1 == words_.size();
        if (open ? !text[position + i].starts_with(words_[i]) : text[position + i] != words_[i])
            return false;
    }
    return true;
}

bool phrase::in(const std::vector<std::string>& text) const noexcept {
    for (std::size_t i = 0; i + words_.size() <= text.size(); ++i)
        if (at(text, i))
            return true;
    return false;
}

namespace {

/// Words that take a statement back or make it somebody's plan, past or doubt. Beside one of them a positive word proves nothing
/// ("no antibodies detected", "previously positive", "false positive") and a drug's name no use ("stopped azathioprine").
constexpr std::string_view doubting_words[] = {
    "no",      "not",      "none",    "never",    "without",  "cannot",   "unable",   "false",       "previous", "previously", "prior",
    "former",  "formerly", "history", "longer",   "repeat",   "exclude",  "excluded", "rule",        "only",     "if",         "kein",
    "keine",   "keinen",   "keiner",  "nicht",    "ohne",     "falsch",   "früher",   "vorher",      "pas",      "non",        "sans",
    "aucun",   "aucune",   "faux",    "ancien",   "sin",      "ningún",   "ninguna",  "falso",       "senza",    "nessun",     "nessuna"};
constexpr std::string_view unused_words[] = {
    "stop",         "stopped",        "discontinued", "discontinue",  "allergic",  "allergy",   "avoid",   "washout",    "level",
    "levels",       "monitoring",     "intolerance",  "intolerant",   "declined",  "refused",   "held",    "abgesetzt",  "allergie",
    "spiegel",      "arrêt",          "arrêté",       "contraindicated", "suspendido", "alergia"};

bool has_word(const std::vector<std::string>& words, std::span<const std::string_view> of) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& w) { return std::find(of.begin(), of.end(), w) != of.end(); });
}

} // namespace

std::vector<concept_id> catalog::medications_named(std::string_view text) const {
    std::vector<concept_id> found;
    if (!medication_names_ || text.empty())
        return found;
    const std::vector<std::string> words = words_of(text);
    if (has_word(words, doubting_words) || has_word(words, unused_words))
        return found;
    const auto any = [&words](const std::vector<phrase>& phrases) {
        return std::any_of(phrases.begin(), phrases.end(), [&words](const phrase& p) { return p.in(words); });
    };
    for (const names::drug& d : medication_names_->drugs)
        if (any(d.named) && !any(d.not_with) &&
            std::find(found.begin(), found.end(), d.concept_) == found.end())
            found.push_back(d.concept_);
    return found;
}

// A result is a few words. In prose ("the positive control was valid; the patient's sample ...") words of a
// result are about other things.
catalog::word catalog::result_word(std::string_view text) const {
    constexpr std::size_t most_words = 12;
    if (!result_words_ || text.size() > 500)
        return word::none;
    const std::vector<std::string> words = words_of(text);
    if (words.empty() || words.size() > most_words)
        return word::none;

    std::vector<bool> taken(words.size());
    bool said[5] = {};
    for (const names::result& r : result_words_->results)
        for (std::size_t i = 0; i + r.said.size() <= words.size(); ++i) {
            const auto first = taken.begin() + static_cast<std::ptrdiff_t>(i);
            const auto last = first + static_cast<std::ptrdiff_t>(r.said.size());
            if (!r.said.at(words, i) || std::find(first, last, true) != last)
                continue;
            const auto& negations = result_words_->negations;
            const bool negated =
                i > 0 && !taken[i - 1] &&
                std::find(negations.begin(), negations.end(), words[i - 1]) != negations.end();
            if (negated)
                return word::none;
            std::fill(first, last, true);
            said[static_cast<std::size_t>(r.means)] = true;
        }
    const auto has = [&said](word w) { return said[static_cast<std::size_t>(w)]; };
    if (has(word::positive) || has(word::equivocal)) {
        std::vector<std::string> left;
        for (std::size_t i = 0; i < words.size(); ++i)
            if (!taken[i])
                left.push_back(words[i]);
        if (has_word(left, doubting_words))
            return word::none;
    }
    const int findings = has(word::positive) + has(word::negative) + has(word::equivocal);
    if (findings > 1)
        return word::none;
    // "Negative (specimen hemolyzed)" proves nothing; "Positive, see comment" still asks for a look.
    if (has(word::no_result))
        return has(word::negative)    ? word::none
               : has(word::positive)  ? word::positive
               : has(word::equivocal) ? word::equivocal
                                      : word::no_result;
    return has(word::positive)    ? word::positive
           : has(word::negative)  ? word::negative
           : has(word::equivocal) ? word::equivocal
                                  : word::none;
}

} // namespace trialgate::mappings
