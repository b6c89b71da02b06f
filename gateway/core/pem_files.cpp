#include "gateway/core/pem_files.hpp"

#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace trialgate::gateway {

namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* p) const noexcept {
        Free(p);
    }
};
using bio = std::unique_ptr<BIO, freed_by<BIO_free>>;
using x509 = std::unique_ptr<X509, freed_by<X509_free>>;
using pkey = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;

bio bytes(const std::string& text) { return bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

x509 certificate_in(const std::string& text) {
    const bio from = bytes(text);
    x509 out(PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr));
    ERR_clear_error();
    return out;
}

/// Without this OpenSSL asks for the passphrase at the terminal.
int no_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

pkey key_in(const std::string& text, bool& encrypted) {
    const bio from = bytes(text);
    pkey out(PEM_read_bio_PrivateKey(from.get(), nullptr, no_passphrase, &encrypted));
    ERR_clear_error();
    return out;
}

bool mentions(const std::string& text, const char* marker) { return text.find(marker) != text.npos; }

std::string day_of(const ASN1_TIME* at) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(at, &parts) != 1)
        return "an unreadable date";
    char out[16];
    return {out, std::strftime(out, sizeof out, "%Y-%m-%d", &parts)};
}

} // namespace

std::optional<pem_fault> certificate_fault(const std::string& text) {
    if (certificate_in(text))
        return std::nullopt;
    if (mentions(text, "-----BEGIN CERTIFICATE-----"))
        return pem_fault{"holds a damaged certificate", ""};
    if (mentions(text, "PRIVATE KEY-----"))
        return pem_fault{"holds a key and no certificate", "are 'certificate' and 'key' exchanged?"};
    return pem_fault{"holds no certificate in PEM form", "openssl x509 -inform DER -in FILE -out FILE.pem"};
}

std::optional<pem_fault> key_fault(const std::string& text) {
    bool encrypted = false;
    if (key_in(text, encrypted))
        return std::nullopt;
    if (encrypted)
        return pem_fault{"is protected by a passphrase, which nobody can type at a restart", "openssl pkey -in FILE -out FILE.pem"};
    if (mentions(text, "PRIVATE KEY-----"))
        return pem_fault{"holds a damaged private key", ""};
    if (mentions(text, "-----BEGIN CERTIFICATE-----"))
        return pem_fault{"holds a certificate and no key", "are 'certificate' and 'key' exchanged?"};
    if (mentions(text, "-----BEGIN PUBLIC KEY-----"))
        return pem_fault{"holds the public half of a key only", ""};
    return pem_fault{"holds no private key in PEM form", "openssl pkey -inform DER -in FILE -out FILE.pem"};
}

std::optional<pem_fault> signing_key_fault(const std::string& text) {
    if (auto fault = key_fault(text))
        return fault;
    bool encrypted = false;
    const pkey key = key_in(text, encrypted);
    if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key.get()) >= 2048)
        return std::nullopt;
    char group[32] = "";
    std::size_t length = 0;
    if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC &&
        EVP_PKEY_get_utf8_string_param(key.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &length) == 1 &&
        std::string_view(group, length) == "secp384r1")
        return std::nullopt;
    return pem_fault{"holds a key that cannot sign: ES384 wants EC on P-384, RS384 wants RSA of 2048 bits or more",
                     "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out FILE"};
}

bool belong_together(const std::string& certificate, const std::string& key) {
    bool encrypted = false;
    const x509 c = certificate_in(certificate);
    const pkey k = key_in(key, encrypted);
    const bool same = c && k && X509_check_private_key(c.get(), k.get()) == 1;
    ERR_clear_error();
    return same;
}

std::optional<pem_fault> expiry_fault(const std::string& certificate, int days) {
    const x509 c = certificate_in(certificate);
    if (!c)
        return std::nullopt;
    if (X509_cmp_current_time(X509_get0_notBefore(c.get())) > 0)
        return pem_fault{"is valid from " + day_of(X509_get0_notBefore(c.get())) + " on only", ""};
    const ASN1_TIME* end = X509_get0_notAfter(c.get());
    if (X509_cmp_current_time(end) < 0)
        return pem_fault{"has expired on " + day_of(end), ""};
    std::time_t then = std::time(nullptr) + std::time_t{days} * 86'400;
    if (X509_cmp_time(end, &then) < 0)
        return pem_fault{"expires on " + day_of(end), "a renewed file is used without a restart"};
    return std::nullopt;
}

} // namespace trialgate::gateway
