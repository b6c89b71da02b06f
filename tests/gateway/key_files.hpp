// Keys and certificates for tests, made anew each time: none is kept in the repository.
#pragma once

#include "scratch.hpp"

#include <memory>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

namespace trialgate::tests {

struct openssl_free {
    void operator()(EVP_PKEY* p) const noexcept { EVP_PKEY_free(p); }
    void operator()(X509* p) const noexcept { X509_free(p); }
    void operator()(BIO* p) const noexcept { BIO_free(p); }
};
using private_key = std::unique_ptr<EVP_PKEY, openssl_free>;

inline private_key make_ec_key(const char* curve) { return private_key(EVP_EC_gen(curve)); }
inline private_key make_rsa_key(unsigned bits) { return private_key(EVP_RSA_gen(bits)); }

template <class Write>
std::string as_pem(Write&& write) {
    const std::unique_ptr<BIO, openssl_free> to(BIO_new(BIO_s_mem()));
    if (!to || write(to.get()) != 1)
        throw std::runtime_error("OpenSSL refuses");
    char* data = nullptr;
    const long size = BIO_get_mem_data(to.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

/// Without a passphrase when that is empty.
inline std::string pem_of(const private_key& key, const std::string& passphrase = {}) {
    return as_pem([&](BIO* to) {
        std::string word = passphrase;
        return PEM_write_bio_PKCS8PrivateKey(to, key.get(), word.empty() ? nullptr : EVP_aes_128_cbc(), word.data(), static_cast<int>(word.size()), nullptr,
                                             nullptr);
    });
}

/// Signed by its own key, for "localhost"; begins and ends so many days from now.
inline std::string certificate_of(const private_key& key, int begins, int ends) {
    const std::unique_ptr<X509, openssl_free> made(X509_new());
    X509_set_version(made.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
    X509_time_adj_ex(X509_getm_notBefore(made.get()), begins, 0, nullptr);
    X509_time_adj_ex(X509_getm_notAfter(made.get()), ends, 0, nullptr);
    X509_NAME* const name = X509_get_subject_name(made.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(made.get(), name);
    X509_set_pubkey(made.get(), key.get());
    if (X509_sign(made.get(), key.get(), EVP_sha256()) == 0)
        throw std::runtime_error("OpenSSL refuses");
    return as_pem([&](BIO* to) { return PEM_write_bio_X509(to, made.get()); });
}

} // namespace trialgate::tests
