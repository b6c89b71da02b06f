// What arrives at a hook, in every dialect (fhir-protocol.md, section 0): R4 rest-hook without and with payload, PUT, POST, DELETE, bundles of
// type history, subscription-notification, transaction and batch; Backport R4 (Parameters), R4B and R5 (SubscriptionStatus); HAPI, Medplum,
// Firely, athenahealth, fhir-candle habits.
//
// Told apart by method, path below the hook, headers and the first entry; never by content alone.
#pragma once

#include "fhir/bundle.hpp"

#include <memory>

namespace trialgate::fhir {

struct notification_request {
    std::string_view method;  ///< POST | PUT | DELETE
    std::string_view tail;    ///< path below the hook, without leading slash, e.g. "Observation/o1"; percent-encoding as sent
    std::string_view deleted_resource; ///< header X-Medplum-Deleted-Resource: "Observation/o1"
};

enum class notification_kind : std::uint8_t {
    nudge,     ///< no content: ask the server what is new
    content,   ///< resources and deletions only: R4 style; no numbers
    handshake,
    heartbeat,
    event,
    query_status, ///< also the answer of $status
    query_event,  ///< also the answer of $events
};

struct notified_event {
    std::optional<std::int64_t> number;
    std::string_view id;        ///< athenahealth: notificationEvent.id
    reference focus;            ///< may be missing (content empty) or logical (identifier only); `type` and `id` also of a doubled one
    std::vector<reference> context;
};

/// Views into the parsed body, and into `kept`.
struct notification {
    notification_kind kind = notification_kind::nudge;
    std::string_view subscription; ///< reference as sent; may be empty
    std::string_view topic;
    std::string_view status;       ///< of the subscription: active | error | off | requested | entered-in-error; may be empty
    std::optional<std::int64_t> events_since_start; ///< never for bundles whose numbers are relative to themselves
    /// The numbers restart in every bundle (athenahealth: eventsInNotification present): no gap can be told from them.
    bool relative_numbers = false;
    std::vector<notified_event> events;
    std::string_view error_text;   ///< status error: what the server says of our endpoint (codes only)
    /// Every other entry with its resource, and deletions. For a single resource: one entry. Of `full-resource` all there is to use.
    std::vector<bundle_entry> entries;
    /// What was notified without a resource or a deletion and has to be fetched: "Type/id", each once. The focus of events; where it names nothing, what
    /// the AuditEvent of the event (athenahealth) is about, else the entries without resource; a PUT or POST below the hook without body.
    std::vector<std::string> to_fetch;
    /// Some event does not tell what changed (content `empty`, or a focus that is an identifier only): ask the server what is new.
    bool unnamed = false;
    /// The sender wants a FHIR body: a Bundle of type transaction-response (topic bundles, transactions), else whatever.
    bool wants_bundle = false;
    std::shared_ptr<const std::string> kept; ///< decoded text of the request that views point into
};

/// `body` missing: the request had none or white space only; `{}` and null count as none. Also for answers of $status and $events: method POST, no
/// tail. Fails (fatal issue) when the body is no FHIR that a hook can take, or when the
/// PUT path and the resource's type and id differ.
result<notification> read_notification(const notification_request& request, json::value body, issue_sink& sink);

/// "Type/id" of a reference in any form: relative, absolute, below any base, versioned, doubled ("Encounter/Encounter/x"). Empty when it has none:
/// logical, contained, urn:, conditional.
std::string type_and_id(std::string_view reference);

} // namespace trialgate::fhir
