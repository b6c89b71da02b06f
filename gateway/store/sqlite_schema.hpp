// The schema's history and how a file is brought to its end.
#pragma once

#include "gateway/store/sqlite_database.hpp"
#include "gateway/store/sqlite_store.hpp"

namespace trialgate::gateway::sqlite {

/// Throws store_error::broken for a file of another program or of a newer version. Changes nothing.
void check_owner(database& db, std::span<const migration> known);
/// Applies what is missing, each in a transaction of its own.
void migrate(database& db, std::span<const migration> known);
/// For a connection that only reads: throws unless the file stands exactly at the last of `known`.
void check_version(database& db, std::span<const migration> known);

} // namespace trialgate::gateway::sqlite
