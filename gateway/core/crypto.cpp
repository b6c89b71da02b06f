#include "gateway/core/crypto.hpp"

#include <cstdint>
#include <memory>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace trialgate::gateway {

namespace {

constexpr std::string_view plain_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const unsigned char* bytes_of(std::string_view s) noexcept { return reinterpret_cast<const unsigned char*>(s.data()); }
unsigned char* bytes_of(std::string& s) noexcept { return reinterpret_cast<unsigned char*>(s.data()); }

std::string encode(std::string_view bytes, std::string_view alphabet) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : bytes) {
        held = (held << 8 | static_cast<unsigned char>(c)) & 0xffff;
        for (bits += 8; bits >= 6; bits -= 6)
            out += alphabet[held >> (bits - 6) & 63];
    }
    if (bits > 0)
        out += alphabet[held << (6 - bits) & 63];
    return out;
}

/// 0..63, or -1.
int base64_digit(char c) noexcept {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

} // namespace

std::string sha256(std::string_view data) {
    std::string out(32, '\0');
    std::size_t size = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, data.data(), data.size(), bytes_of(out), &size) != 1 || size != out.size())
        throw std::runtime_error("SHA-256 is not available in this OpenSSL");
    return out;
}

namespace {

/// HMAC with SHA-256, ready for a key: OpenSSL looks algorithms up by name, which takes longer than hashing a short text.
EVP_MAC_CTX* hmac_of_this_thread() {
    struct kept {
        EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
        EVP_MAC_CTX* context = mac ? EVP_MAC_CTX_new(mac) : nullptr;
        kept() {
            char digest[] = "SHA256";
            const OSSL_PARAM with[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
            if (context && !EVP_MAC_CTX_set_params(context, with)) {
                EVP_MAC_CTX_free(context);
                context = nullptr;
            }
        }
        kept(const kept&) = delete;
        kept& operator=(const kept&) = delete;
        ~kept() {
            EVP_MAC_CTX_free(context);
            EVP_MAC_free(mac);
        }
    };
    thread_local kept one;
    return one.context;
}

} // namespace

std::string hmac_sha256(std::string_view key, std::string_view data) {
    std::string out(32, '\0');
    std::size_t size = 0;
    const char* some_key = key.empty() ? "" : key.data(); // a null pointer would mean: the key of before
    EVP_MAC_CTX* const context = hmac_of_this_thread();
    if (!context || !EVP_MAC_init(context, reinterpret_cast<const unsigned char*>(some_key), key.size(), nullptr) ||
        !EVP_MAC_update(context, bytes_of(data), data.size()) || !EVP_MAC_final(context, bytes_of(out), &size, out.size()) || size != out.size())
        throw std::runtime_error("HMAC with SHA-256 is not available in this OpenSSL");
    return out;
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto b = static_cast<unsigned char>(c);
        out += digits[b >> 4];
        out += digits[b & 15];
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view text) {
    if (text.size() % 2 != 0)
        return std::nullopt;
    std::string out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0)
            return std::nullopt;
        out += static_cast<char>(high << 4 | low);
    }
    return out;
}

std::string to_base64(std::string_view bytes) {
    std::string out = encode(bytes, plain_alphabet);
    out.append((4 - out.size() % 4) % 4, '=');
    return out;
}

std::string to_base64url(std::string_view bytes) { return encode(bytes, url_alphabet); }

std::optional<std::string> from_base64(std::string_view text) {
    const std::size_t all = text.size();
    while (!text.empty() && text.back() == '=' && all - text.size() < 2)
        text.remove_suffix(1);
    if (text.size() % 4 == 1 || (text.size() != all && all % 4 != 0))
        return std::nullopt;
    std::string out;
    out.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const int digit = base64_digit(c);
        if (digit < 0)
            return std::nullopt;
        held = (held << 6 | static_cast<std::uint32_t>(digit)) & 0xffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out += static_cast<char>(held >> bits & 0xff);
        }
    }
    // Bits beyond the last byte must be zero: there is one way to write a value (RFC 4648, section 3.5).
    if ((held & ((1u << bits) - 1)) != 0)
        return std::nullopt;
    return out;
}

bool same_secret(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_token(std::size_t bytes) {
    std::string out(bytes, '\0');
    if (bytes > 0 && RAND_bytes(bytes_of(out), static_cast<int>(bytes)) != 1)
        throw std::runtime_error("no random bytes from OpenSSL");
    return to_base64url(out);
}

namespace {

constexpr std::size_t nonce_bytes = 12, tag_bytes = 16;

using cipher_context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

} // namespace

std::string seal_text(std::string_view key, std::string_view text) {
    std::string out(nonce_bytes + text.size() + tag_bytes, '\0');
    int written = 0, rest = 0;
    const cipher_context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    unsigned char* const sealed = bytes_of(out) + nonce_bytes;
    if (key.size() != 32 || !context || RAND_bytes(bytes_of(out), nonce_bytes) != 1 ||
        EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(out)) != 1 ||
        EVP_EncryptUpdate(context.get(), sealed, &written, bytes_of(text), static_cast<int>(text.size())) != 1 ||
        EVP_EncryptFinal_ex(context.get(), sealed + written, &rest) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_bytes), sealed + text.size()) != 1)
        throw std::runtime_error("AES-256-GCM is not available in this OpenSSL");
    return to_base64url(out);
}

std::optional<std::string> open_sealed(std::string_view key, std::string_view sealed) {
    auto raw = from_base64(sealed);
    if (!raw || raw->size() < nonce_bytes + tag_bytes || key.size() != 32)
        return std::nullopt;
    std::string out(raw->size() - nonce_bytes - tag_bytes, '\0');
    int written = 0, rest = 0;
    const cipher_context context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
    unsigned char* const from = bytes_of(*raw) + nonce_bytes;
    if (!context || EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(*raw)) != 1 ||
        EVP_DecryptUpdate(context.get(), bytes_of(out), &written, from, static_cast<int>(out.size())) != 1 ||
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_bytes), from + out.size()) != 1 ||
        EVP_DecryptFinal_ex(context.get(), bytes_of(out) + written, &rest) != 1)
        return std::nullopt;
    return out;
}

} // namespace trialgate::gateway
