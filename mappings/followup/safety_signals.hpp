// The parts of the safety rules that are no grades: signals of the library and rules of the trial; and how findings are put together.
// Internal to safety.cpp.
#pragma once

#include "mappings/followup/safety_results.hpp"

namespace trialgate::mappings {

/// The sooner of two; "off" is never.
urgency sooner(urgency a, urgency b) noexcept;

class concern_list {
public:
    concern_list(const safety_case& of, const safety_results& results) : case_(of), results_(results) {}

    concern begin(std::string key, finding_kind kind, tier how_soon) const;
    /// "ALT 250 U/L on 2026-03-20 (limits 7 to 40)"
    std::string words_of(const lab_result& r) const;
    /// The result as first piece of evidence, and its details: value, limits, date, resource, version.
    void tell_result(const lab_result& r, concern& c) const;
    /// Of two with one key the heavier stays.
    void add(concern c, int weight);
    bool has(const std::string& key) const { return all_.contains(key); }
    std::vector<concern> take();

private:
    const safety_case& case_;
    const safety_results& results_;
    std::map<std::string, std::pair<int, concern>> all_;
};

void add_signals(const safety_case& of, const safety_results& results, concern_list& into);

/// Returns the first date on which a rule can answer differently; highest() for never.
fhir::date add_rules(const safety_case& of, const safety_results& results, concern_list& into);

} // namespace trialgate::mappings
