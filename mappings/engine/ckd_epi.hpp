// Estimated glomerular filtration rate, mL/min/{1.73_m2}. Adults only.
// Source: CKD-EPI 2021, Inker et al., N Engl J Med 385:1737 (2021), as printed by the National Kidney Foundation; no race term.
#pragma once

namespace trialgate::mappings {

enum class equation_sex { female, male };

/// CKD-EPI 2021 from serum creatinine (mg/dL) and age in completed years.
double ckd_epi_2021(double creatinine, int age, equation_sex sex) noexcept;
/// CKD-EPI 2021 from serum creatinine (mg/dL) and cystatin C (mg/L).
double ckd_epi_2021(double creatinine, double cystatin_c, int age, equation_sex sex) noexcept;

} // namespace trialgate::mappings
