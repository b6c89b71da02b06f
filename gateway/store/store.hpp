// What must survive: the journal of what arrived, patients and their verdicts, the outbox, and what is still to be done.
//
// `store` is the contract; tests/store/contract_test.cpp runs against every implementation. An object is one connection and is used by one
// thread at a time. Writing happens in transactions of the committer (committer.hpp); reading may happen on further connections, which see
// what was committed when their call began. Every call may throw store_error; nothing else.
//
// Intake and outbox never know each other: they meet here.
#pragma once

#include "fhir/datetime.hpp"
#include "gateway/store/coordination.hpp"
#include "gateway/store/followup.hpp"

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

class store_error : public std::runtime_error {
public:
    enum class kind {
        full,    ///< no space: refuse new work, try again later
        busy,    ///< somebody else holds the lock for too long
        broken,  ///< the file is damaged, or of a newer program version
        io,      ///< anything else
        closed,  ///< the committer was stopped
    };
    store_error(kind k, const std::string& text) : std::runtime_error(text), kind_(k) {}
    kind what_kind() const noexcept { return kind_; }

private:
    kind kind_;
};

// ---- journal: what arrived and is not yet worked in ----------------------------------------------------------------------

enum class arrival : std::uint8_t {
    hook,     ///< a request at a hook, as received
    resource, ///< body is one resource or one Bundle that we fetched
    lines,    ///< body is NDJSON that we fetched
    hydrated, ///< body is a patient key ("Patient/p1"): everything about this person has been fetched and stands before this row
};

struct journal_item {
    std::string source;  ///< name of the source in the configuration
    arrival kind = arrival::hook;
    std::string channel; ///< hook: name of the subscription at which it arrived; resource: `part_of_a_history` or nothing
    std::string method;  ///< hook: POST, PUT, DELETE
    std::string tail;    ///< hook: the path below the hook's own, e.g. "Observation/o1"; resource: the URL it was fetched from, for messages
    std::string headers; ///< hook: the few that carry meaning, "Name: value" lines
    std::string body;
    instant received = 0;
};
/// journal_item::channel of what was fetched because all about one person was asked for.
inline constexpr std::string_view part_of_a_history = "history";

struct journal_row : journal_item {
    std::int64_t seq = 0;
};
struct journal_counts {
    std::int64_t rows = 0, bytes = 0;
    instant oldest = 0; ///< `received` of the oldest; 0 when empty
};

/// What could not be read; kept until a person looks at it.
struct quarantine_item {
    std::int64_t id = 0;
    journal_item original; ///< body reduced to the unreadable part where it can be told
    std::string reason;    ///< ours, no patient data
    std::string path;      ///< element path or line and column
    instant at = 0;
};

// ---- patients ------------------------------------------------------------------------------------------------------------

/// Everything kept of one person at one source. Only of people whom some trial considers, or considered once.
struct patient_row {
    std::string source, key;  ///< key as in record::subject: "Patient/p1", "identifier:system|value"
    std::string records;      ///< mappings::record_writer
    bool hydrated = false;    ///< the history has been fetched; before that nothing is decided
    fhir::date changes_on = fhir::date::highest(); ///< site's date on which to evaluate again though nothing arrived
    instant changed = 0;      ///< last evaluation
};

/// One person against one trial.
struct decision_row {
    std::string source, patient, trial;
    std::string status;        ///< trial_status code; empty: not listed
    std::uint64_t number = 0;  ///< of the last pushed change, from 1; part of the idempotency key
    bool pushed = false;       ///< the study system was told of this person
    instant decided = 0;
    std::string human;         ///< what a person decided in the study system (a ResearchSubject status); empty: nothing
    instant human_at = 0;
    /// What the record says against people, words with blanks between: a status against what a person decided (`human`, `mark`), "criterion:ID" against what
    /// a person confirmed. Empty: nothing.
    std::string contradiction;
    std::string subject = {};  ///< pseudonym of the person
    std::string strip = {};    ///< a character per criterion, in the trial's order: '+' met, '-' not met, '?' unknown; 'M', 'N': met, not met as a person says
    fhir::date changes_on = fhir::date::highest(); ///< first date on which a criterion differs with no new data
    instant changed = 0;       ///< when status or strip last became others
    std::string mark = {};     ///< what a person said on the page: "not-interested", "screened", "enrolled", "excluded"; empty: nothing
    instant marked = 0;
    std::string made_with = {}; ///< worker_options::fingerprint of its criteria and settings
    std::int64_t stamp = 0;    ///< set by the store: grows with every put that changes something a worklist shows
};

