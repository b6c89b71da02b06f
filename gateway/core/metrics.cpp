#include "gateway/core/metrics.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <stdexcept>
#include <unordered_map>
#include <variant>

namespace trialgate::gateway {

namespace {

enum class kind : std::uint8_t { counter, gauge, histogram };

struct description {
    std::string_view name;
    kind is;
    std::array<std::string_view, 2> labels; ///< each must be given; empty: no label
    std::string_view help;
};

constexpr std::array descriptions{
    description{"trialgate_build_info", kind::gauge, {"version"}, "Always 1; the version is in the label."},
    description{"trialgate_certificate_expires_seconds", kind::gauge, {"listener"}, "Unix time at which the certificate of a listener ends."},
    description{"trialgate_commits_total", kind::counter, {}, "Durable commits of the store."},
    description{"trialgate_decisions_total", kind::counter, {"trial", "status"}, "Decisions that changed, by the new status."},
    description{"trialgate_deliveries_total", kind::counter, {"sink", "outcome"}, "Attempts to deliver to a sink, by outcome."},
    description{"trialgate_delivery_seconds", kind::histogram, {"sink"}, "How long one attempt to deliver took."},
    description{"trialgate_event_to_commit_seconds", kind::histogram, {"source"}, "From the arrival of an event to the commit of what follows from it."},
    description{"trialgate_event_to_delivery_seconds", kind::histogram, {"sink"}, "From the arrival of an event to its delivery to a sink."},
    description{"trialgate_events_total", kind::counter, {"source", "outcome"},
                "Resource versions worked in: applied, duplicate, older, irrelevant or quarantined."},
    description{"trialgate_faults", kind::gauge, {}, "Faults that last."},
    description{"trialgate_http_connections", kind::gauge, {"listener"}, "Open connections."},
    description{"trialgate_http_refused_total", kind::counter, {"listener"}, "Connections refused because there were too many."},
    description{"trialgate_journal_oldest_seconds", kind::gauge, {}, "Age of the oldest journal row that waits; 0 when none does."},
    description{"trialgate_journal_rows", kind::gauge, {}, "Journal rows that wait to be worked in."},
    description{"trialgate_mails_total", kind::counter, {"outcome"}, "Attempts to hand a mail to the relay: taken, refused, later or relay (in trouble)."},
    description{"trialgate_notifications_total", kind::counter, {"source", "outcome"}, "Requests at the hooks of a source, by outcome."},
    description{"trialgate_outbox_age_seconds", kind::gauge, {"sink"}, "Age of the oldest message that waits for a sink; 0 when none does."},
    description{"trialgate_outbox_dead", kind::gauge, {"sink"}, "Messages that were given up and wait for an operator."},
    description{"trialgate_outbox_waiting", kind::gauge, {"sink"}, "Messages that wait for a sink."},
    description{"trialgate_patients", kind::gauge, {}, "People of whom something is kept."},
    description{"trialgate_pull_pages_total", kind::counter, {"source", "kind"}, "Pages fetched from a source, by what for."},
    description{"trialgate_quarantine_rows", kind::gauge, {}, "Messages that could not be read and wait for an operator."},
    description{"trialgate_source_gaps_total", kind::counter, {"source"}, "Holes in the event numbers of a source that were closed by asking."},
    description{"trialgate_source_jobs", kind::gauge, {"source", "kind"}, "Work that intake still has to do: fetch, hydrate, reconcile."},
    description{"trialgate_source_lag_seconds", kind::gauge, {"source"}, "How far the reconcile cursor is behind the time of the source's server."},
    description{"trialgate_source_last_heard_seconds", kind::gauge, {"source"}, "Unix time of the last notification or answer of a source."},
    description{"trialgate_source_up", kind::gauge, {"source"}, "1 when the source answered the last request, else 0."},
    description{"trialgate_subscription_up", kind::gauge, {"source", "subscription"}, "1 when a Subscription is active on its server, else 0."},
    description{"trialgate_wal_bytes", kind::gauge, {}, "Size of the store's write-ahead log."},
};

/// From a commit on fast storage to a study system that was away for days.
const prometheus::Histogram::BucketBoundaries buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,  0.25, 0.5,
                                                      1,     2.5,    5,     10,   30,    60,   300, 3600, 86400};

using family =
    std::variant<prometheus::Family<prometheus::Counter>*, prometheus::Family<prometheus::Gauge>*, prometheus::Family<prometheus::Histogram>*>;
using metric = std::variant<prometheus::Counter*, prometheus::Gauge*, prometheus::Histogram*>;

struct entry {
    const description* what;
    family series;
};

[[noreturn]] void unfit(std::string_view name, const char* why) { throw std::logic_error("metric " + std::string(name) + ' ' + why); }

prometheus::Labels labels_of(const description& what, metric_labels given) {
    prometheus::Labels out;
    std::size_t wanted = 0;
    for (std::string_view l : what.labels) {
        if (l.empty())
            continue;
        ++wanted;
        for (const auto& [name, value] : given)
            if (name == l)
                out.emplace(std::string(name), std::string(value));
    }
    if (out.size() != wanted || given.size() != wanted)
        unfit(what.name, "has other labels");
    return out;
}

} // namespace

