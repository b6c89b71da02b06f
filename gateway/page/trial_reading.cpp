#include "gateway/page/trial_reading.hpp"

#include <algorithm>

namespace trialgate::gateway {

using namespace mappings;

namespace {

void add(std::vector<concept_id>& to, concept_id c) {
    if (std::find(to.begin(), to.end(), c) == to.end())
        to.push_back(c);
}

void add(std::vector<concept_id>& to, const std::vector<concept_id>& all) {
    for (const concept_id c : all)
        add(to, c);
}

relation opposite(relation op) noexcept {
    switch (op) {
    case relation::at_least: return relation::below;
    case relation::above: return relation::at_most;
    case relation::at_most: return relation::above;
    case relation::below: break;
    }
    return relation::at_least;
}

} // namespace

trial_reading::trial_reading(const compiled_trial& trial, const trial_report& report) {
    for (const criterion_report& c : report.criteria)
        remember(c);
    for (const placed_criterion& c : trial.criteria)
        walk(c, c.source->id, {});
    for (const concept_id c : trial.source->consider)
        add(conditions, c);
}

void trial_reading::remember(const criterion_report& c) {
    if (c.changes_on)
        changes_.emplace(c.id, *c.changes_on);
    for (const criterion_report& p : c.parts)
        remember(p);
}

void trial_reading::ask(const std::vector<concept_id>& concepts, asking by) {
    if (const auto changes = changes_.find(by.criterion); changes != changes_.end())
        by.expires = changes->second;
    for (const concept_id c : concepts) {
        auto at = std::find_if(labs.begin(), labs.end(), [&](const auto& l) { return l.first == c; });
        if (at == labs.end())
            at = labs.insert(at, {c, {}});
        asked& to = at->second;
        if (std::find(to.criteria.begin(), to.criteria.end(), by.criterion) == to.criteria.end())
            to.criteria.push_back(by.criterion);
        if (std::find(to.all.begin(), to.all.end(), by) == to.all.end()) {
            const auto before = std::find_if(to.all.begin(), to.all.end(), [&](const asking& a) { return a.in_score && !by.in_score; });
            to.all.insert(before, by);
        }
    }
}

void trial_reading::walk(const placed_criterion& c, const std::string& named, place in) {
    const std::string& id = c.source->id.empty() ? named : c.source->id;
    const test_kind& test = c.source->test;
    if (const auto* o = std::get_if<observation_test>(&test)) {
        std::optional<shown_limit> limit;
        if (const auto* l = std::get_if<limit_test>(&o->test))
            limit = {in.negated ? opposite(l->op) : l->op, l->limit};
        ask(o->concepts, {id, limit, o->within, in.in_score});
    } else if (const auto* e = std::get_if<egfr_test>(&test)) {
        const shown_limit limit{in.negated ? relation::below : relation::at_least, e->limit};
        for (const auto& rank : e->reported)
            ask(rank, {id, limit, e->within, in.in_score});
        ask(e->creatinine, {id, std::nullopt, e->within, in.in_score});
        ask(e->cystatin_c, {id, std::nullopt, e->within, in.in_score});
    } else if (const auto* h = std::get_if<change_test>(&test)) {
        ask(h->concepts, {id, std::nullopt, h->lookback, in.in_score});
    } else if (const auto* x = std::get_if<exposure_test>(&test)) {
        for (const auto& drug : x->drugs)
            add(drugs, drug);
        add(drugs, x->other_drugs);
    } else if (const auto* u = std::get_if<drug_test>(&test)) {
        add(drugs, u->drugs);
    } else if (const auto* d = std::get_if<condition_test>(&test)) {
        for (const auto* all : {&d->counts, &d->supports, &d->causes})
            add(conditions, *all);
    } else if (const auto* g = std::get_if<diagnosis_test>(&test)) {
        for (const auto* all : {&g->include, &g->review, &g->exclude})
            add(conditions, *all);
    }
    const auto* how = std::get_if<logic_test>(&test);
    in.negated = in.negated != (how && how->op == logic::negation);
    in.in_score = in.in_score || std::holds_alternative<count_test>(test) || std::holds_alternative<score_test>(test);
    for (const placed_criterion& p : c.parts)
        walk(p, id, in);
}

} // namespace trialgate::gateway
