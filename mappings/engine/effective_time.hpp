// When a result was true of the patient. Clinical reference 9.4: the time of the draw counts, the time of the report only when nothing else is
// known, and then with a note.
#pragma once

#include "mappings/engine/fact.hpp"

#include "fhir/types.hpp"

#include <variant>

namespace trialgate::mappings {

using time_or_period = std::variant<std::monostate, fhir::date_time, fhir::period>;

/// dateTime or instant as sent; of a period the end, or the start when it has no end.
std::optional<fhir::date_time> moment_of(const time_or_period& at) noexcept;

/// Sets when, dated and second from the effective time, else from `issued` with the note report_date_used; else leaves the fact undated.
/// A specimen's own collection time is better than `issued`: whoever resolves the specimen replaces a time that carries the note.
void set_effective_time(
    fact& f, const time_or_period& effective, const std::optional<fhir::date_time>& issued, const fhir::time_zone& site
);

} // namespace trialgate::mappings
