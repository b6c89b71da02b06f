#include "mappings/followup/finding.hpp"

namespace trialgate::mappings {

std::string_view to_code(finding_kind k) noexcept {
    switch (k) {
    case finding_kind::upcoming: return "upcoming";
    case finding_kind::due: return "due";
    case finding_kind::closing: return "closing";
    case finding_kind::overdue: return "overdue";
    case finding_kind::missed: return "missed";
    case finding_kind::done_incomplete: return "done-incomplete";
    case finding_kind::out_of_window: return "out-of-window";
    case finding_kind::lab_grade: return "lab-grade";
    case finding_kind::hys_law: return "hys-law";
    case finding_kind::kidney_injury: return "kidney-injury";
    case finding_kind::pregnancy: return "pregnancy";
    case finding_kind::trial_rule: return "trial-rule";
    }
    return "unknown";
}

} // namespace trialgate::mappings
