#include "gateway/page/session_store.hpp"

#include "gateway/core/crypto.hpp"

#include <algorithm>

namespace trialgate::gateway {

void session_store::limits(duration_ms longest, duration_ms idle, std::size_t most) {
    longest_ = longest;
    idle_ = idle;
    most_ = most;
    // A session that was promised longer ends no later than a new one would.
    for (auto& [key, s] : all_)
        s.ends = std::min(s.ends, s.last + longest_);
}

std::string session_store::begin(session s, instant now) {
    make_room(now);
    std::string id = random_token(32);
    s.csrf = random_token(32);
    s.last = now;
    s.ends = now + longest_;
    all_.insert_or_assign(mark_of(id), std::move(s));
    return id;
}

void session_store::make_room(instant now) {
    if (all_.size() < most_)
        return;
    std::erase_if(all_, [&](const auto& one) { return over(one.second, now); });
    while (!all_.empty() && all_.size() >= most_)
        all_.erase(std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
}

session* session_store::find(std::string_view id, instant now, bool by_user) {
    const auto at = id.empty() ? all_.end() : all_.find(mark_of(id));
    if (at == all_.end())
        return nullptr;
    if (over(at->second, now)) {
        all_.erase(at);
        return nullptr;
    }
    if (by_user)
        at->second.last = std::max(at->second.last, now);
    return &at->second;
}

std::string session_store::mark_of(std::string_view id) { return to_hex(sha256(id)); }

void session_store::reconsider(const std::vector<page_access>& access, bool local_login, bool same_provider) {
    for (auto& [key, s] : all_)
        if (!s.local)
            s.who.may = rights_of(access, s.claims);
    std::erase_if(all_, [&](const auto& one) { return one.second.local ? !local_login : !same_provider || one.second.who.may.none(); });
}

} // namespace trialgate::gateway
