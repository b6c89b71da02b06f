// ID tokens of OpenID Connect: is it genuine, for us, of this login, and of now. Pure: keys and the time are arguments.
// https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trialgate::gateway {

struct id_token_rules {
    std::string issuer;       ///< a slash at its end does not matter
    std::string client_id;
    std::string nonce;        ///< of this login
    std::int64_t now = 0;     ///< seconds since 1970
    std::int64_t leeway = 60; ///< by how much clocks may differ
};

struct id_token_outcome {
    std::string claims;       ///< JSON object; empty: refused
    std::string fault;        ///< why, a few words that hold nothing of the token
    bool other_key = false;   ///< refused since no key of the set has signed it: the issuer may have new ones, under an old name too
    bool ok() const noexcept { return fault.empty(); }
};

/// `token` is a JWS in compact form, `keys` the issuer's JWK set. Signatures by RS256, PS256 (keys of 2048 bits or more) and ES256; any other algorithm,
/// "none" among them, is refused, and so is a key of another kind than the algorithm's.
id_token_outcome check_id_token(std::string_view token, std::string_view keys, const id_token_rules& rules);

} // namespace trialgate::gateway