// ---- outbox --------------------------------------------------------------------------------------------------------------

enum class outbox_state : std::uint8_t { waiting, dead };

/// One thing to tell one sink. Rows of one sink and subject are delivered in the order of `id`, one at a time.
struct outbox_row {
    std::int64_t id = 0;
    std::string sink;     ///< name in the configuration
    std::string subject;  ///< what order is kept for: pseudonym of the patient
    std::string trial;
    std::string kind;     ///< "status" | "contradiction" | "fault" ...
    std::string key;      ///< idempotency key; unique per sink
    std::string body;     ///< JSON (gateway/outbox/message.hpp)
    instant created = 0;
    outbox_state state = outbox_state::waiting;
    std::uint32_t attempts = 0;
    instant not_before = 0;
    std::string error;    ///< of the last attempt; no patient data
};
struct outbox_counts {
    std::int64_t waiting = 0, dead = 0;
    instant oldest = 0; ///< `created` of the oldest that waits; 0 when none
};

// ---- what intake still has to do -------------------------------------------------------------------------------------------

enum class job_kind : std::uint8_t {
    fetch,     ///< target is "Observation/o1": read it and journal what comes
    hydrate,   ///< target is a patient key: fetch the person and the history, end with arrival::hydrated
    reconcile, ///< target is "": ask for everything since the cursor, soon
};
/// At most one per source, kind and target; adding it again keeps the earlier `not_before` and clears `attempts`.
struct job {
    std::int64_t id = 0;
    std::string source;
    job_kind kind = job_kind::fetch;
    std::string target;
    instant not_before = 0;
    std::uint32_t attempts = 0;
    std::int64_t stamp = 0; ///< grows each time it is added; `job_done` with an older stamp leaves the job there
};

/// One Subscription of ours on a source's server.
struct subscription_row {
    std::string source, name;  ///< name: last part of the hook path, unique in the source
    std::string token;         ///< unguessable part of the hook path
    std::string secret;        ///< value that the server sends back in a header; HMAC key
    std::string id;            ///< on the server; empty until created
    std::string kind;          ///< "rest-hook" | "topic-r4" | "topic-r4b" | "topic-r5" | "websocket"
    std::string criteria;      ///< criteria or topic
    std::string endpoint;      ///< as registered
    std::string status;        ///< last seen on the server
    instant created = 0, ends = 0, last_heard = 0, last_checked = 0;
    std::string numbers;       ///< event numbers seen (intake/event_numbers.hpp)
};

struct fault_row {
    std::string key;  ///< "source.ehr.unreachable"
    std::string text; ///< one sentence, no patient data
    instant since = 0, last = 0;
    std::uint64_t times = 0;
};

class store {
public:
    virtual ~store() = default;

    // Transactions: the committer's business.
    virtual void begin() = 0;
    virtual void commit() = 0;
    virtual void rollback() noexcept = 0;

    // journal, in order of arrival
    virtual std::int64_t journal_append(const journal_item& item) = 0;
    /// Rows after `seq`, ascending; ends at `rows` rows or when `bytes` of bodies are reached (at least one row).
    virtual std::vector<journal_row> journal_after(std::int64_t seq, std::size_t rows, std::size_t bytes) = 0;
    /// All rows from `first` to `last`, those that are there.
    virtual void journal_done(std::int64_t first, std::int64_t last) = 0;
    void journal_done(std::int64_t seq) { journal_done(seq, seq); }
    virtual journal_counts journal_count() = 0;

    virtual std::int64_t quarantine_add(const quarantine_item& item) = 0;
    virtual std::vector<quarantine_item> quarantine_list(std::int64_t after, std::size_t limit) = 0;
    virtual std::optional<quarantine_item> quarantine_get(std::int64_t id) = 0;
    virtual void quarantine_remove(std::int64_t id) = 0;
    virtual std::int64_t quarantine_count() = 0;

