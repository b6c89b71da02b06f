#include "gateway/store/checkpointer.hpp"

#include <algorithm>

namespace trialgate::gateway::sqlite {

namespace {

constexpr std::int64_t page_bytes = 4096;
/// The log starts over when a checkpoint beside the commits leaves more than this; while commits go on, it never finishes by itself.
constexpr std::int64_t most_frames = (std::int64_t{64} << 20) / page_bytes;
/// How long commits are gathered before they are moved: pages that change often are then written once.
constexpr std::chrono::milliseconds gathered{500};
/// Readers finish within this, or the log starts over another time: commits wait meanwhile.
constexpr int patience_ms = 50;

} // namespace

checkpointer::checkpointer(const std::string& file) : db_(file, SQLITE_OPEN_READWRITE, patience_ms) {
    db_.number("PRAGMA schema_version"); // before it has read, a connection does not know of the log, and a checkpoint does nothing, without an error
    thread_ = std::thread([this] { run(); });
}

std::unique_lock<std::mutex> checkpointer::turn() {
    // A mutex is not fair: a busy committing thread would never let the other one in.
    wants_turn_.wait(true);
    return std::unique_lock(turn_);
}

void checkpointer::committed() {
    const std::lock_guard lock(guard_);
    ++commits_;
    if (idle_)
        changed_.notify_one();
}

void checkpointer::stop() {
    {
        const std::lock_guard lock(guard_);
        stopping_ = true;
        changed_.notify_one();
    }
    if (!thread_.joinable())
        return;
    thread_.join();
    start_over(SQLITE_CHECKPOINT_TRUNCATE);
}

// What fails is tried again after the next commits. Until then the log grows, and when it finds no more space, commits fail with that.
std::int64_t checkpointer::passive() {
    int frames = 0, moved = 0;
    const int code = sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &frames, &moved);
    // Only a checkpoint that catches up makes its pages durable itself. Beside busy commits it never does, and the log's start over, for which they
    // wait, would find all pages since the last one still to be written.
    sqlite3_file* file = nullptr;
    if (code == SQLITE_OK && moved < frames && sqlite3_file_control(db_.handle(), nullptr, SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK)
        file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    return code == SQLITE_OK ? frames : -1;
}

bool checkpointer::start_over(int mode) {
    wants_turn_ = true;
    bool done = false;
    {
        const std::lock_guard mine(turn_);
        done = sqlite3_wal_checkpoint_v2(db_.handle(), nullptr, mode, nullptr, nullptr) == SQLITE_OK;
    }
    wants_turn_ = false;
    wants_turn_.notify_all();
    return done;
}

void checkpointer::run() {
    std::uint64_t seen = 0;
    std::int64_t cap = most_frames;
    std::unique_lock lock(guard_);
    while (!stopping_) {
        idle_ = true;
        changed_.wait(lock, [&] { return stopping_ || commits_ != seen; });
        idle_ = false;
        changed_.wait_for(lock, gathered, [&] { return stopping_; });
        seen = commits_;
        lock.unlock();
        const std::int64_t frames = passive();
        // RESTART keeps the file, so that its blocks are written again; the writer's journal_size_limit cuts back one that grew beyond.
        if (frames > cap) // somebody who reads for long would make commits wait again and again: rarer then
            cap = passive() >= 0 && start_over(SQLITE_CHECKPOINT_RESTART) ? most_frames : std::max(cap, frames) * 2;
        lock.lock();
    }
}

} // namespace trialgate::gateway::sqlite
