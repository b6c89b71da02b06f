// Who takes part, the alerts about them, and the mails that tell people.
#include "gateway/store/alert_stamp.hpp"
#include "gateway/store/sqlite_connection.hpp"

namespace trialgate::gateway::sqlite {

std::optional<participant_row> sqlite_store::participant(std::string_view trial, std::string_view number) {
    static const query q("SELECT " TRIALGATE_PARTICIPANT_COLUMNS " FROM participant WHERE trial = ?1 AND number = ?2");
    return first<participant_row>(db_.run(q, trial, number));
}

std::vector<participant_row> sqlite_store::participants_of(std::string_view source, std::string_view patient_key) {
    static const query q("SELECT " TRIALGATE_PARTICIPANT_COLUMNS
                         " FROM participant WHERE source = ?1 AND patient = ?2 ORDER BY trial, since, number");
    return rows<participant_row>(db_.run(q, source, patient_key));
}

std::vector<participant_row> sqlite_store::participants_of_person(std::string_view source, std::string_view person) {
    static const query q("SELECT " TRIALGATE_PARTICIPANT_COLUMNS " FROM participant WHERE source = ?1 AND patient IN " TRIALGATE_NAMES_OF
                         " ORDER BY trial, since, number");
    return rows<participant_row>(db_.run(q, source, person));
}

std::vector<participation_of> sqlite_store::participations_in(std::string_view trial) {
    static const query q("SELECT participant.source, coalesce(person, patient), number, state FROM participant "
                         "LEFT JOIN survivor ON survivor.source = participant.source AND survivor.name = patient WHERE trial = ?1 ORDER BY since, number");
    return rows<participation_of>(db_.run(q, trial));
}

std::vector<participant_row> sqlite_store::participants_after(std::string_view trial, std::string_view number, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_PARTICIPANT_COLUMNS
                         " FROM participant WHERE (trial, number) > (?1, ?2) ORDER BY trial, number LIMIT ?3");
    return rows<participant_row>(db_.run(q, trial, number, limit));
}

void sqlite_store::participant_put(const participant_row& row) {
    static const query q(
        "INSERT INTO participant(trial, number, source, patient, protocol_version, state, since, changed, set_by, anchors, stamp, pending) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 1, 1) ON CONFLICT(trial, number) DO UPDATE SET source = excluded.source, "
        "patient = excluded.patient, protocol_version = excluded.protocol_version, state = excluded.state, since = excluded.since, "
        "changed = excluded.changed, set_by = excluded.set_by, anchors = excluded.anchors, stamp = stamp + 1, pending = 1");
    whole([&] {
        const auto before = participant(row.trial, row.number);
        db_.execute(q, row.trial, row.number, row.source, row.patient, row.protocol_version, row.state, row.since, row.changed, row.set_by,
                    row.anchors);
        const bool same_person = before && before->source == row.source && before->patient == row.patient;
        if (!same_person || before->state != row.state)
            restamp(row.source, survivor(row.source, row.patient), row.trial);
        if (before && !same_person)
            restamp(before->source, survivor(before->source, before->patient), row.trial);
    });
}

std::vector<participant_row> sqlite_store::participants_to_look_at(std::size_t limit) {
    static const query q("SELECT " TRIALGATE_PARTICIPANT_COLUMNS " FROM participant INDEXED BY participant_pending WHERE pending = 1 "
                         "ORDER BY source, patient LIMIT ?1");
    return rows<participant_row>(db_.run(q, limit));
}

void sqlite_store::participant_looked_at(std::string_view trial, std::string_view number, std::int64_t stamp) {
    static const query q("UPDATE participant SET pending = 0 WHERE trial = ?1 AND number = ?2 AND stamp <= ?3");
    db_.execute(q, trial, number, stamp);
}

void sqlite_store::participant_note_add(std::string_view trial, std::string_view number, const participant_note& note) {
    static const query q("INSERT INTO participant_note(trial, number, at, by, what) VALUES (?1, ?2, ?3, ?4, ?5)");
    db_.execute(q, trial, number, note.at, note.by, note.what);
}

