#include "gateway/net/id_token.hpp"

#include "fhir/json.hpp"
#include "gateway/core/crypto.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

namespace trialgate::gateway {

namespace {

namespace json = fhir::json;

template <class T, void (*release)(T*)>
struct releases {
    void operator()(T* p) const noexcept { release(p); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, releases<EVP_PKEY, EVP_PKEY_free>>;
using key_context_ptr = std::unique_ptr<EVP_PKEY_CTX, releases<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using digest_ptr = std::unique_ptr<EVP_MD_CTX, releases<EVP_MD_CTX, EVP_MD_CTX_free>>;
using number_ptr = std::unique_ptr<BIGNUM, releases<BIGNUM, BN_free>>;
using pair_ptr = std::unique_ptr<ECDSA_SIG, releases<ECDSA_SIG, ECDSA_SIG_free>>;
using builder_ptr = std::unique_ptr<OSSL_PARAM_BLD, releases<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>>;
using params_ptr = std::unique_ptr<OSSL_PARAM, releases<OSSL_PARAM, OSSL_PARAM_free>>;

constexpr std::size_t most_token = 32 << 10;
constexpr std::size_t p256_bytes = 32;
constexpr int least_rsa_bits = 2048;

const unsigned char* bytes(std::string_view text) noexcept { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string decoded(json::value v) { return v.is_string() ? from_base64(v.text()).value_or("") : ""; }

key_ptr made_of(const char* type, OSSL_PARAM_BLD* from) {
    const params_ptr params(OSSL_PARAM_BLD_to_param(from));
    const key_context_ptr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* out = nullptr;
    if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &out, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
        return nullptr;
    return key_ptr(out);
}

key_ptr rsa_key(json::value jwk) {
    const std::string n = decoded(jwk["n"]), e = decoded(jwk["e"]);
    if (n.empty() || e.empty() || n.size() > 2048 || e.size() > 8)
        return nullptr;
    const number_ptr modulus(BN_bin2bn(bytes(n), static_cast<int>(n.size()), nullptr)), exponent(BN_bin2bn(bytes(e), static_cast<int>(e.size()), nullptr));
    const builder_ptr b(OSSL_PARAM_BLD_new());
    if (!modulus || !exponent || !b || OSSL_PARAM_BLD_push_BN(b.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(b.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
        return nullptr;
    key_ptr out = made_of("RSA", b.get());
    return out && EVP_PKEY_get_bits(out.get()) >= least_rsa_bits ? std::move(out) : nullptr;
}

key_ptr ec_key(json::value jwk) {
    const std::string x = decoded(jwk["x"]), y = decoded(jwk["y"]);
    if (jwk["crv"].text() != "P-256" || x.size() != p256_bytes || y.size() != p256_bytes)
        return nullptr;
    const std::string point = '\x04' + x + y;
    const builder_ptr b(OSSL_PARAM_BLD_new());
    if (!b || OSSL_PARAM_BLD_push_utf8_string(b.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
        OSSL_PARAM_BLD_push_octet_string(b.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
        return nullptr;
    return made_of("EC", b.get());
}

/// JOSE has r and s side by side (RFC 7518, section 3.4), OpenSSL wants an ASN.1 sequence.
std::string der_signature(const std::string& raw) {
    if (raw.size() != 2 * p256_bytes)
        return {};
    const pair_ptr pair(ECDSA_SIG_new());
    number_ptr r(BN_bin2bn(bytes(raw), p256_bytes, nullptr)), s(BN_bin2bn(bytes(raw) + p256_bytes, p256_bytes, nullptr));
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1)
        return {};
    (void)r.release(), (void)s.release(); // the pair's now
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    std::string out(reinterpret_cast<const char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
    OPENSSL_free(der);
    return out;
}

bool signed_by(EVP_PKEY* key, std::string_view algorithm, std::string_view data, const std::string& raw) {
    const std::string signature = algorithm == "ES256" ? der_signature(raw) : raw;
    const digest_ptr context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr; // the context's
    bool good = !signature.empty() && context && EVP_DigestVerifyInit(context.get(), &options, EVP_sha256(), nullptr, key) == 1;
    if (good && algorithm == "PS256")
        good = EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(data), data.size()) == 1;
    ERR_clear_error();
    return good;
}

/// Whether some key of the set that may sign so has signed. `fits`: there was one to try.
bool signed_by_any(std::string_view keys, std::string_view algorithm, std::string_view kid, std::string_view data, const std::string& signature,
                   bool& fits) {
    json::parser parser;
    const auto set = parser.parse_copy(keys);
    const std::string_view type = algorithm == "ES256" ? "EC" : "RSA";
    bool good = false;
    for (const json::value& jwk : set ? (*set)["keys"].elements() : std::span<const json::value>()) {
        if (jwk["kty"].text() != type || (jwk["use"] && jwk["use"].text() != "sig") || (jwk["alg"] && jwk["alg"].text() != algorithm) ||
            (!kid.empty() && jwk["kid"] && jwk["kid"].text() != kid))
            continue;
        const key_ptr key = type == "EC" ? ec_key(jwk) : rsa_key(jwk);
        ERR_clear_error();
        fits = fits || key;
        good = good || (key && signed_by(key.get(), algorithm, data, signature));
    }
    return good;
}

std::optional<std::int64_t> seconds(json::value v) {
    double out = 0;
    const std::string_view text = v.text();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (!v.is_number() || error != std::errc() || end != text.data() + text.size() || !(out > 0) || out > 4e9)
        return std::nullopt;
    return static_cast<std::int64_t>(out);
}

std::string_view without_slash(std::string_view url) noexcept {
    return url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
}

std::string fault_of(json::value claims, const id_token_rules& rules) {
    if (!claims["iss"].is_string() || without_slash(claims["iss"].text()) != without_slash(rules.issuer))
        return "the ID token is of another issuer";
    const json::value aud = claims["aud"];
    const auto names_us = [&](const json::value& one) { return one.is_string() && one.text() == rules.client_id; };
    if (!names_us(aud) && std::none_of(aud.elements().begin(), aud.elements().end(), names_us))
        return "the ID token is for another client";
    if ((aud.size() > 1 || claims["azp"]) && !names_us(claims["azp"]))
        return "the ID token was issued to another client";
    const auto expires = seconds(claims["exp"]), issued = seconds(claims["iat"]);
    if (!expires || *expires + rules.leeway <= rules.now)
        return "the ID token has expired";
    if (!issued || *issued - rules.leeway > rules.now)
        return "the ID token is of the future";
    if (const auto begins = seconds(claims["nbf"]); claims["nbf"] && (!begins || *begins - rules.leeway > rules.now))
        return "the ID token is of the future";
    if (rules.nonce.empty() || !claims["nonce"].is_string() || !same_secret(claims["nonce"].text(), rules.nonce))
        return "the ID token is of another login";
    if (!claims["sub"].is_string() || claims["sub"].text().empty() || claims["sub"].text().size() > 255)
        return "the ID token names nobody";
    return {};
}

} // namespace

id_token_outcome check_id_token(std::string_view token, std::string_view keys, const id_token_rules& rules) {
    const auto refused = [](std::string why, bool other_key = false) { return id_token_outcome{{}, std::move(why), other_key}; };
    const auto first = token.find('.'), second = token.rfind('.');
    if (token.size() > most_token || first == token.npos || second == first || token.find('.', first + 1) != second)
        return refused("the ID token is no signed token");
    const auto header = from_base64(token.substr(0, first)), claims = from_base64(token.substr(first + 1, second - first - 1)),
               signature = from_base64(token.substr(second + 1));
    json::parser parser;
    const auto head = parser.parse_copy(header.value_or(""));
    if (!head || !head->is_object() || !claims || !signature)
        return refused("the ID token is no signed token");
    const std::string algorithm((*head)["alg"].text()), kid((*head)["kid"].text());
    if (algorithm != "RS256" && algorithm != "PS256" && algorithm != "ES256")
        return refused("the ID token is not signed by RS256, PS256 or ES256");
    if ((*head)["crit"])
        return refused("the ID token asks for what is not known here");
    bool fits = false;
    if (!signed_by_any(keys, algorithm, kid, token.substr(0, second), *signature, fits))
        return refused(fits ? "the signature of the ID token is wrong" : "no key of the issuer fits the ID token", true);
    const auto said = parser.parse_copy(*claims);
    if (!said || !said->is_object())
        return refused("the ID token is no JSON object");
    if (std::string fault = fault_of(*said, rules); !fault.empty())
        return refused(std::move(fault));
    return {*claims, {}, false};
}

} // namespace trialgate::gateway
