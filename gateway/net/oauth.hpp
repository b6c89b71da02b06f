// Access tokens: SMART Backend Services (private_key_jwt), client secret, basic, static.
#pragma once

#include "gateway/net/fhir_client.hpp"

namespace trialgate::gateway {

/// A private key for signing assertions: EC P-384 (ES384) or RSA (RS384), from a PEM file.
class signing_key {
public:
    /// Throws std::runtime_error naming the file. `kid` empty: the RFC 7638 thumbprint.
    signing_key(const std::string& pem_file, std::string kid);
    ~signing_key();
    signing_key(signing_key&&) noexcept;
    const std::string& kid() const noexcept;
    std::string_view algorithm() const noexcept; ///< "ES384" | "RS384"
    /// base64url(header).base64url(claims).base64url(signature); claims is JSON text. `jku`, if any, goes into the header.
    std::string jwt(std::string_view claims, std::string_view jku = {}) const;
    /// The public half as one JWK object (never `d`).
    std::string public_jwk() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

struct oauth_options {
    std::string fhir_base;
    std::string token_url;                 ///< empty: discovered (.well-known/smart-configuration, then CapabilityStatement)
    std::string client_id;
    std::vector<std::shared_ptr<const signing_key>> keys; ///< signs with the first; all are published (rotation)
    std::string client_secret;             ///< used when there are no keys
    bool secret_in_header = true;          ///< client_secret_basic, else in the form
    std::string scope;
    std::string jku;                       ///< our JWKS URL, optional header
    http_client_options http;
};

/// Refreshes at 80 % of the lifetime, single flight; a fresh jti for each attempt; iat back-dated by 5 s, exp 300 s after it; redirects of the
/// token endpoint are errors; a granted scope smaller than asked is reported once through `warn` (no secrets in it).
/// A failure is net_errc::auth (nothing of the FHIR request was sent) and is answered to all who ask during a pause of 1 s that doubles up to
/// 60 s; its text has an OAuth error code at most. From 80 % of the lifetime to its end a failed refresh gives the old token.
/// After a 401 a token is asked for again at most every 5 s: until then the same one is given, which fhir_client does not try twice.
/// A request for a token belongs to no caller: one that is cancelled leaves it running for the others. It ends with the authorizer, which must
/// go before the io_context on which it was used does (it has connections there).
/// Throws std::invalid_argument without a key and without a secret, and without a token URL and a FHIR base. `warn` may be empty.
std::shared_ptr<authorizer> make_oauth(oauth_options options, std::shared_ptr<clock> time, std::function<void(std::string)> warn);
/// As above through `http` instead of a client of its own: for tests, and to share connections. `options.http` is not used.
std::shared_ptr<authorizer> make_oauth(oauth_options options, std::shared_ptr<http_client> http, std::shared_ptr<clock> time,
                                       std::function<void(std::string)> warn);
/// The same value each time, also after a 401. Throw std::invalid_argument when it cannot stand in a header.
std::shared_ptr<authorizer> make_basic_auth(std::string user, std::string password);
std::shared_ptr<authorizer> make_static_token(std::string token);

/// {"keys":[...]} of all keys: what is published.
std::string jwks(const std::vector<std::shared_ptr<const signing_key>>& keys);

} // namespace trialgate::gateway
