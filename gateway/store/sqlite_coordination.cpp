// What a worklist shows, how decisions came about, what people said of them, and who saw what.
#include "gateway/store/fold.hpp"
#include "gateway/store/sqlite_connection.hpp"

namespace trialgate::gateway::sqlite {

std::optional<decision_row> sqlite_store::decision_of_subject(std::string_view subject, std::string_view trial) {
    static const query q("SELECT " TRIALGATE_DECISION_COLUMNS " FROM decision WHERE subject = ?1 AND trial = ?2 AND subject <> ''");
    return first<decision_row>(db_.run(q, subject, trial));
}

std::vector<decision_row> sqlite_store::decisions_since(std::string_view trial, std::int64_t stamp, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_DECISION_COLUMNS
                         " FROM decision INDEXED BY decision_list WHERE trial = ?1 AND stamp > ?2 ORDER BY stamp LIMIT ?3");
    return rows<decision_row>(db_.run(q, trial, stamp, limit));
}

std::vector<status_count> sqlite_store::decision_counts(std::string_view trial) {
    static const query q("SELECT status, count(*) FROM decision WHERE trial = ?1 GROUP BY status ORDER BY status");
    return rows<status_count>(db_.run(q, trial));
}

std::int64_t sqlite_store::decisions_stamp() {
    static const query q("SELECT stamp FROM decision_stamp");
    return count(db_.run(q));
}

void sqlite_store::restamp(std::string_view source, std::string_view patient_key, std::string_view trial) {
    static const query row("UPDATE decision SET stamp = (SELECT stamp + 1 FROM decision_stamp) WHERE source = ?1 AND patient = ?2 AND trial = ?3");
    static const query used("UPDATE decision_stamp SET stamp = stamp + 1");
    if (db_.execute(row, source, patient_key, trial) == 1)
        db_.execute(used);
}

// ---- how a decision came about ---------------------------------------------------------------------------------------------

void sqlite_store::history_add(const history_row& r) {
    static const query q("INSERT INTO history(source, patient, trial, at, status, strip, made_with, cause, stamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, "
                         "coalesce((SELECT stamp FROM decision WHERE source = ?1 AND patient = ?2 AND trial = ?3), 0))");
    db_.execute(q, r.source, r.patient, r.trial, r.at, r.status, r.strip, r.made_with, r.cause);
}

std::vector<history_row> sqlite_store::history_of(std::string_view source, std::string_view patient_key, std::string_view trial,
                                                  std::size_t limit) {
    static const query q("SELECT " TRIALGATE_HISTORY_COLUMNS " FROM history WHERE source = ?1 AND patient IN " TRIALGATE_NAMES_OF
                         " AND trial = ?3 AND (patient = ?2 OR status <> '') ORDER BY id DESC LIMIT ?4");
    return rows<history_row>(db_.run(q, source, patient_key, trial, limit));
}

std::optional<history_row> sqlite_store::history_at(std::string_view source, std::string_view patient_key, std::string_view trial, std::int64_t stamp) {
    static const query q("SELECT " TRIALGATE_HISTORY_COLUMNS " FROM history INDEXED BY history_of WHERE source = ?1 AND patient = ?2 AND trial = ?3 "
                         "AND stamp <= ?4 ORDER BY id DESC LIMIT 1");
    return first<history_row>(db_.run(q, source, patient_key, trial, stamp));
}

// ---- what people said ------------------------------------------------------------------------------------------------------

std::int64_t sqlite_store::judgement_add(const judgement_row& r) {
    static const query q("INSERT INTO judgement(source, patient, trial, kind, what, value, reason, by, name, role, at, asked, key, undone_by, "
                         "undone_name, undone, unread, stamp) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, '', '', 0, 1, "
                         "(SELECT stamp + 1 FROM decision_stamp))");
    std::int64_t id = 0;
    whole([&] {
        db_.execute(q, r.source, r.patient, r.trial, r.kind, r.what, r.value, r.reason, r.by, r.name, r.role, r.at, r.asked, r.key);
        id = db_.last_id();
        restamp(r.source, survivor(r.source, r.patient), r.trial);
    });
    return id;
}

