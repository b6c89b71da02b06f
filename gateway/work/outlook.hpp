// The visits of participants on a day, computed from the store when somebody asks; nothing is written.
#pragma once

#include "gateway/core/json_text.hpp"
#include "gateway/work/batch.hpp"
#include "mappings/followup/visits.hpp"

namespace trialgate::gateway {

/// The store and the trials as of a day; what is said of a person is as if nothing happened until then. `rows` and `calendar` must outlive it.
class outlook {
public:
    outlook(store& rows, worker_options options, const mappings::site_calendar& calendar, instant now, fhir::date as_of);

    /// Nothing when the configuration has no such trial.
    const mappings::compiled_trial* trial(std::string_view id) const;
    std::span<const mappings::compiled_trial> trials() const { return options_.net->trials(); }
    fhir::date as_of() const noexcept { return as_of_; }

    /// In the order of the trial. Without any record of the person: as planned, nothing held.
    std::vector<mappings::visit_standing> visits(const mappings::trial& of, const participant_row& row);

    /// False when nothing is kept of the person.
    bool each_record_of(const participant_row& row, const std::function<void(const evaluated_person&)>& each);

    enum class missed_ones { left_out, shown };
    /// Open visits of somebody with a day of their window in [first, last], those that are overdue and, when asked for, those that were missed; in the order
    /// of the trial. None when the participation is over, or the configuration has no such trial.
    std::vector<mappings::visit_standing> coming(const participant_row& row, fhir::date first, fhir::date last, missed_ones too = missed_ones::left_out);

private:
    worker_options options_;
    store& rows_;
    known_people nobody_; // only writing asks for it
    const mappings::site_calendar& calendar_;
    instant now_;
    fhir::date as_of_;
};

/// By this day an open visit is sorted: the booked one, else the proposed one.
fhir::date day_of(const mappings::visit_standing& s);

/// One visit as the members of an object: trial, participant, visit, title, state, days, what is missing.
void write_visit(json_text& out, const participant_row& row, const mappings::visit_standing& s);

/// Everybody's participations, in order of trial and number.
void each_participant(store& rows, const std::function<void(const participant_row&)>& each);

} // namespace trialgate::gateway
