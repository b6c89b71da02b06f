#include "mappings/engine/coded.hpp"

namespace trialgate::mappings {

namespace {

/// Only codes tell one kind of visit from another; text alone tells none.
void add_types(const std::vector<fhir::codeable_concept>& from, meeting_data& to) {
    for (const fhir::codeable_concept& c : from)
        for (const fhir::coding& part : c.codings)
            if (!part.code.empty())
                to.types.push_back(std::string(part.system) + '|' + std::string(part.code));
}

/// Dated when the day on which it began is known: that is the day of a visit. One that ended before it began is undated, for either day may be
/// the wrong one.
void set_days(
    meeting_data& to, const std::optional<fhir::date_time>& start, const std::optional<fhir::date_time>& end,
    const fhir::time_zone& site
) {
    const auto& first = start ? start : end;
    if (!first)
        return;
    to.when = first->days(site);
    to.dated = to.when.is_day();
    if (start && end)
        to.when.last = end->days(site).last;
    if (to.when.last < to.when.first) {
        to.dated = false;
        to.when = {};
    }
}

} // namespace

record extract_encounter(const fhir::encounter& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (from.status == "entered-in-error") {
        out.withdrawn = true;
        return out;
    }
    meeting_data read;
    add_types(from.types, read);
    if (read.types.empty())
        return out;
    read.status = from.status;
    if (from.period_)
        set_days(read, from.period_->start, from.period_->end, with.site);
    out.meeting = std::move(read);
    return out;
}

record extract_appointment(const fhir::appointment& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (from.status == "entered-in-error") {
        out.withdrawn = true;
        return out;
    }
    meeting_data read;
    add_types(from.types, read);
    if (read.types.empty())
        return out;
    read.status = from.status;
    set_days(read, from.start, from.end, with.site);
    out.meeting = std::move(read);
    return out;
}

} // namespace trialgate::mappings
