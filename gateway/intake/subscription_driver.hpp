// Does what the state machines of a source's Subscriptions ask for, and keeps their rows.
//
// The order that makes a crash at any point harmless: token and secret are committed and the hook knows them before the server is asked (a handshake may
// come before the answer); what the server said is committed after; before each create the server is searched for what an earlier one left.
#pragma once

#include "gateway/intake/subscription_calls.hpp"
#include "gateway/intake/websocket_feed.hpp"

#include <map>

namespace trialgate::gateway {

/// Runs until cancelled, through any number of plans.
boost::asio::awaitable<void> drive_subscriptions(intake_services& services, source_state& source, subscription_ports ports,
                                                 std::string public_url);

/// For one plan; `run` ends by throwing plan_changed.
class subscription_driver {
public:
    struct plan_changed {};
    subscription_driver(intake_services& services, source_state& source, const subscription_ports& ports, std::string public_url);
    boost::asio::awaitable<void> run();

private:
    struct machine {
        wanted_subscription wanted;
        subscription_row row;
        subscription_fsm fsm;
        std::shared_ptr<feed_slot> feed{};
        std::string numbers_at_canary{};
    };

    boost::asio::awaitable<std::vector<fhir::topic_view>> offered_topics();
    boost::asio::awaitable<subscription_plan> make_plan();
    boost::asio::awaitable<void> prepare(const subscription_plan& plan);
    void add_machine(wanted_subscription wanted, subscription_row row, bool drop);
    boost::asio::awaitable<void> loop(subscription_plan plan);
    boost::asio::awaitable<void> look_after(machine& m);
    boost::asio::awaitable<void> perform(machine& m, subscription_event first);
    boost::asio::awaitable<std::optional<subscription_event>> act(machine& m, subscription_action a);
    bool act_at_once(machine& m, subscription_action a);
    boost::asio::awaitable<subscription_event> ask_status(machine& m);
    boost::asio::awaitable<subscription_event> try_canary(machine& m);
    boost::asio::awaitable<void> keep_row(machine& m, bool checked);
    boost::asio::awaitable<void> close_hole(machine& m);
    boost::asio::awaitable<void> forget_removed();
    void read_rows();
    bool canary_heard(const machine& m) const;
    subscription_rules rules_for(const wanted_subscription& wanted) const;
    std::string fault(const machine& m, std::string_view what) const;
    instant next_look() const;

    intake_services& services_;
    source_state& source_;
    const subscription_ports& ports_;
    std::string public_url_;
    subscription_calls calls_;
    std::map<std::string, machine> machines_; ///< by name
    std::vector<std::pair<std::string, subscription_event>> pending_; ///< with what each machine begins
};

/// How often the hook writes last_heard at most.
inline constexpr duration_ms heard_is_written_every = 10 * second_ms;

/// Takes a row and what belongs to it out of the store.
void forget_row(store& into, const subscription_row& row);
/// A row's own words for what was wanted, for removing it without a plan.
wanted_subscription wanted_of(const subscription_row& row, const source_config& config, const fhir::capability* can);

} // namespace trialgate::gateway
