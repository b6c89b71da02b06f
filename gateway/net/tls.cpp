#include "gateway/net/tls_state.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace trialgate::gateway {

namespace {

constexpr auto look_every = std::chrono::seconds(10);

template <class T, void (*Free)(T*)>
struct freed_by {
    void operator()(T* p) const noexcept { Free(p); }
};
using certificate_ptr = std::unique_ptr<X509, freed_by<X509, X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY, EVP_PKEY_free>>;
using file_ptr = std::unique_ptr<BIO, freed_by<BIO, BIO_free_all>>;

/// The oldest error of OpenSSL's queue in its own words; the queue is empty afterwards.
std::string ssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0)
        return "unknown reason";
    if (ERR_SYSTEM_ERROR(code))
        return std::strerror(ERR_GET_REASON(code));
    if (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE)
        return "no PEM block of the expected kind in it";
    const char* text = ERR_reason_error_string(code);
    return text != nullptr ? text : "error " + std::to_string(code);
}

[[noreturn]] void fail(const std::string& what, const std::string& file, const std::string& why) {
    throw std::runtime_error(what + " " + file + ": " + why);
}

file_ptr open(const std::string& what, const std::string& name) {
    ERR_clear_error();
    file_ptr file(BIO_new_file(name.c_str(), "rb"));
    if (!file)
        fail(what, name, ssl_reason());
    return file;
}

/// We never ask for a pass phrase; but that one was needed is worth knowing.
int no_pass_phrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

key_ptr read_key(const std::string& name) {
    const file_ptr file = open("key file", name);
    bool encrypted = false;
    key_ptr key(PEM_read_bio_PrivateKey(file.get(), nullptr, no_pass_phrase, &encrypted));
    if (encrypted)
        fail("key file", name, "the key is encrypted; a service cannot type a pass phrase, give it an unencrypted key that only it may read");
    if (!key)
        fail("key file", name, ssl_reason());
    return key;
}

std::int64_t end_of(const X509* certificate) {
    std::tm at{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &at) != 1)
        return 0;
    return static_cast<std::int64_t>(timegm(&at)) * 1000;
}

/// Our chain and key; returns the earliest end of validity.
std::int64_t use_own(SSL_CTX* into, const tls_files& files) {
    if (files.certificate.empty() && files.key.empty())
        return 0;
    if (files.certificate.empty())
        fail("key file", files.key, "no certificate is configured with it");
    if (files.key.empty())
        fail("certificate file", files.certificate, "no key is configured with it");
    open("certificate file", files.certificate);
    if (SSL_CTX_use_certificate_chain_file(into, files.certificate.c_str()) != 1)
        fail("certificate file", files.certificate, ssl_reason());
    const key_ptr key = read_key(files.key);
    X509* own = SSL_CTX_get0_certificate(into);
    if (X509_check_private_key(own, key.get()) != 1) {
        ERR_clear_error();
        fail("key file", files.key, "does not belong to the certificate in " + files.certificate);
    }
    if (SSL_CTX_use_PrivateKey(into, key.get()) != 1)
        fail("key file", files.key, ssl_reason());
    std::int64_t earliest = end_of(own);
    STACK_OF(X509)* chain = nullptr;
    SSL_CTX_get0_chain_certs(into, &chain);
    for (int i = 0; i < sk_X509_num(chain); ++i)
        earliest = std::min(earliest, end_of(sk_X509_value(chain, i)));
    return earliest;
}

