// From the journal to verdicts: reads what arrived, applies it to the people it concerns, decides, and writes state, verdicts and outbox rows in one
// transaction. One thread; patients are handled in batches, so that the cost of a commit is shared.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/store/faults.hpp"
#include "gateway/core/metrics.hpp"
#include "gateway/store/committer.hpp"
#include "mappings/engine/network.hpp"
#include "mappings/followup/finding.hpp"

#include <functional>
#include <memory>

namespace trialgate::gateway {

/// What follows enrolment, computed elsewhere (mappings/followup). Pure; called on the worker's thread.
struct follow_up {
    /// What somebody responsible ought to know of this participant on this day of the site, and when that differs with no new data. `data` is everything
    /// known of the person, the hospital's ResearchSubjects and procedures included: anchors that the participant lacks may be read there.
    std::function<mappings::followup(const mappings::trial&, const mappings::participant&, const mappings::patient_data& data, fhir::date today)> compute;
    /// First day on which ending the study means completing it; nothing (or no function): cannot be told.
    std::function<std::optional<fhir::date>(const mappings::trial&, const mappings::participant&)> completed_from;
};

/// What a person decided in a study system.
struct human_decision {
    std::string subject, trial, status;
    instant at = 0;
    std::string number = {};                ///< screening or subject number on the resource; empty: none
    std::optional<fhir::date> since = {};   ///< begin of its period or state
};

struct worker_options {
    std::shared_ptr<const mappings::network> net;
    fhir::time_zone site;
    std::vector<source_config> sources;
    std::vector<sink_config> sinks;
    std::string pseudonym_key;
    std::string fingerprint = {};   ///< live_trials::fingerprint: tells decisions made with other criteria or settings apart
    std::size_t batch_rows = 256;
    std::size_t batch_bytes = std::size_t{4} << 20;
    follow_up after_enrolment = {}; ///< without `compute` nobody is followed
};

struct worker_signals {
    std::function<void(const std::string& source, job_kind)> job_added;
    std::function<void()> outbox_grew;
    /// An alert was raised, corrected or withdrawn.
    std::function<void()> alerts_changed;
    /// What a worklist shows has changed: store::decisions_stamp may have grown.
    std::function<void()> decisions_changed;
    /// A line for a person who watches (demo): event name and code words.
    std::function<void(std::string_view event, std::string_view detail)> told;
};

class worker {
public:
    /// `reading` is a connection for the worker's thread.
    worker(worker_options options, committer& writer, std::unique_ptr<store> reading, clock& time, fault_board& faults, metrics& figures,
           worker_signals signals);
    ~worker(); ///< stops
    /// Something was appended to the journal, somebody judged, or the date may have changed. From any thread.
    void poke();
    /// What a person decided in a study system; from any thread.
    void decided(human_decision d);
    /// Other trials or settings: everybody is evaluated again. From any thread.
    void replace(worker_options options);
    /// True when the journal was empty at the last look and everything due was evaluated.
    bool idle() const noexcept;
    /// Finishes the batch in hand and ends the thread. Idempotent.
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