std::vector<participant_note> sqlite_store::participant_notes(std::string_view trial, std::string_view number) {
    static const query q("SELECT at, by, what FROM participant_note WHERE trial = ?1 AND number = ?2 ORDER BY id");
    return rows<participant_note>(db_.run(q, trial, number));
}

// ---- alerts --------------------------------------------------------------------------------------------------------------

template <class Change>
void sqlite_store::alert_changed(std::string_view trial, Change change) {
    static const query grow("UPDATE alert_stamp SET stamp = stamp + 1");
    whole([&] {
        change();
        db_.execute(grow);
        value_put(alerts_stamp_name(trial), std::to_string(alerts_stamp()));
    });
}

template <class Change>
void sqlite_store::alert_changed(std::int64_t id, Change change) {
    static const query q("SELECT trial FROM alert WHERE id = ?1");
    if (const auto trial = text(db_.run(q, id)))
        alert_changed(*trial, change);
}

std::vector<alert_row> sqlite_store::alerts_of(std::string_view trial, std::string_view number) {
    static const query q("SELECT " TRIALGATE_ALERT_COLUMNS " FROM alert WHERE trial = ?1 AND number = ?2 ORDER BY key, kind");
    return rows<alert_row>(db_.run(q, trial, number));
}

std::optional<alert_row> sqlite_store::alert(std::int64_t id) {
    static const query q("SELECT " TRIALGATE_ALERT_COLUMNS " FROM alert WHERE id = ?1");
    return first<alert_row>(db_.run(q, id));
}

std::vector<alert_row> sqlite_store::alerts_after(std::int64_t id, bool only_open, std::size_t limit) {
    static const query open("SELECT " TRIALGATE_ALERT_COLUMNS
                            " FROM alert INDEXED BY alert_open WHERE open = 1 AND id > ?1 ORDER BY id LIMIT ?2");
    static const query all("SELECT " TRIALGATE_ALERT_COLUMNS " FROM alert WHERE id > ?1 ORDER BY id LIMIT ?2");
    return rows<alert_row>(db_.run(only_open ? open : all, id, limit));
}

std::vector<alert_row> sqlite_store::alerts_before(std::int64_t id, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_ALERT_COLUMNS " FROM alert WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
    return rows<alert_row>(db_.run(q, id, limit));
}

std::vector<alert_count> sqlite_store::alerts_waiting(instant now) {
    static const query q("SELECT trial, count(*) FROM alert INDEXED BY alert_open WHERE open = 1 AND acknowledged = 0 AND snoozed_until <= ?1 "
                         "GROUP BY trial ORDER BY trial");
    return rows<alert_count>(db_.run(q, now));
}

void sqlite_store::alert_found(const alert_row& r) {
    static const query q(
        "INSERT INTO alert(trial, number, key, kind, source, patient, subject, public_id, tier, open, version, raised, changed, withdrawn, "
        "news, "
        "title, content, body, body_with_references, acknowledged_by, acknowledged, snoozed_until, escalated) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, '', 0, 0, 0) "
        "ON CONFLICT(trial, number, key, kind) DO UPDATE SET source = excluded.source, patient = excluded.patient, subject = "
        "excluded.subject, "
        "tier = excluded.tier, open = excluded.open, version = max(version, excluded.version), changed = excluded.changed, "
        "withdrawn = excluded.withdrawn, title = excluded.title, content = excluded.content, body = excluded.body, "
        "body_with_references = excluded.body_with_references, "
        "acknowledged_by = CASE WHEN excluded.news > news THEN '' ELSE acknowledged_by END, "
        "acknowledged = CASE WHEN excluded.news > news THEN 0 ELSE acknowledged END, "
        "snoozed_until = CASE WHEN excluded.news > news THEN 0 ELSE snoozed_until END, "
        "escalated = CASE WHEN excluded.news > news THEN 0 ELSE escalated END, news = max(news, excluded.news)");
    alert_changed(r.trial, [&] {
        db_.execute(q, r.trial, r.number, r.key, r.kind, r.source, r.patient, r.subject, r.public_id, r.tier, r.open, r.version, r.raised,
                    r.changed, r.withdrawn, r.news, r.title, r.content, r.body, r.body_with_references);
    });
}

