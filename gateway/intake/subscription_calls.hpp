// What a Subscription needs asked of its server: requests out, answers as events of its state machine.
#pragma once

#include "gateway/intake/pull_tools.hpp"
#include "gateway/intake/subscription_fsm.hpp"
#include "gateway/intake/subscription_plan.hpp"

namespace trialgate::gateway {

/// Holds references: outlived by services and source.
class subscription_calls {
public:
    subscription_calls(intake_services& services, source_state& source) : services_(services), source_(source) {}

    /// Where the server is to send what happens: public_url/in/token/name.
    static std::string endpoint_of(const std::string& public_url, const subscription_row& row);

    /// Looks for what an earlier create left behind: our endpoint, or our reason where there is none. Others that lead to a hook of the same name with
    /// a token that no source of ours knows, and further copies, are deleted: they come from a store that was lost, or from a create asked for twice.
    boost::asio::awaitable<subscription_event> find(subscription_row row, std::string public_url);
    boost::asio::awaitable<subscription_event> create(subscription_row row, wanted_subscription wanted, std::string endpoint, instant end);
    boost::asio::awaitable<subscription_event> read(std::string id);
    /// Also tells `total` the events since the start, when the answer does; `answer` is the Bundle as received.
    boost::asio::awaitable<subscription_event> ask_status(std::string id, std::optional<std::int64_t>& total, std::string& answer);
    boost::asio::awaitable<subscription_event> update(subscription_row row, wanted_subscription wanted, std::string endpoint, instant end);
    boost::asio::awaitable<subscription_event> remove(std::string id);
    boost::asio::awaitable<subscription_event> switch_off(subscription_row row, wanted_subscription wanted, std::string endpoint);

private:
    fhir::subscription_request request(const subscription_row& row, const wanted_subscription& wanted, const std::string& endpoint,
                                       instant end) const;
    boost::asio::awaitable<pull::asked> send(std::string method, std::string tail, std::string body);
    /// Sends a Subscription; once more with a filter that holds nobody back where the server will not have a topic without.
    boost::asio::awaitable<pull::asked> put_in_place(std::string method, std::string tail, fhir::subscription_request wanted);
    boost::asio::awaitable<std::optional<std::vector<fhir::subscription_view>>> list(std::string path, pull::asked& failed);
    bool orphan(const subscription_row& row, const fhir::subscription_view& seen, const std::string& public_url);

    intake_services& services_;
    source_state& source_;
};

/// Name of the value that says which source a hook's token belongs to.
std::string token_value(std::string_view token);
/// Status and events since the start, of the answer to $status in any of its forms. Empty status: nothing was found.
std::string read_status_answer(fhir::json::value v, std::optional<std::int64_t>& total);

} // namespace trialgate::gateway
