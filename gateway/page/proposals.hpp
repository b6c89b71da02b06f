// What people propose that local codes mean, as a file for the site's configuration. Pure.
#pragma once

#include "gateway/store/store.hpp"

#include <span>

namespace trialgate::gateway {

/// `mapping` without what somebody typed as the code's display: it may name a person.
judgement_row without_display(judgement_row mapping);

/// A FHIR R4 ConceptMap (draft) that can stand in "maps" as it is. `standing`: mappings that nobody took back, by id. Of codes on which proposals disagree nothing
/// is chosen: they stand in extensions `urn:trialgate:proposals-disagree`, which no map reader follows. Names nobody and repeats no reason.
std::string proposals_map(std::span<const judgement_row> standing, instant now);

} // namespace trialgate::gateway
