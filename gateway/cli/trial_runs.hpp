// Runs the trial.test.json files beside trials against the real engine.
#pragma once

#include "gateway/core/exit_code.hpp"
#include "gateway/core/library.hpp"

namespace trialgate::gateway {

/// Prints a line a test and a count; findings when a test fails.
exit_code run_trial_tests(const library& loaded, const library_options& chosen);

} // namespace trialgate::gateway
