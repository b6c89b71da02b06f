// The one reader of URLs: what the configuration accepts, where a request goes and which origin a token is for are decided by the same reading.
// Readers that differ on "https://a\@b" would send the token after the wrong one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trialgate::gateway {

/// The parts of an absolute http(s) or ws(s) URL. "https://h:8443/fhir?x=1"
struct url_parts {
    std::string scheme, host, port; ///< lower case; an IPv6 host without its brackets; port: as written, or the scheme's default
    std::string target;             ///< path and query, begins with '/'
    std::string origin() const { return scheme + "://" + authority() + ":" + port; }
    /// The host as a URL or a Host header writes it: IPv6 in brackets.
    std::string authority() const { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }
    bool secure() const noexcept { return scheme == "https" || scheme == "wss"; }
};
/// Nothing for anything else: another scheme, a user name, control characters or spaces (which could smuggle in header lines), a port out of
/// range. A fragment is cut off, percent-encoding is left as it is.
std::optional<url_parts> parse_url(std::string_view url);
/// True for 127.0.0.0/8, ::1 (with or without brackets) and "localhost".
bool is_loopback(std::string_view host) noexcept;

} // namespace trialgate::gateway