std::optional<judgement_row> sqlite_store::judgement(std::int64_t id) {
    static const query q("SELECT " TRIALGATE_JUDGEMENT_COLUMNS " FROM judgement WHERE id = ?1");
    return first<judgement_row>(db_.run(q, id));
}

std::optional<judgement_row> sqlite_store::judgement_by_key(std::string_view by, std::string_view key) {
    static const query q("SELECT " TRIALGATE_JUDGEMENT_COLUMNS " FROM judgement WHERE by = ?1 AND key = ?2 AND key <> ''");
    return first<judgement_row>(db_.run(q, by, key));
}

std::vector<judgement_row> sqlite_store::judgements_of(std::string_view source, std::string_view patient_key, std::string_view trial) {
    static const query of_trial("SELECT " TRIALGATE_JUDGEMENT_COLUMNS " FROM judgement WHERE source = ?1 AND patient IN " TRIALGATE_NAMES_OF
                                " AND trial = ?3 ORDER BY id");
    static const query of_all("SELECT " TRIALGATE_JUDGEMENT_COLUMNS " FROM judgement WHERE source = ?1 AND patient IN " TRIALGATE_NAMES_OF
                              " ORDER BY id");
    if (trial.empty())
        return rows<judgement_row>(db_.run(of_all, source, patient_key));
    return rows<judgement_row>(db_.run(of_trial, source, patient_key, trial));
}

std::vector<judgement_row> sqlite_store::judgements_after(std::int64_t id, judgement_kind kind, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_JUDGEMENT_COLUMNS " FROM judgement WHERE kind = ?2 AND id > ?1 ORDER BY id LIMIT ?3");
    return rows<judgement_row>(db_.run(q, id, kind, limit));
}

bool sqlite_store::judgement_undo(std::int64_t id, const speaker& by, instant at) {
    static const query q("UPDATE judgement SET undone_by = ?2, undone_name = ?3, undone = ?4, unread = unread + 1, "
                         "stamp = (SELECT stamp + 1 FROM decision_stamp) WHERE id = ?1 AND undone_by = ''");
    bool done = false;
    whole([&] {
        done = db_.execute(q, id, by.id, by.name, at) == 1;
        if (const auto row = judgement(id); row && done)
            restamp(row->source, survivor(row->source, row->patient), row->trial);
    });
    return done;
}

std::vector<named_person> sqlite_store::judged_since(std::string_view trial, std::int64_t stamp, std::string_view user) {
    static const query q("SELECT DISTINCT judgement.source, coalesce(person, patient) FROM judgement "
                         "LEFT JOIN survivor ON survivor.source = judgement.source AND survivor.name = patient "
                         "WHERE trial = ?1 AND stamp > ?2 AND CASE undone_by WHEN '' THEN by ELSE undone_by END <> ?3");
    return rows<named_person>(db_.run(q, trial, stamp, user));
}

std::vector<judgement_row> sqlite_store::judgements_to_look_at(std::size_t limit) {
    static const query q("SELECT " TRIALGATE_JUDGEMENT_COLUMNS
                         " FROM judgement INDEXED BY judgement_unread WHERE unread > 0 ORDER BY id LIMIT ?1");
    return rows<judgement_row>(db_.run(q, limit));
}

void sqlite_store::judgement_looked_at(std::int64_t id, std::int64_t unread) {
    static const query q("UPDATE judgement SET unread = 0 WHERE id = ?1 AND unread = ?2");
    db_.execute(q, id, unread);
}

std::vector<comment_count> sqlite_store::comment_counts(std::string_view trial) {
    static const query q(
        "SELECT judgement.source, coalesce(person, patient) AS who, count(*) FROM judgement INDEXED BY judgement_comment "
        "LEFT JOIN survivor ON survivor.source = judgement.source AND survivor.name = patient "
        "WHERE trial = ?1 AND kind = 2 AND undone_by = '' GROUP BY judgement.source, who ORDER BY judgement.source, who");
    return rows<comment_count>(db_.run(q, trial));
}

