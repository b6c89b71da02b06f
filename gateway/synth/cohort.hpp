// A cohort, one person after the other: any number of people, one in memory.
#pragma once

#include "gateway/synth/chart.hpp"
#include "gateway/synth/truth.hpp"

#include <functional>

namespace trialgate::gateway::synth {

struct cohort_options {
    std::uint64_t patients = 100, seed = 1;
    const dialect* in = nullptr; ///< needed
    release shape = release::r4;
    int controls = 25; ///< of a hundred
    fhir::date as_of;  ///< nothing is dated later
};

struct member {
    std::string id; ///< of the Patient
    std::vector<resource_text> chart;
    std::string truth; ///< truth_json
};

/// Calls `use` for each person in order; stops when it answers false. The same options give the same bytes on every machine, and person n
/// of a seed is the same in every cohort and, but for the words, in every dialect.
void make_cohort(const cohort_options& options, const std::function<bool(const member&)>& use);

} // namespace trialgate::gateway::synth
