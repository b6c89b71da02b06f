// What a laboratory says about a result in codes: Observation.interpretation (v3 ObservationInterpretation, v2 table 0078) and coded
// values (SNOMED CT qualifiers, LOINC answers). Clinical reference 9.2.
#pragma once

#include "mappings/engine/fact.hpp"

#include "fhir/types.hpp"

#include <span>

namespace trialgate::mappings {

struct interpretation {
    finding found = finding::none; ///< said outright: POS, NEG, DET, ND, RR, NR, WR, E, IND, or such a word
    bool low = false, high = false;
    bool normal = false, abnormal = false;
    bool off_scale_low = false, off_scale_high = false; ///< "<", ">": the number is where the instrument ends
    bool contradictory = false;    ///< POS and NEG, L and H, N and A
    bool failed = false;           ///< quality control failure

    bool empty() const noexcept { return found == finding::none && !low && !high && !normal && !abnormal && !failed; }
    /// For a presence test, where abnormal is positive and normal negative.
    finding for_presence() const noexcept;
};

interpretation read_interpretation(std::span<const fhir::codeable_concept> all, const catalog& codes);

struct coded_finding {
    finding found = finding::none;
    bool no_result = false;     ///< "Test not performed" and the like
    bool contradictory = false; ///< codings, or coding and text, say different things
};

/// A value that is a code: known codes first, then the text and the displays as words.
coded_finding read_coded_finding(const fhir::codeable_concept& value, const catalog& codes);

} // namespace trialgate::mappings
