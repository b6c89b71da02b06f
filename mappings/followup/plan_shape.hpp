// URLs of the extensions that a schedule of activities uses. Internal to reading and writing plans.
#pragma once

#include <string_view>

namespace trialgate::mappings::plan_shape {

inline constexpr std::string_view offset_range = "http://hl7.org/fhir/uv/vulcan-schedule/StructureDefinition/AcceptableOffsetRangeSoa";
inline constexpr std::string_view time_point = "http://hl7.org/fhir/uv/vulcan-schedule/StructureDefinition/soaTimepoint";

inline constexpr std::string_view anchor = "urn:trialgate:soa-anchor";      ///< on the index action: the name of the anchor (valueCode)
inline constexpr std::string_view event = "urn:trialgate:soa-event";        ///< on an action that is an anchor and no visit: its name (valueCode)
inline constexpr std::string_view kind = "urn:trialgate:soa-visit-kind";    ///< valueCode
inline constexpr std::string_view assumed = "urn:trialgate:soa-assumed";    ///< valueBoolean
inline constexpr std::string_view otherwise = "urn:trialgate:soa-while-unknown"; ///< extensions anchor, earliest, target, latest

inline constexpr std::string_view relative_to_visit = "visit:";

} // namespace trialgate::mappings::plan_shape
