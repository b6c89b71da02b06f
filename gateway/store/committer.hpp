// Group commit: whatever was handed in while the previous commit ran goes into the next one.
//
// One thread owns the writing connection. A commit is durable (fsync) when `done` is called. Measured elsewhere (design.md, section 6): waiting
// for more work before a commit halves throughput, and a WAL checkpoint in this thread costs a p99 of 27 ms; so nothing waits, and checkpoints
// run on a thread of their own.
#pragma once

#include "gateway/store/store.hpp"

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>

namespace trialgate::gateway {

/// Nothing: committed.
using commit_outcome = std::optional<store_error>;

class committer {
public:
    virtual ~committer() = default;

    /// Runs `work` in a transaction soon, in order of submission. `done` is called on the committing thread once the commit is durable, or
    /// when it failed (then nothing of `work` happened). A `work` that throws fails alone: the others of its group are committed.
    /// From any thread.
    virtual void submit(std::function<void(store&)> work, std::function<void(commit_outcome)> done) = 0;

    /// Works handed in and not yet durable. For overload decisions.
    virtual std::size_t waiting() const noexcept = 0;

    struct figures {
        std::uint64_t commits = 0, works = 0, failures = 0;
        std::int64_t wal_bytes = 0;
    };
    virtual figures counted() const = 0;

    /// Commits what was handed in, refuses further work (store_error::closed), checkpoints, ends the threads. Idempotent.
    virtual void stop() = 0;
};

/// Takes over the writing connection; `folder` is where it lies (for checkpoints and the WAL's size).
std::unique_ptr<committer> start_committer(std::unique_ptr<store> writing, const std::string& folder);

/// As `submit`, for coroutines: resumes on the caller's executor.
boost::asio::awaitable<commit_outcome> committed(committer& into, std::function<void(store&)> work);
/// As `submit`, for a thread that may block.
commit_outcome commit_and_wait(committer& into, std::function<void(store&)> work);

} // namespace trialgate::gateway
