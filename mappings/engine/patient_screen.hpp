// One patient against all trials, kept up to date: apply what changed, re-evaluate only what reads it.
//
// Law (tests/mappings/laws_test.cpp): after any sequence of changes the outcomes equal those of a fresh evaluation of the facts that remain.
//
//   patient_screen screen(network);
//   screen.put(0, record);             // a resource, in slot 0
//   screen.person(person_data);
//   screen.evaluate(as_of);            // brings everything up to date
//   screen.outcome_of(node)
#pragma once

#include "mappings/engine/evaluate.hpp"
#include "mappings/engine/network.hpp"

namespace trialgate::mappings {

class patient_screen {
public:
    explicit patient_screen(std::shared_ptr<const network> net);

    /// Sets what the record in `slot` says; what the slot said before is taken away. Versions are the caller's business
    /// (record.hpp, supersedes).
    void put(std::uint32_t slot, const record& r);
    void take(std::uint32_t slot);
    void person(std::optional<person_data> p);

    /// Brings the outcomes of all considered trials up to `as_of` and returns the trials with a node that changed, in order.
    std::vector<trial_index> evaluate(fhir::date as_of);

    /// Trials that consider this person on the evaluated date, ascending.
    std::span<const trial_index> considered() const noexcept { return considered_; }
    /// Of a node of a considered trial.
    const outcome& outcome_of(node_id n) const noexcept;
    /// Earliest date on which some outcome, or the set of considered trials, can change without new data.
    fhir::date changes_on() const noexcept { return changes_on_; }
    fhir::date as_of() const noexcept { return as_of_; }

    const network& net() const noexcept { return *net_; }
    const fact_table& facts() const noexcept { return facts_; }
    const person_data* person() const noexcept { return person_ ? &*person_ : nullptr; }
    evaluation_input input() const noexcept { return {net_->codes(), facts_, person(), as_of_}; }

private:
    struct cached {
        node_id node_;
        bool dirty = true;
        bool changed = false; ///< in the last evaluation
        outcome is;
    };
    cached* find(node_id n) noexcept;
    const cached* find(node_id n) const noexcept { return const_cast<patient_screen*>(this)->find(n); }
    void mark(std::span<const node_id> nodes) noexcept;
    void reconsider();
    bool recompute(cached& c);

    std::shared_ptr<const network> net_;
    fact_table facts_;
    std::optional<person_data> person_;
    fhir::date as_of_ = fhir::date::lowest();
    fhir::date changes_on_ = fhir::date::highest();
    fhir::date consider_changes_ = fhir::date::highest();
    bool reconsider_ = true;
    std::vector<trial_index> considered_;
    std::vector<cached> cache_; ///< ascending by node: parts before what is made of them
    std::vector<concept_id> scratch_;
    std::vector<outcome> parts_;
};

} // namespace trialgate::mappings
