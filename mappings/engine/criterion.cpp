#include "mappings/engine/criterion.hpp"

namespace trialgate::mappings {

fhir::date window::start(fhir::date as_of) const noexcept {
    if (unlimited() || as_of == fhir::date::lowest())
        return fhir::date::lowest();
    if (as_of == fhir::date::highest())
        return as_of;
    return fhir::add_months(as_of, -months) - days;
}

// The end of a month makes several as-of dates share one start, so the day is searched for, not computed: the
// law is start(t) > d.
fhir::date window::expires(fhir::date d) const noexcept {
    if (unlimited() || d >= fhir::date::highest() - days)
        return fhir::date::highest();
    if (d == fhir::date::lowest())
        return d;
    fhir::date t = fhir::add_months(d + days, months);
    while (start(t) <= d)
        t = t + 1;
    while (start(t - 1) > d)
        t = t - 1;
    return t;
}

} // namespace trialgate::mappings
