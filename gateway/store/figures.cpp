#include "gateway/store/figures.hpp"

#include <algorithm>
#include <set>

namespace trialgate::gateway {

namespace {

/// What was left behind is the oldest, so that not all need be read.
std::vector<std::string> sink_names(store& rows, const gateway_config& config) {
    std::vector<std::string> out;
    std::set<std::string> seen;
    for (const sink_config& s : config.sinks)
        if (seen.insert(s.name).second)
            out.push_back(s.name);
    for (const outbox_row& r : rows.outbox_list("", 0, 1'000))
        if (seen.insert(r.sink).second)
            out.push_back(r.sink);
    return out;
}

} // namespace

bool figures::findings() const noexcept {
    const bool dead = std::any_of(sinks.begin(), sinks.end(), [](const auto& s) { return s.second.dead != 0; });
    return dead || quarantined != 0 || !faults.empty();
}

figures gather(store& rows, const gateway_config& config) {
    figures out;
    out.journal = rows.journal_count();
    out.patients = rows.patient_count();
    out.quarantined = rows.quarantine_count();
    for (const source_config& s : config.sources) {
        figures::source one{s.name, {}, rows.subscriptions(s.name)};
        for (std::size_t n = 0; n < job_kinds.size(); ++n)
            one.jobs[n] = rows.job_count(s.name, job_kinds[n].first);
        out.sources.push_back(std::move(one));
    }
    for (std::string& name : sink_names(rows, config)) {
        const outbox_counts counts = rows.outbox_count(name);
        out.sinks.emplace_back(std::move(name), counts);
    }
    out.faults = rows.faults();
    return out;
}

decision_figures gather_decisions(store& rows) {
    decision_figures out;
    for (decision_row last;;) {
        const auto page = rows.decisions_after(last.source, last.patient, last.trial, 1'000);
        for (const decision_row& d : page) {
            ++out.decisions[d.trial][d.status];
            if (!d.human.empty())
                ++out.people[d.trial][d.human];
        }
        if (page.empty())
            return out;
        last = page.back();
    }
}

} // namespace trialgate::gateway
