// Which concepts an Observation, a component or a report is about, and by which kind of assay. Internal to extraction.
#pragma once

#include "mappings/engine/coded.hpp"

namespace trialgate::mappings {

struct code_match {
    std::vector<coded_meaning> meanings; ///< of all codings together
    /// Two codings are about different analytes (clinical reference 4): neither includes the other, and no group named by the
    /// common beginning of their ids ("dsdna" of "dsdna.titer") includes both.
    bool conflicting = false;
};
/// As `meanings_of`, with the check of the codings against each other.
code_match match_code(const fhir::codeable_concept& code, const extraction& with, note_set& notes);

/// From codings and words of Observation.method; unknown when it names none or several.
assay assay_of(const fhir::codeable_concept& method);

} // namespace trialgate::mappings
