// What people decided in the study system, by asking it.
#pragma once

#include "gateway/outbox/outbox.hpp"

#include <map>

namespace trialgate::gateway {

/// Lives as long as the sink: after a restart everything is told once more.
struct people_seen {
    instant since = 0;         ///< of the server's clock; 0: from the beginning
    bool by_tag = false;       ///< the server does not search for the system of an identifier alone
    std::map<std::pair<std::string, std::string>, std::string> told; ///< subject and trial -> status
};

/// Decisions that were not told yet. After trouble, what was found so far; `since` stays then.
boost::asio::awaitable<std::vector<sink::human_decision>> read_people(fhir_client& client, people_seen& seen, instant now);

} // namespace trialgate::gateway
