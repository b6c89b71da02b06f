#include "gateway/store/sqlite_connection.hpp"
#include "gateway/store/sqlite_schema.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace trialgate::gateway {

namespace fs = std::filesystem;

namespace sqlite {

namespace {

/// The WAL's file is cut back to this when it starts over (committer.hpp).
constexpr const char* writer_settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                                        "PRAGMA secure_delete = FAST; PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864;";
constexpr const char* reader_settings = "PRAGMA query_only = ON; PRAGMA cache_size = -8192;";

[[noreturn]] void fail_at_system(const std::string& what, int error) {
    const auto kind = error == ENOSPC || error == EDQUOT ? store_error::kind::full : store_error::kind::io;
    throw store_error(kind, what + ": " + std::strerror(error));
}

/// Makes folder and file readable for their owner alone: they hold patient data. SQLite's further files take over the file's mode.
void prepare_folder(const std::string& folder) {
    std::error_code error;
    if (fs::create_directories(folder, error))
        fs::permissions(folder, fs::perms::owner_all, error);
    if (error)
        fail_at_system("cannot make the store's folder " + folder, error.value());
    const std::string file = store_file(folder);
    // Only when new: closing any descriptor of the file would drop the locks that other connections of this process hold.
    const int made = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0)
        ::close(made);
    else if (errno != EEXIST)
        fail_at_system("cannot make " + file, errno);
}

std::string existing_file(const std::string& folder) {
    const std::string file = store_file(folder);
    if (::access(file.c_str(), R_OK) != 0)
        fail_at_system("cannot read " + file, errno);
    return file;
}

std::string file_to_open(const std::string& folder, bool read_only) {
    if (!read_only)
        prepare_folder(folder);
    return existing_file(folder);
}

} // namespace

// A reading connection of a user who may write opens for writing too: SQLite needs that to set up the shared index of the WAL.
sqlite_store::sqlite_store(const std::string& folder, const sqlite_options& options)
    : db_(file_to_open(folder, options.read_only), SQLITE_OPEN_READWRITE, options.busy_ms) {
    if (options.read_only) {
        check_version(db_, options.migrations);
        db_.script(reader_settings);
        return;
    }
    check_owner(db_, options.migrations);
    if (sqlite3_db_readonly(db_.handle(), "main") != 0)
        throw store_error(store_error::kind::io, "cannot write " + db_.file() + ": the file may only be read");
    db_.script(writer_settings);
    if (db_.text("PRAGMA journal_mode") != "wal")
        throw store_error(store_error::kind::io, db_.file() + ": this file system cannot hold the store (no shared memory; a network folder?)");
    migrate(db_, options.migrations);
    if (options.max_pages > 0)
        db_.script(("PRAGMA max_page_count = " + std::to_string(options.max_pages)).c_str());
}

void sqlite_store::begin() {
    static const query q("BEGIN IMMEDIATE");
    db_.execute(q);
    added_rows_ = added_bytes_ = 0;
}

void sqlite_store::commit() {
    static const query total("UPDATE journal_total SET rows = rows + ?1, bytes = bytes + ?2 WHERE one = 1");
    static const query end("COMMIT");
    if (added_rows_ != 0 || added_bytes_ != 0)
        db_.execute(total, added_rows_, added_bytes_);
    db_.execute(end);
    added_rows_ = added_bytes_ = 0;
}

