#include "mappings/followup/participant.hpp"

namespace trialgate::mappings {

namespace {

using state = participation_state;
constexpr state all_states[] = {state::screening, state::on_study,       state::completed, state::ended_early,
                                state::withdrawn, state::screen_failure, state::died};

} // namespace

std::string_view to_code(participation_state s) noexcept {
    switch (s) {
    case state::screening: return "screening";
    case state::on_study: return "on-study";
    case state::completed: return "completed";
    case state::ended_early: return "ended-early";
    case state::withdrawn: return "withdrawn";
    case state::screen_failure: return "screen-failure";
    case state::died: return "died";
    }
    return "unknown";
}

std::optional<participation_state> participation_state_of(std::string_view code) noexcept {
    for (const state s : all_states)
        if (to_code(s) == code)
            return s;
    return std::nullopt;
}

} // namespace trialgate::mappings
