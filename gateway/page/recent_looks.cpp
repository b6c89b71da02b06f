#include "gateway/page/recent_looks.hpp"

namespace trialgate::gateway {

namespace {

std::string key_of(const audit_row& row) { return row.action + '\n' + row.trial + '\n' + row.subject; }

} // namespace

bool recent_looks::told(const audit_row& row, instant now) const {
    const auto at = all_.find(key_of(row));
    return at != all_.end() && now >= at->second && now - at->second < span;
}

void recent_looks::tell(const audit_row& row, instant now) {
    if (all_.size() >= most)
        std::erase_if(all_, [&](const auto& one) { return now - one.second >= span; });
    if (all_.size() >= most)
        all_.clear();
    all_.insert_or_assign(key_of(row), now);
}

} // namespace trialgate::gateway
