#include "gateway/page/access.hpp"

#include <algorithm>
#include <array>

namespace trialgate::gateway {

namespace {

constexpr std::array all_roles{role::coordinator, role::investigator, role::operator_, role::auditor};

/// Which of them suffices.
std::initializer_list<role> allowed(permission p) noexcept {
    static constexpr std::initializer_list<role> people{role::coordinator, role::investigator}, confirm{role::investigator},
        operations{role::operator_, role::auditor}, operate{role::operator_}, audit{role::auditor},
        any{role::coordinator, role::investigator, role::operator_, role::auditor};
    switch (p) {
    case permission::any: return any;
    case permission::view_people:
    case permission::judge:
    case permission::reveal: return people;
    case permission::confirm: return confirm;
    case permission::view_operations: return operations;
    case permission::operate: return operate;
    case permission::view_audit: return audit;
    }
    return {};
}

bool of_trials(role r) noexcept { return r == role::coordinator || r == role::investigator; }

} // namespace

std::string_view to_code(role r) noexcept {
    switch (r) {
    case role::coordinator: return "coordinator";
    case role::investigator: return "investigator";
    case role::operator_: return "operator";
    case role::auditor: return "auditor";
    }
    return "";
}

std::optional<role> role_of(std::string_view code) noexcept {
    const auto at = std::find_if(all_roles.begin(), all_roles.end(), [&](role r) { return to_code(r) == code; });
    return at == all_roles.end() ? std::nullopt : std::optional(*at);
}

bool rights::has(role r, std::string_view trial) const {
    return std::any_of(of_trial.begin(), of_trial.end(), [&](const auto& entry) {
        return (trial.empty() || !of_trials(r) || entry.first == "*" || entry.first == trial) && entry.second.contains(r);
    });
}

bool rights::may(permission p, std::string_view trial) const {
    const std::string_view where = p == permission::any ? std::string_view() : trial;
    const auto roles = allowed(p);
    return std::any_of(roles.begin(), roles.end(), [&](role r) { return has(r, where); });
}

void rights::add(role r, std::string_view trial) { of_trial[of_trials(r) ? std::string(trial) : "*"].insert(r); }

std::string rights::roles_in(std::string_view trial) const {
    std::string out;
    for (const role r : all_roles)
        if (has(r, trial))
            out += (out.empty() ? "" : ",") + std::string(to_code(r));
    return out;
}

rights every_right() {
    rights out;
    for (const role r : all_roles)
        out.add(r, "*");
    return out;
}

rights rights_of(const std::vector<page_access>& access, const user_claims& user) {
    rights out;
    const auto in_group = [&](const std::string& name) {
        return !name.empty() && std::find(user.groups.begin(), user.groups.end(), name) != user.groups.end();
    };
    const auto named = [&](const std::string& name) {
        return !name.empty() && name == (name.find('@') == name.npos ? user.user : user.email);
    };
    for (const page_access& entry : access) {
        if (!in_group(entry.group) && !named(entry.user))
            continue;
        for (const std::string& code : entry.roles) {
            const auto r = role_of(code);
            if (!r)
                continue;
            if (entry.trials.empty())
                out.add(*r, "*");
            for (const std::string& trial : entry.trials)
                out.add(*r, trial);
        }
    }
    return out;
}

} // namespace trialgate::gateway
