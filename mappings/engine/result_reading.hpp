// The first half of result_value: what the value alone says, before ranges and interpretation. Internal to extraction.
#pragma once

#include "mappings/engine/unit_choice.hpp"

#include <string>

namespace trialgate::mappings {

struct value_reading {
    enum class outcome : std::uint8_t {
        nothing,    ///< no value
        no_result,  ///< "QNS", "see note"
        unreadable,
        word,       ///< positive, negative, equivocal
        number,
    };
    outcome what = outcome::nothing;
    interval value;               ///< as sent; titers: denominators; ordinals: ranks
    unit_choice unit;             ///< titers and ordinals fit always
    std::string_view unit_text;   ///< as sent; only of quantities
    bool titer = false;
    bool unit_irrelevant = false; ///< titers, ordinals, words that stand for a number
    bool bare_normal = false;     ///< the word is "normal" or "abnormal": no answer for a quantity
    finding said = finding::none; ///< words beside or instead of a number
    bool contradictory = false;
};

value_reading read_value(const fhir::observation_value& value, const analyte* about, const catalog& codes);
value_reading read_text_value(std::string_view text, const analyte* about, const catalog& codes);

/// The value as reported, for people.
std::string text_of_value(const fhir::observation_value& value, const analyte* about);

} // namespace trialgate::mappings
