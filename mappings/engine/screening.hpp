// A patient against a trial: the status, and everything a coordinator reads about it.
#pragma once

#include "mappings/engine/patient_screen.hpp"
#include "mappings/engine/population.hpp"

namespace trialgate::mappings {

/// design.md, section 3. Ordered from most to least promising, as the worklist is sorted.
enum class trial_status : std::uint8_t { eligible, likely, possible, not_now, ineligible };
std::string_view to_code(trial_status s) noexcept; ///< "eligible", "likely", "possible", "not-now", "ineligible"

/// What is known of a patient beside the facts.
struct patient_context {
    std::string key;                 ///< "Patient/p1"
    std::span<const record> records; ///< fact::record is an index into it
    std::span<const consent_data> consents;
    std::span<const participation> participations;
    bool merged_away = false;
    note_set notes;                  ///< e.g. unmapped_code
};

/// Views into `p`, which must outlive the context.
patient_context context_of(const patient_data& p);

/// All records of one patient, evaluated on `as_of` from nothing.
patient_screen screen_patient(std::shared_ptr<const network> net, const patient_data& p, fhir::date as_of);

/// The status of a trial from its criteria's outcomes, in the order of trial::criteria.
trial_status status_of(const trial& t, std::span<const outcome> criteria) noexcept;

/// A note as shown.
struct shown_note {
    std::string id, sentence;
};

struct evidence_item {
    std::string reference; ///< "Observation/o1"
    std::string version;   ///< empty when the resource has none
    std::string date;      ///< "2026-02-20"; as precise as known; empty when undated
    std::string text;      ///< as reported
    std::string what = {}; ///< title of the concept that was measured, diagnosed or given; empty for what is no fact
    std::string_view verification = {}; ///< of a diagnosis: "refuted" or "unconfirmed"; empty: it speaks for itself
};

struct criterion_report {
    std::string id, text;
    decided_by who = decided_by::record;
    outcome is;
    std::optional<fhir::date> changes_on; ///< first date on which the verdict itself differs with no new data
    std::string explanation;
    std::vector<std::string> needs;
    std::vector<shown_note> notes;
    std::vector<evidence_item> evidence;
    std::vector<criterion_report> parts;
};

struct trial_report {
    std::string patient, trial, version;
    fhir::date as_of;
    /// Nothing for people who are not listed: not considered, deceased, merged away, opted out, restricted. Then `notes` says why and there
    /// are no criteria.
    std::optional<trial_status> status;
    std::optional<fhir::date> changes_on; ///< earliest of the criteria's
    std::vector<shown_note> notes;
    std::vector<criterion_report> criteria;
};

/// Why a patient is listed for no trial at all; empty when listed.
note_set withheld(const patient_screen& screen, const patient_context& about);

/// Where a patient stands in a trial: what a report says, without its words.
struct standing {
    std::optional<trial_status> status; ///< nothing: not listed, and `notes` says why
    note_set notes;                     ///< of the person as a whole
};
/// `screen` must be evaluated.
standing standing_of(const patient_screen& screen, trial_index which, const patient_context& about);

/// The report of one trial. `screen` must be evaluated; its as-of date is the report's.
trial_report report(const patient_screen& screen, trial_index which, const patient_context& about);

} // namespace trialgate::mappings
