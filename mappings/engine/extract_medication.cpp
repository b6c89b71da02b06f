// Which resource proves what, and for which days: clinical reference 7.2 and 7.3 step 1.
#include "mappings/engine/medication.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;
using fhir::date_range;

namespace {

/// From a day within `from` to some day we do not know.
date_range unknown_end(const date_range& from) noexcept {
    return {from.first, date::highest()};
}

date_range later(const date_range& from, std::int32_t days) noexcept {
    return {from.first == date::lowest() ? from.first : from.first + days,
            from.last == date::highest() ? from.last : from.last + days};
}

struct course_of_use {
    exposure_fact exposure;
    bool none = false; ///< the resource proves nothing

    void begin(const std::optional<fhir::date_time>& at, const fhir::time_zone& site) {
        if (at)
            exposure.start = at->days(site);
    }
    void finish(const date_range& on) {
        // An end before the start is no end: all that is known is that it was over some time.
        const bool sound = on.last >= exposure.start.first || exposure.start.first == date::lowest();
        exposure.end = sound ? date_range{std::max(on.first, exposure.start.first), on.last} : unknown_end(exposure.start);
        exposure.end_known = sound;
        exposure.ended = true;
    }
    void finish_unknown() {
        exposure.end = unknown_end(exposure.start);
        exposure.end_known = false;
        exposure.ended = true;
    }
};

std::optional<date_range> last_updated(const fhir::resource_header& header, const fhir::time_zone& site) {
    const auto at = fhir::parse_date_time(header.last_updated);
    return at ? std::optional(at->days(site)) : std::nullopt;
}

/// Stopped or put on hold: FHIR has no date for it; the last change of the resource is the best there is.
void interrupt(course_of_use& c, const fhir::resource_header& header, const fhir::time_zone& site, bool hold) {
    const auto changed = last_updated(header, site);
    const exposure_fact& e = c.exposure;
    if (changed && changed->last < e.start.first && e.start.first != date::lowest()) {
        c.none = true; // over before it was to begin
        return;
    }
    if (e.end_known && (!changed || e.end.last <= changed->first)) {
        c.exposure.ended = true; // as planned, before anybody interrupted it
        return;
    }
    if (changed)
        c.finish(*changed);
    else
        c.finish_unknown();
    c.exposure.on_hold = hold;
    c.exposure.ended = !hold;
}

void add_facts(
    record& to, const fhir::medication_choice& what, const std::vector<fhir::identifier>& identifiers,
    const exposure_fact& exposure, bool local, const extraction& with
) {
    if (local || is_local(what.form)) {
        to.notes = {};
        return;
    }
    drug_match match = match_drug(what.concept_, with, to.notes);
    std::string_view text = text_of(what.concept_);
    if (!match.told && !what.reference_.empty() && match.drugs.empty())
        to.medication = reference_key(what.reference_, "Medication");
    if (text.empty())
        text = what.reference_.display;
    // Holds until the Medication is at hand, and for good when it never comes.
    if (!match.told && match.drugs.empty() && !what.reference_.display.empty())
        match = match_drug(what.reference_.display, with);
    if (match.drugs.empty() && !to.medication.empty())
        match.drugs.push_back({});
    const std::uint32_t identifier = identifier_hash(identifiers);
    for (const meaning& m : match.drugs) {
        fact f = start_fact(m, fact_kind::exposure, text, identifier);
        f.exposure = exposure;
        f.when = exposure.start;
        f.dated = exposure.start != date_range{};
        if (match.by_name)
            f.notes.add(note::name_match_only);
        if (holds(m, f))
            to.facts.push_back(std::move(f));
    }
}

void set_dose(exposure_fact& to, const std::vector<fhir::dosage>& dosages) {
    if (auto dose = daily_dose(dosages)) {
        to.daily_dose = dose->value;
        to.dose_unit = std::move(dose->unit);
    }
}

/// The planned end of one dosage.
std::optional<date_range> planned_end(const fhir::dosage& d, const date_range& start, const fhir::time_zone& site) {
    if (d.bounds && d.bounds->end)
        return d.bounds->end->days(site);
    if (d.bounds_length)
        if (const auto days = whole_days(*d.bounds_length))
            return later(d.bounds && d.bounds->start ? d.bounds->start->days(site) : start, *days);
    return std::nullopt;
}

/// Of several dosages the last to end; one without end leaves the whole open.
std::optional<date_range> planned_end(const fhir::medication_request& from, const date_range& start, const fhir::time_zone& site) {
    std::optional<date_range> out;
    for (const fhir::dosage& d : from.dosages) {
        const auto end = planned_end(d, start, site);
        if (!end) {
            out.reset();
            break;
        }
        out = out ? date_range{std::max(out->first, end->first), std::max(out->last, end->last)} : *end;
    }
    if (out)
        return out;
    if (from.validity && from.validity->end)
        return from.validity->end->days(site);
    if (!from.expected_supply)
        return std::nullopt;
    const auto days = whole_days(*from.expected_supply);
    if (!days)
        return std::nullopt;
    const double fills = 1 + (from.repeats_allowed ? std::max(0.0, from.repeats_allowed->approximate()) : 0);
    return later(start, static_cast<std::int32_t>(std::min(36'525.0, *days * fills)));
}

date_range planned_start(const fhir::medication_request& from, const fhir::time_zone& site) {
    std::optional<date_range> out;
    for (const fhir::dosage& d : from.dosages) {
        if (!d.bounds || !d.bounds->start)
            continue;
        const date_range start = d.bounds->start->days(site);
        out = out ? date_range{std::min(out->first, start.first), std::min(out->last, start.last)} : start;
    }
    if (out)
        return *out;
    if (from.authored_on)
        return from.authored_on->days(site);
    if (from.validity && from.validity->start)
        return from.validity->start->days(site);
    return {};
}

bool is_order(std::string_view intent) noexcept {
    return intent == "order" || intent == "original-order" || intent == "instance-order" ||
           intent == "filler-order" || intent == "reflex-order";
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) noexcept {
    return std::find(words.begin(), words.end(), text) != words.end();
}

/// An assertion of use on one day says nothing about when the use began: some day up to then.
void at_point(course_of_use& c, const fhir::date_time& at, const fhir::time_zone& site) {
    c.exposure.start = {date::lowest(), at.days(site).last};
}

} // namespace

record extract_medication_request(const fhir::medication_request& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    out.withdrawn = from.status == "entered-in-error";
    const bool readable = is_one_of(from.status, {"active", "completed", "stopped", "ended", "on-hold"});
    if (!readable || (!is_order(from.intent) && !from.do_not_perform))
        return out;
    course_of_use c;
    c.exposure.source = exposure_source::ordered;
    c.exposure.start = planned_start(from, with.site);
    if (const auto end = planned_end(from, c.exposure.start, with.site))
        c.finish(*end);
    else if (from.status == "completed")
        c.finish_unknown();
    if (from.status == "active")
        c.exposure.ended = false;
    if (from.do_not_perform) {
        c.exposure.against = true;
        c.none = from.status == "stopped" || from.status == "ended";
    } else if (from.status != "active" && from.status != "completed") {
        interrupt(c, from.header, with.site, from.status == "on-hold");
    }
    set_dose(c.exposure, from.dosages);
    if (!c.none)
        add_facts(out, from.medication, from.identifiers, c.exposure, all_local(from.dosages), with);
    return out;
}

record extract_medication_statement(const fhir::medication_statement& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    out.withdrawn = from.status == "entered-in-error";
    if (!is_one_of(from.status, {"active", "completed", "stopped", "on-hold", "not-taken"}))
        return out;
    course_of_use c;
    c.exposure.source = exposure_source::stated;
    const auto* during = std::get_if<fhir::period>(&from.effective);
    if (const auto* at = std::get_if<fhir::date_time>(&from.effective))
        at_point(c, *at, with.site);
    else if (during && during->start)
        c.begin(during->start, with.site);
    else if (from.date_asserted)
        at_point(c, *from.date_asserted, with.site);
    if (during && during->end)
        c.finish(during->end->days(with.site));
    else if (from.status == "completed")
        c.finish_unknown();
    if (from.status == "active")
        c.exposure.ended = false;
    c.exposure.against = from.status == "not-taken";
    if (c.exposure.against) {
        // Said of one day or of a period, it stands against what the record shows for that time and after.
        if (const auto* at = std::get_if<fhir::date_time>(&from.effective))
            c.exposure.start = at->days(with.site);
        else if (c.exposure.start == date_range{date::lowest(), c.exposure.start.last} && from.date_asserted)
            c.exposure.start = from.date_asserted->days(with.site);
    } else if (from.status == "stopped" || from.status == "on-hold") {
        interrupt(c, from.header, with.site, from.status == "on-hold");
    }
    set_dose(c.exposure, from.dosages);
    if (!c.none)
        add_facts(out, from.medication, from.identifiers, c.exposure, all_local(from.dosages), with);
    return out;
}

record extract_medication_dispense(const fhir::medication_dispense& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    out.withdrawn = from.status == "entered-in-error";
    const bool handed_over = from.status == "completed" || (from.status == "in-progress" && from.when_handed_over);
    if (!handed_over)
        return out;
    course_of_use c;
    c.exposure.source = exposure_source::dispensed;
    c.begin(from.when_handed_over ? from.when_handed_over : from.when_prepared, with.site);
    set_dose(c.exposure, from.dosages);
    std::int32_t days = from.days_supply ? whole_days(*from.days_supply).value_or(0) : 0;
    if (days == 0 && c.exposure.daily_dose && from.amount && from.amount->value) {
        const std::string_view unit = from.amount->code.empty() ? from.amount->unit : from.amount->code;
        const auto lasts = divide(*from.amount->value, *c.exposure.daily_dose);
        if (lasts && unit == c.exposure.dose_unit && lasts->approximate() >= 1 && lasts->approximate() < 3'660)
            days = static_cast<std::int32_t>(lasts->approximate());
    }
    if (days > 0)
        c.finish(later(c.exposure.start, days));
    else
        c.finish_unknown();
    add_facts(out, from.medication, from.identifiers, c.exposure, all_local(from.dosages), with);
    return out;
}

record extract_medication_administration(const fhir::medication_administration& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    out.withdrawn = from.status == "entered-in-error";
    if (from.status != "completed" && from.status != "in-progress")
        return out;
    course_of_use c;
    c.exposure.source = exposure_source::administered;
    if (const auto* at = std::get_if<fhir::date_time>(&from.effective)) {
        c.begin(*at, with.site);
        c.finish(c.exposure.start);
    } else if (const auto* during = std::get_if<fhir::period>(&from.effective)) {
        c.begin(during->start ? during->start : during->end, with.site);
        if (during->end)
            c.finish(during->end->days(with.site));
        else
            c.finish(c.exposure.start);
    } else {
        c.finish_unknown();
    }
    add_facts(out, from.medication, from.identifiers, c.exposure, is_local(from.route), with);
    return out;
}

record extract_medication(const fhir::medication& from, const extraction& with) {
    record out = start_record(from.header);
    definition_data& data = out.definition.emplace();
    for (const fhir::identifier& i : from.identifiers)
        if (!i.value.empty())
            data.identifiers.push_back(std::string(i.system) + '|' + std::string(i.value));
    if (is_local(from.form))
        return out;
    drug_match match = match_drug(from.code, with, out.notes);
    for (const fhir::medication_choice& part : from.ingredients) {
        if (match.told || !match.drugs.empty())
            break;
        match = match_drug(part.concept_, with, out.notes);
        for (const meaning& m : match.drugs)
            data.drugs.push_back(m.concept_);
        data.by_name = data.by_name || match.by_name;
        match = {};
    }
    for (const meaning& m : match.drugs)
        data.drugs.push_back(m.concept_);
    data.by_name = data.by_name || match.by_name;
    std::sort(data.drugs.begin(), data.drugs.end());
    data.drugs.erase(std::unique(data.drugs.begin(), data.drugs.end()), data.drugs.end());
    // Notes are of a patient, and this is nobody's.
    out.notes = {};
    return out;
}

} // namespace trialgate::mappings
