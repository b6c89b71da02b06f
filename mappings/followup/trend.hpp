// The course of one analyte in a participant: what a safety alert is seen against.
#pragma once

#include "mappings/followup/safety.hpp"

namespace trialgate::mappings {

struct trend_point {
    std::string date;         ///< "2026-03-20", as precise as known
    const fact* result;       ///< of the trend
    std::optional<int> grade; ///< of the terms of this analyte the worst; nothing: ungradable, or its grade depends on another analyte
    bool before_dose = false;
};

/// Owns the facts to which its points refer.
struct trend {
    std::shared_ptr<const fact_table> facts;
    std::vector<trend_point> points; ///< dated results, oldest first
};

/// `analyte` as in a finding's detail "analyte". Empty for a trial that watches nothing, before a dose, and for an analyte that no term grades.
trend trend_of(const safety_case& of, std::string_view analyte);

} // namespace trialgate::mappings
