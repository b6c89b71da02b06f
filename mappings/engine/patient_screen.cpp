#include "mappings/engine/patient_screen.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

patient_screen::patient_screen(std::shared_ptr<const network> net) : net_(std::move(net)), facts_(net_->codes()) {}

patient_screen::cached* patient_screen::find(node_id n) noexcept {
    const auto at = std::lower_bound(cache_.begin(), cache_.end(), n,
                                     [](const cached& c, node_id wanted) { return c.node_ < wanted; });
    return at != cache_.end() && at->node_ == n ? &*at : nullptr;
}

const outcome& patient_screen::outcome_of(node_id n) const noexcept {
    static const outcome nothing{};
    const cached* c = find(n);
    return c ? c->is : nothing;
}

void patient_screen::mark(std::span<const node_id> nodes) noexcept {
    for (node_id n : nodes)
        if (cached* c = find(n))
            c->dirty = true;
}

void patient_screen::put(std::uint32_t slot, const record& r) {
    scratch_.clear();
    facts_.remove(slot, scratch_);
    facts_.add(slot, r, scratch_);
    for (concept_id c : scratch_) {
        mark(net_->readers(c));
        reconsider_ |= !net_->considering(c).empty();
    }
}

void patient_screen::take(std::uint32_t slot) {
    scratch_.clear();
    facts_.remove(slot, scratch_);
    for (concept_id c : scratch_) {
        mark(net_->readers(c));
        reconsider_ |= !net_->considering(c).empty();
    }
}

void patient_screen::person(std::optional<person_data> p) {
    person_ = std::move(p);
    mark(net_->person_readers());
}

/// Which trials consider this person, and room in the cache for the nodes they need.
void patient_screen::reconsider() {
    reconsider_ = false;
    considered_.clear();
    consider_changes_ = date::highest();
    concept_id last = concept_id::none;
    for (const auto& e : facts_.all()) {
        const auto trials = net_->considering(e.what);
        if (trials.empty())
            continue;
        const fact& f = facts_[e];
        if (f.dated && f.when.first > as_of_) {
            consider_changes_ = std::min(consider_changes_, f.when.first);
            continue;
        }
        if (e.what == last)
            continue;
        last = e.what;
        considered_.insert(considered_.end(), trials.begin(), trials.end());
    }
    std::sort(considered_.begin(), considered_.end());
    considered_.erase(std::unique(considered_.begin(), considered_.end()), considered_.end());

    std::vector<node_id> wanted;
    for (trial_index t : considered_) {
        const auto& nodes = net_->trials()[t].nodes;
        wanted.insert(wanted.end(), nodes.begin(), nodes.end());
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    std::vector<cached> next;
    next.reserve(wanted.size());
    for (node_id n : wanted)
        if (const cached* c = find(n))
            next.push_back(*c);
        else
            next.push_back({n, true, false, {}});
    cache_ = std::move(next);
}

bool patient_screen::recompute(cached& c) {
    const node& n = (*net_)[c.node_];
    parts_.clear();
    for (node_id part : n.parts)
        parts_.push_back(find(part)->is);
    outcome now = mappings::evaluate(n.test, parts_, input());
    c.dirty = false;
    if (now == c.is)
        return false;
    c.is = now;
    return true;
}

std::vector<trial_index> patient_screen::evaluate(date as_of) {
    const bool back = as_of < as_of_;
    as_of_ = as_of;
    std::vector<trial_index> before;
    if (reconsider_ || back || consider_changes_ <= as_of) {
        before = considered_;
        reconsider();
    } else
        before = considered_;
    changes_on_ = consider_changes_;
    bool any = false;
    for (cached& c : cache_) {
        c.changed = false;
        if (back || c.is.changes_on <= as_of)
            c.dirty = true;
    }
    for (cached& c : cache_) {
        if (c.dirty && recompute(c)) {
            c.changed = any = true;
            mark((*net_)[c.node_].parents);
        }
        changes_on_ = std::min(changes_on_, c.is.changes_on);
    }
    std::vector<trial_index> out;
    if (any || before != considered_)
        for (trial_index t : considered_) {
            const auto& nodes = net_->trials()[t].nodes;
            if (!std::binary_search(before.begin(), before.end(), t) ||
                std::any_of(nodes.begin(), nodes.end(), [&](node_id n) { return find(n)->changed; }))
                out.push_back(t);
        }
    for (trial_index t : before)
        if (!std::binary_search(considered_.begin(), considered_.end(), t))
            out.push_back(t);
    std::sort(out.begin(), out.end());
    return out;
}

} // namespace trialgate::mappings
