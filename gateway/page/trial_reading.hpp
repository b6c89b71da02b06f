// What a trial's criteria read of a record, in the order of the trial: results with limits and windows, drugs, diagnoses. Pure.
#pragma once

#include "mappings/engine/screening.hpp"

#include <map>

namespace trialgate::gateway {

struct shown_limit {
    mappings::relation op;
    fhir::decimal value; ///< canonical unit
    friend bool operator==(const shown_limit&, const shown_limit&) = default;
};

/// What one criterion asks of results of one concept.
struct asking {
    std::string criterion;
    std::optional<shown_limit> limit;
    mappings::window within;
    bool in_score = false; ///< below a count or a score, where one item seldom decides
    fhir::date expires = fhir::date::highest(); ///< first day on which the criterion differs with no new data
    friend bool operator==(const asking&, const asking&) = default;
};

/// What the trial asks of results of one concept. A picture shows the first asking: its limit is never drawn with another one's window or day.
struct asked {
    std::vector<std::string> criteria; ///< ids, in the order of the trial
    std::vector<asking> all;           ///< those of whole criteria before items of scores, then in the order of the trial; never empty
};

class trial_reading {
public:
    /// `report` is one of the trial.
    trial_reading(const mappings::compiled_trial& trial, const mappings::trial_report& report);

    std::vector<std::pair<mappings::concept_id, asked>> labs;
    std::vector<mappings::concept_id> drugs, conditions;

private:
    /// Where a criterion stands in the tree.
    struct place {
        bool negated = false, in_score = false;
    };
    void remember(const mappings::criterion_report& c);
    void walk(const mappings::placed_criterion& c, const std::string& named, place in);
    void ask(const std::vector<mappings::concept_id>& concepts, asking by);

    std::map<std::string, fhir::date> changes_;
};

} // namespace trialgate::gateway
