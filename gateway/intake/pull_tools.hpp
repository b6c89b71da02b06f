// What the pulling half of intake shares: asking, telling answers apart, journaling, waiting, working off jobs.
#pragma once

#include "fhir/json.hpp"
#include "gateway/intake/source.hpp"

#include <span>

namespace trialgate::gateway::pull {

/// What an answer means to whoever asked (fhir-protocol.md 3.6).
enum class meaning : std::uint8_t {
    ok,       ///< 2xx
    gone,     ///< 410: deleted, or a paging session that expired
    missing,  ///< 404: unknown; some servers say it for "not allowed"
    denied,   ///< 401, 403, no access token
    rejected, ///< other 4xx, 501: asking again changes nothing
    later,    ///< network, 408, 425, 429, 5xx, or the client holds back
};

struct asked {
    meaning what = meaning::later;
    fhir_answer answer;           ///< empty when there was none
    duration_ms retry_after = 0;
};
meaning meaning_of(const fhir_answer& answer) noexcept;

/// Sends, and keeps "source.NAME.unreachable", "source.NAME.no-token" and `last_heard` up to date. Throws operation_aborted when cancelled.
boost::asio::awaitable<asked> ask(intake_services& services, source_state& source, fhir_request request);
/// As `ask`, for a GET that no cache may answer.
boost::asio::awaitable<asked> get(intake_services& services, source_state& source, std::string path);
/// Books what any operation gave; `ask` does it itself.
asked told(intake_services& services, source_state& source, net_result<fhir_answer> got);

/// How long to wait before attempt number `attempt` (from 0): full jitter, at least a second, at least what the server asked for.
duration_ms patience(const intake_services& services, std::uint32_t attempt, duration_ms retry_after);

/// "source.ehr.Observation.denied"
std::string fault_key(const source_state& source, std::string_view type, std::string_view what);

/// A cursor of the store ("cursor/ehr/Observation"); nothing when absent or unreadable.
std::optional<instant> stored_instant(store& from, const std::string& name);
std::string cursor_name(std::string_view kind, const source_state& source, std::string_view type);

/// An id that can stand in a path.
bool usable_id(std::string_view id) noexcept;

/// A journal row of something fetched. `what` is for messages: a type, never an id.
journal_item fetched(const intake_services& services, const source_state& source, std::string what, std::string body,
                     arrival kind = arrival::resource);

struct gone_resource {
    std::string type, id, etag;
    std::optional<instant> when; ///< server's time at which it was seen to be gone
};
gone_resource gone_as_of(std::string_view type, std::string_view id, const fhir_answer& answer);
/// A history Bundle that says so: what a server with `_history` would have sent.
std::string deletions_bundle(std::span<const gone_resource> all);

/// Returns when the journal is at most half full: what is fetched can wait at the server, notifications cannot.
boost::asio::awaitable<void> room(intake_services& services);
/// Commits rows and `also` together and rings; tries again while the store is full or busy. Throws operation_aborted when the store was closed.
boost::asio::awaitable<void> keep(intake_services& services, std::vector<journal_item> rows, std::function<void(store&)> also = {});

/// 404 is ambiguous: believed when it is said again at least a minute later.
class second_look {
public:
    bool confirmed(const std::string& what, instant now);
    void forget(const std::string& what) { first_.erase(what); }

private:
    std::map<std::string, instant> first_;
};

/// Runs `body` again and again; what it throws is logged without its data and costs five seconds. Ends by cancellation only.
boost::asio::awaitable<void> forever(intake_services& services, const source_state& source, std::string_view what,
                                     std::function<boost::asio::awaitable<void>()> body);

/// Runs all at the same time until all have ended; the first that throws cancels the others.
boost::asio::awaitable<void> together(std::vector<boost::asio::awaitable<void>> all);

/// Gives due jobs to `work`, `config.concurrency` at a time, each as soon as a place is free; woken by `bell`. `work` ends or postpones its job.
boost::asio::awaitable<void> work_off(intake_services& services, source_state& source, job_kind kind, wake bell,
                                      std::function<boost::asio::awaitable<void>(job)> work);
/// Postpones a job. A job that was added again meanwhile is postponed too; its work has not been done either.
boost::asio::awaitable<void> postpone(intake_services& services, job what, duration_ms by);

} // namespace trialgate::gateway::pull
