// Hands one mail to the site's relay.
#pragma once

#include "gateway/core/config.hpp"

#include <atomic>
#include <memory>
#include <string>

namespace trialgate::gateway {

struct mail_outcome {
    enum class is : std::uint8_t {
        taken,   ///< the relay has it
        refused, ///< 5xx: this mail is refused for good
        later,   ///< 4xx: this mail has to come again
        relay,   ///< the relay is in trouble, whoever's mail it is: no connection, no TLS, a certificate that is not believed, a login that
                 ///< is refused
    } what = is::relay;
    std::string why; ///< code words, no address: "550", "timeout", "certificate"
};

class carrier {
public:
    virtual ~carrier() = default;
    /// Blocks, for `deadline` of the relay at most. `bytes` as by mail_bytes.
    virtual mail_outcome send(const std::string& to, const std::string& bytes) = 0;
    /// From any thread: a `send` under way ends soon, with `relay`.
    virtual void cut() = 0;
};

/// SMTP by libcurl. Certificates and host names are always verified.
std::unique_ptr<carrier> make_smtp_carrier(relay_config relay);

} // namespace trialgate::gateway