void use_trust(SSL_CTX* into, tls_context::role as, const tls_files& files) {
    if (!files.ca.empty()) {
        open("CA file", files.ca);
        if (SSL_CTX_load_verify_file(into, files.ca.c_str()) != 1)
            fail("CA file", files.ca, ssl_reason());
    } else if (as == tls_context::role::client && SSL_CTX_set_default_verify_paths(into) != 1) {
        throw std::runtime_error("the system's trusted certificates cannot be read: " + ssl_reason());
    }
    if (as == tls_context::role::client)
        return SSL_CTX_set_verify(into, SSL_VERIFY_PEER, nullptr);
    if (files.ca.empty()) {
        if (files.require_client_certificate)
            throw std::runtime_error("client certificates are required, but no CA file says whose");
        return;
    }
    SSL_CTX_set_verify(into, SSL_VERIFY_PEER | (files.require_client_certificate ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    SSL_CTX_set_client_CA_list(into, SSL_load_client_CA_file(files.ca.c_str()));
    static constexpr unsigned char name[] = "trialgate"; // resumed sessions carry the verified certificate: they must be of this service
    SSL_CTX_set_session_id_context(into, name, sizeof name - 1);
}

struct loaded {
    std::shared_ptr<SSL_CTX> material;
    std::int64_t expires = 0;
};

loaded load(tls_context::role as, const tls_files& files) {
    ERR_clear_error();
    const bool server = as == tls_context::role::server;
    loaded out{std::shared_ptr<SSL_CTX>(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()), SSL_CTX_free), 0};
    SSL_CTX* into = out.material.get();
    if (into == nullptr || SSL_CTX_set_min_proto_version(into, TLS1_2_VERSION) != 1)
        throw std::runtime_error("TLS cannot be set up: " + ssl_reason());
    SSL_CTX_set_options(into, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    if (server) {
        if (files.certificate.empty())
            throw std::runtime_error("a TLS server needs a certificate and a key file");
        // Forward secrecy and authenticated encryption only. The client side keeps OpenSSL's list: hospitals run older servers.
        SSL_CTX_set_options(into, SSL_OP_CIPHER_SERVER_PREFERENCE);
        if (SSL_CTX_set_cipher_list(into, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
            throw std::runtime_error("TLS cannot be set up: " + ssl_reason());
    }
    out.expires = use_own(into, files);
    use_trust(into, as, files);
    return out;
}

file_stamp stamp_of(const std::string& name) {
    struct stat seen {};
    if (name.empty() || ::stat(name.c_str(), &seen) != 0)
        return {};
    return {seen.st_mtim.tv_sec, seen.st_mtim.tv_nsec, seen.st_size, seen.st_ino};
}

std::array<file_stamp, 3> stamps_of(const tls_files& files) {
    return {stamp_of(files.ca), stamp_of(files.certificate), stamp_of(files.key)};
}

/// Under the guard.
void load_again(tls_context::state& s) {
    s.looked = std::chrono::steady_clock::now();
    const auto stamps = stamps_of(s.files); // before reading: what changes meanwhile is seen the next time
    try {
        loaded fresh = load(s.as, s.files);
        s.material = std::move(fresh.material);
        s.expires = fresh.expires;
        s.stamps = stamps;
        s.problem.clear();
    } catch (const std::exception& e) {
        s.problem = e.what(); // stamps stay: tried again at the next look
    }
    if (s.told)
        s.told(s.problem);
}

SSL* new_session(const tls_context& context) {
    const auto material = context.current()->now_in_use();
    SSL* session = SSL_new(material.get());
    if (session == nullptr)
        throw std::runtime_error("TLS session: " + ssl_reason());
    return session;
}

} // namespace

tls_context::tls_context(role r, tls_files files) : state_(std::make_shared<state>()) {
    state_->as = r;
    state_->files = std::move(files);
    state_->looked = std::chrono::steady_clock::now();
    state_->stamps = stamps_of(state_->files);
    loaded first = load(r, state_->files);
    state_->material = std::move(first.material);
    state_->expires = first.expires;
}

tls_context::~tls_context() = default;

void tls_context::on_renewal(std::function<void(const std::string&)> told) { state_->told = std::move(told); }

std::string tls_context::reload() {
    const std::lock_guard lock(state_->guard);
    load_again(*state_);
    return state_->problem;
}

std::int64_t tls_context::expires() const {
    const std::lock_guard lock(state_->guard);
    return state_->expires;
}

std::string tls_context::problem() const {
    const std::lock_guard lock(state_->guard);
    return state_->problem;
}

std::shared_ptr<tls_context::state> tls_context::current() const {
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock(state_->guard);
    if (now - state_->looked >= look_every) {
        state_->looked = now;
        if (stamps_of(state_->files) != state_->stamps)
            load_again(*state_);
    }
    return state_;
}

ssl_st* new_server_session(const tls_context& context) {
    return new_session(context);
}

ssl_st* new_client_session(const tls_context& context, const std::string& host) {
    SSL* session = new_session(context);
    X509_VERIFY_PARAM* names = SSL_get0_param(session);
    // An address is compared with the certificate's addresses, never with its names; SNI is for names only (RFC 6066, section 3).
    bool set = X509_VERIFY_PARAM_set1_ip_asc(names, host.c_str()) == 1;
    if (!set) {
        X509_VERIFY_PARAM_set_hostflags(names, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        set = X509_VERIFY_PARAM_set1_host(names, host.c_str(), host.size()) == 1 && SSL_set_tlsext_host_name(session, host.c_str()) == 1;
    }
    ERR_clear_error();
    if (!set) {
        SSL_free(session);
        throw std::runtime_error("TLS session: no name to verify");
    }
    return session;
}

std::string verification_problem(ssl_st* session) {
    const long result = SSL_get_verify_result(session);
    return result == X509_V_OK ? "" : X509_verify_cert_error_string(result);
}

std::string peer_subject(ssl_st* session) {
    if (SSL_get_verify_result(session) != X509_V_OK)
        return {};
    const certificate_ptr peer(SSL_get1_peer_certificate(session));
    if (!peer)
        return {};
    const file_ptr text(BIO_new(BIO_s_mem()));
    if (!text || X509_NAME_print_ex(text.get(), X509_get_subject_name(peer.get()), 0, XN_FLAG_RFC2253) < 0)
        return {};
    char* data = nullptr;
    const long size = BIO_get_mem_data(text.get(), &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

} // namespace trialgate::gateway