    virtual std::optional<patient_row> patient(std::string_view source, std::string_view key) = 0;
    virtual void patient_put(const patient_row& row) = 0;
    virtual void patient_remove(std::string_view source, std::string_view key) = 0;
    virtual std::int64_t patient_count() = 0;
    /// (source, key) of hydrated people with changes_on <= `on`, at most `limit`, earliest first.
    virtual std::vector<std::pair<std::string, std::string>> patients_due(fhir::date on, std::size_t limit) = 0;
    /// Every (source, key), ascending, after the given pair; for sweeps.
    virtual std::vector<std::pair<std::string, std::string>> patients_after(std::string_view source, std::string_view key, std::size_t limit) = 0;
    /// Two names of one person (merged records, an identifier); symmetric, repeatable.
    virtual void link(std::string_view source, std::string_view a, std::string_view b) = 0;
    /// Names directly linked to `key`.
    virtual std::vector<std::string> linked(std::string_view source, std::string_view key) = 0;

    /// Who is behind a pseudonym: (source, patient key).
    virtual void subject_put(std::string_view subject, std::string_view source, std::string_view patient) = 0;
    virtual std::optional<std::pair<std::string, std::string>> subject_of(std::string_view subject) = 0;

    /// Medication, Specimen, ResearchStudy: encoded record (record_writer) by "Type/id".
    virtual void definition_put(std::string_view source, std::string_view reference, std::string_view record) = 0;
    virtual std::optional<std::string> definition(std::string_view source, std::string_view reference) = 0;
    /// Patient `key` refers to `reference`: to know whom a changed definition concerns.
    virtual void refers(std::string_view source, std::string_view reference, std::string_view key) = 0;
    virtual std::vector<std::string> referring(std::string_view source, std::string_view reference) = 0;

    virtual std::optional<decision_row> decision(std::string_view source, std::string_view patient, std::string_view trial) = 0;
    virtual std::vector<decision_row> decisions_of(std::string_view source, std::string_view patient) = 0;
    /// `stamp` of the row is not used: the store gives a new one when subject, status, strip, changes_on, mark, human or contradiction differ.
    virtual void decision_put(const decision_row& row) = 0;
    /// After the given (source, patient, trial), ascending.
    virtual std::vector<decision_row> decisions_after(std::string_view source, std::string_view patient, std::string_view trial,
                                                      std::size_t limit) = 0;

    virtual std::optional<decision_row> decision_of_subject(std::string_view subject, std::string_view trial) = 0;
    /// Rows of a trial whose stamp is above `stamp`, by stamp; people who are not listed any more, too.
    virtual std::vector<decision_row> decisions_since(std::string_view trial, std::int64_t stamp, std::size_t limit) = 0;
    /// How many people of a trial have each status; "": not listed any more.
    virtual std::vector<status_count> decision_counts(std::string_view trial) = 0;
    /// The newest stamp of all.
    virtual std::int64_t decisions_stamp() = 0;

