#include "gateway/intake/subscription_fsm.hpp"

#include <algorithm>
#include <utility>

namespace trialgate::gateway {

namespace {

constexpr duration_ms first_look = 5 * second_ms, longest_look = 5 * minute_ms; // from requested to active
constexpr duration_ms longest_heartbeat_patience = 15 * minute_ms;              // servers that send none are asked less often
constexpr duration_ms longest_failure_pause = 5 * minute_ms;
constexpr duration_ms after_refusal = minute_ms;

using action = subscription_action;
using event = subscription_event::kind;

} // namespace

std::string_view to_code(subscription_state s) noexcept {
    switch (s) {
    case subscription_state::absent: return "absent";
    case subscription_state::creating: return "creating";
    case subscription_state::requested: return "requested";
    case subscription_state::active: return "active";
    case subscription_state::error: return "error";
    case subscription_state::off: return "off";
    case subscription_state::waiting: return "waiting";
    case subscription_state::removing: return "removing";
    case subscription_state::removed: return "removed";
    }
    return "";
}

subscription_fsm::subscription_fsm(subscription_rules rules, memory known, instant now)
    : rules_(rules), id_(std::move(known.id)), status_(std::move(known.status)), ends_(known.ends), last_heard_(known.last_heard),
      heartbeat_patience_(rules.heartbeat * 5 / 2), next_(now), silence_(std::max(now, known.last_heard) + rules.silence),
      canary_(std::max(now + minute_ms, known.canary_last == 0 ? now : known.canary_last + rules.canary_every)), since_(now) {
    if (id_.empty())
        return;
    state_ = status_ == "active" ? subscription_state::active : subscription_state::requested;
    // Nobody listened while we were away.
    lost_sight_ = true;
    if (ends_ != 0)
        renew_ = ends_ - rules_.lifetime / 3;
}

duration_ms subscription_fsm::pause(std::uint32_t attempt, double random) const noexcept {
    const duration_ms whole = std::min(rules_.longest_retry, rules_.first_retry << std::min<std::uint32_t>(attempt, 20));
    return whole / 2 + static_cast<duration_ms>(static_cast<double>(whole) / 2 * random);
}

void subscription_fsm::send(subscription_action a, actions& out) {
    busy_ = true;
    sent_ = a;
    if (a == action::create)
        state_ = subscription_state::creating;
    else if (a == action::remove || a == action::switch_off)
        state_ = subscription_state::removing;
    out.push_back(a);
}

std::vector<subscription_action> subscription_fsm::step(const subscription_event& e, instant now, double random) {
    actions out;
    switch (e.what) {
    case event::tick: break;
    case event::heard: on_heard(e.at, now); break;
    case event::changed: changed_ = true; break;
    case event::drop: drop_ = true; break;
    case event::canary_written:
    case event::canary_heard:
    case event::canary_refused:
    case event::canary_failed: on_canary(e, now, out); break;
    case event::found: on_seen(e, now, random, out); break;
    case event::not_found:
        busy_ = false;
        if (drop_)
            state_ = subscription_state::removed;
        else
            send(action::create, out);
        break;
    case event::gone: on_gone(now, out); break;
    case event::refused: on_refused(now, random, out); break;
    case event::unsupported: on_unsupported(now, random, out); break;
    case event::failed: on_failed(e, now, random, out); break;
    case event::removed: on_removed(now, out); break;
    }
    if (!busy_)
        tick(now, out);
    return out;
}

void subscription_fsm::tick(instant now, actions& out) {
    const bool here = !id_.empty();
    if (state_ == subscription_state::removed || (state_ == subscription_state::waiting && now < next_))
        return;
    if (drop_)
        return send(here ? action::remove : action::find, out);
    if (here && changed_)
        return send(action::update, out);
    switch (state_) {
    case subscription_state::absent:
        if (now >= next_)
            send(action::find, out);
        break;
    case subscription_state::waiting: send(here ? action::update : action::find, out); break;
    case subscription_state::requested:
        if (now >= next_)
            send(action::read, out);
        break;
    case subscription_state::error:
    case subscription_state::off:
        if (now >= next_)
            send(action::update, out);
        break;
    case subscription_state::active: tick_active(now, out); break;
    case subscription_state::creating:
    case subscription_state::removing:
    case subscription_state::removed: break;
    }
}

void subscription_fsm::tick_active(instant now, actions& out) {
    if (canary_pending_ != 0 && now >= canary_pending_ + rules_.canary_patience) {
        out.push_back(action::raise_canary);
        out.push_back(action::reconcile);
        drop_canary(out);
        canary_ = now + rules_.canary_after_failure;
        send(action::update, out); // it does not fire, whatever its status says: ask anew
    } else if (now >= renew_)
        send(action::update, out);
    else if (now >= silence_) {
        silence_ = now + rules_.silence;
        canary_ = std::min(canary_, now);
        out.push_back(action::reconcile);
        send(action::read, out);
    } else if (now >= next_)
        send(rules_.status_operation ? action::ask_status : action::read, out);
    else if (rules_.canary && canary_pending_ == 0 && now >= canary_)
        send(action::write_canary, out);
}

void subscription_fsm::on_heard(instant at, instant now) {
    if (at <= last_heard_)
        return;
    last_heard_ = at;
    silence_ = at + rules_.silence;
    heartbeat_patience_ = rules_.heartbeat * 5 / 2;
    if (state_ == subscription_state::active) {
        attempts_ = 0;
        if (rules_.heartbeat != 0)
            next_ = at + heartbeat_patience_;
    } else if (state_ == subscription_state::requested)
        next_ = std::min(next_, now); // a handshake: it will be active now
}

void subscription_fsm::take_end(instant end, instant now) {
    const bool granted = sent_ == action::create || sent_ == action::update;
    if (sent_ == action::ask_status)
        return; // does not tell
    if (granted || end != ends_)
        granted_ = now;
    ends_ = end;
    if (end == 0)
        renew_ = never;
    else if (granted)
        renew_ = std::max(now + minute_ms, end - std::max<duration_ms>(0, end - granted_) / 3);
    else if (renew_ == never)
        renew_ = end - std::min(rules_.lifetime, std::max<duration_ms>(0, end - granted_)) / 3;
}

void subscription_fsm::on_seen(const subscription_event& e, instant now, double random, actions& out) {
    busy_ = false;
    failures_ = 0;
    if (!e.id.empty())
        id_ = e.id;
    take_end(e.end, now);
    if (sent_ == action::create || sent_ == action::update) {
        changed_ = false;
        out.push_back(action::clear_refused);
    }
    if (drop_)
        return; // the tick that follows removes it
    const bool lost = std::exchange(lost_sight_, false);
    const bool silent_answer = e.status.empty() && state_ == subscription_state::active && sent_ != action::update;
    if (!e.status.empty())
        status_ = e.status;
    if (e.status == "active" || silent_answer)
        become_active(now, out);
    else if (e.status == "error")
        become_inactive(subscription_state::error, now, random, out);
    else if (e.status == "off")
        become_inactive(subscription_state::off, now, random, out);
    else if (e.status == "entered-in-error") {
        id_.clear();
        return on_gone(now, out);
    } else
        become_requested(now, out);
    if (lost && std::find(out.begin(), out.end(), action::reconcile) == out.end())
        out.push_back(action::reconcile);
}

void subscription_fsm::become_active(instant now, actions& out) {
    if (state_ != subscription_state::active) {
        state_ = subscription_state::active;
        since_ = now;
        silence_ = now + rules_.silence;
        canary_ = std::max(canary_, now + minute_ms);
        out.push_back(action::reconcile);
    } else if (now - since_ >= rules_.calm)
        attempts_ = 0;
    if (attempts_ <= 1) // one that comes and goes stays one fault until it has been calm
        out.push_back(action::clear_inactive);
    if (rules_.heartbeat == 0)
        next_ = now + rules_.check_every;
    else {
        next_ = now + heartbeat_patience_;
        heartbeat_patience_ = std::max(heartbeat_patience_, std::min(longest_heartbeat_patience, heartbeat_patience_ * 2));
    }
}

void subscription_fsm::become_requested(instant now, actions& out) {
    if (state_ != subscription_state::requested) {
        state_ = subscription_state::requested;
        since_ = now;
    }
    if (now - since_ >= rules_.start_patience)
        out.push_back(action::raise_inactive);
    next_ = now + std::clamp((now - since_) / 2, first_look, longest_look);
}

void subscription_fsm::become_inactive(subscription_state s, instant now, double random, actions& out) {
    state_ = s;
    since_ = now;
    out.push_back(action::reconcile);
    drop_canary(out);
    // Once may be a hiccup that a new request cures; more often a person should know.
    if (attempts_ > 0)
        out.push_back(action::raise_inactive);
    next_ = attempts_ == 0 ? now : now + pause(attempts_, random);
    ++attempts_;
}

void subscription_fsm::on_gone(instant now, actions& out) {
    busy_ = false;
    failures_ = 0;
    drop_canary(out);
    id_.clear();
    status_.clear();
    ends_ = 0;
    renew_ = never;
    changed_ = false;
    if (drop_) {
        state_ = subscription_state::removed;
        return;
    }
    state_ = subscription_state::absent;
    since_ = now;
    lost_sight_ = false;
    out.push_back(action::reconcile);
    next_ = attempts_ == 0 ? now : now + pause(attempts_, 1);
    ++attempts_;
}

void subscription_fsm::on_removed(instant now, actions& out) {
    if (!drop_)
        attempts_ = 0; // removed in order to be created anew
    on_gone(now, out);
}

void subscription_fsm::on_refused(instant now, double random, actions& out) {
    busy_ = false;
    if (drop_ && sent_ == action::remove)
        return send(action::switch_off, out);
    if (sent_ == action::read || sent_ == action::ask_status) {
        // Not allowed to look: what is there may well work.
        next_ = now + std::max(after_refusal, pause(++failures_, random));
        lost_sight_ = true;
        return;
    }
    out.push_back(action::raise_refused);
    if (sent_ == action::update && state_ == subscription_state::active && !changed_) {
        if (renew_ != never)
            renew_ = now + std::max(after_refusal, (ends_ - now) / 2);
        return;
    }
    if (sent_ == action::update && attempts_ >= 2) {
        attempts_ = 0;
        return send(action::remove, out); // perhaps it may be created
    }
    state_ = subscription_state::waiting;
    next_ = now + std::max(after_refusal, pause(attempts_++, random));
}

void subscription_fsm::on_unsupported(instant now, double random, actions& out) {
    if (sent_ == action::update) {
        busy_ = false;
        send(action::remove, out);
    } else
        on_refused(now, random, out);
}

void subscription_fsm::on_failed(const subscription_event& e, instant now, double random, actions& out) {
    busy_ = false;
    const duration_ms wait = std::max(e.retry_after, std::min(longest_failure_pause, pause(failures_++, random)));
    if (!id_.empty())
        lost_sight_ = true;
    next_ = now + wait;
    if (sent_ != action::read && sent_ != action::ask_status) {
        drop_canary(out);
        state_ = subscription_state::waiting;
    }
}

void subscription_fsm::drop_canary(actions& out) {
    if (std::exchange(canary_pending_, 0) != 0)
        out.push_back(action::remove_canary);
}

void subscription_fsm::on_canary(const subscription_event& e, instant now, actions& out) {
    if (e.what == event::canary_heard) {
        if (canary_pending_ == 0)
            return;
        attempts_ = 0;
        drop_canary(out);
        out.push_back(action::clear_canary);
        return;
    }
    busy_ = false;
    if (e.what == event::canary_written)
        canary_pending_ = e.at;
    canary_ = now + (e.what == event::canary_failed ? rules_.canary_after_failure : rules_.canary_every);
}

instant subscription_fsm::due() const noexcept {
    if (busy_ || state_ == subscription_state::removed)
        return never;
    if (state_ == subscription_state::waiting)
        return next_;
    if (drop_ || (changed_ && !id_.empty()))
        return 0;
    if (state_ != subscription_state::active)
        return next_;
    const instant canary = canary_pending_ != 0 ? canary_pending_ + rules_.canary_patience : rules_.canary ? canary_ : never;
    return std::min({next_, renew_, silence_, canary});
}

} // namespace trialgate::gateway
