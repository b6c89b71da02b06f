// Certificates and keys for both directions.
#pragma once

#include "gateway/core/tls_files.hpp"

#include <functional>
#include <memory>
#include <string>

namespace trialgate::gateway {

/// TLS 1.2 or newer, names verified. Re-reads the files when one of them has changed (looked at every ten seconds at most, or by `reload`), so that
/// renewed certificates need no restart: new connections use them, old ones go on. A renewal that cannot be read keeps what was there.
class tls_context {
public:
    enum class role { client, server };
    /// Throws std::runtime_error naming the file that cannot be used and why.
    tls_context(role r, tls_files files);
    ~tls_context();
    /// Empty on success, else a sentence; then the old material stays.
    std::string reload();
    /// Earliest end of validity of our own certificate, milliseconds since the epoch; 0 without one.
    std::int64_t expires() const;
    /// Why the last look at the files failed; empty when it did not. For health reports: the old material is still in use.
    std::string problem() const;

    /// `told` hears each time the files were looked at because they had changed: why they cannot be used, or an empty text. From any thread; set it
    /// before the context is used.
    void on_renewal(std::function<void(const std::string& problem)> told);

    struct state;
    std::shared_ptr<state> current() const; ///< for net/ only (tls_state.hpp)

private:
    std::shared_ptr<state> state_;
};

} // namespace trialgate::gateway
