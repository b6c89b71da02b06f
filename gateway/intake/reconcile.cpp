#include "gateway/intake/runners.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/type_reader.hpp"

#include <algorithm>
#include <array>

namespace trialgate::gateway {

namespace {

using namespace pull;

constexpr std::size_t most_jobs = 64;

/// Types that the first load leaves out: a person is found by a `consider` fact, and hydration fetches the rest.
bool found_by_hydration(const std::string& type) {
    static constexpr std::array<std::string_view, 6> rest{"Patient", "Consent", "ResearchSubject", "ResearchStudy", "Specimen", "QuestionnaireResponse"};
    return std::find(rest.begin(), rest.end(), type) != rest.end();
}

/// Where `consider` facts are most likely first; drugs before those who take them.
std::vector<std::string> in_order(const std::set<std::string>& types) {
    std::vector<std::string> out(types.begin(), types.end());
    static constexpr std::array<std::string_view, 3> first{"Condition", "Observation", "Medication"};
    const auto rank = [](const std::string& t) { return std::find(first.begin(), first.end(), t) - first.begin(); };
    std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return out;
}

class reconciler {
public:
    reconciler(intake_services& services, source_state& source) : services_(services), source_(source), reader_(services, source) {}
    asio::awaitable<void> run();

private:
    struct round {
        bool whole = true, more = false;
        void note(pass p) {
            whole = whole && p != pass::retry && p != pass::down;
            more = more || p == pass::more;
        }
    };
    asio::awaitable<void> ready();
    asio::awaitable<pass> first_cursors(const std::vector<std::string>& types);
    asio::awaitable<round> all_types(bool asked);
    asio::awaitable<void> close_jobs(std::vector<job> jobs);
    asio::awaitable<void> rest_until(instant next);
    bool searchable(const std::string& type) const;
    bool has_history(const std::string& type) const;
    void tell_lag();

    intake_services& services_;
    source_state& source_;
    type_reader reader_;
    unsigned failed_ = 0; ///< rounds in a row
};

bool reconciler::searchable(const std::string& type) const {
    if (!source_.can || source_.can->resources.empty()) // says nothing about types: asking tells
        return true;
    const auto* r = source_.can->of(type);
    return r && r->search;
}

bool reconciler::has_history(const std::string& type) const {
    const auto* r = source_.can ? source_.can->of(type) : nullptr;
    return r && r->history_type;
}

asio::awaitable<void> reconciler::ready() {
    for (;;) {
        const bool bulk_runs = source_.config.initial == source_config::first_load::bulk &&
                               services_.reading.value("bulk/" + source_.config.name) != "done";
        if (source_.can && !bulk_runs)
            co_return;
        co_await source_.reconcile_bell.wait(services_.time, services_.time.now() + second_ms);
    }
}

/// For types that were never read: where to begin. The time is the server's, from before the first page.
asio::awaitable<pass> reconciler::first_cursors(const std::vector<std::string>& types) {
    std::vector<std::string> names;
    std::string ask;
    for (const std::string& type : types) {
        const std::string cursor = cursor_name("cursor", source_, type), history = cursor_name("history", source_, type);
        const bool from_now = source_.config.initial == source_config::first_load::none || found_by_hydration(type);
        const bool fresh = !services_.reading.value(cursor);
        if (fresh && from_now && !services_.reading.value(cursor_name("checkpoint", source_, type)))
            names.push_back(cursor);
        if (has_history(type) && !services_.reading.value(history))
            names.push_back(history);
        if (ask.empty() || (type != "Patient" && ask == "Patient"))
            ask = type;
    }
    if (names.empty())
        co_return pass::done;
    pass why = pass::done;
    const auto now = co_await reader_.server_time(ask, why);
    if (why == pass::down)
        co_return why;
    if (!now) {
        services_.faults.raise(fault_key(source_, "", "no-time"), "source " + source_.config.name + " does not tell its time: no Date header");
        co_return pass::retry;
    }
    services_.faults.clear(fault_key(source_, "", "no-time"));
    const std::function<void(store&)> put = [names, at = to_text(*now)](store& into) {
        for (const std::string& name : names)
            into.value_put(name, at);
    };
    co_await keep(services_, {}, put);
    co_return pass::done;
}

asio::awaitable<reconciler::round> reconciler::all_types(bool asked) {
    round out;
    std::vector<std::string> types = in_order(source_.types);
    std::erase_if(types, [this](const std::string& t) { return !searchable(t); });
    pass p = co_await first_cursors(types);
    out.note(p);
    for (std::size_t i = 0; i < types.size() && p != pass::down; ++i) {
        p = co_await reader_.search(types[i], asked);
        out.note(p);
        if (p == pass::down || !has_history(types[i]))
            continue;
        p = co_await reader_.deletions(types[i]);
        out.note(p);
    }
    tell_lag();
    co_return out;
}

void reconciler::tell_lag() {
    const auto now = reader_.last_server_time();
    if (!now)
        return;
    instant oldest = *now;
    for (const std::string& type : source_.types)
        if (const auto at = stored_instant(services_.reading, cursor_name("cursor", source_, type)))
            oldest = std::min(oldest, *at);
    services_.figures.set("trialgate_source_lag_seconds", {{"source", source_.config.name}}, static_cast<double>(*now - oldest) / 1000.0);
}

asio::awaitable<void> reconciler::close_jobs(std::vector<job> jobs) {
    if (jobs.empty())
        co_return;
    const std::function<void(store&)> done = [jobs](store& into) {
        for (const job& j : jobs)
            into.job_done(j.id, j.stamp);
    };
    co_await keep(services_, {}, done);
}

/// Until `next`, or until somebody asks.
asio::awaitable<void> reconciler::rest_until(instant next) {
    while (services_.time.now() < next) {
        const auto wanted = services_.reading.job_next(source_.config.name, job_kind::reconcile);
        if (wanted && *wanted <= services_.time.now())
            co_return;
        co_await source_.reconcile_bell.wait(services_.time, std::min(next, wanted.value_or(next)));
    }
}

asio::awaitable<void> reconciler::run() {
    co_await ready();
    const instant begun = services_.time.now();
    // What is asked for from here on is not answered by this round.
    std::vector<job> jobs = services_.reading.jobs_due(source_.config.name, job_kind::reconcile, begun, most_jobs);
    const round result = co_await all_types(!jobs.empty());
    if (!result.whole) {
        // Nobody hurries a server in trouble: jobs wait as well.
        const instant again = services_.time.now() + patience(services_, failed_++, reader_.retry_after());
        co_await services_.time.wait_until(again);
        co_return;
    }
    failed_ = 0;
    co_await close_jobs(std::move(jobs));
    if (!result.more)
        co_await rest_until(begun + source_.config.poll_every);
}

} // namespace

asio::awaitable<void> run_reconcile(intake_services& services, source_state& source) {
    reconciler mine(services, source);
    const std::function<asio::awaitable<void>()> rounds = [&mine]() -> asio::awaitable<void> {
        for (;;)
            co_await mine.run();
    };
    co_await forever(services, source, "reconcile", rounds);
}

} // namespace trialgate::gateway
