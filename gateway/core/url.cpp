#include "gateway/core/url.hpp"

#include "fhir/ascii.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

bool digits(std::string_view text) noexcept {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool host_char(char c) noexcept {
    c = fhir::lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

bool ipv6_char(char c) noexcept {
    c = fhir::lower(c);
    return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
}

std::string_view default_port(std::string_view scheme) noexcept {
    if (scheme == "http" || scheme == "ws")
        return "80";
    return scheme == "https" || scheme == "wss" ? "443" : "";
}

} // namespace

std::optional<url_parts> parse_url(std::string_view url) {
    url = url.substr(0, url.find('#'));
    if (std::any_of(url.begin(), url.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }))
        return std::nullopt;
    const auto colon = url.find("://");
    if (colon == std::string_view::npos)
        return std::nullopt;
    url_parts out;
    out.scheme = fhir::lower(url.substr(0, colon));
    out.port = default_port(out.scheme);
    if (out.port.empty())
        return std::nullopt;
    url.remove_prefix(colon + 3);
    const auto path = url.find_first_of("/?\\");
    std::string_view place = url.substr(0, path);
    std::string_view port;
    if (place.starts_with('[')) {
        const auto end = place.find(']');
        if (end == std::string_view::npos || end < 3 || !std::all_of(place.begin() + 1, place.begin() + end, ipv6_char))
            return std::nullopt;
        out.host = fhir::lower(place.substr(1, end - 1));
        if (out.host.find(':') == std::string::npos)
            return std::nullopt;
        place.remove_prefix(end + 1);
        if (!place.empty() && place.front() != ':')
            return std::nullopt;
        port = place.substr(std::min<std::size_t>(1, place.size()));
    } else {
        const auto at = place.find(':');
        out.host = fhir::lower(place.substr(0, at));
        port = at == std::string_view::npos ? std::string_view() : place.substr(at + 1);
        if (out.host.empty() || !std::all_of(out.host.begin(), out.host.end(), host_char)) // a user name ends here too: '@'
            return std::nullopt;
    }
    if (!port.empty()) {
        if (!digits(port) || port.size() > 5 || std::stoul(std::string(port)) == 0 || std::stoul(std::string(port)) > 65535)
            return std::nullopt;
        out.port = std::to_string(std::stoul(std::string(port)));
    }
    const std::string_view rest = path == std::string_view::npos ? std::string_view() : url.substr(path);
    if (rest.starts_with('\\'))
        return std::nullopt;
    out.target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
    return out;
}

bool is_loopback(std::string_view host) noexcept {
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    if (fhir::same_word(host, "localhost") || host == "::1")
        return true;
    // 127.x.y.z with four decimal numbers; a name like 127.example.org is none.
    if (!host.starts_with("127."))
        return false;
    int dots = 0;
    std::size_t length = 0;
    for (char c : host) {
        if (c == '.') {
            ++dots;
            length = 0;
        } else if (c < '0' || c > '9' || ++length > 3) {
            return false;
        }
    }
    return dots == 3 && length > 0;
}

} // namespace trialgate::gateway
