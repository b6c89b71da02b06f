// Random histories of a patient over the concepts that a network reads: results of every kind and usability, findings, courses of
// medication; dated, partly dated, undated, in the future. The same seed gives the same history on every machine.
#pragma once

#include "mappings/engine/network.hpp"

#include <random>

namespace trialgate::tests {

class random_history {
public:
    random_history(const mappings::network& net, std::uint64_t seed);

    mappings::person_data person();
    /// One resource with one to three facts around `near`.
    mappings::record record(fhir::date near);
    std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(random_); }
    bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }

private:
    mappings::fact observation(mappings::concept_id what);
    mappings::fact condition(mappings::concept_id what);
    mappings::fact exposure(mappings::concept_id what);
    void place(mappings::fact& f, fhir::date near);

    std::mt19937_64 random_;
    const mappings::network& net_;
    std::vector<mappings::concept_id> results_, findings_, drugs_;
    int made_ = 0;
};

} // namespace trialgate::tests
