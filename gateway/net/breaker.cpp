#include "gateway/net/breaker.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace trialgate::gateway {

circuit_breaker::circuit_breaker(unsigned after, duration_ms pause, duration_ms longest) noexcept
    : after_(std::max(after, 1u)), first_(std::max<duration_ms>(pause, 1)), longest_(std::max(longest, first_)) {}

circuit_breaker::pass circuit_breaker::admit(instant now) noexcept {
    switch (at(now)) {
    case state::closed:
        return pass::normal;
    case state::open:
        return pass::none;
    case state::half_open:
        break;
    }
    return std::exchange(probing_, true) ? pass::none : pass::probe;
}

void circuit_breaker::succeeded() noexcept {
    failures_ = 0;
    pause_ = 0;
    probing_ = false;
}

void circuit_breaker::failed(pass p, instant now) noexcept {
    if (pause_ != 0 && p != pass::probe)
        return; // begun before it opened: known already
    if (failures_ < std::numeric_limits<unsigned>::max())
        ++failures_;
    if (p == pass::probe)
        pause_ = std::min(longest_, pause_ * 2);
    else if (failures_ >= after_)
        pause_ = first_;
    else
        return;
    probing_ = false;
    until_ = now + pause_;
}

void circuit_breaker::abandoned(pass p) noexcept {
    if (p == pass::probe)
        probing_ = false;
}

circuit_breaker::state circuit_breaker::at(instant now) const noexcept {
    if (pause_ == 0)
        return state::closed;
    return now < until_ ? state::open : state::half_open;
}

} // namespace trialgate::gateway
