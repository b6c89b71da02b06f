#include "mappings/followup/visit_record.hpp"

#include <algorithm>
#include <tuple>

namespace trialgate::mappings {

namespace {

constexpr int longest_vague_day = 62; ///< days; what is dated more vaguely than to a month or two belongs to no visit

bool names_one(const std::vector<std::string>& wanted, const std::vector<std::string>& types) {
    return std::any_of(types.begin(), types.end(), [&](const std::string& t) {
        return std::find(wanted.begin(), wanted.end(), t) != wanted.end();
    });
}

bool is_booked(std::string_view status) noexcept { return status == "booked" || status == "arrived" || status == "checked-in"; }

} // namespace

void concept_set::add(concept_id c) {
    const auto at = static_cast<std::size_t>(c);
    if (at >= holds_.size())
        holds_.resize(at + 1);
    holds_[at] = true;
}

visit_record::visit_record(const trial& t, const patient_data& from, const catalog& codes) {
    learn(t, codes);
    for (const record& r : from.records) {
        if (r.withdrawn)
            continue;
        if (r.meeting)
            add_meeting(t, r);
        for (const fact& f : r.facts) {
            const bool use = f.kind == fact_kind::exposure && f.exposure.source == exposure_source::administered && !f.exposure.against;
            if ((f.kind == fact_kind::procedure || use) && procedures_.has(f.what))
                add_procedure(t, r, f);
            if (f.kind == fact_kind::observation && wanted_.has(f.what))
                add_result(r, f);
        }
    }
    derive();
    std::sort(meetings_.begin(), meetings_.end(), [](const seen_meeting& a, const seen_meeting& b) {
        return std::tie(a.first, a.from->type, a.from->id, a.last) < std::tie(b.first, b.from->type, b.from->id, b.last);
    });
    std::sort(results_.begin(), results_.end(), [](const seen_result& a, const seen_result& b) {
        return std::tie(a.day, a.what, a.from->type, a.from->id, a.second) < std::tie(b.day, b.what, b.from->type, b.from->id, b.second);
    });
}

void visit_record::learn(const trial& t, const catalog& codes) {
    asked_.resize(t.visits.size());
    for (std::size_t v = 0; v < t.visits.size(); ++v) {
        if (!t.visits[v].done)
            continue;
        for (const required_result& r : t.visits[v].done->results)
            for (const required_result::part& p : r.parts)
                for (const concept_id c : p.concepts) {
                    asked_[v].add(c);
                    wanted_.add(c);
                }
        for (const concept_id c : t.visits[v].done->procedures)
            procedures_.add(c);
    }
    wanted_.for_each([&](concept_id c) {
        if (const analyte* a = codes.analyte_of(c); a && a->derived)
            derived_.push_back({c, a->derived->left, a->derived->right});
    });
    for (const derived& d : derived_) {
        wanted_.add(d.left);
        wanted_.add(d.right);
    }
}

void visit_record::add_meeting(const trial& t, const record& r) {
    const meeting_data& m = *r.meeting;
    if (!m.dated)
        return;
    const bool encounter = r.type == "Encounter";
    seen_meeting seen{m.when.first, std::max(m.when.first, m.when.last), &r, {}, {}};
    if (seen.last == fhir::date::highest())
        seen.last = seen.first;
    for (std::size_t v = 0; v < t.visits.size(); ++v) {
        const auto& done = t.visits[v].done;
        if (!done)
            continue;
        const auto& counts = encounter ? done->encounter : done->appointment;
        if (counts && names_one(counts->types, m.types) &&
            std::find(counts->statuses.begin(), counts->statuses.end(), m.status) != counts->statuses.end())
            seen.held_for.push_back(v);
        else if (counts && !encounter && is_booked(m.status) && names_one(counts->types, m.types))
            seen.booked_for.push_back(v);
    }
    if (!seen.held_for.empty() || !seen.booked_for.empty())
        meetings_.push_back(std::move(seen));
}

void visit_record::add_procedure(const trial& t, const record& r, const fact& f) {
    if (!f.dated || !f.when.is_day())
        return;
    seen_meeting seen{f.when.first, f.when.first, &r, {}, {}};
    for (std::size_t v = 0; v < t.visits.size(); ++v)
        if (const auto& done = t.visits[v].done;
            done && std::find(done->procedures.begin(), done->procedures.end(), f.what) != done->procedures.end())
            seen.held_for.push_back(v);
    meetings_.push_back(std::move(seen));
}

void visit_record::add_result(const record& r, const fact& f) {
    if (!f.dated)
        return;
    if (f.when.is_day())
        results_.push_back({f.what, f.when.first, f.second, f.observation.use, f.observation.specimen, &r});
    else if (f.when.last - f.when.first < longest_vague_day)
        vague_.push_back({f.what, f.when});
}

/// A result that follows from two others of one day, and of one specimen where both say which, is as good as sent.
void visit_record::derive() {
    const std::size_t sent = results_.size();
    for (const derived& d : derived_)
        for (std::size_t i = 0; i < sent; ++i) {
            if (results_[i].what != d.left || results_[i].use != usability::usable)
                continue;
            for (std::size_t j = 0; j < sent; ++j) {
                const seen_result &a = results_[i], &b = results_[j];
                const bool one_specimen = a.specimen == b.specimen || a.specimen == 0 || b.specimen == 0;
                if (b.what != d.right || b.use != usability::usable || a.day != b.day || !one_specimen)
                    continue;
                seen_result follows = a;
                follows.what = d.what;
                results_.push_back(follows);
            }
        }
}

} // namespace trialgate::mappings
