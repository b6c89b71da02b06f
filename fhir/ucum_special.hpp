// Inside of ucum, for fhir/ucum*.cpp only: conversion where at least one unit is special.
#pragma once

#include "fhir/ucum_form.hpp"

namespace trialgate::fhir::ucum::detail {

/// `from` and `to` are comparable and at least one has a function. Temperatures exactly; logarithms, tangents
/// and roots with 50 digits before rounding. Nothing outside the function's domain or range (logarithm of a
/// negative number).
std::optional<decimal> convert_special(const decimal& value, const unit::form& from, const unit::form& to);

} // namespace trialgate::fhir::ucum::detail
