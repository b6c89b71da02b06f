// Brings what is kept of one resource type at one source up to the server's now: search from the cursor, `_history` for deletions.
// fhir-protocol.md 3.1 to 3.3.
#pragma once

#include "gateway/intake/page_walker.hpp"

namespace trialgate::gateway::pull {

enum class pass : std::uint8_t {
    done,  ///< up to date, or nothing that asking again would change (a fault says what)
    more,  ///< the page limit was reached; what was read need not be read again
    retry, ///< something is missing: again later
    down,  ///< the server does not answer: the other types need not be tried
};

/// Values in the store: "cursor/SOURCE/Type" is the server's time up to which everything is journaled, "checkpoint/SOURCE/Type" the same within a
/// chain of pages that has not ended, "history/SOURCE/Type" the cursor of deletions. A cursor never moves back.
class type_reader {
public:
    type_reader(intake_services& services, source_state& source) : services_(services), source_(source) {}

    /// `asked`: somebody waits for this (a gap in notifications), so also types whose server can only be asked for everything.
    boost::asio::awaitable<pass> search(std::string type, bool asked);
    boost::asio::awaitable<pass> deletions(std::string type);
    /// The server's time, as of an answer about `type`; nothing when it does not tell or cannot be asked (`why`).
    boost::asio::awaitable<std::optional<instant>> server_time(std::string type, pass& why);
    duration_ms retry_after() const noexcept { return retry_after_; }
    /// Server's time in the last answer.
    std::optional<instant> last_server_time() const noexcept { return server_now_; }

private:
    /// What this process has learned about asking for a type.
    struct habits {
        unsigned plainness = 0; ///< 0: _lastUpdated and _sort; 1: without _sort; 2: without both
        instant plainer = 0;    ///< when that was learned
        unsigned stuck = 0;     ///< chains that ended early without progress of the checkpoint
        bool reads_all = false; ///< the server ignores _lastUpdated
        instant read_all = 0;   ///< when everything was read last
        bool no_history = false;
    };
    struct chain {
        std::string type;
        std::optional<instant> cursor, from, server_time, newest, checkpoint;
        bool sorted = false, ignored = false, incomplete = false;
        bool filtered = false; ///< first load: only resources that can make a person considered
    };
    enum class chain_end : std::uint8_t { whole, incomplete, expired, capped, plainer, given_up, down };

    boost::asio::awaitable<chain_end> follow(chain& c);
    boost::asio::awaitable<void> take(chain& c, page_walker& walker);
    /// The next page, with patience: `later` only after several attempts.
    boost::asio::awaitable<step> patient_next(page_walker& walker);
    chain_end trouble(const chain& c, step s);
    pass finished(const chain& c, chain_end end);
    std::string first_query(chain& c);
    static std::optional<instant> new_cursor(const chain& c);
    void complain(const std::string& type, std::string_view what, std::string_view text);

    intake_services& services_;
    source_state& source_;
    std::map<std::string, habits> habits_;
    duration_ms retry_after_ = 0;
    std::optional<instant> server_now_;
};

} // namespace trialgate::gateway::pull
