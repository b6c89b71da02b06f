// One result once, however often it was sent. Internal to the population.
#pragma once

#include "mappings/engine/record.hpp"

#include <vector>

namespace trialgate::mappings {

/// Orders by type and id and keeps one of the copies of a resource (all of the version that holds): the one that says most.
void remove_copies(std::vector<record>& records);

/// Case S38: resources of one type with different ids that carry the same business identifier and say something about one concept at one time are one
/// result sent twice; the one updated later holds. Where it cannot be told which is the later both stay, unless they say the same.
void remove_resent(std::vector<record>& records);

} // namespace trialgate::mappings
