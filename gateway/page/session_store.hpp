// Who is logged in. In memory: a restart ends every session. For one thread.
#pragma once

#include "gateway/page/api.hpp"
#include "gateway/page/recent_looks.hpp"

#include <unordered_map>

namespace trialgate::gateway {

struct session {
    visitor who;
    user_claims claims; ///< of an OpenID Connect login: what its roles come from when the configuration changes
    bool local = false;
    std::string csrf;   ///< what X-CSRF-Token must be
    std::shared_ptr<recent_looks> looks = std::make_shared<recent_looks>(); ///< for the API's thread
    instant last = 0;   ///< request of the user
    instant ends = 0;   ///< at the latest
};

class session_store {
public:
    /// Longest session; without a request of the user; most at a time: beyond it the one that was idle longest ends.
    void limits(duration_ms longest, duration_ms idle, std::size_t most = 10'000);

    /// Returns the id: 256 random bits, of this session alone. Only its hash is kept.
    std::string begin(session s, instant now);
    /// Nothing when there is none or it has ended. `by_user`: this is a request of the user, and not one that the page makes by itself.
    session* find(std::string_view id, instant now, bool by_user);
    /// Whether that session is still on; without being a request.
    bool alive(std::string_view id, instant now) { return find(id, now, false) != nullptr; }
    void end(std::string_view id) { end_marked(mark_of(id)); }
    /// By which a session can be ended, and nothing else be done with it.
    static std::string mark_of(std::string_view id);
    void end_marked(const std::string& mark) { all_.erase(mark); }
    /// The roles of everybody are looked up again; who has none is logged out. Local sessions stay only where there is a local login, others only where their
    /// provider is still the one that vouches for users.
    void reconsider(const std::vector<page_access>& access, bool local_login, bool same_provider);
    std::size_t size() const noexcept { return all_.size(); }

private:
    bool over(const session& s, instant now) const noexcept { return now >= s.ends || now >= s.last + idle_; }
    void make_room(instant now);

    std::unordered_map<std::string, session> all_; ///< by mark
    duration_ms longest_ = 8 * hour_ms, idle_ = 30 * minute_ms;
    std::size_t most_ = 10'000;
};

} // namespace trialgate::gateway
