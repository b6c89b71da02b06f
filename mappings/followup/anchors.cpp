#include "mappings/followup/anchors.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

bool contains(const auto& list, const auto& one) { return std::find(list.begin(), list.end(), one) != list.end(); }

/// The day on which this resource shows the visit.
std::optional<fhir::date> shown_by(const record& r, const visit_evidence& done, const std::string& own_type) {
    std::optional<fhir::date> out;
    const auto day = [&](fhir::date d) { out = out ? std::min(*out, d) : d; };
    if (r.meeting && r.meeting->dated && contains(r.meeting->types, own_type)) {
        const auto& counts = r.type == "Encounter" ? done.encounter : done.appointment;
        if (counts && contains(counts->statuses, r.meeting->status))
            day(r.meeting->when.first);
    }
    for (const fact& f : r.facts) {
        const bool given = f.kind == fact_kind::exposure && f.exposure.source == exposure_source::administered && !f.exposure.against;
        if ((f.kind == fact_kind::procedure || given) && f.dated && f.when.is_day() && contains(done.procedures, f.what))
            day(f.when.first);
    }
    return out;
}

} // namespace

std::map<std::string, anchor_point> recorded_anchors(const trial& t, const participant& who, const patient_data& record, fhir::date as_of) {
    std::map<std::string, anchor_point> out;
    const fhir::date begin = anchor_day(who, "screening").value_or(who.since);
    for (const visit& v : t.visits) {
        if (!v.done || v.done->anchor.empty())
            continue;
        const std::string own_type = "urn:trialgate:visit|" + t.id + '/' + v.id;
        for (const mappings::record& r : record.records) {
            if (r.withdrawn)
                continue;
            const auto day = shown_by(r, *v.done, own_type);
            if (!day || *day < begin || as_of < *day)
                continue;
            const auto [at, fresh] = out.try_emplace(v.done->anchor, anchor_point{*day, {}, r.type + '/' + r.id});
            if (!fresh && *day < at->second.on)
                at->second = {*day, {}, r.type + '/' + r.id};
        }
    }
    return out;
}

} // namespace trialgate::mappings
