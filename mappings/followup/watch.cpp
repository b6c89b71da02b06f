#include "mappings/followup/watch.hpp"

#include "mappings/followup/visits.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

/// Visits count from Day 0: without it nothing would be planned, and nothing would say so.
std::optional<concern> day_zero_unrecorded(const safety_case& of) {
    const auto& visits = of.about.visits;
    const bool counts = of.about.safety || std::any_of(visits.begin(), visits.end(), [](const visit& v) { return v.anchor == "dosing"; });
    if (!counts || of.who.state != participation_state::on_study || of.who.anchors.contains("dosing"))
        return std::nullopt;
    concern out;
    out.key = "day-zero";
    out.kind = finding_kind::due;
    out.urgency = tier::t3;
    out.title = "Day 0 is not recorded";
    out.text = "On study since " + to_string(of.who.since) +
               ", but nobody said when the dose was given: its visits are not planned, and laboratory results are graded from the day on study.";
    out.earliest = out.target = out.latest = of.who.since;
    return out;
}

} // namespace

followup watch_participant(const safety_case& of, const site_calendar& site) {
    followup out = visit_findings(of.about, of.who, of.record, of.codes, site, of.as_of, of.zone);
    followup safety = watch_safety(of);
    std::move(safety.findings.begin(), safety.findings.end(), std::back_inserter(out.findings));
    if (auto undated = day_zero_unrecorded(of))
        out.findings.push_back(*std::move(undated));
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
