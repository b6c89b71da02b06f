// Alerts as messages: what sinks are told when one is raised, corrected, withdrawn or acknowledged. Made by work/ and, for an
// acknowledgement, by the command line, which knows no secrets: everything that needs the pseudonym key stands in the row.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/store/message.hpp"
#include "mappings/followup/finding.hpp"

namespace trialgate::gateway {

/// What mappings/followup finds.
using matter = decltype(mappings::followup::findings)::value_type;

/// "raised", "corrected", "withdrawn", "acknowledged".
enum class alert_news : std::uint8_t { raised, corrected, withdrawn, acknowledged };
std::string_view to_code(alert_news n) noexcept;

/// Hash of everything that a finding says; equal for equal findings.
std::string content_of(const matter& m);

/// The JSON of a finding as sinks get it. `reference` rewrites a resource's reference, also where it stands in a detail.
std::string alert_json(const matter& m, const std::function<std::string(std::string_view)>& reference);

/// One outbox row for each sink that wants this trial. Keys are equal for equal `public_id`, `version` and `news`: told once, whoever
/// tells.
std::vector<outbox_row> alert_messages(const alert_row& alert, alert_news news, instant now, const std::vector<sink_config>& sinks,
                                       const std::vector<source_config>& sources);

/// In the caller's transaction: acknowledged in the name of `by`, and the study systems are told. False when there is no such open alert that nobody has
/// acknowledged.
bool acknowledge(store& rows, std::int64_t alert, std::string_view by, instant now, const std::vector<sink_config>& sinks,
                 const std::vector<source_config>& sources);

} // namespace trialgate::gateway
