// What a gateway has, does and lacks, out of its store: for `status` and for the page.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/store/store.hpp"

#include <array>

namespace trialgate::gateway {

inline constexpr std::array<std::pair<job_kind, std::string_view>, 3> job_kinds{
    {{job_kind::fetch, "fetch"}, {job_kind::hydrate, "hydrate"}, {job_kind::reconcile, "reconcile"}}};

struct figures {
    journal_counts journal;
    std::int64_t patients = 0, quarantined = 0;
    struct source {
        std::string name;
        std::array<std::int64_t, job_kinds.size()> jobs{}; ///< as job_kinds
        std::vector<subscription_row> subscriptions;
    };
    std::vector<source> sources;
    std::vector<std::pair<std::string, outbox_counts>> sinks;
    std::vector<fault_row> faults;

    /// Something a person should see to: a fault, a message that was given up, something in quarantine.
    bool findings() const noexcept;
};

/// Sinks: those of the configuration, and those that were taken out of it and left messages behind.
figures gather(store& rows, const gateway_config& config);

/// How many decisions say what.
struct decision_figures {
    using by_trial = std::map<std::string, std::map<std::string, std::int64_t>, std::less<>>;
    by_trial decisions; ///< trial, status
    by_trial people;    ///< trial, what a person decided in the study system
};
/// Reads every decision.
decision_figures gather_decisions(store& rows);

} // namespace trialgate::gateway
