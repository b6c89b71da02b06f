// The nearest known name, for hints.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trialgate::mappings {

/// Insertions, deletions, substitutions and swaps of neighbours that lead from one text to the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// Keeps the nearest of the names shown to it; a name that differs in more than a third of its letters is not
/// near.
class nearest_name {
public:
    explicit nearest_name(std::string_view wanted);
    void consider(std::string_view name);
    const std::string& found() const noexcept { return best_; }
    /// "did you mean 'ana.titer'?", or empty.
    std::string hint() const;

private:
    std::string wanted_, best_;
    std::size_t distance_;
};

/// `nearest_name` over a list of anything that converts to std::string_view.
template <class Names>
std::string nearest_hint(std::string_view wanted, const Names& names) {
    nearest_name nearest(wanted);
    for (const auto& n : names)
        nearest.consider(n);
    return nearest.hint();
}

} // namespace trialgate::mappings
