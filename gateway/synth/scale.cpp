#include "gateway/synth/course.hpp"

namespace trialgate::gateway::synth {

scale scale_of(analyte what) noexcept {
    switch (what) {
    case analyte::ana: return {0, INT64_MIN, 79};
    case analyte::dsdna: return {0, INT64_MIN, 100};
    case analyte::cardiolipin: return {0, INT64_MIN, 15};
    case analyte::c3: return {0, 90, 180};
    case analyte::c4: return {0, 10, 40};
    case analyte::protein: return {0, INT64_MIN, 150};
    case analyte::urine_red_cells:
    case analyte::urine_white_cells: return {0, INT64_MIN, 5};
    case analyte::white_cells: return {1, 40, 105};
    case analyte::lymphocytes: return {1, 10, 40};
    case analyte::platelets: return {0, 150, 400};
    case analyte::hemoglobin: return {1, 120, 160};
    case analyte::reticulocytes: return {1, 5, 20};
    case analyte::creatinine: return {0, 45, 105};
    case analyte::egfr: return {0, 60, INT64_MAX};
    default: return {0, INT64_MIN, 0};
    }
}

} // namespace trialgate::gateway::synth
