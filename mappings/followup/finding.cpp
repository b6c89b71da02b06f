#include "mappings/followup/finding.hpp"

#include <array>

namespace trialgate::mappings {

std::string_view to_code(finding_kind k) noexcept {
    static constexpr std::array<std::string_view, 12> codes{
        "upcoming", "due", "closing", "overdue", "missed", "done-incomplete", "out-of-window",
        "lab-grade", "hys-law", "kidney-injury", "pregnancy", "trial-rule"};
    const auto n = static_cast<std::size_t>(k);
    return n < codes.size() ? codes[n] : std::string_view{};
}

} // namespace trialgate::mappings
