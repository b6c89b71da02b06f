// One result in the form of its dialect: value, interpretation, reference range.
#pragma once

#include "gateway/core/json_text.hpp"
#include "gateway/synth/dialect.hpp"

namespace trialgate::gateway::synth {

/// Writes value[x], interpretation and referenceRange as the style asks for them.
void write_result(json_text& out, const measured& m, const result_style& s, std::string_view language);

} // namespace trialgate::gateway::synth
