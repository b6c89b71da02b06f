// Steps that the Medication* extractors share: which drug, by which way, how much a day, for how long. Internal to extraction.
#pragma once

#include "mappings/engine/coded.hpp"

namespace trialgate::mappings {

struct drug_match {
    std::vector<meaning> drugs;
    bool by_name = false;
    /// A coding, or a site's map, says that this is a drug no trial reads.
    bool told = false;
};

/// The drugs of a code: by any coding; by name only when no coding is known. Clinical reference 7, "Name fallback".
drug_match match_drug(const fhir::codeable_concept& code, const extraction& with, note_set& notes);
/// By words alone.
drug_match match_drug(std::string_view text, const extraction& with);

/// A form or route that does not reach the whole body: ointment, eye drops, inhaled (clinical reference 7.1).
bool is_local(const fhir::codeable_concept& route_or_form);
/// True when some dosage names a route and each route named is local.
bool all_local(const std::vector<fhir::dosage>& dosages);

/// Whole days of a duration, rounded down; nothing when it is no positive time.
std::optional<std::int32_t> whole_days(const fhir::quantity& duration) noexcept;

struct daily_amount {
    fhir::decimal value;
    std::string unit;
};
/// Amount a day where every dosage says it in one unit and none is as needed or has bounds of its own; at most 12 digits.
std::optional<daily_amount> daily_dose(const std::vector<fhir::dosage>& dosages);

/// a / b to 12 significant digits, the rest cut. b > 0.
std::optional<fhir::decimal> divide(const fhir::decimal& a, const fhir::decimal& b) noexcept;
std::optional<fhir::decimal> multiply(const fhir::decimal& a, const fhir::decimal& b) noexcept;

} // namespace trialgate::mappings
