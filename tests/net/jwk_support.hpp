// Keys for tests, made when they run, and a reader of JWT and JWK that shares nothing with the code under test but base64.
#pragma once

#include "fhir/json.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/net/oauth.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

namespace trialgate::tests {

using namespace trialgate::gateway;
namespace json = trialgate::fhir::json;

using key_handle = std::shared_ptr<EVP_PKEY>;

inline key_handle owned(EVP_PKEY* key) {
    REQUIRE(key);
    return key_handle(key, EVP_PKEY_free);
}
inline key_handle new_ec_key(const char* curve = "P-384") { return owned(EVP_EC_gen(curve)); }
inline key_handle new_rsa_key(unsigned bits = 2048) { return owned(EVP_RSA_gen(bits)); }

class key_folder : public scratch_folder {
public:
    using scratch_folder::write;
    std::string file(const std::string& name) const { return *this / name; }
    /// With a passphrase: encrypted by it.
    std::string write(const std::string& name, const key_handle& key, const char* passphrase = nullptr) const {
        BIO* out = BIO_new_file(file(name).c_str(), "w");
        REQUIRE(out);
        const int done = PEM_write_bio_PKCS8PrivateKey(out, key.get(), passphrase ? EVP_aes_256_cbc() : nullptr, passphrase,
                                                       passphrase ? static_cast<int>(std::string_view(passphrase).size()) : 0, nullptr, nullptr);
        BIO_free(out);
        REQUIRE(done == 1);
        return file(name);
    }
    std::shared_ptr<const signing_key> key(const std::string& name, const key_handle& key, std::string kid = {}) const {
        return std::make_shared<const signing_key>(write(name, key), std::move(kid));
    }
};

/// Numbers of a JWK by their OpenSSL names; `d` and the like too, when they are there.
inline key_handle key_of_jwk(json::value jwk) {
    const auto number = [&](const char* member) {
        const std::string bytes = from_base64(jwk[member].text()).value();
        return std::shared_ptr<BIGNUM>(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr),
                                       BN_free);
    };
    const std::shared_ptr<OSSL_PARAM_BLD> build(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
    std::vector<std::shared_ptr<BIGNUM>> kept;
    const auto push = [&](const char* name, const char* member) {
        if (!jwk[member].is_string())
            return;
        kept.push_back(number(member));
        REQUIRE(OSSL_PARAM_BLD_push_BN(build.get(), name, kept.back().get()) == 1);
    };
    const bool rsa = jwk["kty"].text() == "RSA";
    std::string point;
    if (rsa) {
        push(OSSL_PKEY_PARAM_RSA_N, "n");
        push(OSSL_PKEY_PARAM_RSA_E, "e");
        push(OSSL_PKEY_PARAM_RSA_D, "d");
        push(OSSL_PKEY_PARAM_RSA_FACTOR1, "p");
        push(OSSL_PKEY_PARAM_RSA_FACTOR2, "q");
        push(OSSL_PKEY_PARAM_RSA_EXPONENT1, "dp");
        push(OSSL_PKEY_PARAM_RSA_EXPONENT2, "dq");
        push(OSSL_PKEY_PARAM_RSA_COEFFICIENT1, "qi");
    } else {
        REQUIRE(jwk["crv"].text() == "P-384");
        point = "\x04" + from_base64(jwk["x"].text()).value() + from_base64(jwk["y"].text()).value();
        REQUIRE(point.size() == 97);
        OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0);
        OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
        push(OSSL_PKEY_PARAM_PRIV_KEY, "d");
    }
    const std::shared_ptr<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(build.get()), OSSL_PARAM_free);
    const std::shared_ptr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, rsa ? "RSA" : "EC", nullptr), EVP_PKEY_CTX_free);
    EVP_PKEY* out = nullptr;
    REQUIRE(EVP_PKEY_fromdata_init(context.get()) == 1);
    REQUIRE(EVP_PKEY_fromdata(context.get(), &out, jwk["d"] ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params.get()) == 1);
    return owned(out);
}

struct read_jwt {
    std::string header, claims, data, signature;
};

inline read_jwt split_jwt(const std::string& jwt) {
    const std::size_t first = jwt.find('.'), second = jwt.rfind('.');
    REQUIRE(first != second);
    REQUIRE(jwt.find('=') == std::string::npos);
    return {from_base64(jwt.substr(0, first)).value(), from_base64(jwt.substr(first + 1, second - first - 1)).value(), jwt.substr(0, second),
            from_base64(jwt.substr(second + 1)).value()};
}

/// By the key of `jwks` that has the header's kid.
inline bool verifies(const std::string& jwt, const std::string& jwks) {
    const read_jwt parts = split_jwt(jwt);
    json::parser header_parser, keys_parser;
    const json::value header = header_parser.parse_copy(parts.header).value();
    const json::value keys = keys_parser.parse_copy(jwks).value();
    for (const json::value& jwk : keys["keys"].elements()) {
        if (jwk["kid"].text() != header["kid"].text() || jwk["alg"].text() != header["alg"].text())
            continue;
        std::string signature = parts.signature;
        if (header["alg"].text() == "ES384") {
            REQUIRE(signature.size() == 96);
            const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
            const std::shared_ptr<ECDSA_SIG> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
            ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw, 48, nullptr), BN_bin2bn(raw + 48, 48, nullptr));
            unsigned char* der = nullptr;
            const int size = i2d_ECDSA_SIG(pair.get(), &der);
            signature.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
            OPENSSL_free(der);
        }
        const key_handle key = key_of_jwk(jwk);
        const std::shared_ptr<EVP_MD_CTX> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        return EVP_DigestVerifyInit_ex(context.get(), nullptr, "SHA384", nullptr, nullptr, key.get(), nullptr) == 1 &&
               EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                                reinterpret_cast<const unsigned char*>(parts.data.data()), parts.data.size()) == 1;
    }
    return false;
}

} // namespace trialgate::tests
