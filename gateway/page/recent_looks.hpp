// What one session has looked at lately: what a page asks again by itself becomes one row of the trail. For one thread.
#pragma once

#include "gateway/store/coordination.hpp"

#include <map>

namespace trialgate::gateway {

class recent_looks {
public:
    static constexpr duration_ms span = 10 * minute_ms;
    static constexpr std::size_t most = 10'000; ///< beyond it all are forgotten, and told again

    /// Whether the trail tells this look already: the same action, trial and person, within the span.
    bool told(const audit_row& row, instant now) const;
    /// The trail tells it from now on.
    void tell(const audit_row& row, instant now);

private:
    std::map<std::string, instant> all_;
};

} // namespace trialgate::gateway
