#include "gateway/work/worker.hpp"

#include "gateway/core/log.hpp"
#include "gateway/work/batch.hpp"

#include <atomic>
#include <condition_variable>
#include <thread>

namespace trialgate::gateway {

namespace {
constexpr std::size_t due_at_a_time = 64;
constexpr const char* not_worked_in = "could not be worked in (internal error)";
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
    /// A journal row as read; nothing: it could not be, for a fault of ours.
    struct read_row {
        journal_row row;
        std::optional<arrived> what;
    };
    /// Rows behind those that are being committed, read meanwhile.
    std::vector<read_row> ahead;
    std::thread thread; ///< last: it uses all of the above

    void run();
    bool round();
    std::vector<read_row> rows_after(std::int64_t seq);
    bool commit(work_batch& b, const std::vector<read_row>& rows);
    void report(const work_batch& b, const std::vector<read_row>& rows);
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
                ahead.clear();
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

std::vector<worker::state::read_row> worker::state::rows_after(std::int64_t seq) {
    std::vector<read_row> out;
    for (journal_row& row : reading->journal_after(seq, options.batch_rows, options.batch_bytes)) {
        read_row one{std::move(row), {}};
        try {
            one.what = reader->read(one.row, order);
        } catch (const store_error&) {
            throw;
        } catch (const std::exception&) { // told when it is worked in
        }
        out.push_back(std::move(one));
    }
    return out;
}

bool worker::state::round() {
    std::vector<read_row> rows = ahead.empty() ? rows_after(0) : std::exchange(ahead, {});
    std::vector<human_decision> decided;
    {
        const std::lock_guard lock(guard);
        decided.swap(humans);
    }
    const instant now = time.now();
    const fhir::date today = options.site.date_of(now >= 0 ? now / 1000 : (now - 999) / 1000);
    const auto due = reading->patients_due(today, due_at_a_time);
    const auto participants = reading->participants_to_look_at(due_at_a_time);
    const auto judgements = reading->judgements_to_look_at(due_at_a_time);
    if (rows.empty() && decided.empty() && due.empty() && participants.empty() && judgements.empty())
        return false;
    resting = false;
    work_batch batch(options, *reading, known, now, today);
    for (read_row& r : rows) {
        try {
            r.what ? batch.take(r.row, std::move(*r.what)) : batch.refuse(r.row, not_worked_in);
        } catch (const store_error&) {
            throw;
        } catch (const std::exception&) {
            batch.refuse(r.row, not_worked_in);
        }
    }
    for (const auto& [source, key] : due)
        batch.due(source, key);
    for (const human_decision& h : decided)
        batch.take(h);
    for (const participant_row& p : participants)
        batch.take(p);
    for (const judgement_row& j : judgements)
        batch.take(j);
    batch.decide();
    if (rows.empty() && decided.empty() && due.empty() && participants.empty() && !batch.looked_at_judgements())
        return false; // the arrival of a history brings us back
    if (!commit(batch, rows)) {
        const std::lock_guard lock(guard);
        humans.insert(humans.begin(), decided.begin(), decided.end());
        return false;
    }
    return true;
}

bool worker::state::commit(work_batch& b, const std::vector<read_row>& rows) {
    auto outcome = start_commit(writer, [&](store& s) { b.write(s); });
    // A commit waits for the disk: what is next is read meanwhile. Decisions wait, they need what is being written.
    try {
        if (!rows.empty())
            ahead = rows_after(rows.back().row.seq);
    } catch (const std::exception&) { // the next round meets it, too, and tells
    }
    const commit_outcome failed = outcome.get();
    if (failed) {
        ahead.clear(); // these rows come first
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

void worker::state::report(const work_batch& b, const std::vector<read_row>& rows) {
    const work_batch::figures& f = b.counted();
    for (const auto& [source, outcomes] : f.events)
        for (const auto& [outcome, n] : outcomes)
            figures.count("trialgate_events_total", {{"source", source}, {"outcome", outcome}}, static_cast<double>(n));
    for (const auto& [trial, statuses] : f.decisions)
        for (const auto& [status, n] : statuses)
            figures.count("trialgate_decisions_total", {{"trial", trial}, {"status", status}}, static_cast<double>(n));
    const instant now = time.now();
    for (const read_row& r : rows)
        figures.observe("trialgate_event_to_commit_seconds", {{"source", r.row.source}}, static_cast<double>(now - r.row.received) / 1000);
    b.each_person([&](const std::string& source, const std::string& key) { known.add(source, key); });
    for (const auto& [source, kind] : f.jobs)
        if (signals.job_added)
            signals.job_added(source, kind);
    if (f.outbox && signals.outbox_grew)
        signals.outbox_grew();
    if (f.worklist && signals.decisions_changed)
        signals.decisions_changed();
    if (f.alerts && signals.alerts_changed)
        signals.alerts_changed();
    if (signals.told)
        for (const auto& [event, detail] : f.told)
            signals.told(event, detail);
}

} // namespace trialgate::gateway
