// A report as one line of JSON: the machine-readable contract of design.md, section 5.
#pragma once

#include "mappings/engine/screening.hpp"

#include <functional>
#include <string>

namespace trialgate::gateway {

/// How people and resources are named in the text; both empty: as they are.
struct report_names {
    std::string patient;                                      ///< instead of "Patient/p1"
    std::function<std::string(std::string_view)> reference;   ///< instead of "Observation/o1"; of a birth date the year is told
};

/// One piece of evidence under these names. A day of birth next to a pseudonym names a person: the year is told, which decides an age well enough.
mappings::evidence_item shown_evidence(const mappings::evidence_item& e, const report_names& names);

std::string report_json(const mappings::trial_report& r, const report_names& names = {});

} // namespace trialgate::gateway
