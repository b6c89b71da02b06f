// Words in free text: whole words and phrases, compared in lower case, without regard to punctuation.
#pragma once

#include "mappings/engine/catalog.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace trialgate::mappings {

/// Lower-case words of a text. Letters and digits make words apart ("200mg" is "200", "mg"); everything else
/// in ASCII separates. Upper case is known of ASCII, Latin-1, Greek and Cyrillic letters.
std::vector<std::string> words_of(std::string_view text);

/// One or more words in a row; a word that ends in '*' stands for every word that starts so.
class phrase {
public:
    phrase() = default;
    explicit phrase(std::string_view text);
    std::size_t size() const noexcept { return words_.size(); }
    const std::vector<std::string>& words() const noexcept { return words_; }
    bool prefix() const noexcept { return prefix_; }
    bool at(const std::vector<std::string>& text, std::size_t position) const noexcept;
    bool in(const std::vector<std::string>& text) const noexcept;

private:
    std::vector<std::string> words_;
    bool prefix_ = false; ///< of the last word
};

/// Phrases that name a medication, or a kind of result.
struct catalog::names {
    struct drug {
        concept_id concept_ = concept_id::none;
        std::vector<phrase> named, not_with;
    };
    struct result {
        word means = word::none;
        phrase said;
    };
    std::vector<drug> drugs;
    std::vector<result> results; ///< longest phrase first
    std::vector<std::string>
        negations; ///< words that turn a positive word into its opposite: "not", "non", "nicht"
};

} // namespace trialgate::mappings
