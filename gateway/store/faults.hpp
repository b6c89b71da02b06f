// What is wrong now. One fault is one line in `status`, one warning in the log and one operator alert, however often it happens (P7).
#pragma once

#include "gateway/store/committer.hpp"

#include <mutex>

namespace trialgate::gateway {

/// Thread-safe. Keys are dotted: "source.ehr.unreachable", "sink.study.rejects", "subscription.ehr.lab.silent", "store.full".
class fault_board {
public:
    /// `alert` is called once when a fault begins and once when it is over (`over`), on the thread that reported.
    fault_board(std::shared_ptr<clock> time, std::function<void(const fault_row&, bool over)> alert);
    /// Takes over what the store remembers, without alerting again; later changes are handed to `into` (may be nullptr).
    void attach(store& remembered, committer* into);
    void raise(const std::string& key, const std::string& text);
    void clear(const std::string& key);
    std::vector<fault_row> current() const;

private:
    std::shared_ptr<clock> time_;
    std::function<void(const fault_row&, bool)> alert_;
    committer* into_ = nullptr;
    mutable std::mutex guard_;
    std::map<std::string, fault_row> rows_;
};

} // namespace trialgate::gateway
