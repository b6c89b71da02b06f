// What intake still has to do, its Subscriptions, small values, faults, and forgetting a source.
#include "gateway/store/sqlite_connection.hpp"

namespace trialgate::gateway::sqlite {

void sqlite_store::job_add(const job& j) {
    static const query q("INSERT INTO job(source, kind, target, not_before, attempts, stamp) VALUES (?1, ?2, ?3, ?4, ?5, 1) "
                         "ON CONFLICT(source, kind, target) DO UPDATE SET not_before = min(not_before, excluded.not_before), attempts = 0, "
                         "stamp = stamp + 1");
    db_.execute(q, j.source, j.kind, j.target, j.not_before, j.attempts);
}

std::vector<job> sqlite_store::jobs_due(std::string_view source, job_kind kind, instant now, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_JOB_COLUMNS " FROM job WHERE source = ?1 AND kind = ?2 AND not_before <= ?3 "
                         "ORDER BY not_before, id LIMIT ?4");
    return rows<job>(db_.run(q, source, kind, now, limit));
}

std::optional<instant> sqlite_store::job_next(std::string_view source, job_kind kind) {
    static const query q("SELECT min(not_before) FROM job WHERE source = ?1 AND kind = ?2");
    return when(db_.run(q, source, kind));
}

void sqlite_store::job_later(std::int64_t id, std::uint32_t attempts, instant not_before) {
    static const query q("UPDATE job SET attempts = ?2, not_before = ?3 WHERE id = ?1");
    db_.execute(q, id, attempts, not_before);
}

void sqlite_store::job_done(std::int64_t id, std::int64_t stamp) {
    static const query q("DELETE FROM job WHERE id = ?1 AND stamp <= ?2");
    db_.execute(q, id, stamp);
}

std::int64_t sqlite_store::job_count(std::string_view source, job_kind kind) {
    static const query q("SELECT count(*) FROM job WHERE source = ?1 AND kind = ?2");
    return count(db_.run(q, source, kind));
}

std::vector<subscription_row> sqlite_store::subscriptions(std::string_view source) {
    static const query q("SELECT " TRIALGATE_SUBSCRIPTION_COLUMNS " FROM subscription WHERE source = ?1 ORDER BY name");
    return rows<subscription_row>(db_.run(q, source));
}

std::optional<subscription_row> sqlite_store::subscription(std::string_view source, std::string_view name) {
    static const query q("SELECT " TRIALGATE_SUBSCRIPTION_COLUMNS " FROM subscription WHERE source = ?1 AND name = ?2");
    return first<subscription_row>(db_.run(q, source, name));
}

void sqlite_store::subscription_put(const subscription_row& row) {
    static const query q("REPLACE INTO subscription(" TRIALGATE_SUBSCRIPTION_COLUMNS
                         ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
    store_row(db_, q, row);
}

void sqlite_store::subscription_remove(std::string_view source, std::string_view name) {
    static const query q("DELETE FROM subscription WHERE source = ?1 AND name = ?2");
    db_.execute(q, source, name);
}

std::optional<std::string> sqlite_store::value(std::string_view name) {
    static const query q("SELECT text FROM named_value WHERE name = ?1");
    return text(db_.run(q, name));
}

void sqlite_store::value_put(std::string_view name, std::string_view content) {
    static const query q("REPLACE INTO named_value VALUES (?1, ?2)");
    db_.execute(q, name, content);
}

void sqlite_store::value_remove(std::string_view name) {
    static const query q("DELETE FROM named_value WHERE name = ?1");
    db_.execute(q, name);
}

std::vector<fault_row> sqlite_store::faults() {
    static const query q("SELECT " TRIALGATE_FAULT_COLUMNS " FROM fault ORDER BY key");
    return rows<fault_row>(db_.run(q));
}

void sqlite_store::fault_put(const fault_row& row) {
    static const query q("REPLACE INTO fault(" TRIALGATE_FAULT_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5)");
    store_row(db_, q, row);
}

void sqlite_store::fault_remove(std::string_view key) {
    static const query q("DELETE FROM fault WHERE key = ?1");
    db_.execute(q, key);
}

void sqlite_store::source_remove(std::string_view source) {
    static const query journaled("SELECT count(*), coalesce(sum(bytes), 0) FROM journal WHERE source = ?1");
    // Outbox rows and their keys belong to a source by their subject. Names of values have the source second, "cursor/ehr/Observation";
    // keys of faults that concern a source too, "source.ehr.unreachable".
    static const query all[] = {
        query("DELETE FROM journal WHERE source = ?1"),
        query("DELETE FROM outbox WHERE subject IN (SELECT subject FROM subject WHERE source = ?1)"),
        query("DELETE FROM outbox_key WHERE subject IN (SELECT subject FROM subject WHERE source = ?1)"),
        query("DELETE FROM subject WHERE source = ?1"),
        query("DELETE FROM patient WHERE source = ?1"),
        query("DELETE FROM patient_link WHERE source = ?1"),
        query("DELETE FROM definition WHERE source = ?1"),
        query("DELETE FROM refers WHERE source = ?1"),
        query("DELETE FROM decision WHERE source = ?1"),
        query("DELETE FROM history WHERE source = ?1"),
        query("DELETE FROM judgement WHERE source = ?1"),
        query("DELETE FROM survivor WHERE source = ?1"),
        query("DELETE FROM local_code WHERE source = ?1"),
        query("DELETE FROM mail_told WHERE alert IN (SELECT id FROM alert WHERE source = ?1)"),
        query("DELETE FROM alert WHERE source = ?1"),
        query("DELETE FROM participant_note WHERE (trial, number) IN (SELECT trial, number FROM participant WHERE source = ?1)"),
        query("DELETE FROM participant WHERE source = ?1"),
        query("DELETE FROM job WHERE source = ?1"),
        query("DELETE FROM subscription WHERE source = ?1"),
        query("DELETE FROM named_value WHERE substr(name, instr(name, '/')) || '/' LIKE '/' || ?1 || '/%' AND instr(name, '/') > 0"),
        query("DELETE FROM fault WHERE key LIKE 'source.' || ?1 || '.%' OR key LIKE 'subscription.' || ?1 || '.%'"),
    };
    whole([&] {
        std::int64_t count = 0, bytes = 0;
        {
            cursor c = db_.run(journaled, source);
            c.step();
            c.read(count, bytes);
        }
        for (const query& q : all)
            db_.execute(q, source);
        added_rows_ -= count;
        added_bytes_ -= bytes;
    });
}

} // namespace trialgate::gateway::sqlite
