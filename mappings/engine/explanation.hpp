// What a test used and why, for people. Filled only when somebody asks: evaluation passes nullptr.
#pragma once

#include "mappings/engine/fact.hpp"

#include <string>
#include <vector>

namespace trialgate::mappings {

struct explanation {
    /// One line a coordinator reads: value as reported, date, rule. Without the verdict itself.
    std::string text;
    /// The facts that decided, most telling first; also those that stand against. Owned by the patient's table.
    std::vector<const fact*> evidence;
    /// What would decide an unknown, e.g. "creatinine or eGFR since 2025-12-15". Empty when decided.
    std::vector<std::string> needs;
};

} // namespace trialgate::mappings
