// The trials of a configuration, ready to decide with: for the gateway that runs, and for whoever reads its store beside it.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/work/worker.hpp"

namespace trialgate::gateway {

struct live_trials {
    library loaded;
    std::shared_ptr<const mappings::network> net;
    /// Changes whenever a decision could change without new data: library, trials, settings, local codes.
    /// The store keeps it as value "trials".
    std::string fingerprint;
};

/// Throws std::runtime_error with the first error of a file, or when there is no trial.
live_trials load_trials(const gateway_config& config);

/// Where a day begins and ends.
fhir::time_zone site_of(const gateway_config& config);

/// `fingerprint`: live_trials::fingerprint, for whoever decides with these options.
worker_options options_for_worker(const gateway_config& config, std::shared_ptr<const mappings::network> net, std::string fingerprint = {});

} // namespace trialgate::gateway
