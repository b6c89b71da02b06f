// What authorisation servers answer, as text in and values out. fhir-protocol.md, section 5. For net/ only.
#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/net/http.hpp"

namespace trialgate::gateway {

struct token_grant {
    std::string token;
    duration_ms lifetime = 300 * second_ms;
    std::optional<std::string> scope; ///< as granted, when the server says so
};
/// The answer of a token endpoint. The error's text holds the status and an OAuth error code at most, nothing else the server wrote.
net_result<token_grant> read_token_answer(const http_response& answer);

struct oauth_endpoints {
    std::string token;                   ///< absolute; empty: the server does not say
    std::vector<std::string> algorithms; ///< for assertions; empty: the server does not say
};
/// .well-known/smart-configuration; what is no absolute URL is relative to `base`.
oauth_endpoints read_smart_configuration(std::string_view json, const std::string& base);
/// A CapabilityStatement with the extension oauth-uris.
oauth_endpoints read_capability_security(std::string_view json, const std::string& base);

/// The scopes of `asked` (separated by spaces) that `granted` does not cover, in the order asked. Covering goes by meaning for scopes of the
/// form system/Observation.rs: v1 words (read, write, *) stand for letters, several grants add up, system/*.rs holds for every type.
std::vector<std::string> missing_scopes(std::string_view asked, std::string_view granted);

} // namespace trialgate::gateway
