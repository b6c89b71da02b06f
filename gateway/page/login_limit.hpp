// Slows down who tries to log in again and again. For one thread.
#pragma once

#include "gateway/core/clock.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace trialgate::gateway {

class login_limit {
public:
    static constexpr duration_ms span = 10 * minute_ms;
    static constexpr std::size_t of_one = 10, of_all = 200; ///< failures within that time

    /// How long this address has to wait; nothing: it may try.
    std::optional<duration_ms> wait(const std::string& address, instant now);
    void failed(const std::string& address, instant now);

private:
    void forget(instant now);

    std::deque<std::pair<instant, std::string>> failures_; ///< of all, oldest first; at most `of_all`
};

} // namespace trialgate::gateway
