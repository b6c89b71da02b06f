// Rules of participations: what the study system's word, the record or a person changes. Pure.
#pragma once

#include "gateway/store/store.hpp"

#include <map>
#include <optional>

namespace trialgate::gateway {

/// What a study system says of somebody: ResearchSubject.
struct study_word {
    std::string status;              ///< R4 status; R5: the state that began last
    std::string number;              ///< screening or subject number, when the resource bears one
    std::optional<fhir::date> since; ///< begin of the period or of the state
    instant at = 0;
    std::string by;                  ///< "study system"
};

struct participation_change {
    participant_row after; ///< of `current`, or a new one (another number)
    std::string what;      ///< for the trail: "on-study since 2026-03-01"
};

/// The participation of a person in a trial that a new word is about: the one of that number, else the last that has not ended, else the
/// last.
const participant_row* current_participation(const std::vector<participant_row>& of_person, std::string_view trial,
                                             std::string_view number);

/// Nothing when nothing changes. `subject` names a participation that bears no number: "tg-" and its first eight digits.
/// `completed_from`: first day on which an end of the study is its completion; nothing when that is not known.
///
///   screening                              screening
///   pending-on-study, on-study*, follow-up on-study
///   ineligible, not-registered             screen-failure, out of screening only
///   withdrawn                              withdrawn
///   off-study                              completed from `completed_from` on, else ended-early (the early-termination visit is due)
///   candidate, eligible, potential-...     nothing: nobody takes part yet
///
/// A state never goes back, and what has ended stays ended: a word that lags behind changes nothing. Screened again is who is `screening`
/// (or further) under another number, or since a day after the end: a new participation.
std::optional<participation_change> participation_after(const participant_row* current, const study_word& says, std::string_view trial,
                                                        std::string_view subject, fhir::date today,
                                                        std::optional<fhir::date> completed_from);

/// What the record dates (mappings::recorded_anchors). It never moves what somebody said; what the record itself had dated moves with it and goes
/// with it. Who turns out to be dosed in screening is on study from that day on. Nothing when nothing changes, or the participation has ended.
std::optional<participation_change> participation_dated(const participant_row& current, const std::map<std::string, mappings::anchor_point>& recorded,
                                                        instant at);

/// The record says that the person has died. Nothing when the participation had ended before.
std::optional<participation_change> participation_died(const participant_row& current, fhir::date today, instant at);

/// Nothing is asked of whoever is withdrawn, failed screening or has died: no finding stands.
bool is_followed(mappings::participation_state s) noexcept;

} // namespace trialgate::gateway
