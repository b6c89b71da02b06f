// Group commit: whatever was handed in while the previous commit ran goes into the next one.
//
// One thread owns the writing connection. A commit is durable (fsync) when `done` is called. Measured elsewhere (design.md, section 6): waiting
// for more work before a commit halves throughput, and a WAL checkpoint in this thread costs a p99 of 27 ms; so nothing waits, and checkpoints
// run on a thread of their own.
#pragma once

#include "gateway/store/store.hpp"

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <future>
#include <optional>

namespace trialgate::gateway {

/// Nothing: committed.
using commit_outcome = std::optional<store_error>;

class committer {
public:
    virtual ~committer() = default;

    /// Runs `work` in a transaction soon, in order of submission. `done` is called on the committing thread once the commit is durable, or
    /// when it failed (then nothing of `work` happened). A `work` that throws fails alone: the others of its group are committed.
    /// For that, `work` may be run again after what it did was rolled back: it must set what it captured (seq = s.journal_append(item)), not add
    /// to it, and not move out of it. `done` must not throw, and neither may call stop() or commit_and_wait().
    /// From any thread. After stop(), `done` is called at once, on the caller's thread, with store_error::closed.
    virtual void submit(std::function<void(store&)> work, std::function<void(commit_outcome)> done) = 0;

    /// Works handed in and not yet durable. For overload decisions.
    virtual std::size_t waiting() const noexcept = 0;

    struct figures {
        std::uint64_t commits = 0; ///< that succeeded
        std::uint64_t works = 0;   ///< committed in them
        std::uint64_t failures = 0; ///< works that failed
        std::int64_t wal_bytes = 0; ///< size of the write-ahead log's file
    };
    virtual figures counted() const = 0;

    /// Commits what was handed in, refuses further work (store_error::closed), checkpoints, ends the threads. Idempotent.
    virtual void stop() = 0;
};

/// Takes over the writing connection; `folder` is where it lies (for checkpoints and the WAL's size; empty: another kind of store, no
/// checkpoints). For tests of crashes, the environment may name a commit: TRIALGATE_CRASH_AT=N kills the process right before the N-th commit,
/// TRIALGATE_CRASH_AFTER=N right after it, before any `done`.
std::unique_ptr<committer> start_committer(std::unique_ptr<store> writing, const std::string& folder);

/// As `submit`, for coroutines: resumes on the caller's executor. Not cancellable once begun: the work will be done, and the coroutine
/// resumes when it is. Its io_context may be stopped or destroyed meanwhile; nothing is resumed then.
boost::asio::awaitable<commit_outcome> committed(committer& into, std::function<void(store&)> work);
/// As `submit`, for a thread that may block. What `work` captured must live until the outcome is there.
std::future<commit_outcome> start_commit(committer& into, std::function<void(store&)> work);
commit_outcome commit_and_wait(committer& into, std::function<void(store&)> work);

} // namespace trialgate::gateway
