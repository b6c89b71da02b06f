// The life of one Subscription on a server, without sockets: events in, actions out (fhir-protocol.md, 1.2, 1.6, 2.5, 2.6).
//
//   absent ──find──▶ creating ──▶ requested ──▶ active        found: adopted, whoever asked for it before us
//      ▲                │             ▲  │         │
//      │ gone           │ fails       │  ▼         ▼
//      └─────────── waiting ◀──── error / off ◀── (read, $status)
//
// Whatever the server says, nothing is lost: each time a Subscription was not active, or may not have been, `reconcile` asks for what it did not tell.
// One action is on its way at a time; its answer is the next event but for `heard` and `drop`.
#pragma once

#include "gateway/core/clock.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace trialgate::gateway {

enum class subscription_state : std::uint8_t {
    absent,    ///< not known to be on the server
    creating,  ///< sent, not answered
    requested, ///< on the server, not yet active
    active,
    error,     ///< the server gave up on us; a new request is due
    off,       ///< somebody switched it off; a new request is due
    waiting,   ///< something failed; tried again later
    removing,
    removed,
};
std::string_view to_code(subscription_state s) noexcept;

struct subscription_rules {
    bool status_operation = false;  ///< ask by $status, not by reading the Subscription
    bool canary = false;
    duration_ms heartbeat = 0;      ///< period that was asked for; 0: style without heartbeats
    duration_ms check_every = 5 * minute_ms; ///< without heartbeats
    duration_ms silence = 24 * hour_ms;
    duration_ms lifetime = 30 * 24 * hour_ms;
    duration_ms first_retry = 5 * second_ms, longest_retry = hour_ms;
    duration_ms start_patience = 10 * minute_ms;  ///< from requested to active, then it is a fault
    duration_ms calm = hour_ms;                   ///< active for so long: failures before are forgotten
    duration_ms canary_every = 24 * hour_ms, canary_patience = 5 * minute_ms, canary_after_failure = hour_ms;
};

struct subscription_event {
    enum class kind : std::uint8_t {
        tick,
        heard,       ///< `at`: the last notification of any sort
        found,       ///< find, create, read, $status, update: the server has it; `id`, `status`, `end`
        not_found,   ///< find: it has none of ours
        gone,        ///< read, update, remove: 404, 410
        refused,     ///< the server will not, asking again changes little
        unsupported, ///< update, remove: 405, 501
        failed,      ///< unreachable or overloaded; whether a create happened is uncertain
        removed,
        changed,     ///< endpoint or criteria are no longer what the server has
        drop,        ///< no longer wanted
        canary_written,  ///< `at`
        canary_heard,
        canary_refused,
        canary_failed,
    };
    kind what = kind::tick;
    std::string id{}, status{};
    instant end = 0;             ///< 0: not said
    instant at = 0;
    duration_ms retry_after = 0;
};

enum class subscription_action : std::uint8_t {
    find,
    create,
    read,          ///< the Subscription itself
    ask_status,    ///< $status
    update,        ///< PUT with the status that asks for activity and a new end
    remove,
    switch_off,    ///< for servers that cannot delete
    reconcile,     ///< needs no answer, like all below
    write_canary,  ///< is answered by canary_written, canary_refused or canary_failed
    remove_canary,
    raise_refused,
    raise_inactive,
    raise_canary,
    clear_refused,
    clear_inactive,
    clear_canary,
};

class subscription_fsm {
public:
    /// What the store remembers. `canary_last`: when the last one was written, 0 = never.
    struct memory {
        std::string id{}, status{};
        instant ends = 0, last_heard = 0, canary_last = 0;
    };
    subscription_fsm(subscription_rules rules, memory known, instant now);

    /// `random` in [0, 1).
    std::vector<subscription_action> step(const subscription_event& e, instant now, double random);

    subscription_state state() const noexcept { return state_; }
    /// When to step with a tick; max when only an event helps.
    instant due() const noexcept;
    const std::string& id() const noexcept { return id_; }
    const std::string& status() const noexcept { return status_; }
    instant ends() const noexcept { return ends_; }
    /// Was written and neither heard nor given up yet; 0: none.
    instant canary_pending() const noexcept { return canary_pending_; }

private:
    using actions = std::vector<subscription_action>;
    static constexpr instant never = std::numeric_limits<instant>::max();

    void tick(instant now, actions& out);
    void tick_active(instant now, actions& out);
    void on_seen(const subscription_event& e, instant now, double random, actions& out);
    void on_gone(instant now, actions& out);
    void on_refused(instant now, double random, actions& out);
    void on_unsupported(instant now, double random, actions& out);
    void on_failed(const subscription_event& e, instant now, double random, actions& out);
    void on_removed(instant now, actions& out);
    void on_heard(instant at, instant now);
    void on_canary(const subscription_event& e, instant now, actions& out);
    void take_end(instant end, instant now);
    void drop_canary(actions& out);
    void become_active(instant now, actions& out);
    void become_inactive(subscription_state s, instant now, double random, actions& out);
    void become_requested(instant now, actions& out);
    void send(subscription_action a, actions& out);
    duration_ms pause(std::uint32_t attempt, double random) const noexcept;

    subscription_rules rules_;
    subscription_state state_ = subscription_state::absent;
    std::string id_, status_;
    instant ends_ = 0, granted_ = 0, last_heard_ = 0;
    bool busy_ = false;              ///< an action is on its way
    subscription_action sent_ = subscription_action::find;
    bool lost_sight_ = false;        ///< the server could not be asked: reconcile when it can be
    bool changed_ = false, drop_ = false;
    std::uint32_t attempts_ = 0;     ///< requests for activity that did not last
    std::uint32_t failures_ = 0;     ///< answers in a row that did not come
    duration_ms heartbeat_patience_ = 0;
    instant next_ = 0;               ///< the next try, check or request
    instant renew_ = never, silence_ = never, canary_ = never;
    instant since_ = 0;              ///< in this state
    instant canary_pending_ = 0;
};

} // namespace trialgate::gateway
