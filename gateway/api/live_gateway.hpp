// The whole live gateway: puts the parts together, runs them, changes them on reload, ends them in order.
//
// What lasts for the life of the process: the store with its committer, the listeners, faults and figures. What a reload replaces: trials,
// sources, sinks and everything that runs for them (gateway_parts). While that is exchanged the hook answers 503 with Retry-After.
#pragma once

#include "gateway/core/config.hpp"

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace trialgate::gateway {

class live_gateway {
public:
    /// `watch` (may be empty) is told what happens, for a person: event and a few words, no patient data. From any thread.
    live_gateway(boost::asio::io_context& on, gateway_config config, std::shared_ptr<clock> time,
                 std::function<void(std::string_view, std::string_view)> watch);
    ~live_gateway();

    /// Opens the store, loads trials, listens, starts everything. Throws std::runtime_error (or store_error) with a sentence for the operator;
    /// then nothing is running.
    boost::asio::awaitable<void> start();
    /// Another configuration: replaces the parts. Listeners, data folder and limits stay as they are; a change of those is named in the log as
    /// needing a restart. When the new parts cannot be made, the old ones go on and the reason is returned; empty on success.
    boost::asio::awaitable<std::string> reload(gateway_config config);
    /// Phase one: no new work is taken; what is begun is finished, for at most `grace`. Phase two: what is left is cut off. Then everything is closed in
    /// reverse order of its start. Nothing acknowledged is lost either way.
    boost::asio::awaitable<void> stop(duration_ms grace);
    /// Makes a running `stop` go to phase two at once.
    void hurry();

    /// Nothing is left to do at this moment: no message to work in, no record to fetch, nothing to deliver. On the loop's thread.
    bool settled() const;
    /// The date may be another one: what depends on it is looked at now.
    void clock_was_set();

    unsigned short port() const noexcept;
    unsigned short operations_port() const noexcept;
    /// Makes a link that logs in to the page, once; empty: the page has no local login, or there is no page.
    boost::asio::awaitable<std::string> new_page_link();
    /// Where the page listens; empty: there is none.
    std::string page_url() const;
    /// How sources reach the hooks.
    const std::string& public_url() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
