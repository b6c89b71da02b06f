#include "gateway/store/committer.hpp"

#include "gateway/store/checkpointer.hpp"
#include "gateway/store/sqlite_store.hpp"

#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace trialgate::gateway {

namespace {

/// Bounds how long one commit takes and how much is run again when one of its works fails.
constexpr std::size_t most_in_a_group = 1024;

/// TRIALGATE_CRASH_AT and TRIALGATE_CRASH_AFTER: as a power failure would, without any clean-up.
class crash_point {
public:
    explicit crash_point(const char* variable) {
        if (const char* set = std::getenv(variable))
            at_ = std::strtoull(set, nullptr, 10);
    }
    void pass() noexcept {
        if (at_ != 0 && ++passed_ == at_)
            ::kill(::getpid(), SIGKILL);
    }

private:
    std::uint64_t at_ = 0, passed_ = 0;
};

store_error current_error() {
    try {
        throw;
    } catch (const store_error& e) {
        return e;
    } catch (const std::exception& e) {
        return store_error(store_error::kind::io, e.what());
    } catch (...) {
        return store_error(store_error::kind::io, "a work failed");
    }
}

class thread_committer final : public committer {
public:
    thread_committer(std::unique_ptr<store> writing, const std::string& folder) : store_(std::move(writing)) {
        if (!folder.empty()) {
            log_file_ = store_file(folder) + "-wal";
            checkpoints_ = std::make_unique<sqlite::checkpointer>(store_file(folder));
        }
        thread_ = std::thread([this] { run(); });
    }
    ~thread_committer() override { stop(); }

    void submit(std::function<void(store&)> work, std::function<void(commit_outcome)> done) override {
        {
            const std::lock_guard lock(guard_);
            if (!stopping_) {
                queue_.push_back({std::move(work), std::move(done)});
                ++waiting_;
                if (idle_)
                    changed_.notify_one();
                return;
            }
        }
        if (done)
            done(store_error(store_error::kind::closed, "the store is closed"));
    }

    std::size_t waiting() const noexcept override { return waiting_; }

    figures counted() const override {
        figures out{commits_, works_, failures_, 0};
        std::error_code none;
        if (const auto size = std::filesystem::file_size(log_file_, none); !none)
            out.wal_bytes = static_cast<std::int64_t>(size);
        return out;
    }

    void stop() override {
        {
            const std::lock_guard lock(guard_);
            stopping_ = true;
            changed_.notify_one();
        }
        const std::lock_guard once(ending_); // a second caller returns when all has ended, too
        if (!thread_.joinable())
            return;
        thread_.join();
        if (checkpoints_)
            checkpoints_->stop();
        store_.reset();
        checkpoints_.reset();
    }

private:
    struct item {
        std::function<void(store&)> work;
        std::function<void(commit_outcome)> done;
    };

    void run() {
        std::deque<item> group;
        for (;;) {
            {
                std::unique_lock lock(guard_);
                idle_ = true;
                changed_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
                idle_ = false;
                if (queue_.empty())
                    return;
                if (queue_.size() <= most_in_a_group)
                    group.swap(queue_);
                else
                    for (std::size_t i = 0; i < most_in_a_group; ++i) {
                        group.push_back(std::move(queue_.front()));
                        queue_.pop_front();
                    }
            }
            commit(group);
            group.clear();
        }
    }

    void commit(std::deque<item>& group) {
        if (commit_together(group.begin(), group.end()))
            return;
        // One of them failed. Alone, each shows whether it was the one.
        for (auto it = group.begin(); it != group.end(); ++it)
            commit_together(it, it + 1);
    }

    using place = std::deque<item>::iterator;

    /// Tells their outcome to [first, last). False, with nothing told: a work of several failed.
    bool commit_together(place first, place last) {
        commit_outcome outcome;
        {
            const auto turn = checkpoints_ ? checkpoints_->turn() : std::unique_lock<std::mutex>();
            bool working = false;
            try {
                store_->begin();
                working = true;
                for (place it = first; it != last; ++it)
                    it->work(*store_);
                working = false;
                before_.pass();
                store_->commit();
            } catch (...) {
                outcome = current_error();
                store_->rollback();
                if (working && last - first > 1)
                    return false;
            }
        }
        if (!outcome) {
            ++commits_;
            after_.pass();
            if (checkpoints_)
                checkpoints_->committed();
        }
        tell(first, last, outcome);
        return true;
    }

    void tell(place first, place last, const commit_outcome& outcome) {
        const auto count = static_cast<std::size_t>(last - first);
        (outcome ? failures_ : works_) += count;
        waiting_ -= count;
        for (; first != last; ++first) {
            const item told = std::move(*first);
            if (told.done)
                told.done(outcome);
        }
    }

    std::unique_ptr<store> store_; ///< of the committing thread
    std::string log_file_;
    std::unique_ptr<sqlite::checkpointer> checkpoints_;
    crash_point before_{"TRIALGATE_CRASH_AT"}, after_{"TRIALGATE_CRASH_AFTER"};

    std::atomic<std::size_t> waiting_{0};
    std::atomic<std::uint64_t> commits_{0}, works_{0}, failures_{0};

    std::mutex guard_, ending_;
    std::condition_variable changed_;
    std::deque<item> queue_;
    bool idle_ = false, stopping_ = false;
    std::thread thread_;
};

} // namespace

std::unique_ptr<committer> start_committer(std::unique_ptr<store> writing, const std::string& folder) {
    return std::make_unique<thread_committer>(std::move(writing), folder);
}

std::future<commit_outcome> start_commit(committer& into, std::function<void(store&)> work) {
    // Shared: set_value may still be at work when the waiting thread has gone on.
    const auto told = std::make_shared<std::promise<commit_outcome>>();
    auto outcome = told->get_future();
    into.submit(std::move(work), [told](commit_outcome o) { told->set_value(std::move(o)); });
    return outcome;
}

commit_outcome commit_and_wait(committer& into, std::function<void(store&)> work) { return start_commit(into, std::move(work)).get(); }

} // namespace trialgate::gateway
