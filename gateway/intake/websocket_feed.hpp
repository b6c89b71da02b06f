// Notifications over a WebSocket that we open, for sites that let nobody in. fhir-protocol.md, 1.3 and 2.7.
#pragma once

#include "gateway/intake/pull_tools.hpp"
#include "gateway/net/http_client.hpp"

namespace trialgate::gateway {

/// What intake's parts do outside: replaced in tests.
struct subscription_ports {
    std::function<void()> refresh; ///< hook_endpoint::refresh
    /// hook_endpoint::take
    std::function<boost::asio::awaitable<bool>(std::string source, std::string subscription, std::string text)> take;
    std::function<boost::asio::awaitable<net_result<std::unique_ptr<websocket>>>(std::string url)> open;
};

/// Which Subscription to listen to; its id changes when it is created anew.
struct feed_slot {
    std::string name;
    bool topic = false; ///< bound by a token, tells by Bundles; else R4: bound by id, tells by "ping"
    std::string id;
    wake changed;
};

/// Listens until cancelled, connecting again with growing pauses. Each time it has been bound everything since is asked for (reconcile).
boost::asio::awaitable<void> feed_websocket(intake_services& services, source_state& source, const subscription_ports& ports,
                                            std::shared_ptr<feed_slot> slot);

/// Adds job_kind::reconcile and rings for it; `heard`: name of a subscription that was heard just now.
boost::asio::awaitable<void> ask_reconcile(intake_services& services, source_state& source, std::string heard = {});

} // namespace trialgate::gateway
