// Who may do what on the page. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace trialgate::gateway {

enum class role : std::uint8_t { coordinator, investigator, operator_, auditor };
std::string_view to_code(role r) noexcept; ///< "coordinator", "investigator", "operator", "auditor"

enum class permission : std::uint8_t {
    any,             ///< whoever is logged in
    view_people,     ///< worklist, evidence, visits, alerts: coordinator, investigator of the trial
    judge,           ///< mark, comment, propose a mapping, acknowledge: coordinator, investigator of the trial
    confirm,         ///< decide a criterion: investigator of the trial
    reveal,          ///< who is behind a pseudonym: coordinator, investigator of the trial
    view_operations, ///< operator, auditor
    operate,         ///< operator
    view_audit,      ///< auditor
};

/// Roles of one user, per trial. Operator and auditor do not belong to a trial.
struct rights {
    std::map<std::string, std::set<role>, std::less<>> of_trial; ///< key "*": every trial
    /// `trial` empty: in any trial.
    bool has(role r, std::string_view trial) const;
    bool may(permission p, std::string_view trial) const;
};

} // namespace trialgate::gateway
