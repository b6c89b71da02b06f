// Looks at certificates and keys before a listener or a client does, so that `check` can say what is wrong with them. Answers are sentences
// without a subject ("is ...", "holds ..."): who asks knows which file it was.
#pragma once

#include <optional>
#include <string>

namespace trialgate::gateway {

struct pem_fault {
    std::string text, hint;
};

/// Nothing: `text` begins with a usable certificate.
std::optional<pem_fault> certificate_fault(const std::string& text);
/// Nothing: `text` holds a private key without a passphrase.
std::optional<pem_fault> key_fault(const std::string& text);
/// Nothing: the key is one that SMART Backend Services signs with (ES384 or RS384).
/// https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
std::optional<pem_fault> signing_key_fault(const std::string& text);
/// True when the key belongs to the first certificate. False also for what cannot be read.
bool belong_together(const std::string& certificate, const std::string& key);
/// Nothing: the first certificate is valid today and for `days` more.
std::optional<pem_fault> expiry_fault(const std::string& certificate, int days);

} // namespace trialgate::gateway
