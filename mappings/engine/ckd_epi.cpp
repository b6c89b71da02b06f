#include "mappings/engine/ckd_epi.hpp"

#include <algorithm>
#include <cmath>

namespace trialgate::mappings {

double ckd_epi_2021(double creatinine, int age, equation_sex sex) noexcept {
    const bool female = sex == equation_sex::female;
    const double k = female ? 0.7 : 0.9, a = female ? -0.241 : -0.302;
    return 142 * std::pow(std::min(creatinine / k, 1.0), a) * std::pow(std::max(creatinine / k, 1.0), -1.200) *
           std::pow(0.9938, age) * (female ? 1.012 : 1.0);
}

double ckd_epi_2021(double creatinine, double cystatin_c, int age, equation_sex sex) noexcept {
    const bool female = sex == equation_sex::female;
    const double k = female ? 0.7 : 0.9, a = female ? -0.219 : -0.144;
    return 135 * std::pow(std::min(creatinine / k, 1.0), a) * std::pow(std::max(creatinine / k, 1.0), -0.544) *
           std::pow(std::min(cystatin_c / 0.8, 1.0), -0.323) * std::pow(std::max(cystatin_c / 0.8, 1.0), -0.778) *
           std::pow(0.9961, age) * (female ? 0.963 : 1.0);
}

} // namespace trialgate::mappings
