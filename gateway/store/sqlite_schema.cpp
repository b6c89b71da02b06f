#include "gateway/store/sqlite_schema.hpp"

namespace trialgate::gateway {

namespace {

constexpr std::int64_t our_application = 0x54'47'41'54; // "TGAT" in the file's header, for file(1)

// The column of a partial index's condition stands in the index too: only then SQLite answers from the index alone.
// Columns that can be large stand last in their table: what stands behind a large value costs a walk over its pages.
constexpr const char* first_schema = R"sql(
CREATE TABLE journal(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice: readers remember how far they came
    source TEXT NOT NULL, kind INTEGER NOT NULL, channel TEXT NOT NULL, method TEXT NOT NULL, tail TEXT NOT NULL, headers TEXT NOT NULL,
    received INTEGER NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE journal_total(one INTEGER PRIMARY KEY CHECK (one = 1), rows INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO journal_total VALUES (1, 0, 0);

CREATE TABLE quarantine(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL, kind INTEGER NOT NULL, channel TEXT NOT NULL, method TEXT NOT NULL, tail TEXT NOT NULL, headers TEXT NOT NULL,
    received INTEGER NOT NULL, reason TEXT NOT NULL, path TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE INDEX quarantine_source ON quarantine(source);

CREATE TABLE patient(
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, key TEXT NOT NULL, hydrated INTEGER NOT NULL, changes_on INTEGER NOT NULL,
    changed INTEGER NOT NULL, records BLOB NOT NULL, UNIQUE (source, key)) STRICT;
CREATE INDEX patient_due ON patient(changes_on, source, key, hydrated) WHERE hydrated = 1;
CREATE TABLE patient_link(
    source TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, PRIMARY KEY (source, a, b)) STRICT, WITHOUT ROWID;
CREATE TABLE subject(
    subject TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, patient TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE definition(
    source TEXT NOT NULL, reference TEXT NOT NULL, record BLOB NOT NULL, PRIMARY KEY (source, reference)) STRICT, WITHOUT ROWID;
CREATE TABLE refers(
    source TEXT NOT NULL, reference TEXT NOT NULL, patient TEXT NOT NULL, PRIMARY KEY (source, reference, patient)) STRICT, WITHOUT ROWID;
CREATE INDEX refers_patient ON refers(source, patient);
CREATE TABLE decision(
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, patient TEXT NOT NULL, trial TEXT NOT NULL, status TEXT NOT NULL, number INTEGER NOT NULL,
    pushed INTEGER NOT NULL, decided INTEGER NOT NULL, human TEXT NOT NULL, human_at INTEGER NOT NULL, contradiction TEXT NOT NULL,
    UNIQUE (source, patient, trial)) STRICT;

CREATE TABLE outbox(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sink TEXT NOT NULL, subject TEXT NOT NULL, trial TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, created INTEGER NOT NULL,
    state INTEGER NOT NULL, attempts INTEGER NOT NULL, not_before INTEGER NOT NULL,
    head INTEGER NOT NULL, -- 1: the first waiting row of its sink and subject
    error TEXT NOT NULL, body TEXT NOT NULL) STRICT;
CREATE INDEX outbox_order ON outbox(sink, subject, id, state) WHERE state = 0;
CREATE INDEX outbox_head ON outbox(sink, id, not_before, head) WHERE head = 1;
CREATE INDEX outbox_wait ON outbox(sink, not_before, id, head) WHERE head = 1;
CREATE INDEX outbox_dead ON outbox(sink, id, state) WHERE state = 1;
CREATE TABLE outbox_key(
    sink TEXT NOT NULL, key TEXT NOT NULL, subject TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (sink, key)) STRICT, WITHOUT ROWID;

CREATE TABLE job(
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, kind INTEGER NOT NULL, target TEXT NOT NULL, not_before INTEGER NOT NULL,
    attempts INTEGER NOT NULL, stamp INTEGER NOT NULL, UNIQUE (source, kind, target)) STRICT;
CREATE INDEX job_due ON job(source, kind, not_before, id);
CREATE TABLE subscription(
    source TEXT NOT NULL, name TEXT NOT NULL, token TEXT NOT NULL, secret TEXT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL,
    criteria TEXT NOT NULL, endpoint TEXT NOT NULL, status TEXT NOT NULL, created INTEGER NOT NULL, ends INTEGER NOT NULL,
    last_heard INTEGER NOT NULL, last_checked INTEGER NOT NULL, numbers TEXT NOT NULL, PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;

CREATE TABLE named_value(name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE fault(
    key TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL, since INTEGER NOT NULL, last INTEGER NOT NULL, times INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// After enrolment. `open` and `pending` stand in their partial indexes as above.
constexpr const char* followup_schema = R"sql(
CREATE TABLE participant(
    trial TEXT NOT NULL, number TEXT NOT NULL, source TEXT NOT NULL, patient TEXT NOT NULL, protocol_version TEXT NOT NULL, state TEXT NOT NULL,
    since INTEGER NOT NULL, changed INTEGER NOT NULL, set_by TEXT NOT NULL, stamp INTEGER NOT NULL,
    pending INTEGER NOT NULL, -- 1: was put and not yet looked at
    anchors TEXT NOT NULL, PRIMARY KEY (trial, number)) STRICT, WITHOUT ROWID;
CREATE INDEX participant_of ON participant(source, patient, trial, since, number);
CREATE INDEX participant_pending ON participant(source, patient, pending) WHERE pending = 1;
CREATE TABLE participant_note(
    id INTEGER PRIMARY KEY AUTOINCREMENT, trial TEXT NOT NULL, number TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
    what TEXT NOT NULL) STRICT;
CREATE INDEX participant_note_of ON participant_note(trial, number, id);

CREATE TABLE alert(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    trial TEXT NOT NULL, number TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, source TEXT NOT NULL, patient TEXT NOT NULL,
    subject TEXT NOT NULL, public_id TEXT NOT NULL, tier INTEGER NOT NULL, open INTEGER NOT NULL, version INTEGER NOT NULL,
    raised INTEGER NOT NULL, changed INTEGER NOT NULL, withdrawn INTEGER NOT NULL, news INTEGER NOT NULL, acknowledged_by TEXT NOT NULL,
    acknowledged INTEGER NOT NULL, snoozed_until INTEGER NOT NULL, escalated INTEGER NOT NULL, title TEXT NOT NULL, content TEXT NOT NULL,
    body TEXT NOT NULL, body_with_references TEXT NOT NULL, UNIQUE (trial, number, key, kind)) STRICT;
CREATE INDEX alert_open ON alert(id, open) WHERE open = 1;
CREATE INDEX alert_source ON alert(source);
CREATE TABLE alert_stamp(one INTEGER PRIMARY KEY CHECK (one = 1), stamp INTEGER NOT NULL) STRICT;
INSERT INTO alert_stamp VALUES (1, 0);

CREATE TABLE mail(
    id INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL, kind TEXT NOT NULL, message_id TEXT NOT NULL, created INTEGER NOT NULL,
    state INTEGER NOT NULL, attempts INTEGER NOT NULL, not_before INTEGER NOT NULL, error TEXT NOT NULL, subject TEXT NOT NULL,
    text TEXT NOT NULL) STRICT;
CREATE INDEX mail_state ON mail(state, id);
CREATE TABLE mail_told(
    person TEXT NOT NULL, alert INTEGER NOT NULL, escalation INTEGER NOT NULL, news INTEGER NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY (alert, person, escalation)) STRICT, WITHOUT ROWID;
CREATE TABLE mail_count(
    person TEXT NOT NULL PRIMARY KEY, day INTEGER NOT NULL, mails INTEGER NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// The coordinator's page. Everybody is evaluated once more, so that the new columns fill.
constexpr const char* page_schema = R"sql(
ALTER TABLE decision ADD COLUMN subject TEXT NOT NULL DEFAULT '';
ALTER TABLE decision ADD COLUMN strip TEXT NOT NULL DEFAULT '';
ALTER TABLE decision ADD COLUMN changes_on INTEGER NOT NULL DEFAULT 2000000000;
ALTER TABLE decision ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decision ADD COLUMN mark TEXT NOT NULL DEFAULT '';
ALTER TABLE decision ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE decision ADD COLUMN made_with TEXT NOT NULL DEFAULT '';
ALTER TABLE decision ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;
UPDATE decision SET stamp = id, changed = decided;
CREATE INDEX decision_list ON decision(trial, stamp);
CREATE INDEX decision_subject ON decision(subject, trial);
CREATE TABLE decision_stamp(one INTEGER PRIMARY KEY CHECK (one = 1), stamp INTEGER NOT NULL) STRICT;
INSERT INTO decision_stamp SELECT 1, coalesce(max(id), 0) FROM decision;
UPDATE patient SET changes_on = -2000000000;

CREATE TABLE history(
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, patient TEXT NOT NULL, trial TEXT NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL,
    strip TEXT NOT NULL, made_with TEXT NOT NULL, cause TEXT NOT NULL, stamp INTEGER NOT NULL) STRICT;
CREATE INDEX history_of ON history(source, patient, trial, id);
INSERT INTO history SELECT id, source, patient, trial, decided, status, '', '', '{"by":"record"}', stamp FROM decision WHERE status <> '';
CREATE TABLE judgement(
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, patient TEXT NOT NULL, trial TEXT NOT NULL, kind INTEGER NOT NULL,
    what TEXT NOT NULL, by TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, at INTEGER NOT NULL,
    undone_by TEXT NOT NULL, undone_name TEXT NOT NULL, undone INTEGER NOT NULL, unread INTEGER NOT NULL, value TEXT NOT NULL, reason TEXT NOT NULL,
    asked TEXT NOT NULL, key TEXT NOT NULL, stamp INTEGER NOT NULL) STRICT; -- stamp: of the list when it was said or undone
CREATE UNIQUE INDEX judgement_key ON judgement(by, key) WHERE key <> '';
CREATE INDEX judgement_of ON judgement(source, patient, trial, id);
CREATE INDEX judgement_kind ON judgement(kind, id);
CREATE INDEX judgement_since ON judgement(trial, stamp);
CREATE INDEX judgement_unread ON judgement(id, unread) WHERE unread > 0;
CREATE INDEX judgement_comment ON judgement(trial, source, patient, kind, undone_by) WHERE kind = 2 AND undone_by = '';
CREATE TABLE survivor(
    source TEXT NOT NULL, name TEXT NOT NULL, person TEXT NOT NULL, PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;
CREATE INDEX survivor_of ON survivor(source, person);
CREATE TABLE local_code(
    source TEXT NOT NULL, patient TEXT NOT NULL, type TEXT NOT NULL, system TEXT NOT NULL, code TEXT NOT NULL, display TEXT NOT NULL,
    fresh INTEGER NOT NULL, -- 1: put since all was fetched last
    PRIMARY KEY (source, patient, type, system, code)) STRICT, WITHOUT ROWID;

CREATE TABLE audit(
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, by TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, address TEXT NOT NULL,
    action TEXT NOT NULL, trial TEXT NOT NULL, subject TEXT NOT NULL, refused INTEGER NOT NULL, status INTEGER NOT NULL, seal TEXT NOT NULL,
    detail TEXT NOT NULL) STRICT;
CREATE TRIGGER audit_never_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_never_removed BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
-- REPLACE removes without asking the trigger above.
CREATE TRIGGER audit_only_appended BEFORE INSERT ON audit WHEN NEW.id <= (SELECT max(id) FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
)sql";

constexpr migration history[] = {{1, first_schema}, {2, followup_schema}, {3, page_schema}};

} // namespace

std::span<const migration> shipped_migrations() noexcept { return history; }

namespace sqlite {

namespace {

/// Of the file; 0: new and empty.
std::int64_t version_of(database& db, std::int64_t newest) {
    const std::int64_t application = db.number("PRAGMA application_id");
    const std::int64_t version = db.number("PRAGMA user_version");
    const bool empty = application == 0 && version == 0 && db.number("SELECT count(*) FROM sqlite_schema") == 0;
    if (application != our_application && !empty)
        throw store_error(store_error::kind::broken, db.file() + ": belongs to another program");
    if (version > newest)
        throw store_error(store_error::kind::broken, db.file() + ": was written by a newer trialgate (schema " + std::to_string(version) +
                                                         ", this one knows " + std::to_string(newest) + ")");
    return version;
}

void apply(database& db, const migration& next) {
    db.script("BEGIN IMMEDIATE");
    try {
        // Somebody else may have been faster; the lock is ours only now.
        if (db.number("PRAGMA user_version") == next.number - 1) {
            db.script(next.sql);
            db.script(("PRAGMA user_version = " + std::to_string(next.number)).c_str());
            db.script(("PRAGMA application_id = " + std::to_string(our_application)).c_str());
        }
        db.script("COMMIT");
    } catch (...) {
        sqlite3_exec(db.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
        throw;
    }
}

} // namespace

void check_owner(database& db, std::span<const migration> known) { version_of(db, known.back().number); }

void migrate(database& db, std::span<const migration> known) {
    const std::int64_t version = version_of(db, known.back().number);
    for (const migration& m : known)
        if (m.number > version)
            apply(db, m);
}

void check_version(database& db, std::span<const migration> known) {
    const std::int64_t version = version_of(db, known.back().number);
    if (version != known.back().number)
        throw store_error(store_error::kind::io, db.file() + ": stands at schema " + std::to_string(version) + ", this program reads " +
                                                     std::to_string(known.back().number) + "; start the gateway once, it brings it up to date");
}

} // namespace sqlite

} // namespace trialgate::gateway
