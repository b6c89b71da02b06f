#include "fhir/json.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/net/jwk.hpp"
#include "gateway/net/oauth.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdexcept>

namespace trialgate::gateway {

namespace {

using fhir::json::quote;

template <class T, void (*release)(T*)>
struct releases {
    void operator()(T* p) const noexcept { release(p); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, releases<EVP_PKEY, EVP_PKEY_free>>;
using digest_ptr = std::unique_ptr<EVP_MD_CTX, releases<EVP_MD_CTX, EVP_MD_CTX_free>>;
using number_ptr = std::unique_ptr<BIGNUM, releases<BIGNUM, BN_free>>;
using pair_ptr = std::unique_ptr<ECDSA_SIG, releases<ECDSA_SIG, ECDSA_SIG_free>>;

constexpr int p384_bytes = 48;
constexpr int least_rsa_bits = 2048; // RFC 7518, section 3.3

/// Instead of OpenSSL's own, which asks at the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

key_ptr read_key(const std::string& file) {
    struct closes {
        void operator()(BIO* b) const noexcept { BIO_free(b); }
    };
    const std::unique_ptr<BIO, closes> in(BIO_new_file(file.c_str(), "r"));
    if (!in) {
        ERR_clear_error();
        throw std::runtime_error(file + ": cannot be read");
    }
    key_ptr key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!key)
        throw std::runtime_error(file + ": holds no private key in PEM form, or one with a passphrase");
    return key;
}

/// "ES384" or "RS384".
std::string_view algorithm_of(EVP_PKEY* key, const std::string& file) {
    if (EVP_PKEY_is_a(key, "RSA")) {
        if (EVP_PKEY_get_bits(key) < least_rsa_bits)
            throw std::runtime_error(file + ": an RSA key must have 2048 bits or more");
        return "RS384";
    }
    char curve[32] = {};
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve, nullptr) == 1 &&
        std::string_view(curve) == "secp384r1")
        return "ES384";
    ERR_clear_error();
    throw std::runtime_error(file + ": neither an EC key on P-384 nor an RSA key");
}

/// A number of the public half, big-endian; `bytes` wide, or as short as it can be when 0.
std::string public_number(EVP_PKEY* key, const char* name, int bytes) {
    BIGNUM* raw = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &raw) != 1)
        throw std::runtime_error("the public half of a key cannot be had");
    const number_ptr number(raw);
    if (bytes == 0)
        bytes = BN_num_bytes(raw);
    std::string out(static_cast<std::size_t>(bytes), '\0');
    if (BN_bn2binpad(raw, reinterpret_cast<unsigned char*>(out.data()), bytes) != bytes)
        throw std::runtime_error("the public half of a key cannot be had");
    return to_base64url(out);
}

std::map<std::string, std::string> public_members(EVP_PKEY* key, std::string_view algorithm) {
    if (algorithm == "RS384")
        return {{"e", public_number(key, OSSL_PKEY_PARAM_RSA_E, 0)}, {"kty", "RSA"}, {"n", public_number(key, OSSL_PKEY_PARAM_RSA_N, 0)}};
    return {{"crv", "P-384"},
            {"kty", "EC"},
            {"x", public_number(key, OSSL_PKEY_PARAM_EC_PUB_X, p384_bytes)},
            {"y", public_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, p384_bytes)}};
}

/// OpenSSL gives an ASN.1 sequence, JOSE wants r and s side by side (RFC 7518, section 3.4).
std::string raw_signature(const std::string& der) {
    const auto* at = reinterpret_cast<const unsigned char*>(der.data());
    const pair_ptr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
    std::string out(2 * p384_bytes, '\0');
    auto* to = reinterpret_cast<unsigned char*>(out.data());
    if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), to, p384_bytes) != p384_bytes ||
        BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), to + p384_bytes, p384_bytes) != p384_bytes)
        throw std::runtime_error("an ECDSA signature cannot be read");
    return out;
}

std::string sign(EVP_PKEY* key, std::string_view data) {
    const digest_ptr context(EVP_MD_CTX_new());
    const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
    std::size_t size = 0;
    std::string out;
    bool done = context && EVP_DigestSignInit_ex(context.get(), nullptr, "SHA384", nullptr, nullptr, key, nullptr) == 1 &&
                EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size()) == 1;
    if (done) {
        out.resize(size);
        done = EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, data.size()) == 1;
    }
    ERR_clear_error();
    if (!done)
        throw std::runtime_error("OpenSSL cannot sign with a key");
    out.resize(size);
    return out;
}

} // namespace

std::string jwk_thumbprint(const std::map<std::string, std::string>& required) {
    std::string text;
    for (const auto& [name, value] : required)
        text += (text.empty() ? "{" : ",") + quote(name) + ":" + quote(value);
    return to_base64url(sha256(text + "}"));
}

struct signing_key::state {
    key_ptr key;
    std::string kid;
    std::string_view algorithm;
    std::map<std::string, std::string> members; ///< of the public JWK
};

signing_key::signing_key(const std::string& pem_file, std::string kid) : state_(std::make_unique<state>()) {
    state_->key = read_key(pem_file);
    state_->algorithm = algorithm_of(state_->key.get(), pem_file);
    state_->members = public_members(state_->key.get(), state_->algorithm);
    state_->kid = kid.empty() ? jwk_thumbprint(state_->members) : std::move(kid);
}

signing_key::~signing_key() = default;
signing_key::signing_key(signing_key&&) noexcept = default;

const std::string& signing_key::kid() const noexcept { return state_->kid; }
std::string_view signing_key::algorithm() const noexcept { return state_->algorithm; }

std::string signing_key::jwt(std::string_view claims, std::string_view jku) const {
    std::string header = R"({"alg":")" + std::string(state_->algorithm) + R"(","kid":)" + quote(state_->kid) + R"(,"typ":"JWT")";
    if (!jku.empty())
        header += R"(,"jku":)" + quote(jku);
    const std::string data = to_base64url(header + "}") + "." + to_base64url(claims);
    const std::string signature = sign(state_->key.get(), data);
    return data + "." + to_base64url(state_->algorithm == "ES384" ? raw_signature(signature) : signature);
}

std::string signing_key::public_jwk() const {
    std::string out = R"({"kty":")" + state_->members.at("kty") + '"';
    for (const auto& [name, value] : state_->members)
        if (name != "kty")
            out += "," + quote(name) + ":" + quote(value);
    return out + R"(,"alg":")" + std::string(state_->algorithm) + R"(","use":"sig","key_ops":["verify"],"kid":)" + quote(state_->kid) + "}";
}

std::string jwks(const std::vector<std::shared_ptr<const signing_key>>& keys) {
    std::string out = R"({"keys":[)";
    for (const auto& key : keys)
        out += (&key == keys.data() ? "" : ",") + key->public_jwk();
    return out + "]}";
}

} // namespace trialgate::gateway
