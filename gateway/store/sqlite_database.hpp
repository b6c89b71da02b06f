// A connection to SQLite and typed statements, so that a method of the store is a few lines: an SQL text, values in, values out.
#pragma once

#include "fhir/datetime.hpp"

#include <cassert>
#include <concepts>
#include <cstdint>
#include <memory>
#include <sqlite3.h>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace trialgate::gateway::sqlite {

/// An SQL text that stands for itself: `static const query q("...")` where it is used. Each connection prepares it at first use and keeps it.
class query {
public:
    explicit query(const char* text) noexcept;
    const char* text;
    std::size_t index; ///< of the prepared statement in a connection
};

/// Says that a string is bytes rather than text: columns of type BLOB.
template <class Text>
struct blob {
    Text& bytes;
};
template <class Text>
blob(Text&) -> blob<Text>;

/// A prepared statement while it runs. What is bound must outlive it; it is reset at the end. One at a time of each query.
class cursor {
public:
    template <class... Values>
    cursor(sqlite3_stmt* statement, const std::string& file, const Values&... values) : statement_(statement), file_(file) {
        bind(values...);
    }
    ~cursor() { sqlite3_reset(statement_); }
    cursor(const cursor&) = delete;
    cursor& operator=(const cursor&) = delete;

    /// True while there is a row. Throws store_error.
    bool step();
    /// The columns of the row, from the first.
    template <class... Values>
    void read(Values&&... values) const {
        int at = 0;
        (get(at++, values), ...);
    }

    bool null(int at) const noexcept { return sqlite3_column_type(statement_, at) == SQLITE_NULL; }

private:
    /// ?1, ?2, ...: all of them.
    template <class... Values>
    void bind(const Values&... values) {
        assert(sqlite3_bind_parameter_count(statement_) == int{sizeof...(values)});
        int at = 0;
        (put(++at, values), ...);
    }
    void put(int at, std::string_view text) noexcept;
    template <class Text>
    void put(int at, const blob<Text>& value) noexcept {
        put_bytes(at, value.bytes);
    }
    void put(int at, fhir::date day) noexcept { put(at, day.days); }
    template <class Number>
        requires std::integral<Number> || std::is_enum_v<Number>
    void put(int at, Number n) noexcept {
        sqlite3_bind_int64(statement_, at, static_cast<sqlite3_int64>(n));
    }
    void put_bytes(int at, std::string_view bytes) noexcept;

    void get(int at, std::string& text) const;
    void get(int at, const blob<std::string>& value) const { get(at, value.bytes); }
    void get(int at, fhir::date& day) const noexcept { get(at, day.days); }
    template <class Number>
        requires std::integral<Number> || std::is_enum_v<Number>
    void get(int at, Number& n) const noexcept {
        n = static_cast<Number>(sqlite3_column_int64(statement_, at));
    }

    sqlite3_stmt* statement_;
    const std::string& file_;
};

/// One connection. Not thread-safe.
class database {
public:
    /// Throws store_error with a sentence that names the file.
    database(std::string file, int flags, int busy_ms);

    template <class... Values>
    cursor run(const query& q, const Values&... values) {
        return cursor(statement(q), file_, values...);
    }
    /// Runs to the end; how many rows were changed.
    template <class... Values>
    std::int64_t execute(const query& q, const Values&... values) {
        cursor c = run(q, values...);
        while (c.step()) {
        }
        return sqlite3_changes64(handle_.get());
    }
    /// Statements without parameters, once.
    void script(const char* sql);
    std::int64_t number(const char* sql);
    std::string text(const char* sql);

    bool in_transaction() const noexcept { return !sqlite3_get_autocommit(handle_.get()); }
    std::int64_t last_id() const noexcept { return sqlite3_last_insert_rowid(handle_.get()); }
    sqlite3* handle() const noexcept { return handle_.get(); }
    const std::string& file() const noexcept { return file_; }

private:
    sqlite3_stmt* statement(const query& q);

    struct closer {
        void operator()(sqlite3* h) const noexcept { sqlite3_close_v2(h); }
        void operator()(sqlite3_stmt* s) const noexcept { sqlite3_finalize(s); }
    };
    std::string file_;
    std::unique_ptr<sqlite3, closer> handle_;
    std::vector<std::unique_ptr<sqlite3_stmt, closer>> statements_; // after handle_: finalized before it is closed
};

/// Throws the store_error for the last failed call.
[[noreturn]] void fail(sqlite3* handle, const std::string& file, int code);

} // namespace trialgate::gateway::sqlite
