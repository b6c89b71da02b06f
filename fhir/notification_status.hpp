// The first entry of a topic-based notification, as Parameters (Backport on R4) or SubscriptionStatus (R4B, R5, athenahealth). Internal to fhir/.
// fhir-protocol.md, 2.3 and 2.4.
#pragma once

#include "fhir/notification.hpp"

namespace trialgate::fhir {

/// True for a SubscriptionStatus, and for Parameters that say what a status says (Parameters also carry patches).
bool is_status(json::value v) noexcept;

/// Fills everything of `out` that the status holds. `otherwise` is the kind when it names none and holds no event.
void read_status(json::value status, notification_kind otherwise, notification& out, issue_sink& sink);

} // namespace trialgate::fhir
