// Rows of what follows enrolment: who takes part, the alerts about them, and the mails that tell people. Part of the contract in store.hpp.
#pragma once

#include "gateway/core/clock.hpp"
#include "mappings/followup/participant.hpp"

#include <string_view>
#include <vector>

namespace trialgate::gateway {

/// One participation. A person who is screened again is a further row with a number of its own.
struct participant_row {
    std::string trial, number; ///< together they name the participation; the number is given by the study
    std::string source, patient;
    std::string protocol_version;
    std::string state;         ///< mappings::to_code(participation_state)
    fhir::date since;
    std::string anchors;       ///< encode_anchors
    instant changed = 0;
    std::string set_by;        ///< "user alice", "sink study", "record": who or what said so last
    std::int64_t stamp = 0;    ///< grows with every change; `participant_looked_at` with an older one leaves the row to be looked at
};

/// What a list of people says of a participation.
struct participation_of {
    std::string source, patient; ///< who it is now: the survivor of merged records
    std::string number, state;
};

/// One thing that was said about a participation: the trail of its states.
struct participant_note {
    instant at = 0;
    std::string by, what;
};

/// {"dosing":{"on":"2026-03-01","at":1772355600,"from":"Procedure/p1"}}
std::string encode_anchors(const std::map<std::string, mappings::anchor_point>& anchors);
/// What no writer wrote gives what could be read.
std::map<std::string, mappings::anchor_point> decode_anchors(std::string_view text);
/// A state that is not known reads as withdrawn: nothing is asked of somebody of whom we do not know where they stand.
mappings::participant participant_of(const participant_row& row);

/// One matter of one kind about one participation, from its first sight to its end. The row stays when the alert is withdrawn, so that
/// nothing is raised twice.
struct alert_row {
    std::int64_t id = 0;
    std::string trial, number;   ///< of the participation
    std::string key, kind;       ///< mappings::finding::key, to_code(finding_kind)
    std::string source, patient;
    std::string subject;         ///< pseudonym
    std::string public_id;       ///< name of this alert for the world: hex, says nothing
    unsigned tier = 3;           ///< 1 to 3
    bool open = true;            ///< false: withdrawn
    std::uint64_t version = 1;   ///< counts what the world was told: raised, corrected, withdrawn, acknowledged
    instant raised = 0, changed = 0, withdrawn = 0;
    instant news = 0;            ///< since when people are to be told of it; later than `raised` when a correction asks for new attention
    std::string acknowledged_by; ///< empty: nobody
    instant acknowledged = 0;
    instant snoozed_until = 0;
    instant escalated = 0;
    std::string title;           ///< no patient data
    std::string content;         ///< hash of the whole finding
    std::string body;            ///< JSON as sinks get it, evidence by hashes
    std::string body_with_references; ///< the same with true references
};

/// How many alerts there are of one trial.
struct alert_count {
    std::string trial;
    std::int64_t alerts = 0;
};

enum class mail_state : std::uint8_t {
    waiting,
    sending, ///< handed to the relay; after a crash nobody knows whether it arrived, so it is sent again under the same Message-ID
    dead,    ///< refused for good, or given up
};
struct mail_row {
    std::int64_t id = 0;
    std::string person;       ///< name in the configuration
    std::string kind;         ///< "immediate" | "digest" | "summary" | "escalation"
    std::string message_id;   ///< without angle brackets; the same for every attempt
    instant created = 0;
    mail_state state = mail_state::waiting;
    std::uint32_t attempts = 0;
    instant not_before = 0;
    std::string error;        ///< of the last attempt; no address, no patient data
    std::string subject, text;
};

/// That a person was told of an alert.
struct told_row {
    std::string person;
    std::int64_t alert = 0;
    bool escalation = false; ///< told because somebody else did not acknowledge
    instant news = 0;        ///< alert_row::news of which they were told
    instant at = 0;
};

/// What a person has got.
struct mail_count {
    std::string person;
    fhir::date day;          ///< of the site
    std::uint32_t mails = 0; ///< on that day
    instant last = 0;        ///< when the last one was made
};

} // namespace trialgate::gateway
