// JSON Web Keys as text (RFC 7517, RFC 7638). For net/ only.
#pragma once

#include <map>
#include <string>

namespace trialgate::gateway {

/// RFC 7638 thumbprint with SHA-256, base64url: `required` are the members that identify a key of that type, all of them strings
/// (EC: crv kty x y; RSA: e kty n).
std::string jwk_thumbprint(const std::map<std::string, std::string>& required);

} // namespace trialgate::gateway
