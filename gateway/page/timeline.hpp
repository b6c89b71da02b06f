// What a person's results, medications and diagnoses look like over time, as far as a trial reads them: the data of a picture. Pure.
#pragma once

#include "gateway/core/json_text.hpp"
#include "gateway/core/report_json.hpp"
#include "gateway/work/decide.hpp"

namespace trialgate::gateway {

/// {"from","to","today","labs","medications","conditions"}. A number is written as it was reported; one in another unit than the newest result of its
/// kind is converted into that unit. `report` is of the same person, trial and day.
std::string timeline_json(const mappings::compiled_trial& trial, const evaluated_person& who, const mappings::trial_report& report,
                          const mappings::catalog& codes, const report_names& names);

/// The members "value" (null for what is no single number) and "unit" of a result, as reported.
void write_value_and_unit(json_text& out, const mappings::fact& result, const mappings::catalog& codes);

/// Of somebody of whom nothing is known.
std::string empty_timeline_json(fhir::date today);

} // namespace trialgate::gateway
