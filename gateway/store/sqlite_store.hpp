// What open_sqlite can be told beyond its folder: for tests and tools.
#pragma once

#include "gateway/store/store.hpp"

#include <span>

namespace trialgate::gateway {

/// SQL that leads from the schema `number - 1` to `number`. Never changed once released.
struct migration {
    int number;
    const char* sql;
};
/// All of them, ascending from 1 without a hole.
std::span<const migration> shipped_migrations() noexcept;

struct sqlite_options {
    bool read_only = false;
    std::int64_t max_pages = 0;  ///< the file grows no further than so many pages of 4 KiB (then store_error::full); 0: no limit
    int busy_ms = 5000;          ///< how long a call waits for a lock that another connection holds before store_error::busy
    std::span<const migration> migrations = shipped_migrations();
};
std::unique_ptr<store> open_sqlite(const std::string& folder, const sqlite_options& options);

/// "FOLDER/trialgate.db"
std::string store_file(const std::string& folder);

} // namespace trialgate::gateway
