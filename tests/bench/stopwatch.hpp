// Processor time of the fastest of several passes: what disturbs a pass on a shared machine makes it slower, never faster.
#pragma once

#include <algorithm>
#include <ctime>
#include <limits>

namespace trialgate::bench {

/// Seconds of the fastest of `passes` calls.
template <class Pass>
double fastest(int passes, Pass pass) {
    double best = std::numeric_limits<double>::infinity();
    for (int n = 0; n < passes; ++n) {
        const std::clock_t start = std::clock();
        pass();
        best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
    }
    return best;
}

} // namespace trialgate::bench
