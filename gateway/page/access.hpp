// Who may do what on the page. Pure.
#pragma once

#include "gateway/core/config.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::gateway {

enum class role : std::uint8_t { coordinator, investigator, operator_, auditor };
std::string_view to_code(role r) noexcept; ///< "coordinator", "investigator", "operator", "auditor"
std::optional<role> role_of(std::string_view code) noexcept;

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
    /// `trial` "*": every trial.
    void add(role r, std::string_view trial);
    /// "coordinator,investigator": those that hold in this trial (empty: in any).
    std::string roles_in(std::string_view trial) const;
    bool none() const noexcept { return of_trial.empty(); }
    friend bool operator==(const rights&, const rights&) = default;
};

/// What an identity provider says of a user that decides on roles.
struct user_claims {
    std::vector<std::string> groups;
    std::string user{};             ///< value of oidc_config::user_claim
    std::string email{};            ///< verified by the provider; empty otherwise
};

rights every_right();
/// Every entry that fits the user counts. A user's name and an email are never taken for each other: an entry with '@' is about the email alone.
rights rights_of(const std::vector<page_access>& access, const user_claims& user);

} // namespace trialgate::gateway
