// Tells people: plans mails from open alerts, stores them, and hands them to the relay. One thread, so that nothing else ever waits for a
// relay.
//
// A mail is planned, marked as told, and counted in one transaction: it exists once, whatever crashes. Before it is handed to the relay it
// is marked as `sending`, and it goes when the relay has taken it. A crash in between leaves it `sending`: nobody knows whether it arrived,
// so it is sent again with the same Message-ID. SMTP cannot do better; an alert that comes twice is better than one that does not come.
#pragma once

#include "gateway/core/metrics.hpp"
#include "gateway/people/carrier.hpp"
#include "gateway/people/planner.hpp"
#include "gateway/store/committer.hpp"
#include "gateway/store/faults.hpp"

namespace trialgate::gateway {

/// What becomes of a mail after an attempt. Pure.
struct mail_step {
    enum class is : std::uint8_t { sent, retry, dead } what = is::retry;
    instant not_before = 0;
};
/// A refusal is final; anything else comes again after a time that doubles from `first_retry` to `longest_retry`, until the mail is older
/// than `give_up_after` and was tried at least five times. `attempts` counts this one.
mail_step after_attempt(const mail_row& mail, std::uint32_t attempts, const mail_outcome& outcome, const relay_config& relay, instant now);

/// What the desk does when it is asked; no thread. For tests, and for people_desk.
class mail_room {
public:
    /// `reading` is a connection of its own. The carrier may be nullptr: nothing is planned and sent.
    mail_room(people_config config, fhir::time_zone site, committer& writer, std::unique_ptr<store> reading, clock& time,
              fault_board& faults, metrics& figures, std::unique_ptr<carrier> by);
    /// Stores the mails that are due. True when there were any.
    bool plan();
    /// Sends what waits and is due. Ends early when `stop` says so.
    void send(const std::function<bool()>& stop = {});
    void cut();

private:
    void begin();
    bool store_mails(const mail_plan& plan);
    bool deliver(const mail_row& mail);
    const subscriber_config* find(const std::string& name) const;

    const people_config config_;
    const fhir::time_zone site_;
    committer& writer_;
    const std::unique_ptr<store> reading_;
    clock& time_;
    fault_board& faults_;
    metrics& figures_;
    const std::unique_ptr<carrier> by_;
    bool begun_ = false;
    std::int64_t stamp_ = -1;
    instant looked_ = 0, next_ = 0;
    instant held_ = 0;         ///< the relay is in trouble: nothing is tried before
    unsigned failures_ = 0;    ///< of the relay, in a row
};

class people_desk {
public:
    /// Starts the thread.
    people_desk(people_config config, fhir::time_zone site, committer& writer, std::unique_ptr<store> reading, std::shared_ptr<clock> time,
                fault_board& faults, metrics& figures, std::unique_ptr<carrier> by);
    ~people_desk(); ///< stops
    /// Alerts changed, or the time was set. From any thread.
    void poke();
    /// Cuts a mail under way short and ends the thread. Idempotent.
    void stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
