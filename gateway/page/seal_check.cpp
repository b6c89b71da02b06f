#include "gateway/page/seal_check.hpp"

#include "gateway/core/log.hpp"

namespace trialgate::gateway {

void seal_check::broken(std::int64_t id) noexcept {
    found_.intact = false;
    found_.broken_at = found_.broken_at == 0 ? id : std::min(found_.broken_at, id);
}

bool seal_check::step(store& rows, std::size_t most) {
    const std::vector<audit_row> some = rows.audit_after(at_, most);
    for (const audit_row& r : some) {
        if (r.seal != audit_seal(seal_, r))
            broken(r.id);
        at_ = r.id;
        seal_ = r.seal;
    }
    if (some.empty() && at_ > 0)
        if (const auto last = rows.audit_latest(1); last.empty() || last.front().id < at_ || (last.front().id == at_ && last.front().seal != seal_))
            broken(at_); // cut off, or made anew, since it was looked at
    found_.checked_through = std::max(found_.checked_through, at_);
    return some.size() == most;
}

void seal_check::again() noexcept {
    at_ = 0;
    seal_.clear();
}

bool trail_keeper::step(store& rows, instant now) {
    constexpr duration_ms day = 24 * hour_ms;
    const bool more = check_.step(rows);
    if (!check_.standing().intact && !std::exchange(told_broken_, true))
        log_error("page.trail-broken", {{"row", check_.standing().broken_at}});
    if (more || now / day == day_)
        return more;
    const auto last = rows.audit_latest(1);
    if (last.empty())
        return false;
    log_anchor(last.front(), "daily", check_.standing().intact);
    const bool first = day_ == -1;
    day_ = now / day;
    if (!first)
        check_.again();
    return !first;
}

void log_anchor(const audit_row& newest, std::string_view why, bool intact) {
    log_info("page.trail", {{"why", why}, {"row", newest.id}, {"seal", newest.seal}, {"intact", intact}});
}

} // namespace trialgate::gateway
