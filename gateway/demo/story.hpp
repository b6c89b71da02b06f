// The demo's people as a hospital would have them: what is in the record already, and what arrives while one watches.
#pragma once

#include "fhir/datetime.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace trialgate::gateway {

struct story_step {
    std::string type, id;
    std::string text; ///< the resource; empty: it is deleted
};

struct story {
    std::vector<story_step> before, live; ///< in order
};

/// Reads the cohort (Bundles of every type, NDJSON, single resources); every third result of a person arrives live. Throws std::runtime_error when the
/// folder cannot be read.
story read_story(const std::filesystem::path& cohort);

/// So many people of `synth`, in the words of its first dialect, whose records of the days up to `as_of` are there already.
void add_people(story& to, std::uint64_t people, fhir::date as_of);

} // namespace trialgate::gateway
