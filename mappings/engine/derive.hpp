// Results that follow from two others of the same specimen: an absolute count from a percentage, a ratio from two concentrations.
#pragma once

#include "mappings/engine/fact.hpp"

namespace trialgate::mappings {

/// True when two results come from one draw: the same specimen, or the same moment (or, where neither names a time, the same day).
bool same_draw(const fact& a, const fact& b) noexcept;

/// The derived result for analyte `a` (which has a derivation), or nothing when the two are not of one draw or not usable.
/// Exact: the value keeps the digits of `left` (and `right` for products); everything else is in the factor.
std::optional<fact> derive_fact(const analyte& a, const fact& left, const fact& right);

} // namespace trialgate::mappings
