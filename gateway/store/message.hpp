// What stands in an outbox row: written by work/, read by the sinks. JSON, so that a person can read a row and a webhook can send it.
#pragma once

#include "gateway/store/store.hpp"

namespace trialgate::gateway {

/// A patient's status in a trial has changed, or evidence contradicts what a person decided, or an alert about a participant, or a fault of the gateway began or ended.
struct message {
    std::string kind;     ///< "status" | "contradiction" | "alert" | "fault"
    std::string key;      ///< idempotency key: stable for this one change, letters, digits and '-' only
    instant occurred = 0;
    std::string source;   ///< name of the hospital's server in the configuration
    std::string subject;  ///< pseudonym: hex, the same for a person at a source for ever
    std::string patient;  ///< "Patient/p1", for sinks with identity "reference" only; others must not send it
    std::string patient_url; ///< absolute URL at the source, same rule
    std::string trial, protocol_version;
    std::uint64_t number = 0;   ///< counts the changes of this person in this trial
    std::string previous;       ///< status before; empty: none
    std::string status;         ///< "eligible" ...; empty: no longer listed
    bool flag = false;          ///< true while the study should look: eligible, likely, possible
    std::string subject_status; ///< R4 ResearchSubject.status to show
    std::string human;          ///< what a person decided, as R4 ResearchSubject.status; of a status: on the page, or in the study system before that was undone
    std::string text;           ///< contradiction, mark of a person, fault: one sentence
    std::string report;         ///< JSON object as in `screen --format json`, with "patient" replaced by the pseudonym and evidence references
                                ///< by {"reference": hash}; empty: "null"
    std::string report_with_references; ///< the same with true references, for sinks with identity "reference"; else empty
    std::string alert;    ///< alert: JSON object (store/alert_message.hpp); its evidence by hashes or, for sinks with identity "reference", by true
                          ///< references. `status` is then "raised", "corrected", "withdrawn" or "acknowledged", `flag` while it is open
};

std::string encode(const message& m);
/// Nothing when `text` is no message.
std::optional<message> decode_message(std::string_view text);

/// Pseudonym of a patient: the first 32 hex digits of HMAC-SHA256(key, "source|Patient/p1").
std::string pseudonym_of(std::string_view key, std::string_view source, std::string_view patient);
/// A reference as those see it who get pseudonyms: "Observation/" and 32 hex digits; of one that is no "Type/id" ("urn:uuid:...") the digits alone.
std::string hidden_reference(std::string_view key, std::string_view source, std::string_view reference);

} // namespace trialgate::gateway