bool sqlite_store::alert_acknowledge(std::int64_t id, std::string_view by, instant at) {
    static const query q(
        "UPDATE alert SET acknowledged_by = ?2, acknowledged = ?3, version = version + 1 WHERE id = ?1 AND open = 1 AND acknowledged = 0");
    bool done = false;
    alert_changed(id, [&] { done = db_.execute(q, id, by, at) == 1; });
    return done;
}

bool sqlite_store::alert_snooze(std::int64_t id, instant until) {
    static const query q("UPDATE alert SET snoozed_until = ?2 WHERE id = ?1 AND open = 1 AND acknowledged = 0");
    bool done = false;
    alert_changed(id, [&] { done = db_.execute(q, id, until) == 1; });
    return done;
}

void sqlite_store::alert_escalated(std::int64_t id, instant at) {
    static const query q("UPDATE alert SET escalated = ?2 WHERE id = ?1");
    alert_changed(id, [&] { db_.execute(q, id, at); });
}

std::int64_t sqlite_store::alerts_stamp() {
    static const query q("SELECT stamp FROM alert_stamp");
    return count(db_.run(q));
}

// ---- mails ---------------------------------------------------------------------------------------------------------------

std::int64_t sqlite_store::mail_add(const mail_row& row) {
    static const query q("INSERT INTO mail(person, kind, message_id, created, state, attempts, not_before, error, subject, text) "
                         "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");
    db_.execute(q, row.person, row.kind, row.message_id, row.created, row.state, row.attempts, row.not_before, row.error, row.subject,
                row.text);
    return db_.last_id();
}

std::vector<mail_row> sqlite_store::mails(mail_state state, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_MAIL_COLUMNS " FROM mail WHERE state = ?1 ORDER BY id LIMIT ?2");
    return rows<mail_row>(db_.run(q, state, limit));
}

void sqlite_store::mail_set(std::int64_t id, mail_state state, std::uint32_t attempts, instant not_before, std::string_view error) {
    static const query q("UPDATE mail SET state = ?2, attempts = ?3, not_before = ?4, error = ?5 WHERE id = ?1");
    db_.execute(q, id, state, attempts, not_before, error);
}

void sqlite_store::mail_remove(std::int64_t id) {
    static const query q("DELETE FROM mail WHERE id = ?1");
    db_.execute(q, id);
}

std::int64_t sqlite_store::mail_count_of(mail_state state) {
    static const query q("SELECT count(*) FROM mail WHERE state = ?1");
    return count(db_.run(q, state));
}

void sqlite_store::told_put(const told_row& row) {
    static const query q(
        "INSERT INTO mail_told(person, alert, escalation, news, at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(alert, person, escalation) "
        "DO UPDATE SET news = max(news, excluded.news), at = max(at, excluded.at)");
    store_row(db_, q, row);
}

std::vector<told_row> sqlite_store::told() {
    static const query q(
        "SELECT person, alert, escalation, mail_told.news, at FROM alert INDEXED BY alert_open CROSS JOIN mail_told ON alert = id "
        "WHERE open = 1 ORDER BY alert, person, escalation");
    return rows<told_row>(db_.run(q));
}

std::vector<mail_count> sqlite_store::mail_counts() {
    static const query q("SELECT person, day, mails, last FROM mail_count ORDER BY person");
    return rows<mail_count>(db_.run(q));
}

void sqlite_store::mail_count_put(const mail_count& row) {
    static const query q("REPLACE INTO mail_count(person, day, mails, last) VALUES (?1, ?2, ?3, ?4)");
    store_row(db_, q, row);
}

} // namespace trialgate::gateway::sqlite
