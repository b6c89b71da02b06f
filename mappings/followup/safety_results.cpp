#include "mappings/followup/safety_results.hpp"

#include <algorithm>
#include <tuple>

namespace trialgate::mappings {

using fhir::date;

namespace {

std::string reference_of(const record& r) { return r.id.starts_with("urn:") ? r.id : r.type + '/' + r.id; }

} // namespace

std::optional<anchor_point> dose_of(const participant& who) {
    if (const auto at = who.anchors.find("dosing"); at != who.anchors.end())
        return at->second;
    return who.state == participation_state::on_study ? std::optional(anchor_point{who.since}) : std::nullopt;
}

std::string lab_result::day() const { return source->dated ? day_text(*source) : std::string(); }

safety_results::safety_results(const safety_case& of) : case_(of), facts_(of.codes), last_seen_(of.as_of) {
    const anchor_point dose = *dose_of(of.who);
    dosing_ = dose.on;
    if (dose.at && of.zone.date_of(*dose.at) == dose.on)
        dosing_second_ = *dose.at + of.zone.offset_at(*dose.at) - std::int64_t{dose.on.days} * 86'400;
    // What is measured after the last visit belongs to care, not to the trial.
    if (of.who.state == participation_state::completed)
        last_seen_ = std::min(last_seen_, of.who.since);
    std::vector<concept_id> changed;
    for (std::uint32_t n = 0; n < of.record.records.size(); ++n) {
        changed.clear();
        facts_.add(n, of.record.records[n], changed);
    }
}

phase safety_results::phase_of(const fact& f) const {
    if (!f.dated)
        return phase::undated;
    if (f.when.first > last_seen_) {
        if (last_seen_ == case_.as_of)
            changes_on_ = std::min(changes_on_, f.when.first);
        return phase::unseen;
    }
    if (f.when.last < dosing_)
        return phase::before;
    if (f.when.first > dosing_)
        return phase::after;
    if (!f.when.is_day())
        return phase::undated;
    if (dosing_second_ < 0 || f.second < 0)
        return phase::dose_day;
    return f.second >= dosing_second_ ? phase::after : phase::before;
}

std::vector<lab_result> safety_results::of(std::span<const concept_id> concepts) const {
    std::vector<lab_result> out;
    for (const concept_id c : concepts)
        for (const auto& e : facts_.of(c)) {
            const fact& f = facts_[e];
            const phase when = phase_of(f);
            if (f.kind != fact_kind::observation || when == phase::unseen)
                continue;
            const record& from = case_.record.records[f.record];
            out.push_back({&f, when, measurement_of(f.observation, f.notes.has(note::specimen_spoiled)),
                           f.observation.use == usability::pending, reference_of(from), from.version.text});
        }
    std::sort(out.begin(), out.end(), [](const lab_result& a, const lab_result& b) {
        const auto place = [](const lab_result& r) {
            const fact& f = *r.source;
            return std::make_tuple(f.dated, f.when.first, f.when.last, f.second, std::string_view(r.reference), f.what,
                                   std::string_view(f.text));
        };
        return place(a) < place(b);
    });
    return out;
}

fact_table safety_results::since_dosing() const {
    fact_table out(case_.codes);
    std::vector<concept_id> changed;
    for (std::uint32_t n = 0; n < case_.record.records.size(); ++n) {
        record r = case_.record.records[n];
        std::erase_if(r.facts, [this](const fact& f) {
            // What is still to come sets the date of the next look: it stays.
            return !f.dated || f.when.first < dosing_ || phase_of(f) == phase::before;
        });
        changed.clear();
        if (!r.facts.empty())
            out.add(n, r, changed);
    }
    return out;
}

evidence_item safety_results::evidence(const fact& f) const {
    const record& r = case_.record.records[f.record];
    return {reference_of(r), r.version.text, f.dated ? day_text(f) : std::string(), f.text};
}

const lab_result* baseline_of(std::span<const lab_result> results, const lab_result* of) noexcept {
    const bool before_only = of && of->when == phase::dose_day;
    const lab_result* out = nullptr;
    for (const lab_result& r : results)
        if ((r.when == phase::before || (r.when == phase::dose_day && !before_only)) && r.now.readable() && !r.pending)
            out = &r;
    return out;
}

} // namespace trialgate::mappings
