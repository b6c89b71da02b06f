// The shipped library and trials, loaded once a test program.
#pragma once

#include "mappings/engine/network.hpp"
#include "mappings/engine/trial_file.hpp"

namespace trialgate::tests {

struct shipped_library {
    std::shared_ptr<const mappings::catalog> codes;
    std::vector<std::shared_ptr<const mappings::trial>> trials;
    std::shared_ptr<const mappings::network> net;
    std::vector<mappings::problem> problems;
};

/// Never fails: problems are for the test to look at.
const shipped_library& shipped();
/// The files of the library, as they were read.
std::vector<mappings::source_file> shipped_files();
/// The codes with those that are marked unverified.
const std::shared_ptr<const mappings::catalog>& shipped_unverified();

} // namespace trialgate::tests
