// What is to be told, in order per subject. `head` marks the first waiting row of each subject, so that what is due is found without looking at
// the rows behind it, however many wait.
#include "gateway/store/sqlite_connection.hpp"

namespace trialgate::gateway::sqlite {

void sqlite_store::mark_head(std::string_view sink, std::string_view subject) {
    static const query first_waiting("SELECT min(id) FROM outbox WHERE sink = ?1 AND subject = ?2 AND state = 0");
    static const query others("UPDATE outbox SET head = 0 WHERE sink = ?1 AND subject = ?2 AND state = 0 AND head = 1 AND id <> ?3");
    static const query head("UPDATE outbox SET head = 1 WHERE id = ?1 AND head = 0");
    const std::int64_t id = count(db_.run(first_waiting, sink, subject));
    if (id == 0)
        return;
    db_.execute(others, sink, subject, id);
    db_.execute(head, id);
}

void sqlite_store::outbox_add(const outbox_row& row) {
    static const query remember("INSERT OR IGNORE INTO outbox_key VALUES (?1, ?2, ?3, ?4)");
    static const query q("INSERT INTO outbox(sink, subject, trial, kind, key, created, state, attempts, not_before, error, body, head) VALUES "
                         "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                         "?7 = 0 AND NOT EXISTS (SELECT 1 FROM outbox WHERE sink = ?1 AND subject = ?2 AND state = 0))");
    whole([&] {
        if (db_.execute(remember, row.sink, row.key, row.subject, row.created) == 0)
            return;
        db_.execute(q, row.sink, row.subject, row.trial, row.kind, row.key, row.created, row.state, row.attempts, row.not_before, row.error, row.body);
    });
}

std::vector<outbox_row> sqlite_store::outbox_due(std::string_view sink, instant now, std::size_t limit) {
    // CROSS JOIN: the heads lead, the table follows; SQLite must not turn that around.
    static const query oldest("SELECT " TRIALGATE_OUTBOX_COLUMNS " FROM (SELECT id AS head_id FROM (SELECT id, not_before FROM outbox "
                              "INDEXED BY outbox_head WHERE sink = ?1 AND head = 1 ORDER BY id LIMIT ?4) WHERE not_before <= ?2 LIMIT ?3) "
                              "CROSS JOIN outbox ON id = head_id ORDER BY head_id");
    static const query due("SELECT " TRIALGATE_OUTBOX_COLUMNS " FROM (SELECT id AS head_id FROM outbox INDEXED BY outbox_wait WHERE sink = ?1 "
                           "AND head = 1 AND not_before <= ?2 ORDER BY id LIMIT ?3) CROSS JOIN outbox ON id = head_id ORDER BY head_id");
    // Usually most heads are due, or few wait: then the first of them by age are soon found. When a crowd of them is to be tried later only,
    // those that are due are looked up by time instead, which costs sorting them.
    constexpr std::size_t looked_at = 1024;
    limit = std::min(limit, std::size_t{1} << 30);
    auto out = rows<outbox_row>(db_.run(oldest, sink, now, limit, limit + looked_at));
    if (out.size() < limit)
        out = rows<outbox_row>(db_.run(due, sink, now, limit));
    return out;
}

std::optional<instant> sqlite_store::outbox_next(std::string_view sink) {
    static const query q("SELECT min(not_before) FROM outbox INDEXED BY outbox_wait WHERE sink = ?1 AND head = 1");
    return when(db_.run(q, sink));
}

void sqlite_store::outbox_erase(std::int64_t id) {
    static const query q("DELETE FROM outbox WHERE id = ?1");
    whole([&] {
        const auto row = outbox_get(id);
        if (!row)
            return;
        db_.execute(q, id);
        mark_head(row->sink, row->subject);
    });
}

// The key stays with outbox_key.
void sqlite_store::outbox_delivered(std::int64_t id) { outbox_erase(id); }
void sqlite_store::outbox_remove(std::int64_t id) { outbox_erase(id); }

void sqlite_store::outbox_failed(std::int64_t id, std::uint32_t attempts, instant not_before, outbox_state state, std::string_view error) {
    static const query q("UPDATE outbox SET attempts = ?2, not_before = ?3, state = ?4, error = ?5, "
                         "head = CASE WHEN ?4 = 0 THEN head ELSE 0 END WHERE id = ?1");
    whole([&] {
        const auto row = outbox_get(id);
        if (!row)
            return;
        db_.execute(q, id, attempts, not_before, state, error);
        if (row->state != state)
            mark_head(row->sink, row->subject);
    });
}

std::optional<outbox_row> sqlite_store::outbox_get(std::int64_t id) {
    static const query q("SELECT " TRIALGATE_OUTBOX_COLUMNS " FROM outbox WHERE id = ?1");
    return first<outbox_row>(db_.run(q, id));
}

std::vector<outbox_row> sqlite_store::outbox_list(std::string_view sink, std::int64_t after, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_OUTBOX_COLUMNS " FROM outbox WHERE id > ?2 AND (?1 = '' OR sink = ?1) ORDER BY id LIMIT ?3");
    return rows<outbox_row>(db_.run(q, sink, after, limit));
}

outbox_counts sqlite_store::outbox_count(std::string_view sink) {
    static const query one("SELECT (SELECT count(*) FROM outbox WHERE state = 0 AND sink = ?1), "
                           "(SELECT count(*) FROM outbox WHERE state = 1 AND sink = ?1), "
                           "coalesce((SELECT created FROM outbox INDEXED BY outbox_head WHERE head = 1 AND sink = ?1 ORDER BY id LIMIT 1), 0)");
    static const query all("SELECT (SELECT count(*) FROM outbox WHERE state = 0), (SELECT count(*) FROM outbox WHERE state = 1), "
                           "coalesce((SELECT created FROM outbox WHERE head = 1 ORDER BY id LIMIT 1), 0)");
    outbox_counts out;
    const auto read = [&](cursor&& c) {
        if (c.step())
            c.read(out.waiting, out.dead, out.oldest);
    };
    if (sink.empty())
        read(db_.run(all));
    else
        read(db_.run(one, sink));
    return out;
}

} // namespace trialgate::gateway::sqlite
