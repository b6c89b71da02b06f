#pragma once

#include <span>
#include <string_view>

namespace trialgate::fhir {

/// The resource types that read_resource() has a reader for, the frequent ones first. Valid for the whole run.
std::span<const std::string_view> readable_types() noexcept;

} // namespace trialgate::fhir
