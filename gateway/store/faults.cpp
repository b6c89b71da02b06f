#include "gateway/store/faults.hpp"

namespace trialgate::gateway {

namespace {

// What cannot be kept (a full store is itself a fault) is still known to the running program.
void keep(committer* into, const fault_row& row) {
    if (into)
        into->submit([row](store& s) { s.fault_put(row); }, {});
}

} // namespace

fault_board::fault_board(std::shared_ptr<clock> time, std::function<void(const fault_row&, bool over)> alert)
    : time_(std::move(time)), alert_(std::move(alert)) {}

void fault_board::attach(store& remembered, committer* into) {
    const std::vector<fault_row> stored = remembered.faults();
    const std::lock_guard lock(guard_);
    into_ = into;
    for (const fault_row& row : stored)
        if (const auto at = rows_.find(row.key); at != rows_.end()) {
            at->second.since = row.since;
            at->second.times += row.times;
        }
    for (const auto& [key, row] : rows_) // raised before this
        keep(into_, row);
    for (const fault_row& row : stored)
        rows_.try_emplace(row.key, row);
}

// Changes are handed to the committer under the lock, in the order in which they happened; alerts are given outside, where they may call back.
void fault_board::raise(const std::string& key, const std::string& text) {
    const instant now = time_->now();
    fault_row begun;
    {
        const std::lock_guard lock(guard_);
        const auto [at, fresh] = rows_.try_emplace(key);
        fault_row& row = at->second;
        // A fault that goes on is written again when it says something else, and otherwise once a minute: not for every message.
        const bool worth_keeping = fresh || row.text != text || row.last / minute_ms != now / minute_ms;
        if (fresh) {
            row.key = key;
            row.since = now;
        }
        row.text = text;
        row.last = now;
        ++row.times;
        if (worth_keeping)
            keep(into_, row);
        if (!fresh)
            return;
        begun = row;
    }
    if (alert_)
        alert_(begun, false);
}

void fault_board::clear(const std::string& key) {
    fault_row ended;
    {
        const std::lock_guard lock(guard_);
        const auto at = rows_.find(key);
        if (at == rows_.end())
            return;
        ended = std::move(at->second);
        rows_.erase(at);
        if (into_)
            into_->submit([key](store& s) { s.fault_remove(key); }, {});
    }
    if (alert_)
        alert_(ended, true);
}

std::vector<fault_row> fault_board::current() const {
    const std::lock_guard lock(guard_);
    std::vector<fault_row> out;
    for (const auto& [key, row] : rows_)
        out.push_back(row);
    return out;
}

} // namespace trialgate::gateway
