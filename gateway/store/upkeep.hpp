// What an operator does with messages that lie: read again, deliver again, drop. For the verbs and for the page. Each runs in a transaction of the caller.
#pragma once

#include "gateway/store/store.hpp"

#include <functional>

namespace trialgate::gateway {

std::string_view to_code(arrival a) noexcept;      ///< "hook", "resource", "lines", "hydrated"
std::string_view to_code(outbox_state s) noexcept; ///< "waiting", "dead"

/// All of them by id, in pages: bodies come along.
void each_quarantined(store& rows, const std::function<void(const quarantine_item&)>& see);
/// Every message to a sink (empty: to all) by id.
void each_outgoing(store& rows, std::string_view sink, const std::function<void(const outbox_row&)>& see);

// False when there is no such message any more; then nothing was done.

/// Back into the journal: read again as if it had just arrived.
bool quarantine_replay(store& rows, std::int64_t id);
bool quarantine_drop(store& rows, std::int64_t id);
/// Delivered again at once, whatever the gateway's clock says, with all attempts before it.
bool outbox_retry(store& rows, std::int64_t id);
bool outbox_drop(store& rows, std::int64_t id);

} // namespace trialgate::gateway