struct metrics::state {
    prometheus::Registry registry;
    std::unordered_map<std::string_view, entry> known;
    std::mutex guard;
    std::unordered_map<std::string, metric> series; ///< by name and label values: prometheus-cpp's own lookup makes a map for each call

    void describe(const description& d) {
        const std::string name(d.name), help(d.help);
        switch (d.is) {
        case kind::counter: known[d.name] = {&d, &prometheus::BuildCounter().Name(name).Help(help).Register(registry)}; break;
        case kind::gauge: known[d.name] = {&d, &prometheus::BuildGauge().Name(name).Help(help).Register(registry)}; break;
        case kind::histogram: known[d.name] = {&d, &prometheus::BuildHistogram().Name(name).Help(help).Register(registry)}; break;
        }
    }

    static metric add(const entry& e, metric_labels labels) {
        const prometheus::Labels named = labels_of(*e.what, labels);
        switch (e.what->is) {
        case kind::counter: return &std::get<0>(e.series)->Add(named);
        case kind::gauge: return &std::get<1>(e.series)->Add(named);
        case kind::histogram: break;
        }
        return &std::get<2>(e.series)->Add(named, buckets);
    }

    /// Finds or makes the series; it lives as long as this.
    metric find(std::string_view name, metric_labels labels) {
        std::string key(name);
        for (const auto& [label, value] : labels)
            key.append(1, '\n').append(label).append(1, '\n').append(value);
        const std::lock_guard lock(guard);
        auto at = series.find(key);
        if (at == series.end()) {
            const auto described = known.find(name);
            if (described == known.end())
                unfit(name, "is not described");
            at = series.emplace(std::move(key), add(described->second, labels)).first;
        }
        return at->second;
    }
};

metrics::metrics() : state_(std::make_unique<state>()) {
    for (const description& d : descriptions)
        state_->describe(d);
    set("trialgate_build_info", {{"version", TRIALGATE_VERSION}}, 1);
    count("trialgate_commits_total", {}, 0); // a rate needs a first value
}

metrics::~metrics() = default;

void metrics::count(std::string_view name, metric_labels labels, double by) {
    const metric m = state_->find(name, labels);
    if (auto* const* counter = std::get_if<prometheus::Counter*>(&m))
        (*counter)->Increment(by);
    else
        unfit(name, "is no counter");
}

void metrics::set(std::string_view name, metric_labels labels, double value) {
    const metric m = state_->find(name, labels);
    if (auto* const* gauge = std::get_if<prometheus::Gauge*>(&m))
        (*gauge)->Set(value);
    else if (auto* const* counter = std::get_if<prometheus::Counter*>(&m))
        (*counter)->Increment(std::max(0.0, value - (*counter)->Value()));
    else
        unfit(name, "is a histogram");
}

void metrics::observe(std::string_view name, metric_labels labels, double seconds) {
    const metric m = state_->find(name, labels);
    if (auto* const* histogram = std::get_if<prometheus::Histogram*>(&m))
        (*histogram)->Observe(seconds);
    else
        unfit(name, "is no histogram");
}

std::string metrics::text() const { return prometheus::TextSerializer().Serialize(state_->registry.Collect()); }

} // namespace trialgate::gateway
