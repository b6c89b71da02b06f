// `store` on SQLite: one connection. Its methods stand in sqlite_store.cpp (opening, journal, values), sqlite_patients.cpp, sqlite_outbox.cpp,
// sqlite_intake.cpp, sqlite_followup.cpp and sqlite_coordination.cpp.
#pragma once

#include "gateway/store/sqlite_columns.hpp"
#include "gateway/store/sqlite_store.hpp"

namespace trialgate::gateway::sqlite {

class sqlite_store final : public store {
public:
    sqlite_store(const std::string& folder, const sqlite_options& options);

    void begin() override;
    void commit() override;
    void rollback() noexcept override;

    std::int64_t journal_append(const journal_item& item) override;
    std::vector<journal_row> journal_after(std::int64_t seq, std::size_t rows, std::size_t bytes) override;
    using store::journal_done;
    void journal_done(std::int64_t first, std::int64_t last) override;
    journal_counts journal_count() override;

    std::int64_t quarantine_add(const quarantine_item& item) override;
    std::vector<quarantine_item> quarantine_list(std::int64_t after, std::size_t limit) override;
    std::optional<quarantine_item> quarantine_get(std::int64_t id) override;
    void quarantine_remove(std::int64_t id) override;
    std::int64_t quarantine_count() override;

    std::optional<patient_row> patient(std::string_view source, std::string_view key) override;
    void patient_put(const patient_row& row) override;
    void patient_remove(std::string_view source, std::string_view key) override;
    std::int64_t patient_count() override;
    std::vector<std::pair<std::string, std::string>> patients_due(fhir::date on, std::size_t limit) override;
    std::vector<std::pair<std::string, std::string>> patients_after(std::string_view source, std::string_view key, std::size_t limit) override;
    void link(std::string_view source, std::string_view a, std::string_view b) override;
    std::vector<std::string> linked(std::string_view source, std::string_view key) override;
    void subject_put(std::string_view subject, std::string_view source, std::string_view patient) override;
    std::optional<std::pair<std::string, std::string>> subject_of(std::string_view subject) override;
    void definition_put(std::string_view source, std::string_view reference, std::string_view record) override;
    std::optional<std::string> definition(std::string_view source, std::string_view reference) override;
    void refers(std::string_view source, std::string_view reference, std::string_view key) override;
    std::vector<std::string> referring(std::string_view source, std::string_view reference) override;

    std::optional<decision_row> decision(std::string_view source, std::string_view patient, std::string_view trial) override;
    std::vector<decision_row> decisions_of(std::string_view source, std::string_view patient) override;
    void decision_put(const decision_row& row) override;
    std::vector<decision_row> decisions_after(std::string_view source, std::string_view patient, std::string_view trial,
                                              std::size_t limit) override;
    std::optional<decision_row> decision_of_subject(std::string_view subject, std::string_view trial) override;
    std::vector<decision_row> decisions_since(std::string_view trial, std::int64_t stamp, std::size_t limit) override;
    std::vector<status_count> decision_counts(std::string_view trial) override;
    std::int64_t decisions_stamp() override;

    void history_add(const history_row& row) override;
    std::vector<history_row> history_of(std::string_view source, std::string_view patient, std::string_view trial, std::size_t limit) override;
    std::optional<history_row> history_at(std::string_view source, std::string_view patient, std::string_view trial, std::int64_t stamp) override;
    std::int64_t judgement_add(const judgement_row& row) override;
    std::optional<judgement_row> judgement(std::int64_t id) override;
    std::vector<judgement_row> judgements_of(std::string_view source, std::string_view patient, std::string_view trial) override;
    std::vector<judgement_row> judgements_after(std::int64_t id, judgement_kind kind, std::size_t limit) override;
    bool judgement_undo(std::int64_t id, const speaker& by, instant at) override;
    std::vector<named_person> judged_since(std::string_view trial, std::int64_t stamp, std::string_view user) override;
    std::vector<judgement_row> judgements_to_look_at(std::size_t limit) override;
    void judgement_looked_at(std::int64_t id, std::int64_t unread) override;
    std::vector<comment_count> comment_counts(std::string_view trial) override;
    std::optional<judgement_row> judgement_by_key(std::string_view by, std::string_view key) override;
    void local_code_put(std::string_view source, std::string_view patient, const local_code& code) override;
    void local_codes_settle(std::string_view source, std::string_view patient) override;
    std::vector<local_code> local_codes_of(std::string_view source, std::string_view patient) override;
    void survivor_put(std::string_view source, std::string_view name, std::string_view person) override;
    std::string survivor(std::string_view source, std::string_view name) override;
    std::int64_t audit_add(const audit_row& row) override;
    std::vector<audit_row> audit_after(std::int64_t id, std::size_t limit) override;
    std::vector<audit_row> audit_latest(std::size_t limit) override;
    std::vector<audit_row> audit_between(std::int64_t from, std::int64_t before, const audit_filter& filter, std::size_t limit) override;

