// Which subscriptions to have at a source: the fewest that cover the types which trials read. Pure.
//
// Chosen by itself (delivery::automatic), in this order:
//  - topics, when they are named in the configuration, or when the topics that the server offers cover every needed type;
//  - the topics that cover some types, on a server that declares the Backport guide: its Subscriptions are then of that form only;
//  - R4 criteria, one a type, on R4 and R4B when the server lets Subscriptions be created;
//  - nothing: polling.
// What no subscription covers is polled, as everything is from time to time: subscriptions are hints (design.md, section 2).
#pragma once

#include "fhir/subscription.hpp"
#include "gateway/core/config.hpp"

#include <set>

namespace trialgate::gateway {

struct wanted_subscription {
    std::string name;     ///< stable: "observation" for criteria, a slug of the URL for topics
    std::string kind;     ///< as subscription_row::kind
    fhir::subscription_style style = fhir::subscription_style::r4_criteria;
    std::string criteria; ///< criteria or topic
    bool websocket = false;
    std::string content;  ///< subscription_request::content
    bool header = true;   ///< the server sends the header that it is told to; else the secret in the hook's address alone counts
    bool observations = false; ///< a new Observation fires it, as far as is known
    bool topic() const noexcept { return style != fhir::subscription_style::r4_criteria; }
    friend bool operator==(const wanted_subscription&, const wanted_subscription&) = default;
};

struct subscription_plan {
    std::vector<wanted_subscription> wanted; ///< ascending by name
    std::set<std::string> polled;            ///< needed types that no subscription covers, as far as can be told
    std::string why_none;                    ///< one sentence when the configuration asks for subscriptions and none can be had
};

/// Release of the source: told by the configuration, else its CapabilityStatement, else R4.
fhir::release release_of(const source_config& config, const fhir::capability* can) noexcept;

/// Where to look for the topics that are offered: paths below the base; empty when the plan needs none.
std::vector<std::string> topic_searches(const source_config& config, const fhir::capability& can);

/// `types`: what trials read. `offered`: read_topics of the searches above.
subscription_plan plan_subscriptions(const source_config& config, const fhir::capability& can, const std::set<std::string>& types,
                                     const std::vector<fhir::topic_view>& offered);

/// What to send for a wanted subscription; endpoint, header, end, id and reason are the caller's.
fhir::subscription_request request_of(const wanted_subscription& wanted, const source_config& config);

} // namespace trialgate::gateway
