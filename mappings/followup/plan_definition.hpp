// A visit schedule as a FHIR PlanDefinition, in the shape of the Vulcan schedule-of-activities guide, version 1 (R4):
//
//   every action is a visit; all point, by relatedAction, at an index action, which is the visit on the anchor's day
//   offsetDuration is the target, AcceptableOffsetRangeSoa the window, both absolute: "after 14 d, 12..15 d"; for "before" they count backwards
//
// Read as well: R5 spelling (targetId), offsetRange instead of an offset, visits that count from another visit, and the guide's later shape
// (extension soaTimepoint): protocol days without a day 0, and a tolerance early and late instead of a window. What cannot be read is reported and the
// visit left out: a wrong window would be worse than none. That is so of parts of a day, of a range with one end, of a relationship that is not known
// and of relations that give one visit several windows.
//
// Written and read back are id, title, kind, anchor, window, assumed, procedures and the provisional window. What counts as done is not part of a schedule
// of activities and stays with the trial file. What the guide has no place for goes in extensions "urn:trialgate:soa-...".
#pragma once

#include "fhir/issue.hpp"
#include "fhir/json.hpp"
#include "mappings/engine/criterion.hpp"

namespace trialgate::mappings {

struct plan_reading {
    std::string anchor = "dosing"; ///< what the day of the index action is called here
    /// Days after the decision in which an early-termination visit is expected where the plan gives no window; it is then marked `assumed`.
    int early_termination_days = 7;
};

/// The visits in the order of the plan, but one that counts from another after it. Nothing when `plan` is no PlanDefinition with actions.
/// Issues: error for a visit that is left out, warning for one that was read with a doubt, information for what the plan does not say.
std::optional<std::vector<visit>> read_plan_definition(fhir::json::value plan, const plan_reading& how, fhir::issue_sink& issues);

/// One PlanDefinition (R4) as JSON, indented. `url` is its canonical URL; empty: urn:trialgate:plan:TRIAL.
std::string write_plan_definition(const trial& t, std::string_view url);

} // namespace trialgate::mappings