    // The coordinator's work. What belongs to a name follows it: `history_of`, `judgements_of` and `comment_counts` give the survivor what was said under
    // the names that turned out to be theirs, with those names in the rows.
    /// After the decision that it tells of was put.
    virtual void history_add(const history_row& row) = 0;
    /// Newest first. That another name left the list is not told: its person did not.
    virtual std::vector<history_row> history_of(std::string_view source, std::string_view patient, std::string_view trial, std::size_t limit) = 0;
    /// What was said of this name when the list had this stamp; nothing: it was not listed yet.
    virtual std::optional<history_row> history_at(std::string_view source, std::string_view patient, std::string_view trial, std::int64_t stamp) = 0;
    /// To be looked at by a worker, as everything that is undone. The decision of this person in this trial, where there is one, gets a new stamp.
    virtual std::int64_t judgement_add(const judgement_row& row) = 0;
    virtual std::optional<judgement_row> judgement(std::int64_t id) = 0;
    /// What this user said with this key, which is not empty.
    virtual std::optional<judgement_row> judgement_by_key(std::string_view by, std::string_view key) = 0;
    /// Of one person, also undone ones, oldest first; of every trial when `trial` is empty.
    virtual std::vector<judgement_row> judgements_of(std::string_view source, std::string_view patient, std::string_view trial) = 0;
    /// By id, of everybody.
    virtual std::vector<judgement_row> judgements_after(std::int64_t id, judgement_kind kind, std::size_t limit) = 0;
    /// False when there is none, or it is undone already.
    virtual bool judgement_undo(std::int64_t id, const speaker& by, instant at) = 0;
    /// Of whom somebody else than this user said or took back something in this trial, since the list had this stamp.
    virtual std::vector<named_person> judged_since(std::string_view trial, std::int64_t stamp, std::string_view user) = 0;
    /// Those that were made or undone since a worker looked, by id.
    virtual std::vector<judgement_row> judgements_to_look_at(std::size_t limit) = 0;
    /// `unread` as it was read: what happened meanwhile is still to be looked at.
    virtual void judgement_looked_at(std::int64_t id, std::int64_t unread) = 0;
    /// Of everybody in this trial of whom comments stand.
    virtual std::vector<comment_count> comment_counts(std::string_view trial) = 0;
    /// What is kept under `name` belongs to `person` from now on (merged records); `person` equal to `name`: to nobody else.
    virtual void survivor_put(std::string_view source, std::string_view name, std::string_view person) = 0;
    /// Who that is; `name` itself unless it was put otherwise.
    virtual std::string survivor(std::string_view source, std::string_view name) = 0;
    /// Of what is fetched about a person just now. At most 300 of a person are kept; of an unknown person none.
    virtual void local_code_put(std::string_view source, std::string_view patient, const local_code& code) = 0;
    /// All has been fetched: what was not put since the last time is forgotten.
    virtual void local_codes_settle(std::string_view source, std::string_view patient) = 0;
    /// Also those of the names that turned out to be this person's; by type, system and code, each once.
    virtual std::vector<local_code> local_codes_of(std::string_view source, std::string_view patient) = 0;
    /// `id` and `seal` of the row are not used.
    virtual std::int64_t audit_add(const audit_row& row) = 0;
    /// By id.
    virtual std::vector<audit_row> audit_after(std::int64_t id, std::size_t limit) = 0;
    /// Newest first.
    virtual std::vector<audit_row> audit_latest(std::size_t limit) = 0;
    /// Those with from < id < before that fit, newest first.
    virtual std::vector<audit_row> audit_between(std::int64_t from, std::int64_t before, const audit_filter& filter, std::size_t limit) = 0;

    /// Ignored when the sink has had this key (waiting, dead or delivered).
    virtual void outbox_add(const outbox_row& row) = 0;
    /// The first undelivered row of each subject of this sink, if it waits and is due; at most `limit`, oldest first. A subject whose first
    /// row is dead goes on with the next one.
    virtual std::vector<outbox_row> outbox_due(std::string_view sink, instant now, std::size_t limit) = 0;
    /// Earliest not_before of rows that `outbox_due` would give at some time; nothing when none waits.
    virtual std::optional<instant> outbox_next(std::string_view sink) = 0;
    /// Delivered: the row goes, its key is remembered.
    virtual void outbox_delivered(std::int64_t id) = 0;
    virtual void outbox_failed(std::int64_t id, std::uint32_t attempts, instant not_before, outbox_state state, std::string_view error) = 0;
    virtual void outbox_remove(std::int64_t id) = 0;
    virtual std::optional<outbox_row> outbox_get(std::int64_t id) = 0;
    virtual std::vector<outbox_row> outbox_list(std::string_view sink /* empty: all */, std::int64_t after, std::size_t limit) = 0;
    virtual outbox_counts outbox_count(std::string_view sink) = 0;

    virtual void job_add(const job& j) = 0;
    virtual std::vector<job> jobs_due(std::string_view source, job_kind kind, instant now, std::size_t limit) = 0;
    virtual std::optional<instant> job_next(std::string_view source, job_kind kind) = 0;
    virtual void job_later(std::int64_t id, std::uint32_t attempts, instant not_before) = 0;
    virtual void job_done(std::int64_t id, std::int64_t stamp) = 0;
    virtual std::int64_t job_count(std::string_view source, job_kind kind) = 0;

    virtual std::vector<subscription_row> subscriptions(std::string_view source) = 0;
    virtual std::optional<subscription_row> subscription(std::string_view source, std::string_view name) = 0;
    virtual void subscription_put(const subscription_row& row) = 0;
    virtual void subscription_remove(std::string_view source, std::string_view name) = 0;

    /// Small durable values by name: cursors ("cursor/ehr/Observation"), capability statements, bulk jobs.
    virtual std::optional<std::string> value(std::string_view name) = 0;
    virtual void value_put(std::string_view name, std::string_view text) = 0;
    virtual void value_remove(std::string_view name) = 0;

