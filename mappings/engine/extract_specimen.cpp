#include "mappings/engine/coded.hpp"
#include "mappings/engine/effective_time.hpp"
#include "mappings/engine/specimen_kind.hpp"

namespace trialgate::mappings {

record extract_specimen(const fhir::specimen& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (from.status == "entered-in-error") {
        out.withdrawn = true;
        return out;
    }
    definition_data told;
    told.specimen_kind = specimen_kind(from.type);
    // When the laboratory received it says nothing about when it was drawn.
    if (const auto moment = moment_of(from.collected)) {
        told.when = moment->days(with.site);
        told.dated = true;
        told.second = moment->site_second(with.site).value_or(-1);
    }
    for (const fhir::identifier& i : from.identifiers)
        if (!i.value.empty())
            told.identifiers.push_back(std::string(i.system) + '|' + std::string(i.value));
    out.definition = std::move(told);
    return out;
}

} // namespace trialgate::mappings
