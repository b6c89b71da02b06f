#include "mappings/engine/outcome.hpp"

namespace trialgate::mappings {

std::string_view to_code(verdict v) noexcept {
    switch (v) {
    case verdict::not_met:
        return "not-met";
    case verdict::unknown:
        return "unknown";
    case verdict::met:
        return "met";
    }
    return "unknown";
}

std::string_view to_code(reason r) noexcept {
    switch (r) {
    case reason::none:
        return "";
    case reason::needs_person:
        return "needs-person";
    case reason::no_data:
        return "no-data";
    case reason::history_incomplete:
        return "history-incomplete";
    case reason::too_old:
        return "too-old";
    case reason::support_only:
        return "support-only";
    case reason::value_unusable:
        return "value-unusable";
    case reason::unit_unusable:
        return "unit-unusable";
    case reason::imprecise:
        return "imprecise";
    case reason::borderline:
        return "borderline";
    case reason::cause_to_exclude:
        return "cause-to-exclude";
    case reason::conflicting:
        return "conflicting";
    case reason::pending:
        return "pending";
    }
    return "";
}

} // namespace trialgate::mappings