void sqlite_store::rollback() noexcept {
    added_rows_ = added_bytes_ = 0;
    // Some errors have rolled back already; one that rollback meets changes nothing: an unfinished transaction never counts.
    if (db_.in_transaction())
        sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

// ---- journal and quarantine ------------------------------------------------------------------------------------------------

std::int64_t sqlite_store::journal_append(const journal_item& item) {
    static const query q("INSERT INTO journal(" TRIALGATE_ARRIVAL_COLUMNS ", bytes, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    std::int64_t seq = 0;
    whole([&] {
        arrival_columns(item, [&](const auto&... v) { db_.execute(q, v..., item.body.size(), blob{item.body}); });
        seq = db_.last_id();
        ++added_rows_;
        added_bytes_ += static_cast<std::int64_t>(item.body.size());
    });
    return seq;
}

std::vector<journal_row> sqlite_store::journal_after(std::int64_t seq, std::size_t most_rows, std::size_t most_bytes) {
    static const query q("SELECT seq, body, " TRIALGATE_ARRIVAL_COLUMNS " FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    std::vector<journal_row> out;
    std::size_t bytes = 0;
    cursor c = db_.run(q, seq, most_rows);
    while ((out.empty() || bytes < most_bytes) && c.step()) {
        journal_row& r = out.emplace_back();
        arrival_columns(r, [&](auto&... v) { c.read(r.seq, blob{r.body}, v...); });
        bytes += r.body.size();
    }
    return out;
}

void sqlite_store::journal_done(std::int64_t first, std::int64_t last) {
    static const query size("SELECT count(*), coalesce(sum(bytes), 0) FROM journal WHERE seq BETWEEN ?1 AND ?2");
    static const query erase("DELETE FROM journal WHERE seq BETWEEN ?1 AND ?2");
    whole([&] {
        std::int64_t rows = 0, bytes = 0;
        {
            cursor c = db_.run(size, first, last);
            c.step();
            c.read(rows, bytes);
        }
        db_.execute(erase, first, last);
        added_rows_ -= rows;
        added_bytes_ -= bytes;
    });
}

journal_counts sqlite_store::journal_count() {
    static const query q("SELECT rows, bytes, coalesce((SELECT received FROM journal ORDER BY seq LIMIT 1), 0) FROM journal_total");
    journal_counts out;
    cursor c = db_.run(q);
    if (c.step())
        c.read(out.rows, out.bytes, out.oldest);
    out.rows += added_rows_;
    out.bytes += added_bytes_;
    return out;
}

namespace {

#define TRIALGATE_QUARANTINE_COLUMNS "id, reason, path, at, body, " TRIALGATE_ARRIVAL_COLUMNS
void read_quarantine(cursor& c, quarantine_item& r) {
    arrival_columns(r.original, [&](auto&... v) { c.read(r.id, r.reason, r.path, r.at, blob{r.original.body}, v...); });
}

} // namespace

std::int64_t sqlite_store::quarantine_add(const quarantine_item& item) {
    static const query q("INSERT INTO quarantine(reason, path, at, body, " TRIALGATE_ARRIVAL_COLUMNS
                         ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
    arrival_columns(item.original, [&](const auto&... v) { db_.execute(q, item.reason, item.path, item.at, blob{item.original.body}, v...); });
    return db_.last_id();
}

std::vector<quarantine_item> sqlite_store::quarantine_list(std::int64_t after, std::size_t limit) {
    static const query q("SELECT " TRIALGATE_QUARANTINE_COLUMNS " FROM quarantine WHERE id > ?1 ORDER BY id LIMIT ?2");
    std::vector<quarantine_item> out;
    cursor c = db_.run(q, after, limit);
    while (c.step())
        read_quarantine(c, out.emplace_back());
    return out;
}

std::optional<quarantine_item> sqlite_store::quarantine_get(std::int64_t id) {
    static const query q("SELECT " TRIALGATE_QUARANTINE_COLUMNS " FROM quarantine WHERE id = ?1");
    cursor c = db_.run(q, id);
    if (!c.step())
        return std::nullopt;
    std::optional<quarantine_item> out(std::in_place);
    read_quarantine(c, *out);
    return out;
}

void sqlite_store::quarantine_remove(std::int64_t id) {
    static const query q("DELETE FROM quarantine WHERE id = ?1");
    db_.execute(q, id);
}

std::int64_t sqlite_store::quarantine_count() {
    static const query q("SELECT count(*) FROM quarantine");
    return count(db_.run(q));
}

} // namespace sqlite

std::string store_file(const std::string& folder) { return (fs::path(folder) / "trialgate.db").string(); }

std::unique_ptr<store> open_sqlite(const std::string& folder, const sqlite_options& options) {
    return std::make_unique<sqlite::sqlite_store>(folder, options);
}

std::unique_ptr<store> open_sqlite(const std::string& folder, bool read_only) {
    sqlite_options options;
    options.read_only = read_only;
    return open_sqlite(folder, options);
}

} // namespace trialgate::gateway
