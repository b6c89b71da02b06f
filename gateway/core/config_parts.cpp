#include "gateway/core/config_reader.hpp"
#include "gateway/core/pem_files.hpp"

#include <algorithm>
#include <cstdlib>
#include <sys/stat.h>

namespace trialgate::gateway {

namespace {

constexpr int days_before_expiry = 7; // automatic renewal comes earlier than that

std::string trimmed(std::string_view text) {
    constexpr std::string_view space = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(space);
    return first == text.npos ? std::string() : std::string(text.substr(first, text.find_last_not_of(space) - first + 1));
}

bool has_controls(std::string_view text) noexcept {
    return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

} // namespace

std::optional<std::string> config_reader::file_text(value at, const std::string& file) const {
    auto out = read_file(file);
    if (!out) {
        struct ::stat found {};
        const bool there = ::stat(file.c_str(), &found) == 0;
        error("cannot-read", at, there ? "'" + file + "' cannot be read" : "there is no file '" + file + "'",
              there ? "it must be a file that this user may read" : "");
    }
    return out;
}

void config_reader::private_file(value at, const std::string& file) const {
    struct ::stat found {};
    if (::stat(file.c_str(), &found) == 0 && (found.st_mode & S_IROTH))
        warn("readable-by-all", at, "every user of this machine can read '" + file + "'", "chmod o= " + file);
}

void config_reader::read_secret(value v, secret& into, std::size_t least_bytes, level too_short) {
    if (!v)
        return;
    constexpr const char* how = R"(write {"file": "path"} or {"environment": "NAME"})";
    if (v.is_string())
        return error("secret-in-file", v, "a secret is not written in the configuration", how);
    object m(*this, v, "a secret");
    const value file = m.take("file"), environment = m.take("environment");
    m.finish();
    if (!v.is_object())
        return;
    if (static_cast<bool>(file) == static_cast<bool>(environment))
        return error("bad-secret", v, "a secret comes from either 'file' or 'environment'", how);
    const auto where = text(file ? file : environment);
    if (!where)
        return;
    std::string found;
    if (file) {
        auto read = file_text(file, path(*where));
        if (!read)
            return;
        private_file(file, path(*where));
        found = trimmed(*read);
        into.from = "file " + *where;
    } else {
        const char* set = std::getenv(where->c_str());
        if (!set)
            return error("no-secret", environment, "the environment variable '" + *where + "' is not set");
        found = trimmed(set);
        into.from = "environment " + *where;
    }
    const value at = file ? file : environment;
    if (found.empty())
        error("no-secret", at, "the secret is empty");
    else if (has_controls(found))
        error("bad-secret", at, "the secret holds a line break or another control character");
    else if (found.size() < least_bytes)
        report(too_short, "weak-secret", at, "the secret has less than " + std::to_string(least_bytes) + " characters", "openssl rand -base64 32");
    into.value = std::move(found);
}

// ---- certificates --------------------------------------------------------------------------------------------------------

tls_files config_reader::read_tls(value v, side s) {
    tls_files out;
    object m(*this, v, s == side::server ? "'tls' of a listener" : "'tls' of a client");
    const auto file = [&](std::string_view name, std::string& into) -> std::string {
        const value at = m.take(name);
        const auto written = text(at);
        if (!written)
            return {};
        into = path(*written);
        auto content = file_text(at, into);
        if (!content)
            return {};
        const auto fault = name == "key" ? key_fault(*content) : certificate_fault(*content);
        if (fault)
            error("bad-pem", at, "'" + into + "' " + fault->text, fault->hint);
        else if (name == "key")
            private_file(at, into);
        return fault ? std::string() : std::move(*content);
    };
    file("ca", out.ca);
    const std::string certificate = file("certificate", out.certificate), key = file("key", out.key);
    if (s == side::server)
        m.truth("requireClientCertificate", out.require_client_certificate);
    m.finish();
    if (!v.is_object())
        return out;
    if (s == side::server && out.certificate.empty() && !v["certificate"])
        error("missing-member", v, "'tls' of a listener needs 'certificate'");
    if (v["certificate"] && !v["key"])
        error("missing-member", v, "'certificate' needs its 'key'");
    if (v["key"] && !v["certificate"])
        error("missing-member", v, "'key' needs its 'certificate'");
    if (out.require_client_certificate && !v["ca"])
        error("missing-member", v["requireClientCertificate"], "client certificates need 'ca': whose certificates are believed");
    if (!certificate.empty() && !key.empty() && !belong_together(certificate, key))
        error("bad-pem", v["key"], "the key does not belong to the certificate");
    if (const auto fault = expiry_fault(certificate, days_before_expiry))
        warn("expiry", v["certificate"], "the certificate " + fault->text, fault->hint);
    return out;
}

// ---- access to other servers ---------------------------------------------------------------------------------------------

auth_config config_reader::read_auth(value v) {
    using method = auth_config::method;
    auth_config out;
    if (!v)
        return out;
    object m(*this, v, "'auth'");
    m.one_of("method", out.how,
             {{"smart", method::smart}, {"client-secret", method::client_secret}, {"basic", method::basic}, {"token", method::token}});
    if (v.is_object() && !v["method"])
        error("missing-member", v, "'auth' needs 'method'", "smart, client-secret, basic or token");
    const bool oauth = out.how == method::smart || out.how == method::client_secret, keys = out.how == method::smart;
    const bool known = out.how != method::none;
    const std::string why = known ? "not by the method \"" + std::string(v["method"].text()) + "\"" : std::string();
    // Of a method that is not known nothing can be said to be missing or superfluous.
    const auto member = [&](std::string_view name, bool wanted, bool needed) -> value {
        if (known && !wanted) {
            m.useless(name, why);
            return {};
        }
        return known && needed ? m.need(name) : m.take(name);
    };
    if (auto t = text(member("clientId", oauth, true)))
        out.client_id = std::move(*t);
    if (auto t = text(member("user", out.how == method::basic, true)))
        out.client_id = std::move(*t);
    if (auto t = text(member("scope", oauth, false)))
        out.scope = std::move(*t);
    url(member("tokenUrl", oauth, false), out.token_url, true);
    read_keys(member("keys", keys, true), out);
    read_secret(member("secret", !keys, true), out.password, 1, level::error);
    if (const value b = member("secretInHeader", out.how == method::client_secret, false); b.is_boolean())
        out.secret_in_header = b.as_bool();
    else if (b)
        wrong_type(b, "true or false");
    m.finish();
    return out;
}

void config_reader::read_keys(value v, auth_config& into) {
    if (!v)
        return;
    if (!v.is_array())
        return wrong_type(v, "a list of keys");
    if (v.size() == 0)
        return error("empty-list", v, "at least one key is needed to sign with", "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out FILE");
    std::set<std::string> ids;
    for (const value& one : v.elements()) {
        object m(*this, one, "a key");
        auth_config::key k;
        const value file = m.need("file");
        m.text("id", k.id);
        m.finish();
        if (!k.id.empty() && !ids.insert(k.id).second)
            error("duplicate-name", one["id"], "the key id '" + k.id + "' is given twice");
        const auto written = text(file);
        if (!written)
            continue;
        k.file = path(*written);
        if (const auto content = file_text(file, k.file)) {
            if (const auto fault = signing_key_fault(*content))
                error("bad-pem", file, "'" + k.file + "' " + fault->text, fault->hint);
            private_file(file, k.file);
        }
        into.keys.push_back(std::move(k));
    }
}

// ---- listeners -----------------------------------------------------------------------------------------------------------

std::optional<listen_address> config_reader::read_address(object& from, std::string& into) const {
    const value at = from.take("address");
    if (auto t = text(at)) {
        if (split_address(*t))
            into = std::move(*t);
        else
            error("bad-address", at, "expected an address and a port", "e.g. \"0.0.0.0:8443\", \"127.0.0.1:8443\" or \"[::]:8443\"");
    }
    return split_address(into);
}

void config_reader::read_listen(value v, listen_config& into) {
    object m(*this, v, "'listen'");
    const auto address = read_address(m, into.address);
    url(m.take("publicUrl"), into.public_url);
    if (const value tls = m.take("tls"); tls.is_string() && tls.text() == "terminated")
        into.plain = true;
    else if (tls.is_string())
        error("wrong-type", tls, "expected an object, or \"terminated\" when a proxy in front does TLS");
    else
        into.tls = read_tls(tls, side::server);
    m.number("mostBodyBytes", into.most_body_bytes, 64 << 10, std::int64_t{1} << 30);
    m.finish();
    if (address && !is_loopback(address->host) && !into.plain && !v["tls"])
        error("not-protected", v["address"], "other machines reach this address, and there is no TLS",
              "give 'tls' with certificate and key, or \"terminated\" when a proxy in front does TLS");
}

api_client config_reader::read_api_client(value v) {
    api_client out;
    object m(*this, v, "a client of the API");
    name(m.need("name"), out.name, client_names_);
    read_secret(m.need("token"), out.token, 24, level::error);
    m.finish();
    return out;
}

void config_reader::read_operations(value v, operations_config& into) {
    object m(*this, v, "'operations'");
    const auto address = read_address(m, into.address);
    read_secret(m.take("token"), into.token, 16, level::warning);
    into.tls = read_tls(m.take("tls"), side::server);
    m.finish();
    if (!address || is_loopback(address->host))
        return;
    if (!v["token"])
        error("not-protected", v["address"], "other machines reach this address, and /metrics has no token", R"(give 'token': {"file": "path"})");
    if (!v["tls"])
        error("not-protected", v["address"], "other machines reach this address, and there is no TLS",
              "give 'tls' with certificate and key, or listen on 127.0.0.1");
}

} // namespace trialgate::gateway
