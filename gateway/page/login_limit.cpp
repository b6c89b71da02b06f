#include "gateway/page/login_limit.hpp"

#include "gateway/core/crypto.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <boost/asio/ip/address.hpp>

namespace trialgate::gateway {

namespace {

constexpr std::size_t most_kept = 10'000; ///< without a limit of all

} // namespace

std::string client_address(std::string_view forwarded) {
    constexpr std::string_view space = " \t\"";
    std::string_view host = forwarded;
    host.remove_prefix(std::min(host.find_first_not_of(space), host.size()));
    host = host.substr(0, host.find_last_not_of(space) + 1);
    std::string_view port;
    if (host.starts_with('[')) {
        const auto end = std::min(host.find(']'), host.size());
        port = host.substr(std::min(end + 1, host.size()));
        host = host.substr(1, end - 1);
    } else if (const auto colon = host.find(':'); colon != host.npos && colon == host.rfind(':')) {
        port = host.substr(colon);
        host = host.substr(0, colon);
    }
    const bool good = port.empty() || (port.size() > 1 && port.front() == ':' && port.find_first_not_of("0123456789", 1) == port.npos);
    boost::system::error_code no;
    const auto address = boost::asio::ip::make_address(std::string(host), no);
    return good && !no ? address.to_string() : "unknown";
}

std::string address_group(const std::string& address) {
    in6_addr six{};
    if (inet_pton(AF_INET6, address.substr(0, address.find('%')).c_str(), &six) != 1)
        return address;
    const std::string_view bytes(reinterpret_cast<const char*>(six.s6_addr), 16);
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        std::string out;
        for (std::size_t n = 12; n < 16; ++n)
            out += (out.empty() ? "" : ".") + std::to_string(six.s6_addr[n]);
        return out;
    }
    return to_hex(bytes.substr(0, 8)) + "::/64";
}

void login_limit::forget(instant now) {
    const std::size_t most = of_all_ == unlimited ? most_kept : of_all_;
    while (!failures_.empty() && (failures_.size() > most || failures_.front().first + span <= now))
        failures_.pop_front();
}

std::optional<duration_ms> login_limit::wait(const std::string& address, instant now) {
    forget(now);
    if (of_all_ != unlimited && failures_.size() >= of_all_)
        return failures_.front().first + span - now;
    const std::string group = address_group(address);
    std::size_t seen = 0;
    for (auto one = failures_.rbegin(); one != failures_.rend(); ++one)
        if (one->second == group && ++seen == of_one_)
            return one->first + span - now;
    return std::nullopt;
}

void login_limit::failed(const std::string& address, instant now) {
    failures_.emplace_back(now, address_group(address));
    forget(now);
}

} // namespace trialgate::gateway
