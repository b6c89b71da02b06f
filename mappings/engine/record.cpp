#include "mappings/engine/record.hpp"

namespace trialgate::mappings {

bool supersedes(const version_stamp& a, const version_stamp& b) noexcept {
    const bool numbered = a.number >= 0 && b.number >= 0;
    if (numbered && a.number != b.number)
        return a.number > b.number;
    const bool timed = a.updated >= 0 && b.updated >= 0;
    if (timed && a.updated != b.updated)
        return a.updated > b.updated;
    // The same version seen twice: acting on it again would be an event that did not happen.
    if (numbered || (!a.text.empty() && a.text == b.text))
        return false;
    return a.read > b.read;
}

} // namespace trialgate::mappings
