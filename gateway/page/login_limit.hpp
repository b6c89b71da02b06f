// Slows down who tries to log in again and again. For one thread.
#pragma once

#include "gateway/core/clock.hpp"

#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace trialgate::gateway {

class login_limit {
public:
    static constexpr duration_ms span = 10 * minute_ms;
    static constexpr std::size_t unlimited = 0;

    /// How many failures within that time are too many: of one address (of IPv6: of one network of 64 bits, which one customer has), and of all.
    login_limit(std::size_t of_one, std::size_t of_all) : of_one_(of_one), of_all_(of_all) {}

    /// How long this address has to wait; nothing: it may try.
    std::optional<duration_ms> wait(const std::string& address, instant now);
    void failed(const std::string& address, instant now);

private:
    void forget(instant now);

    std::size_t of_one_, of_all_;
    std::deque<std::pair<instant, std::string>> failures_; ///< of all, oldest first
};

/// The address in a value of X-Forwarded-For, without brackets and port, which some proxies write; "unknown" when there is none.
std::string client_address(std::string_view forwarded);

/// Whom an address counts as: itself, or the first 64 bits of an IPv6 address. IPv4 in IPv6 counts as IPv4.
std::string address_group(const std::string& address);

} // namespace trialgate::gateway
