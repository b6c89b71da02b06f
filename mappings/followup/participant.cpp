#include "mappings/followup/participant.hpp"

#include <array>

namespace trialgate::mappings {

namespace {

constexpr std::array<std::string_view, 7> codes{"screening", "on-study", "completed", "ended-early", "withdrawn", "screen-failure", "died"};

} // namespace

std::string_view to_code(participation_state s) noexcept {
    const auto n = static_cast<std::size_t>(s);
    return n < codes.size() ? codes[n] : std::string_view{};
}

std::optional<participation_state> participation_state_of(std::string_view code) noexcept {
    for (std::size_t n = 0; n < codes.size(); ++n)
        if (codes[n] == code)
            return static_cast<participation_state>(n);
    return std::nullopt;
}

} // namespace trialgate::mappings
