#include "gateway/net/http.hpp"

#include "fhir/ascii.hpp"

#include <algorithm>
#include <stdexcept>

namespace trialgate::gateway {

std::string_view http_headers::operator[](std::string_view name) const noexcept {
    for (const auto& [n, value] : all_)
        if (fhir::same_word(n, name))
            return value;
    return {};
}

bool http_headers::has(std::string_view name) const noexcept {
    return std::any_of(all_.begin(), all_.end(), [&](const auto& h) { return fhir::same_word(h.first, name); });
}

void http_headers::set(std::string_view name, std::string value) {
    const auto first = std::find_if(all_.begin(), all_.end(), [&](const auto& h) { return fhir::same_word(h.first, name); });
    if (first == all_.end())
        return add(std::string(name), std::move(value));
    first->second = std::move(value);
    all_.erase(std::remove_if(first + 1, all_.end(), [&](const auto& h) { return fhir::same_word(h.first, name); }), all_.end());
}

void http_headers::remove(std::string_view name) {
    std::erase_if(all_, [&](const auto& h) { return fhir::same_word(h.first, name); });
}

std::string_view to_code(net_errc e) noexcept {
    switch (e) {
    case net_errc::resolve: return "resolve";
    case net_errc::connect: return "connect";
    case net_errc::tls: return "tls";
    case net_errc::timeout: return "timeout";
    case net_errc::closed: return "closed";
    case net_errc::too_large: return "too-large";
    case net_errc::protocol: return "protocol";
    case net_errc::bad_url: return "bad-url";
    case net_errc::cancelled: return "cancelled";
    case net_errc::refused: return "refused";
    case net_errc::auth: return "auth";
    }
    return "unknown";
}

void throw_exception_from_error(const net_error& e, const boost::source_location&) {
    throw std::runtime_error(e.text.empty() ? std::string(to_code(e.code)) : e.text);
}

} // namespace trialgate::gateway
