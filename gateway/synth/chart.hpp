// A life as FHIR resources, in the words of one dialect.
#pragma once

#include "gateway/synth/dialect.hpp"

#include <string>
#include <vector>

namespace trialgate::gateway::synth {

struct resource_text {
    std::string_view type;
    std::string id, json;
};

/// "synth-7-12": the patient's id, and the first part of the ids of what belongs to it.
std::string patient_id(std::uint64_t seed, std::uint64_t number);

/// The Patient first. Everything carries the tag HTEST, and names that nobody has.
std::vector<resource_text> chart_of(const course& c, const dialect& in, release shape, std::uint64_t seed, fhir::date as_of);

/// A transaction that puts the resources to their ids.
std::string bundle_of(const std::vector<resource_text>& all);

/// The ConceptMap of a dialect's local codes; empty when it has none.
std::string site_map_of(const dialect& in);

} // namespace trialgate::gateway::synth
