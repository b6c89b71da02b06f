// Many keep-alive connections from one thread that send HTTP requests and wait for their answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace trialgate::bench {

using moment = std::chrono::steady_clock::time_point;

struct load_plan {
    unsigned short port = 0;
    unsigned connections = 64;
    double seconds = 10;
    double per_second = 0; ///< 0: each connection sends again as soon as it is answered
    /// Writes the next request. `due`: when it should be sent; with a rate, time spent waiting for a free connection counts as latency.
    std::function<void(std::string& out, moment due)> next;
};

struct load_figures {
    std::uint64_t answered = 0, refused = 0; ///< 200, anything else
    double seconds = 0;
    std::vector<double> latencies; ///< milliseconds
    double rate() const noexcept { return static_cast<double>(answered) / seconds; }
};

load_figures run_load(const load_plan& plan);

/// Of values in any order; 0 of none.
double percentile(std::vector<double> values, double part);

} // namespace trialgate::bench
