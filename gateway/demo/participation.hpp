// The demo's second act: somebody of the cohort takes part, and weeks go by in seconds.
#pragma once

#include "fhir/datetime.hpp"
#include "gateway/demo/fhir_server.hpp"

namespace trialgate::gateway {

struct participation_act {
    demo_server& hospital;
    std::string gateway;                ///< its public URL
    std::string token;                  ///< of its participants API
    std::shared_ptr<tls_context> trust; ///< empty: plain
    int days = 0;                       ///< after Day 0
    std::chrono::milliseconds pace{700}; ///< of a day, at least
    std::function<bool()> settled;      ///< nothing of the day is left to do; a day waits for it, ten seconds at most
    /// The clock of all three goes on by a day.
    std::function<void()> next_day;
    std::function<fhir::date()> today;  ///< at the site
    std::function<void(std::string_view who, std::string_view what)> say;
};

/// Enrols Patient/anna by the API, doses her the next day, then lets the days pass: visits held in time, one whose result is missing, one missed;
/// a result that is alarming and corrected. Cancellable at every day. Without her in the hospital's records it says so and ends.
boost::asio::awaitable<void> play_participation(participation_act act);

} // namespace trialgate::gateway
