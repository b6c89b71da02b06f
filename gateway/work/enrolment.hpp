// What a person at a terminal, or a program with a token, may order about a participation. The rules of both are these; nothing is written here.
#pragma once

#include "gateway/work/participation.hpp"
#include "mappings/engine/network.hpp"

#include <variant>

namespace trialgate::gateway {

/// Who orders, and when.
struct order_author {
    std::string by; ///< "user alice", "api ctms"
    instant at = 0;
};

struct refusal {
    enum class kind : std::uint8_t {
        unusable, ///< the order makes no sense whatever is in the store
        conflict, ///< it does not fit what is in the store
    } what = kind::conflict;
    std::string text; ///< a sentence; names a participation of the trial by its number, and none of other trials
};

using order_outcome = std::variant<participation_change, refusal>;

struct enrolment {
    std::string trial, number, source, patient; ///< patient: "Patient/ID" as on that source's server
    std::string protocol_version;               ///< may be empty
    fhir::date since;                           ///< first day of screening
};

/// A new participation, in screening, in one of `trials`. A number is given once; whoever takes part and has not ended cannot be enrolled again, nor before the
/// end of the last time, nor somebody who died.
order_outcome enrol(store& rows, const mappings::network& trials, const enrolment& order, const order_author& author);

/// Day 0, not before screening. One that had another date is moved only where `corrects` says so. Who is dosed in screening
/// is on study from that day on.
order_outcome dosed(const participant_row& current, const mappings::anchor_point& when, bool corrects, const order_author& author);

/// The end, on a day that is not before screening or the dose: withdrawn, ended early (the early-termination visit counts from it), completed, screen failure, died.
order_outcome ended(const participant_row& current, mappings::participation_state as, fhir::date on, const order_author& author);

/// {"trial":...,"number":...,"source":...,"patient":...,"state":...,"since":...,"anchors":{...},...}; with `trail` what was said about it, too.
std::string participant_json(const participant_row& row, const std::vector<participant_note>* trail);

} // namespace trialgate::gateway
