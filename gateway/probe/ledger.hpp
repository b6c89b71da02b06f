// Every request of a probe goes through one polite_http: counted, paced, limited, signed with our name. A server that is looked at owes us
// nothing.
#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/net/http_client.hpp"

namespace trialgate::gateway::probe {

struct politeness {
    unsigned most_requests = 300;             ///< in total
    unsigned per_second = 5;                  ///< on average
    unsigned burst = 10;                      ///< at once, after as long a rest
    std::chrono::milliseconds most_time{180'000}; ///< of the whole probe; nothing but cleaning up is asked after that
    std::string user_agent = "trialgate-probe";
    bool paced = true;                        ///< false: answers come from a recording
};

/// One request and how it ended. The URL may hold ids: `shown` (evidence.hpp) is what may be printed.
struct exchange_note {
    std::string method, url;
    int status = 0;                  ///< 0: no answer
    std::optional<net_errc> error;
    std::chrono::milliseconds took{0};
    std::string content_type, retry_after;
    enum class kind : std::uint8_t { none, json, html, other } body = kind::none;
    bool broken = false;             ///< begins as JSON and is none
};

/// What all clients of one probe share.
class ledger {
public:
    explicit ledger(politeness rules);
    /// Waits for this request's turn; or says why it must not be sent.
    boost::asio::awaitable<std::optional<net_error>> turn();
    /// Returns when a whole burst may be sent at once.
    boost::asio::awaitable<void> rest();
    /// From now on limits do not hold (the pace does): what was written is removed in any case.
    void begin_cleaning() noexcept { cleaning_ = true; }
    void note(exchange_note n) { notes_.push_back(std::move(n)); }
    std::vector<exchange_note>& notes() noexcept { return notes_; }
    const politeness& rules() const noexcept { return rules_; }
    unsigned sent() const noexcept { return sent_; }

private:
    using time_point = std::chrono::steady_clock::time_point;
    politeness rules_;
    time_point started_, next_; ///< next_: when the next request is due if all were spaced evenly
    std::vector<exchange_note> notes_;
    unsigned sent_ = 0;
    bool cleaning_ = false;
};

/// A header of a recorded answer: how long it took, in milliseconds. Taken off by polite_http.
inline constexpr std::string_view elapsed_header = "X-Trialgate-Elapsed";

std::shared_ptr<http_client> make_polite_http(std::shared_ptr<ledger> book, std::shared_ptr<http_client> inner);

} // namespace trialgate::gateway::probe
