#include "mappings/engine/effective_time.hpp"

#include "mappings/engine/coded.hpp"

namespace trialgate::mappings {

std::optional<fhir::date_time> moment_of(const time_or_period& at) noexcept {
    if (const auto* moment = std::get_if<fhir::date_time>(&at))
        return *moment;
    if (const auto* span = std::get_if<fhir::period>(&at))
        return span->end ? span->end : span->start;
    return std::nullopt;
}

void set_effective_time(
    fact& f, const time_or_period& effective, const std::optional<fhir::date_time>& issued, const fhir::time_zone& site
) {
    if (const auto moment = moment_of(effective)) {
        set_time(f, *moment, site);
    } else if (issued) {
        set_time(f, *issued, site);
        f.notes.add(note::report_date_used);
    }
}

} // namespace trialgate::mappings
