// A folder with the files that the configurations below tests/gateway/config name.
#pragma once

#include "gateway/core/config.hpp"
#include "key_files.hpp"

#include <map>
#include <vector>

namespace trialgate::tests {

class config_folder {
public:
    config_folder() {
        const private_key key = make_ec_key("P-256");
        const std::string certificate = certificate_of(key, -1, 3650), pem = pem_of(key);
        for (const char* name : {"chain.pem", "tls/chain.pem", "tls/clients-ca.pem", "tls/hospital-ca.pem"})
            at_.write(name, certificate);
        for (const char* name : {"key.pem", "tls/key.pem"})
            at_.write(name, pem);
        at_.write("other-key.pem", pem_of(make_ec_key("P-256")));
        at_.write("encrypted.pem", pem_of(key, "open sesame"));
        at_.write("expired.pem", certificate_of(key, -20, -10));
        at_.write("soon.pem", certificate_of(key, -20, 3));
        at_.write("later.pem", certificate_of(key, 3, 20));
        at_.write("damaged.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        at_.write("damaged-key.pem", pem.substr(0, pem.find('\n')) + "\nAAAA" + pem.substr(pem.rfind('\n', pem.size() - 2)));
        for (const char* name : {"signing.pem", "keys/current.pem", "keys/next.pem"})
            at_.write(name, pem_of(make_ec_key("P-384")));
        at_.write("weak-rsa.pem", pem_of(make_rsa_key(1024)));
        at_.write("public.pem", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n");
        for (const char* name : {"secret", "secrets/pseudonym", "secrets/hmac", "secrets/study", "secrets/webhook", "secrets/oidc"})
            at_.write(name, "  a-secret-long-enough-for-all\n");
        at_.write("short", "short");
        at_.write("empty", " \n");
        at_.write("two-lines", "one secret of\ntwo lines");
        std::filesystem::permissions(at_.write("for-all", "a-secret-long-enough-for-all"), std::filesystem::perms::others_read,
                                     std::filesystem::perm_options::add);
        std::filesystem::create_directory(at_.path() / "folder");
        at_.write("site-map.json", "{}");
        at_.write("mappings/library/none.txt", "");
        ::setenv("TRIALGATE_TEST_SECRET", "a-secret-long-enough-for-all", 1);
        ::unsetenv("TRIALGATE_TEST_UNSET");
    }

    const scratch_folder& at() const noexcept { return at_; }

    /// Reads `text` as the file "NAME" of this folder. Problems as text, one a line, with the folder's own name taken out.
    gateway::gateway_config read(const std::string& name, const std::string& text, std::string& said) const {
        std::vector<mappings::problem> problems;
        const gateway::gateway_config out = gateway::load_config(at_.write(name, text), problems);
        said.clear();
        for (const mappings::problem& p : problems)
            said += to_string(p) + '\n';
        const std::string folder = at_.path().string() + '/';
        for (auto found = said.find(folder); found != said.npos; found = said.find(folder, found))
            said.erase(found, folder.size());
        return out;
    }

private:
    scratch_folder at_;
};

} // namespace trialgate::tests
