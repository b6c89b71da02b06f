// All criteria of all trials as one network: equal tests are one node, however many trials ask them.
//
// Nodes are numbered so that parts come before what is made of them; an index by concept leads from a changed fact to the nodes that
// read it. The cost of a change therefore grows with the nodes it touches, not with the trials that are loaded. Immutable after
// compilation; share it among threads.
#pragma once

#include "mappings/engine/criterion.hpp"

#include <memory>
#include <span>

namespace trialgate::mappings {

using node_id = std::uint32_t;
using trial_index = std::uint32_t;

struct node {
    test_kind test;
    std::vector<node_id> parts;
    std::vector<node_id> parents;
    bool reads_person = false;
};

/// A criterion of a trial with its node; mirrors the trial's tree.
struct placed_criterion {
    const criterion* source;
    node_id node_;
    std::vector<placed_criterion> parts;
};

struct placed_note {
    const trial_note* source;
    node_id node_;
};

struct compiled_trial {
    std::shared_ptr<const trial> source;
    std::vector<placed_criterion> criteria; ///< in the order of source->criteria
    std::vector<placed_note> notes;         ///< those with a `when`
    std::vector<node_id> nodes;             ///< all it needs, ascending, each once
};

class network {
public:
    static std::shared_ptr<const network> compile(std::span<const std::shared_ptr<const trial>> trials, std::shared_ptr<const catalog> codes);

    const catalog& codes() const noexcept { return *codes_; }
    std::span<const compiled_trial> trials() const noexcept { return trials_; }
    const node& operator[](node_id n) const noexcept { return nodes_[n]; }
    std::size_t size() const noexcept { return nodes_.size(); }
    /// Nodes whose answer can depend on facts of this concept.
    std::span<const node_id> readers(concept_id c) const noexcept;
    std::span<const node_id> person_readers() const noexcept { return person_readers_; }
    /// Trials that consider a person with a fact of this concept.
    std::span<const trial_index> considering(concept_id c) const noexcept;
    /// True when some trial reads or considers facts of this concept, its visits ask for them, or they are needed to derive others that are read.
    bool reads(concept_id c) const noexcept;
    /// True when some trial looks at results of this concept in its participants (safety, visits); no node reads them for that.
    bool watches(concept_id c) const noexcept { return watched_[static_cast<std::size_t>(c)]; }
    /// True when a visit of some trial is known by the type of this Encounter or Appointment.
    bool reads(std::string_view resource_type, const meeting_data& meeting) const noexcept;
    /// The types ("system|code", ascending) by which visits are known in Encounters and Appointments; empty when no trial asks for them.
    std::span<const std::string> encounter_types() const noexcept { return encounter_types_; }
    std::span<const std::string> appointment_types() const noexcept { return appointment_types_; }

private:
    friend class compiler;
    std::shared_ptr<const catalog> codes_;
    std::vector<node> nodes_;
    std::vector<compiled_trial> trials_;
    std::vector<std::vector<node_id>> readers_;        ///< by concept
    std::vector<std::vector<trial_index>> considering_; ///< by concept
    std::vector<bool> derives_, watched_; ///< by concept
    std::vector<std::string> encounter_types_, appointment_types_;
    std::vector<node_id> person_readers_;
};

/// The concepts whose facts a test looks at.
std::vector<concept_id> concepts_of(const test_kind& test);
/// Those that it watches after the dose: of its grading table, its signals and its rules.
std::vector<concept_id> concepts_of(const safety_plan& plan);

} // namespace trialgate::mappings
