#include "mappings/followup/watch.hpp"

#include "mappings/followup/visits.hpp"

#include <algorithm>

namespace trialgate::mappings {

followup watch_participant(const safety_case& of, const site_calendar& site) {
    followup out = visit_findings(of.about, of.who, of.record, of.codes, site, of.as_of, of.zone);
    followup safety = watch_safety(of);
    std::move(safety.findings.begin(), safety.findings.end(), std::back_inserter(out.findings));
    std::sort(out.findings.begin(), out.findings.end(), [](const concern& a, const concern& b) { return a.key < b.key; });
    if (safety.changes_on && (!out.changes_on || *safety.changes_on < *out.changes_on))
        out.changes_on = safety.changes_on;
    return out;
}

std::optional<fhir::date> completed_from(const trial& t, const participant& who, const site_calendar& site) {
    std::optional<fhir::date> out;
    for (const planned_visit& v : plan_visits(t, who, {}, site)) {
        if (v.what->kind != visit_kind::planned)
            continue;
        if (!v.days || v.provisional)
            return std::nullopt;
        out = out ? std::max(*out, v.days->earliest) : v.days->earliest;
    }
    return out;
}

} // namespace trialgate::mappings
