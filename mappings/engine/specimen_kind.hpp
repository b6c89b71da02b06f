// What a sample is, as far as it decides whether a result counts: antinuclear antibodies of cerebrospinal fluid are not those of serum.
#pragma once

#include "fhir/types.hpp"

#include <string_view>

namespace trialgate::mappings {

/// serum, plasma, blood, urine, csf, pleural, pericardial, peritoneal, synovial, stool, saliva, tissue, marrow; empty when it is not told
/// or not known. From SNOMED CT and v2-0487 codes, else from words.
std::string_view specimen_kind(const fhir::codeable_concept& type);
std::string_view specimen_kind(std::string_view text);

} // namespace trialgate::mappings
