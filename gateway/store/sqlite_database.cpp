#include "gateway/store/sqlite_database.hpp"

#include "gateway/store/fold.hpp"
#include "gateway/store/store.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>

namespace trialgate::gateway::sqlite {

namespace {

std::atomic<std::size_t> queries{0};

store_error::kind kind_of(int code, int system_error) noexcept {
    switch (code & 0xff) {
    case SQLITE_FULL:
        return store_error::kind::full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return store_error::kind::busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return store_error::kind::broken;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        // SQLite says FULL for a write without space only; growing the shared index, a quota and a size limit come as these.
        if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG)
            return store_error::kind::full;
        return store_error::kind::io;
    default:
        return store_error::kind::io;
    }
}

/// In SQL: fold_case(text).
void folded(sqlite3_context* to, int, sqlite3_value** values) {
    const auto* const text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
    try {
        const std::string out = fold_case({text ? text : "", text ? size : 0});
        sqlite3_result_text64(to, out.data(), out.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } catch (const std::exception&) { // nothing is thrown through SQLite
        sqlite3_result_error_nomem(to);
    }
}

} // namespace

query::query(const char* sql) noexcept : text(sql), index(queries++) {}

void fail(sqlite3* handle, const std::string& file, int code) {
    // SQLite does not note the system's error of a COMMIT; step() cleared errno before.
    const int unnoted = errno;
    const int noted = handle ? sqlite3_system_errno(handle) : 0;
    const int system_error = noted != 0 ? noted : unnoted;
    const bool at_system = system_error != 0 && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN);
    // SQLite's own text names tables and columns, never values.
    const std::string detail = at_system ? std::string(sqlite3_errstr(code)) + ": " + std::strerror(system_error)
                                         : std::string(handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
    const store_error::kind kind = kind_of(code, system_error);
    switch (kind) {
    case store_error::kind::full:
        throw store_error(kind, file + ": no space left for the store (" + detail + ")");
    case store_error::kind::busy:
        throw store_error(kind, file + ": another program holds the store's lock (" + detail + ")");
    case store_error::kind::broken:
        throw store_error(kind, file + ": damaged, or no store of trialgate (" + detail + ")");
    default:
        throw store_error(kind, file + ": " + detail);
    }
}

bool cursor::step() {
    errno = 0;
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        fail(sqlite3_db_handle(statement_), file_, code);
    return false;
}

void cursor::put(int at, std::string_view text) noexcept {
    // A null pointer would bind NULL.
    sqlite3_bind_text64(statement_, at, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void cursor::put_bytes(int at, std::string_view bytes) noexcept {
    sqlite3_bind_blob64(statement_, at, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC);
}

void cursor::get(int at, std::string& text) const {
    const void* bytes = sqlite3_column_blob(statement_, at); // the bytes as they were bound, text too
    text.assign(bytes ? static_cast<const char*>(bytes) : "", bytes ? static_cast<std::size_t>(sqlite3_column_bytes(statement_, at)) : 0);
}

database::database(std::string file, int flags, int busy_ms) : file_(std::move(file)) {
    sqlite3* raw = nullptr;
    const int code = sqlite3_open_v2(file_.c_str(), &raw, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nullptr);
    handle_.reset(raw);
    if (code != SQLITE_OK)
        fail(raw, file_, code);
    sqlite3_extended_result_codes(raw, 1);
    sqlite3_busy_timeout(raw, busy_ms);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    constexpr int pure = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    if (const int made = sqlite3_create_function_v2(raw, "fold_case", 1, pure, nullptr, folded, nullptr, nullptr, nullptr); made != SQLITE_OK)
        fail(raw, file_, made);
    script("PRAGMA temp_store = MEMORY"); // no patient data in temporary files
}

sqlite3_stmt* database::statement(const query& q) {
    if (q.index >= statements_.size())
        statements_.resize(q.index + 1);
    auto& kept = statements_[q.index];
    if (!kept) {
        sqlite3_stmt* made = nullptr;
        const int code = sqlite3_prepare_v3(handle_.get(), q.text, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr);
        if (code != SQLITE_OK)
            fail(handle_.get(), file_, code);
        kept.reset(made);
    }
    return kept.get();
}

void database::script(const char* sql) {
    if (const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr); code != SQLITE_OK)
        fail(handle_.get(), file_, code);
}

std::string database::text(const char* sql) {
    sqlite3_stmt* made = nullptr;
    if (const int code = sqlite3_prepare_v2(handle_.get(), sql, -1, &made, nullptr); code != SQLITE_OK)
        fail(handle_.get(), file_, code);
    const std::unique_ptr<sqlite3_stmt, closer> owner(made);
    cursor once(made, file_);
    std::string out;
    if (once.step())
        once.read(out);
    return out;
}

std::int64_t database::number(const char* sql) {
    const std::string out = text(sql);
    return out.empty() ? 0 : std::stoll(out);
}

} // namespace trialgate::gateway::sqlite