void sqlite_store::survivor_put(std::string_view source, std::string_view name, std::string_view person) {
    static const query put("INSERT INTO survivor VALUES (?1, ?2, ?3) ON CONFLICT(source, name) DO UPDATE SET person = excluded.person");
    static const query itself("DELETE FROM survivor WHERE source = ?1 AND name = ?2");
    whole([&] {
        const std::string before = survivor(source, name);
        if (before == person)
            return;
        if (name == person)
            db_.execute(itself, source, name);
        else
            db_.execute(put, source, name, person);
        for (const std::string_view concerned : {std::string_view(before), person})
            for (const decision_row& row : decisions_of(source, concerned))
                restamp(source, concerned, row.trial);
    });
}

std::string sqlite_store::survivor(std::string_view source, std::string_view name) {
    static const query q("SELECT person FROM survivor WHERE source = ?1 AND name = ?2");
    return text(db_.run(q, source, name)).value_or(std::string(name));
}

// ---- what nobody understands -------------------------------------------------------------------------------------------------

void sqlite_store::local_code_put(std::string_view source, std::string_view patient_key, const local_code& c) {
    static const query q("INSERT INTO local_code SELECT ?1, ?2, ?3, ?4, ?5, ?6, 1 "
                         "WHERE (SELECT count(*) FROM local_code WHERE source = ?1 AND patient = ?2) < 300 "
                         "AND EXISTS (SELECT 1 FROM patient WHERE source = ?1 AND key = ?2) "
                         "ON CONFLICT DO UPDATE SET fresh = 1, display = excluded.display");
    db_.execute(q, source, patient_key, c.type, c.system, c.code, c.display);
}

void sqlite_store::local_codes_settle(std::string_view source, std::string_view patient_key) {
    static const query forgotten("DELETE FROM local_code WHERE source = ?1 AND patient = ?2 AND fresh = 0");
    static const query settled("UPDATE local_code SET fresh = 0 WHERE source = ?1 AND patient = ?2");
    whole([&] {
        db_.execute(forgotten, source, patient_key);
        db_.execute(settled, source, patient_key);
    });
}

std::vector<local_code> sqlite_store::local_codes_of(std::string_view source, std::string_view patient_key) {
    static const query q("SELECT type, system, code, max(display) FROM local_code WHERE source = ?1 AND patient IN " TRIALGATE_NAMES_OF
                         " GROUP BY type, system, code ORDER BY type, system, code");
    return rows<local_code>(db_.run(q, source, patient_key));
}

// ---- who saw and did what --------------------------------------------------------------------------------------------------

std::int64_t sqlite_store::audit_add(const audit_row& row) {
    static const query q("INSERT INTO audit(" TRIALGATE_AUDIT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
    audit_row sealed = row;
    whole([&] {
        const std::vector<audit_row> last = audit_latest(1);
        sealed.id = last.empty() ? 1 : last.front().id + 1;
        sealed.seal = audit_seal(last.empty() ? std::string_view() : last.front().seal, sealed);
        store_row(db_, q, sealed);
    });
    return sealed.id;
}

std::vector<audit_row> sqlite_store::audit_after(std::int64_t id, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_AUDIT_COLUMNS " FROM audit WHERE id > ?1 ORDER BY id LIMIT ?2");
    return rows<audit_row>(db_.run(q, id, limit));
}

std::vector<audit_row> sqlite_store::audit_latest(std::size_t limit) {
    static const query q("SELECT " TRIALGATE_AUDIT_COLUMNS " FROM audit ORDER BY id DESC LIMIT ?1");
    return rows<audit_row>(db_.run(q, limit));
}

std::vector<audit_row> sqlite_store::audit_between(std::int64_t from, std::int64_t before, const audit_filter& filter, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_AUDIT_COLUMNS " FROM audit WHERE id > ?1 AND id < ?2 "
                         "AND (?3 = '' OR instr(fold_case(name), ?3) > 0 OR instr(fold_case(by), ?3) > 0) AND (?4 = '' OR action = ?4) "
                         "AND (?5 = '' OR substr(subject, 1, length(?5)) = ?5) AND (?6 = 0 OR at >= ?6) AND (?7 = 0 OR at < ?7) "
                         "ORDER BY id DESC LIMIT ?8");
    const std::string who = fold_case(filter.who);
    return rows<audit_row>(db_.run(q, from, before, who, filter.action, filter.subject, filter.from, filter.until, limit));
}

} // namespace trialgate::gateway::sqlite
