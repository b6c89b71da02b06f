#include "mappings/engine/courses.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace trialgate::mappings::courses_detail {

namespace {

constexpr int customary_gap = 30; // clinical reference 7.3, step 2

day first_day(fhir::date d) noexcept {
    return d == fhir::date::lowest() ? never : d == fhir::date::highest() ? always : day{d.days};
}

use read(const fact& f, std::uint32_t index, std::size_t ingredient) {
    use out;
    out.from = &f;
    out.index = index;
    out.ingredient = ingredient;
    out.start_first = first_day(f.exposure.start.first);
    out.start_last = first_day(f.exposure.start.last);
    out.end_first = first_day(f.exposure.end.first);
    out.end_last = first_day(f.exposure.end.last);
    out.held = f.exposure.on_hold;
    return out;
}

bool contains(const std::vector<concept_id>& list, concept_id c) noexcept {
    return std::find(list.begin(), list.end(), c) != list.end();
}

} // namespace

bool run::single_administration() const noexcept {
    if (!administrations_only())
        return false;
    return std::all_of(of.begin(), of.end(), [&](const use* u) { return u->start_first == of.front()->start_first; });
}

bool run::administrations_only() const noexcept {
    return std::all_of(of.begin(), of.end(), [](const use* u) {
        return u->from->exposure.source == exposure_source::administered;
    });
}

history::history(const exposure_test& test, std::span<const fact> facts) : ingredients(test.drugs.size()) {
    for (std::size_t i = 0; i < ingredients; ++i)
        gaps.push_back(i < test.max_gap.size() ? std::max(0, test.max_gap[i]) : customary_gap);
    for (std::size_t i = 0; i < facts.size(); ++i) {
        const fact& f = facts[i];
        if (f.kind != fact_kind::exposure || f.what == concept_id::none)
            continue;
        const auto index = static_cast<std::uint32_t>(i);
        bool asked = false;
        for (std::size_t k = 0; k < ingredients; ++k)
            if (contains(test.drugs[k], f.what)) {
                (f.exposure.against ? against : uses).push_back(read(f, index, k));
                asked = true;
            }
        if (!asked && !f.exposure.against && contains(test.other_drugs, f.what))
            others.push_back(read(f, index, ingredients));
    }
}

std::vector<day> history::edges(const exposure_test& test, day as_of) const {
    std::set<day> steps{0, 1, test.at_least_days, test.stable_dose_days, test.stable_dose_days + 1};
    for (const int gap : gaps)
        steps.insert(day{gap} + 1);
    std::vector<day> out;
    const auto add = [&](const use& u) {
        for (const day edge : {u.start_first, u.start_last, u.end_first, u.end_last}) {
            if (edge == never || edge == always)
                continue;
            for (const day step : steps)
                if (edge + step > as_of)
                    out.push_back(edge + step);
        }
    };
    for (const auto* list : {&uses, &against, &others})
        std::for_each(list->begin(), list->end(), add);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

std::optional<std::pair<day, day>> days_of(const use& u, reading r, day on) noexcept {
    const bool sure = r == reading::surely;
    const day first = sure ? u.start_last : u.start_first;
    day last = sure ? u.end_first : u.end_last;
    if (r == reading::unheld && u.held)
        last = always;
    if (first > on || last < first)
        return std::nullopt;
    return std::pair(first, last);
}

std::vector<run> merge(std::vector<const use*> uses, reading r, day on, const std::vector<int>& gaps) {
    struct piece {
        day first, last;
        const use* from;
    };
    std::vector<piece> pieces;
    for (const use* u : uses)
        if (const auto days = days_of(*u, r, on))
            pieces.push_back({days->first, days->second, u});
    std::sort(pieces.begin(), pieces.end(), [](const piece& a, const piece& b) {
        return std::tie(a.first, a.last, a.from->ingredient, a.from->index) <
               std::tie(b.first, b.last, b.from->ingredient, b.from->index);
    });
    std::vector<run> out;
    // How far the supply of the pieces so far bridges: of each its own gap, for in a union they differ.
    day bridged = never;
    for (const piece& p : pieces) {
        if (out.empty() || p.first > bridged) {
            out.push_back({p.first, p.last, p.from->ingredient, false, {}});
            bridged = never;
        }
        run& current = out.back();
        current.last = std::max(current.last, p.last);
        current.several = current.several || p.from->ingredient != current.ingredient;
        current.of.push_back(p.from);
        bridged = std::max(bridged, p.last + gaps[p.from->ingredient]);
    }
    return out;
}

} // namespace trialgate::mappings::courses_detail
