#include "mappings/engine/spelling.hpp"

#include <algorithm>
#include <vector>

namespace trialgate::mappings {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        now[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = std::min(now[j], before_last[j - 2] + 1);
        }
        before_last.swap(last);
        last.swap(now);
    }
    return last[b.size()];
}

nearest_name::nearest_name(std::string_view wanted)
    : wanted_(wanted.substr(0, 200)), distance_(std::max<std::size_t>(wanted_.size() / 3, 1) + 1) {}

void nearest_name::consider(std::string_view name) {
    if (name.empty() || name == wanted_)
        return;
    const std::size_t longer = std::max(name.size(), wanted_.size());
    const std::size_t shorter = std::min(name.size(), wanted_.size());
    if (longer - shorter >= distance_)
        return;
    const std::size_t distance = edit_distance(wanted_, name);
    if (distance < distance_) {
        distance_ = distance;
        best_ = name;
    }
}

std::string nearest_name::hint() const {
    return best_.empty() ? std::string{} : "did you mean '" + best_ + "'?";
}

} // namespace trialgate::mappings
