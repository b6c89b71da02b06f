// Inside of tls_context, for net/ only.
#pragma once

#include "gateway/net/tls.hpp"

#include <array>
#include <chrono>
#include <mutex>

struct ssl_ctx_st;
struct ssl_st;

namespace trialgate::gateway {

/// What stat says of a file; a renewal changes it.
struct file_stamp {
    std::int64_t seconds = 0, nanoseconds = 0, size = -1;
    std::uint64_t inode = 0;
    friend bool operator==(const file_stamp&, const file_stamp&) = default;
};

struct tls_context::state {
    role as = role::client;
    tls_files files;
    std::mutex guard;                       ///< for what follows
    std::shared_ptr<ssl_ctx_st> material;
    std::int64_t expires = 0;
    std::array<file_stamp, 3> stamps;
    std::chrono::steady_clock::time_point looked;
    std::string problem;
    std::function<void(const std::string&)> told;

    std::shared_ptr<ssl_ctx_st> now_in_use() {
        const std::lock_guard lock(guard);
        return material;
    }
};

/// A session of our server. Throws std::runtime_error without memory.
ssl_st* new_server_session(const tls_context& context);
/// A session with `host` (name or address), which the certificate must be for.
ssl_st* new_client_session(const tls_context& context, const std::string& host);

/// Why the other side's certificate was refused; empty when it was not.
std::string verification_problem(ssl_st* session);
/// "CN=client,O=Hospital" of the verified certificate of the other side; empty without one.
std::string peer_subject(ssl_st* session);

} // namespace trialgate::gateway
