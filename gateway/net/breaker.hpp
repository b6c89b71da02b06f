// A circuit breaker without clock and I/O: the caller says what time it is and how requests ended. For net/ only.
//
//   closed     all go. `after` failures in a row open it.
//   open       none goes for `pause`, which doubles up to `longest` each time a probe fails.
//   half open  the pause is over: one goes, the others do not until it has ended. Success closes, failure opens again.
#pragma once

#include "gateway/net/fhir_client.hpp"

namespace trialgate::gateway {

class circuit_breaker {
public:
    using state = fhir_client::breaker_state;
    /// Given to a request that may go, and back with its end.
    enum class pass : std::uint8_t { none, normal, probe };

    circuit_breaker(unsigned after, duration_ms pause, duration_ms longest) noexcept;

    /// `none`: the request must not go. Each other pass ends in exactly one of the three below.
    pass admit(instant now) noexcept;
    void succeeded() noexcept; ///< also of a request from before it opened: the server lives
    void failed(pass p, instant now) noexcept;
    /// Ended without telling anything about the server.
    void abandoned(pass p) noexcept;

    state at(instant now) const noexcept;
    unsigned failures() const noexcept { return failures_; }
    /// When the next probe may go; meaningful while open.
    instant until() const noexcept { return until_; }

private:
    unsigned after_;
    duration_ms first_, longest_;
    duration_ms pause_ = 0; ///< 0 = closed
    instant until_ = 0;
    unsigned failures_ = 0;
    bool probing_ = false;
};

} // namespace trialgate::gateway
