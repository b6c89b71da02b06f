// People, their names, what they refer to, and what was decided about them.
#include "gateway/store/sqlite_connection.hpp"

namespace trialgate::gateway::sqlite {

std::optional<patient_row> sqlite_store::patient(std::string_view source, std::string_view key) {
    static const query q("SELECT " TRIALGATE_PATIENT_COLUMNS " FROM patient WHERE source = ?1 AND key = ?2");
    return first<patient_row>(db_.run(q, source, key));
}

void sqlite_store::patient_put(const patient_row& row) {
    static const query q("INSERT INTO patient(" TRIALGATE_PATIENT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(source, key) DO UPDATE SET "
                         "hydrated = excluded.hydrated, changes_on = excluded.changes_on, changed = excluded.changed, records = excluded.records");
    store_row(db_, q, row);
}

void sqlite_store::patient_remove(std::string_view source, std::string_view key) {
    static const query person("DELETE FROM patient WHERE source = ?1 AND key = ?2");
    static const query references("DELETE FROM refers WHERE source = ?1 AND patient = ?2");
    static const query codes("DELETE FROM local_code WHERE source = ?1 AND patient = ?2");
    whole([&] {
        db_.execute(person, source, key);
        db_.execute(references, source, key);
        db_.execute(codes, source, key);
    });
}

std::int64_t sqlite_store::patient_count() {
    static const query q("SELECT count(*) FROM patient");
    return count(db_.run(q));
}

std::vector<std::pair<std::string, std::string>> sqlite_store::patients_due(fhir::date on, std::size_t limit) {
    static const query q("SELECT source, key FROM patient WHERE hydrated = 1 AND changes_on <= ?1 ORDER BY changes_on, source, key LIMIT ?2");
    return pairs(db_.run(q, on, limit));
}

std::vector<std::pair<std::string, std::string>> sqlite_store::patients_after(std::string_view source, std::string_view key, std::size_t limit) {
    static const query q("SELECT source, key FROM patient WHERE (source, key) > (?1, ?2) ORDER BY source, key LIMIT ?3");
    return pairs(db_.run(q, source, key, limit));
}

void sqlite_store::link(std::string_view source, std::string_view a, std::string_view b) {
    static const query q("INSERT OR IGNORE INTO patient_link VALUES (?1, ?2, ?3), (?1, ?3, ?2)");
    if (a != b)
        db_.execute(q, source, a, b);
}

std::vector<std::string> sqlite_store::linked(std::string_view source, std::string_view key) {
    static const query q("SELECT b FROM patient_link WHERE source = ?1 AND a = ?2 ORDER BY b");
    return texts(db_.run(q, source, key));
}

void sqlite_store::subject_put(std::string_view subject, std::string_view source, std::string_view patient_key) {
    static const query q("INSERT INTO subject VALUES (?1, ?2, ?3) ON CONFLICT(subject) DO UPDATE SET source = excluded.source, "
                         "patient = excluded.patient WHERE source <> excluded.source OR patient <> excluded.patient");
    db_.execute(q, subject, source, patient_key);
}

std::optional<std::pair<std::string, std::string>> sqlite_store::subject_of(std::string_view subject) {
    static const query q("SELECT source, patient FROM subject WHERE subject = ?1");
    auto found = pairs(db_.run(q, subject));
    if (found.empty())
        return std::nullopt;
    return std::move(found.front());
}

void sqlite_store::definition_put(std::string_view source, std::string_view reference, std::string_view record) {
    static const query q("INSERT INTO definition VALUES (?1, ?2, ?3) ON CONFLICT(source, reference) DO UPDATE SET record = excluded.record");
    db_.execute(q, source, reference, blob{record});
}

std::optional<std::string> sqlite_store::definition(std::string_view source, std::string_view reference) {
    static const query q("SELECT record FROM definition WHERE source = ?1 AND reference = ?2");
    return text(db_.run(q, source, reference));
}

void sqlite_store::refers(std::string_view source, std::string_view reference, std::string_view key) {
    static const query q("INSERT OR IGNORE INTO refers VALUES (?1, ?2, ?3)");
    db_.execute(q, source, reference, key);
}

std::vector<std::string> sqlite_store::referring(std::string_view source, std::string_view reference) {
    static const query q("SELECT patient FROM refers WHERE source = ?1 AND reference = ?2 ORDER BY patient");
    return texts(db_.run(q, source, reference));
}

std::optional<decision_row> sqlite_store::decision(std::string_view source, std::string_view patient_key, std::string_view trial) {
    static const query q("SELECT " TRIALGATE_DECISION_COLUMNS " FROM decision WHERE source = ?1 AND patient = ?2 AND trial = ?3");
    return first<decision_row>(db_.run(q, source, patient_key, trial));
}

std::vector<decision_row> sqlite_store::decisions_of(std::string_view source, std::string_view patient_key) {
    static const query q("SELECT " TRIALGATE_DECISION_COLUMNS " FROM decision WHERE source = ?1 AND patient = ?2 ORDER BY trial");
    return rows<decision_row>(db_.run(q, source, patient_key));
}

void sqlite_store::decision_put(const decision_row& row) {
    // Every row has a stamp of its own: a page of them can end anywhere.
    static const query q(
        "INSERT INTO decision(source, patient, trial, status, number, pushed, decided, human, human_at, contradiction, subject, strip, changes_on, "
        "changed, mark, marked, made_with, stamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
        "(SELECT stamp + 1 FROM decision_stamp)) ON CONFLICT(source, patient, trial) DO UPDATE SET status = excluded.status, "
        "number = excluded.number, pushed = excluded.pushed, decided = excluded.decided, human = excluded.human, human_at = excluded.human_at, "
        "contradiction = excluded.contradiction, subject = excluded.subject, strip = excluded.strip, changes_on = excluded.changes_on, "
        "changed = excluded.changed, mark = excluded.mark, marked = excluded.marked, made_with = excluded.made_with, "
        "stamp = CASE WHEN (subject, status, strip, changes_on, mark, human, contradiction) = (excluded.subject, excluded.status, "
        "excluded.strip, excluded.changes_on, excluded.mark, excluded.human, excluded.contradiction) THEN stamp "
        "ELSE excluded.stamp END RETURNING stamp");
    static const query used("UPDATE decision_stamp SET stamp = ?1 WHERE stamp < ?1");
    whole([&] {
        const std::int64_t stamp = count(db_.run(q, row.source, row.patient, row.trial, row.status, row.number, row.pushed, row.decided, row.human,
                                                 row.human_at, row.contradiction, row.subject, row.strip, row.changes_on, row.changed,
                                                 row.mark, row.marked, row.made_with));
        db_.execute(used, stamp);
    });
}

std::vector<decision_row> sqlite_store::decisions_after(std::string_view source, std::string_view patient_key, std::string_view trial,
                                                        std::size_t limit) {
    static const query q("SELECT " TRIALGATE_DECISION_COLUMNS " FROM decision WHERE (source, patient, trial) > (?1, ?2, ?3) "
                         "ORDER BY source, patient, trial LIMIT ?4");
    return rows<decision_row>(db_.run(q, source, patient_key, trial, limit));
}

} // namespace trialgate::gateway::sqlite
