#include "gateway/page/login_limit.hpp"

#include <algorithm>

namespace trialgate::gateway {

void login_limit::forget(instant now) {
    while (!failures_.empty() && (failures_.size() > of_all || failures_.front().first + span <= now))
        failures_.pop_front();
}

std::optional<duration_ms> login_limit::wait(const std::string& address, instant now) {
    forget(now);
    if (failures_.size() >= of_all)
        return failures_.front().first + span - now;
    std::size_t seen = 0;
    for (auto one = failures_.rbegin(); one != failures_.rend(); ++one)
        if (one->second == address && ++seen == of_one)
            return one->first + span - now;
    return std::nullopt;
}

void login_limit::failed(const std::string& address, instant now) {
    failures_.emplace_back(now, address);
    forget(now);
}

} // namespace trialgate::gateway
