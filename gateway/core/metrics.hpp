// Figures for operators, in Prometheus' text format. Names are a contract: tests/gateway/metrics.txt lists them all.
// Labels are names from the configuration or fixed words, never anything out of a resource.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace trialgate::gateway {

using metric_labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Thread-safe. Cheap enough for every event: a lookup under a lock.
class metrics {
public:
    metrics();
    ~metrics();
    metrics(const metrics&) = delete;
    metrics& operator=(const metrics&) = delete;
    /// The name must be one that metrics.cpp describes (name, kind, labels); anything else throws std::logic_error.
    void count(std::string_view name, metric_labels labels = {}, double by = 1);
    /// Of a counter: its total, which somebody else counts; it never goes down.
    void set(std::string_view name, metric_labels labels, double value);
    void observe(std::string_view name, metric_labels labels, double seconds);
    /// Text exposition format 0.0.4.
    std::string text() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
