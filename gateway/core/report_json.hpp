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

std::string report_json(const mappings::trial_report& r, const report_names& names = {});

} // namespace trialgate::gateway
