// A connection test by the whole way round: a resource of ours, written to the server, of which the subscription must tell.
//
// It cannot be taken for hospital data: an Observation in status entered-in-error without subject and value, tagged urn:trialgate:tag|canary, deleted
// as soon as it was heard of or given up.
#pragma once

#include "gateway/intake/pull_tools.hpp"
#include "gateway/intake/subscription_fsm.hpp"
#include "gateway/intake/subscription_plan.hpp"

namespace trialgate::gateway {

inline constexpr std::string_view canary_tag_system = "urn:trialgate:tag", canary_tag = "canary";

/// The resource as JSON; nothing when the subscription's criteria ask for more than a category, so that it would not fire for it.
std::optional<std::string> canary_resource(const wanted_subscription& wanted, instant now);

/// What is remembered of the last one, under value "canary/SOURCE/NAME": when, and its id while it is still on the server.
struct canary_memory {
    instant written = 0;
    std::string id;
};
canary_memory load_canary(store& from, std::string_view source, std::string_view name);
std::string canary_value(std::string_view source, std::string_view name);

/// Writes one; `id` is where to delete it. Gives canary_written, canary_refused or canary_failed.
boost::asio::awaitable<subscription_event> write_canary(intake_services& services, source_state& source, wanted_subscription wanted,
                                                        std::string& id);
/// Deletes it from the server and forgets it; tries once more at the next start when the server does not answer.
boost::asio::awaitable<void> remove_canary(intake_services& services, source_state& source, std::string name);

} // namespace trialgate::gateway
