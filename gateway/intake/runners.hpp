// The coroutines of one source. Each runs until cancelled and never ends by itself; what fails is tried again later from the store.
// On the I/O executor. `services` and `source` outlive them.
#pragma once

#include "gateway/intake/hook.hpp"
#include "gateway/intake/source.hpp"

namespace trialgate::gateway {

/// Reads metadata (CapabilityStatement) until it succeeds, then daily; sets source.can; raises "source.NAME.unreachable" and clears it.
boost::asio::awaitable<void> run_discovery(intake_services& services, source_state& source);

/// Poll and reconcile: per type a server-time cursor with overlap (fhir-protocol.md 3.1), _history for deletions where the server has it, at
/// `poll_every` and at once on job_kind::reconcile. The first run (no cursor) is the first load: people already there are found by their `consider`
/// facts, because every resource goes the same way. Pages are journaled as arrival::resource; the cursor is committed after the last page.
boost::asio::awaitable<void> run_reconcile(intake_services& services, source_state& source);

/// First load by Bulk Data $export when configured: kick-off, poll, stream the files as arrival::lines; resumable after a restart; sets the cursors
/// to transactionTime. run_reconcile waits for value "bulk/NAME" = "done".
boost::asio::awaitable<void> run_bulk(intake_services& services, source_state& source);

/// job_kind::fetch: reads single resources (concurrently); 200 is journaled, 410 as a deletion, 404 likewise after a second look.
boost::asio::awaitable<void> run_fetch(intake_services& services, source_state& source);

/// job_kind::hydrate: the person and the history of the types that trials read; pages journaled, then arrival::hydrated. Resources that we keep and the
/// server did not list are read one by one (deletions). Logical keys "identifier:s|v" are searched by Patient?identifier=. Also the sweep: every
/// considered patient again each `sweep_every`, spread over the time.
boost::asio::awaitable<void> run_hydrate(intake_services& services, source_state& source);

/// Subscriptions: create what is missing (fewest), keep alive, renew, re-request, canary, feed WebSockets. Refreshes `hook`.
boost::asio::awaitable<void> run_subscriptions(intake_services& services, source_state& source, hook_endpoint& hook, std::string public_url);
/// For `source remove`: turns off and deletes our Subscriptions on the server. Empty on success, else what could not be removed.
boost::asio::awaitable<std::string> remove_subscriptions(intake_services& services, source_state& source);

/// Resource types that carry what a network reads, for source_state::types.
std::set<std::string> types_read(const mappings::network& net);
/// For source_state::consider_codes: every listed code of the concepts for which some trial considers a person, each once.
std::vector<std::string> consider_codes(const mappings::network& net);

} // namespace trialgate::gateway