    void outbox_add(const outbox_row& row) override;
    std::vector<outbox_row> outbox_due(std::string_view sink, instant now, std::size_t limit) override;
    std::optional<instant> outbox_next(std::string_view sink) override;
    void outbox_delivered(std::int64_t id) override;
    void outbox_failed(std::int64_t id, std::uint32_t attempts, instant not_before, outbox_state state, std::string_view error) override;
    void outbox_remove(std::int64_t id) override;
    std::optional<outbox_row> outbox_get(std::int64_t id) override;
    std::vector<outbox_row> outbox_list(std::string_view sink, std::int64_t after, std::size_t limit) override;
    outbox_counts outbox_count(std::string_view sink) override;

    void job_add(const job& j) override;
    std::vector<job> jobs_due(std::string_view source, job_kind kind, instant now, std::size_t limit) override;
    std::optional<instant> job_next(std::string_view source, job_kind kind) override;
    void job_later(std::int64_t id, std::uint32_t attempts, instant not_before) override;
    void job_done(std::int64_t id, std::int64_t stamp) override;
    std::int64_t job_count(std::string_view source, job_kind kind) override;

    std::vector<subscription_row> subscriptions(std::string_view source) override;
    std::optional<subscription_row> subscription(std::string_view source, std::string_view name) override;
    void subscription_put(const subscription_row& row) override;
    void subscription_remove(std::string_view source, std::string_view name) override;

    std::optional<std::string> value(std::string_view name) override;
    void value_put(std::string_view name, std::string_view text) override;
    void value_remove(std::string_view name) override;

    std::vector<fault_row> faults() override;
    void fault_put(const fault_row& row) override;
    void fault_remove(std::string_view key) override;

    void source_remove(std::string_view source) override;

    std::optional<participant_row> participant(std::string_view trial, std::string_view number) override;
    std::vector<participant_row> participants_of(std::string_view source, std::string_view patient) override;
    std::vector<participant_row> participants_of_person(std::string_view source, std::string_view person) override;
    std::vector<participation_of> participations_in(std::string_view trial) override;
    std::vector<participant_row> participants_after(std::string_view trial, std::string_view number, std::size_t limit) override;
    void participant_put(const participant_row& row) override;
    std::vector<participant_row> participants_to_look_at(std::size_t limit) override;
    void participant_looked_at(std::string_view trial, std::string_view number, std::int64_t stamp) override;
    void participant_note_add(std::string_view trial, std::string_view number, const participant_note& note) override;
    std::vector<participant_note> participant_notes(std::string_view trial, std::string_view number) override;
    std::vector<alert_row> alerts_of(std::string_view trial, std::string_view number) override;
    std::optional<alert_row> alert(std::int64_t id) override;
    std::vector<alert_row> alerts_after(std::int64_t id, bool only_open, std::size_t limit) override;
    std::vector<alert_row> alerts_before(std::int64_t id, std::size_t limit) override;
    std::vector<alert_count> alerts_waiting(instant now) override;
    void alert_found(const alert_row& row) override;
    bool alert_acknowledge(std::int64_t id, std::string_view by, instant at) override;
    bool alert_snooze(std::int64_t id, instant until) override;
    void alert_escalated(std::int64_t id, instant at) override;
    std::int64_t alerts_stamp() override;
    std::int64_t mail_add(const mail_row& row) override;
    std::vector<mail_row> mails(mail_state state, std::size_t limit) override;
    void mail_set(std::int64_t id, mail_state state, std::uint32_t attempts, instant not_before, std::string_view error) override;
    void mail_remove(std::int64_t id) override;
    std::int64_t mail_count_of(mail_state state) override;
    void told_put(const told_row& row) override;
    std::vector<told_row> told() override;
    std::vector<mail_count> mail_counts() override;
    void mail_count_put(const mail_count& count) override;

private:
    /// Runs `change`, which writes more than one row, whole: in the transaction that is open, or in its own.
    template <class Change>
    void whole(Change change) {
        if (db_.in_transaction())
            return change();
        begin();
        try {
            change();
            commit();
        } catch (...) {
            rollback();
            throw;
        }
    }
    /// Marks the first waiting row of this sink and subject, and no other.
    void mark_head(std::string_view sink, std::string_view subject);
    void outbox_erase(std::int64_t id);
    /// An alert was changed: `change` and the count of changes go together.
    template <class Change>
    void alert_changed(std::string_view trial, Change change);
    template <class Change>
    void alert_changed(std::int64_t id, Change change);
    /// The person's row in a worklist has news that do not stand in the decision.
    void restamp(std::string_view source, std::string_view patient, std::string_view trial);

    database db_;
    /// What this transaction adds to journal_total, which is written once a commit.
    std::int64_t added_rows_ = 0, added_bytes_ = 0;
};

} // namespace trialgate::gateway::sqlite
