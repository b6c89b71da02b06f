// The future with no new data: on which date does each verdict first differ?
//
// An outcome's own `changes_on` is a date before which nothing about it changes; that is what the gateway's timers need. A person
// wants the day on which the verdict itself flips. It is found by walking from one such date to the next and evaluating there.
#pragma once

#include "mappings/engine/patient_screen.hpp"

namespace trialgate::mappings {

class projection {
public:
    /// First date after the screen's as-of on which the node's verdict differs; highest() when it never does.
    fhir::date of(node_id n) const noexcept;

private:
    friend projection project(const patient_screen& screen, const compiled_trial& which);
    std::vector<std::pair<node_id, fhir::date>> flips_; ///< ascending by node
};

/// For all nodes of a trial. The walk ends when nothing can change any more; it takes one step a date on which some
/// result leaves a window, so it is bounded by the number of facts.
projection project(const patient_screen& screen, const compiled_trial& which);

/// The earliest of `project(screen, which).of(n)` for these nodes of the trial; walks no further than that.
fhir::date first_flip(const patient_screen& screen, const compiled_trial& which, std::span<const node_id> of);

} // namespace trialgate::mappings
