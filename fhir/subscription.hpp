// Subscription resources: R4 criteria, Backport on R4 and R4B, R5; written as text, read back as far as a client looks.
#pragma once

#include "fhir/capability.hpp"

#include <optional>
#include <span>

namespace trialgate::fhir {

enum class subscription_style : std::uint8_t { r4_criteria, backport_r4, backport_r4b, r5 };

struct subscription_request {
    subscription_style style = subscription_style::r4_criteria;
    std::string id;         ///< for an update; empty for a create
    std::string status = "requested";
    std::string criteria;   ///< r4_criteria
    std::string topic;      ///< others
    std::vector<std::string> filters; ///< "Observation?category=laboratory"
    std::string endpoint;   ///< empty for websocket
    bool websocket = false;
    std::string header;     ///< "Authorization: Bearer ..."; empty: none
    std::string content = "full-resource"; ///< empty | id-only | full-resource; r4_criteria: "empty" leaves the payload out
    std::string end;        ///< instant
    std::string reason = "trial prescreening";
    std::string hmac_secret; ///< Medplum's extension subscription-secret; empty: left out
    std::uint32_t heartbeat = 60, timeout = 20, max_count = 100;
    bool send_deletes = true; ///< r4_criteria: HAPI's extension subscription-send-delete-messages
};
/// The resource as JSON text.
std::string write_subscription(const subscription_request& r);

struct subscription_view {
    std::string id, status, error, criteria_or_topic, endpoint, end, reason;
};
/// Nothing when `v` is no Subscription.
std::optional<subscription_view> read_subscription(json::value v);

/// Topics of a searchset of SubscriptionTopic, or of Basic resources that wrap one (extensions under /4.3/ and /5.0/): canonical URL and the resource
/// types that trigger it.
struct topic_view {
    std::string url;
    std::vector<std::string> resources;
};
std::vector<topic_view> read_topics(json::value searchset);

} // namespace trialgate::fhir
