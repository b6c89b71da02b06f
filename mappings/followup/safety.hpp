// Laboratory safety after the dose: what somebody has to see in the results of a participant. Clinical reference 10.2;
// mappings/followup/README.md says the rules in words.
//
// Law (tests/mappings/safety_test.cpp): any order of the same record versions gives the same findings.
#pragma once

#include "mappings/followup/finding.hpp"

namespace trialgate::mappings {

/// All of it must outlive the call.
struct safety_case {
    const trial& about;
    const participant& who;
    const patient_data& record;
    const catalog& codes;
    fhir::date as_of;
    const fhir::time_zone& zone; ///< of the site: by it the instant of the dose becomes a time of day
};

/// Findings by key, and the first date on which they can differ with no new data. Empty for a trial without "safety", before the
/// dose (anchor "dosing"; the first day on study while that is not known), and for whoever is in screening, failed it, withdrew or died.
followup watch_safety(const safety_case& of);

/// The findings alone.
std::vector<concern> safety_findings(const safety_case& of);

} // namespace trialgate::mappings
