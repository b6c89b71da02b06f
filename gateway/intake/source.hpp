// What the parts of intake share about one source.
#pragma once

#include "fhir/capability.hpp"
#include "gateway/core/config.hpp"
#include "gateway/store/faults.hpp"
#include "gateway/core/metrics.hpp"
#include "gateway/core/wake.hpp"
#include "gateway/net/fhir_client.hpp"
#include "gateway/store/committer.hpp"

#include <set>

namespace trialgate::gateway {

/// What intake needs of the rest of the program. Outlives everything in intake.
struct intake_services {
    committer& writer;
    store& reading;            ///< a connection of the I/O thread
    clock& time;
    fault_board& faults;
    metrics& figures;
    wake journal_grew;         ///< rung after each commit that appended to the journal
    std::function<double()> random; ///< [0, 1)
    limits_config limits;
};

/// One configured source, alive.
struct source_state {
    source_config config;
    std::unique_ptr<fhir_client> client;
    std::optional<fhir::capability> can; ///< read at start and daily; nothing while the server cannot be reached
    /// Types whose resources some trial reads, e.g. Observation, Condition, Patient, MedicationRequest, Consent. From the network, or the configuration.
    std::set<std::string> types;
    /// Codes that a `consider` fact can have, without their systems (which servers spell in several ways): what the first load searches for in types
    /// other than Condition. Empty: it reads these types whole.
    std::vector<std::string> consider_codes;
    wake fetch_bell, hydrate_bell, reconcile_bell, subscription_bell; ///< something to do for that runner
    instant last_heard = 0;              ///< any notification or successful answer
    /// What was being read ("search Observation") when a next link led to another origin; written by page_walker.
    std::set<std::string> foreign_links;
};

} // namespace trialgate::gateway
