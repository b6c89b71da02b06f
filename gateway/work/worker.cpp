#include "gateway/work/worker.hpp"

#include "gateway/core/log.hpp"
#include "gateway/work/batch.hpp"

#include <atomic>
#include <condition_variable>
#include <thread>

namespace trialgate::gateway {

namespace {
constexpr std::size_t due_at_a_time = 64;
/// How often the journal is looked at although nobody said that it grew: another process may have replayed a quarantined item.
constexpr std::chrono::seconds look_anyway{2};
} // namespace

struct worker::state {
    state(worker_options o, committer& w, std::unique_ptr<store> r, clock& t, fault_board& f, metrics& m, worker_signals s)
        : options(std::move(o)), writer(w), reading(std::move(r)), time(t), faults(f), figures(m), signals(std::move(s)) {}

    worker_options options;
    committer& writer;
    std::unique_ptr<store> reading;
    clock& time;
    fault_board& faults;
    metrics& figures;
    worker_signals signals;

    std::mutex guard;
    std::condition_variable bell;
    bool poked = true, stopping = false;
    std::vector<human_decision> humans;
    std::optional<worker_options> replacement;
    std::atomic<bool> resting = false;

    known_people known;
    std::unique_ptr<arrival_reader> reader;
    std::uint64_t order = 0;
    std::thread thread; ///< last: it uses all of the above

    void run();
    bool round();
    bool commit(work_batch& b, const std::vector<journal_row>& rows);
    void report(const work_batch& b, const std::vector<journal_row>& rows);
};

worker::worker(worker_options options, committer& writer, std::unique_ptr<store> reading, clock& time, fault_board& faults, metrics& figures,
               worker_signals signals)
    : state_(std::make_unique<state>(std::move(options), writer, std::move(reading), time, faults, figures, std::move(signals))) {
    state_->reader = std::make_unique<arrival_reader>(state_->options.net, state_->options.site);
    state_->known = known_people(*state_->reading);
    state_->thread = std::thread([s = state_.get()] { s->run(); });
}

worker::~worker() { stop(); }

void worker::poke() {
    {
        const std::lock_guard lock(state_->guard);
        state_->poked = true;
        state_->resting = false;
    }
    state_->bell.notify_one();
}

void worker::decided(human_decision d) {
    {
        const std::lock_guard lock(state_->guard);
        state_->humans.push_back(std::move(d));
    }
    poke();
}

void worker::replace(worker_options options) {
    {
        const std::lock_guard lock(state_->guard);
        state_->replacement = std::move(options);
    }
    poke();
}

bool worker::idle() const noexcept { return state_->resting; }

void worker::stop() {
    {
        const std::lock_guard lock(state_->guard);
        state_->stopping = true;
    }
    state_->bell.notify_one();
    if (state_->thread.joinable())
        state_->thread.join();
}

void worker::state::run() {
    // Only what survives a restart can tell versions without number or time apart: the order goes on above all earlier ones.
    order = static_cast<std::uint64_t>(time.now()) * 1000;
    for (;;) {
        {
            std::unique_lock lock(guard);
            if (stopping)
                return;
            poked = false;
            if (replacement) {
                options = std::move(*replacement);
                replacement.reset();
                reader = std::make_unique<arrival_reader>(options.net, options.site);
            }
        }
        bool more = false;
        try {
            more = round();
        } catch (const std::exception& e) {
            // The store could not be read; nothing was lost, the journal still has it.
            faults.raise("store.unreadable", "the store cannot be read; trying again");
            log_error("work.failed", {{"why", e.what()}});
        }
        std::unique_lock lock(guard);
        if (more || poked || stopping)
            continue;
        resting = true;
        bell.wait_for(lock, look_anyway, [&] { return poked || stopping; });
    }
}

bool worker::state::round() {
    const std::vector<journal_row> rows = reading->journal_after(0, options.batch_rows, options.batch_bytes);
    std::vector<human_decision> decided;
    {
        const std::lock_guard lock(guard);
        decided.swap(humans);
    }
    const instant now = time.now();
    const fhir::date today = options.site.date_of(now >= 0 ? now / 1000 : (now - 999) / 1000);
    const auto due = reading->patients_due(today, due_at_a_time);
    const auto participants = reading->participants_to_look_at(due_at_a_time);
    if (rows.empty() && decided.empty() && due.empty() && participants.empty())
        return false;
    resting = false;
    work_batch batch(options, *reading, known, now, today);
    for (const journal_row& row : rows) {
        try {
            batch.take(row, reader->read(row, order));
        } catch (const store_error&) {
            throw;
        } catch (const std::exception&) {
            batch.refuse(row, "could not be worked in (internal error)");
        }
    }
    for (const auto& [source, key] : due)
        batch.due(source, key);
    for (const human_decision& h : decided)
        batch.take(h);
    for (const participant_row& p : participants)
        batch.take(p);
    batch.decide();
    if (!commit(batch, rows)) {
        const std::lock_guard lock(guard);
        humans.insert(humans.begin(), decided.begin(), decided.end());
        return false;
    }
    return true;
}

bool worker::state::commit(work_batch& b, const std::vector<journal_row>& rows) {
    const commit_outcome failed = commit_and_wait(writer, [&](store& s) { b.write(s); });
    if (failed) {
        if (failed->what_kind() != store_error::kind::closed)
            faults.raise(failed->what_kind() == store_error::kind::full ? "store.full" : "store.unwritable",
                         "decisions cannot be written; the journal keeps what arrived");
        return false;
    }
    faults.clear("store.unwritable");
    faults.clear("store.unreadable");
    report(b, rows);
    return true;
}

void worker::state::report(const work_batch& b, const std::vector<journal_row>& rows) {
    const work_batch::figures& f = b.counted();
    for (const auto& [source, outcomes] : f.events)
        for (const auto& [outcome, n] : outcomes)
            figures.count("trialgate_events_total", {{"source", source}, {"outcome", outcome}}, static_cast<double>(n));
    for (const auto& [trial, statuses] : f.decisions)
        for (const auto& [status, n] : statuses)
            figures.count("trialgate_decisions_total", {{"trial", trial}, {"status", status}}, static_cast<double>(n));
    const instant now = time.now();
    for (const journal_row& row : rows)
        figures.observe("trialgate_event_to_commit_seconds", {{"source", row.source}}, static_cast<double>(now - row.received) / 1000);
    b.each_person([&](const std::string& source, const std::string& key) { known.add(source, key); });
    for (const auto& [source, kind] : f.jobs)
        if (signals.job_added)
            signals.job_added(source, kind);
    if (f.outbox && signals.outbox_grew)
        signals.outbox_grew();
    if (f.alerts && signals.alerts_changed)
        signals.alerts_changed();
    if (signals.told)
        for (const auto& [event, detail] : f.told)
            signals.told(event, detail);
}

} // namespace trialgate::gateway
