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

/// What both have in common but the place of their times.
template <class Resource, class Time>
record meeting_record(const Resource& from, const Time& start, const Time& end, const extraction& with) {
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
    set_days(read, start, end, with.site);
    out.meeting = std::move(read);
    return out;
}

} // namespace

record extract_encounter(const fhir::encounter& from, const extraction& with) {
    const fhir::period during = from.period_.value_or(fhir::period{});
    return meeting_record(from, during.start, during.end, with);
}

record extract_appointment(const fhir::appointment& from, const extraction& with) {
    return meeting_record(from, from.start, from.end, with);
}

} // namespace trialgate::mappings