    virtual std::vector<fault_row> faults() = 0;
    virtual void fault_put(const fault_row& row) = 0;
    virtual void fault_remove(std::string_view key) = 0;

    /// Everything kept of a source except its quarantine; for `source remove`.
    virtual void source_remove(std::string_view source) = 0;

    // after enrolment
    virtual std::optional<participant_row> participant(std::string_view trial, std::string_view number) = 0;
    /// Of every trial, oldest first.
    virtual std::vector<participant_row> participants_of(std::string_view source, std::string_view patient) = 0;
    /// Also those told under names that turned out to be this person's.
    virtual std::vector<participant_row> participants_of_person(std::string_view source, std::string_view person) = 0;
    /// Everybody's in one trial, oldest first.
    virtual std::vector<participation_of> participations_in(std::string_view trial) = 0;
    /// After the given (trial, number), ascending.
    virtual std::vector<participant_row> participants_after(std::string_view trial, std::string_view number, std::size_t limit) = 0;
    /// New or changed: it is to be looked at. `stamp` of the row is not used. A decision whose participation begins, ends or changes hands gets a new stamp.
    virtual void participant_put(const participant_row& row) = 0;
    /// Whose row was put since it was looked at last.
    virtual std::vector<participant_row> participants_to_look_at(std::size_t limit) = 0;
    virtual void participant_looked_at(std::string_view trial, std::string_view number, std::int64_t stamp) = 0;
    virtual void participant_note_add(std::string_view trial, std::string_view number, const participant_note& note) = 0;
    virtual std::vector<participant_note> participant_notes(std::string_view trial, std::string_view number) = 0;

    /// Of one participation, also withdrawn ones, by key and kind.
    virtual std::vector<alert_row> alerts_of(std::string_view trial, std::string_view number) = 0;
    virtual std::optional<alert_row> alert(std::int64_t id) = 0;
    /// By id; only open ones, or all.
    virtual std::vector<alert_row> alerts_after(std::int64_t id, bool only_open, std::size_t limit) = 0;
    /// Before `id`, newest first; open ones and others.
    virtual std::vector<alert_row> alerts_before(std::int64_t id, std::size_t limit) = 0;
    /// How many of each trial are open, not acknowledged and not snoozed beyond `now`; trials without any are left out.
    virtual std::vector<alert_count> alerts_waiting(instant now) = 0;
    /// What was found out: one row per participation, key and kind, whoever calls and how often. Of a row that is there it leaves acknowledgement,
    /// snooze and escalation alone, which others write; when `news` grew, they are cleared.
    virtual void alert_found(const alert_row& row) = 0;
    /// Of an open alert that nobody has acknowledged; counts as a version. False when there is none.
    virtual bool alert_acknowledge(std::int64_t id, std::string_view by, instant at) = 0;
    /// Of an open alert that nobody has acknowledged. False when there is none.
    virtual bool alert_snooze(std::int64_t id, instant until) = 0;
    virtual void alert_escalated(std::int64_t id, instant at) = 0;
    /// Grows with every change of an alert, by whomever.
    virtual std::int64_t alerts_stamp() = 0;

    virtual std::int64_t mail_add(const mail_row& row) = 0;
    /// By id.
    virtual std::vector<mail_row> mails(mail_state state, std::size_t limit) = 0;
    virtual void mail_set(std::int64_t id, mail_state state, std::uint32_t attempts, instant not_before, std::string_view error) = 0;
    virtual void mail_remove(std::int64_t id) = 0;
    virtual std::int64_t mail_count_of(mail_state state) = 0;
    /// Remembers for the alert's life; the later `news` and time win.
    virtual void told_put(const told_row& row) = 0;
    /// Of open alerts.
    virtual std::vector<told_row> told() = 0;
    virtual std::vector<mail_count> mail_counts() = 0;
    virtual void mail_count_put(const mail_count& count) = 0;
};

/// Opens or makes `folder`/trialgate.db and brings its schema up to date (numbered migrations). Throws store_error with a sentence that names
/// the file. `read_only`: no migration, for a second process that looks (status) while the gateway runs.
std::unique_ptr<store> open_sqlite(const std::string& folder, bool read_only = false);

} // namespace trialgate::gateway
