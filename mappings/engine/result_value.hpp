// One result, from the value as sent to what a criterion can compare. Clinical reference 8 and 9, in the order of 9.2: number or titer, code,
// text, interpretation; then all of them against each other.
//
//   valueQuantity 33 U/mL, range 0-30, a presence test     usable, positive, value 33, range_high 30
//   valueQuantity 8, range <=4, interpretation N           conflicting
//   valueString "1:160"                                    usable, value 160
//   valueString "Positive", a titer screened at 1:80       usable, positive, value [80, inf)
//   valueString "QNS"                                      no result at all
#pragma once

#include "mappings/engine/fact.hpp"

#include "fhir/types.hpp"

#include <span>

namespace trialgate::mappings {

/// The elements of an Observation, of one of its components, or of an answer, on which the result depends.
struct result_source {
    const fhir::observation_value& value;
    std::span<const fhir::codeable_concept> interpretation;
    std::span<const fhir::reference_range> ranges;
    bool data_absent = false; ///< dataAbsentReason is there
};

struct read_result {
    bool said = false;         ///< false: nothing was found out ("not performed", no value); no fact
    observation_fact found;    ///< use, found, low, high, value, factor, range
    note_set notes;
    std::string text;          ///< as reported, compact
};

/// `about` is null for a concept without analyte: then codes, words and booleans are read, numbers are not.
read_result read_result_of(const result_source& from, const analyte* about, const catalog& codes);

/// White space collapsed, at most some 60 bytes, cut between characters.
std::string compact_text(std::string_view text);

} // namespace trialgate::mappings
