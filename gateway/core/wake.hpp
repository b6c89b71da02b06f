// A bell: who waits is woken when somebody rings. Rings while nobody waits are remembered as one.
#pragma once

#include "gateway/core/clock.hpp"

namespace trialgate::gateway {

/// `ring` from any thread; one coroutine at a time waits. Copies share the bell.
class wake {
public:
    wake();
    void ring() const;
    /// Returns true after a ring, false at `until` (of `time`). Throws operation_aborted when cancelled.
    boost::asio::awaitable<bool> wait(clock& time, instant until) const;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace trialgate::gateway
