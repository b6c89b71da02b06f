// The little cryptography that is needed outside TLS, by OpenSSL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace trialgate::gateway {

// What needs OpenSSL throws std::runtime_error when OpenSSL cannot do it (no random source, a crippled provider).
std::string sha256(std::string_view data);                            ///< 32 raw bytes
std::string hmac_sha256(std::string_view key, std::string_view data); ///< 32 raw bytes
std::string to_hex(std::string_view bytes);
std::optional<std::string> from_hex(std::string_view text);
std::string to_base64(std::string_view bytes);
/// Also base64url, with or without padding. No white space; bits left over must be zero.
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64url(std::string_view bytes);                     ///< without padding
/// In a time that does not depend on where they differ. Only the lengths can be told from it.
bool same_secret(std::string_view a, std::string_view b) noexcept;
/// `bytes` random bytes as base64url.
std::string random_token(std::size_t bytes);
/// AES-256-GCM under a key of 32 bytes and a random nonce: nobody without the key can read, change or make it.
std::string seal_text(std::string_view key, std::string_view text);
/// Nothing when it was not made under this key.
std::optional<std::string> open_sealed(std::string_view key, std::string_view sealed);

} // namespace trialgate::gateway
