// From the journal to verdicts: reads what arrived, applies it to the people it concerns, decides, and writes state, verdicts and outbox rows in one
// transaction. One thread; patients are handled in batches, so that the cost of a commit is shared.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/store/faults.hpp"
#include "gateway/core/metrics.hpp"
#include "gateway/store/committer.hpp"
#include "mappings/engine/network.hpp"

#include <functional>
#include <memory>

namespace trialgate::gateway {

struct worker_options {
    std::shared_ptr<const mappings::network> net;
    fhir::time_zone site;
    std::vector<source_config> sources;
    std::vector<sink_config> sinks;
    std::string pseudonym_key;
    std::size_t batch_rows = 256;
    std::size_t batch_bytes = std::size_t{4} << 20;
};

struct worker_signals {
    std::function<void(const std::string& source, job_kind)> job_added;
    std::function<void()> outbox_grew;
    /// A line for a person who watches (demo): event name and code words.
    std::function<void(std::string_view event, std::string_view detail)> told;
};

class worker {
public:
    /// `reading` is a connection for the worker's thread.
    worker(worker_options options, committer& writer, std::unique_ptr<store> reading, clock& time, fault_board& faults, metrics& figures,
           worker_signals signals);
    ~worker(); ///< stops
    /// Something was appended to the journal, or the date may have changed. From any thread.
    void poke();
    /// What a person decided in a study system; from any thread.
    void decided(const std::string& subject, const std::string& trial, const std::string& status, instant at);
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
