// Which certificates and keys to use.
#pragma once

#include <string>

namespace trialgate::gateway {

/// Files in PEM; empty = not used.
struct tls_files {
    std::string ca;          ///< whom to trust: for a client the server's CA (empty: the system's), for a server the clients' CA (empty: no client certificates)
    std::string certificate; ///< our chain
    std::string key;
    bool require_client_certificate = false; ///< server
    friend bool operator==(const tls_files&, const tls_files&) = default;
};

} // namespace trialgate::gateway
