// Signatures of https://www.standardwebhooks.com (scheme v1: HMAC-SHA256 over "id.timestamp.body").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trialgate::gateway {

/// The bytes of a secret: "whsec_" and base64, or any other text as it is.
std::string webhook_key(std::string_view secret);
/// "v1,<base64>"; `timestamp` in seconds.
std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body);

} // namespace trialgate::gateway
