// A participation in the shipped trial, made by hand: who, and a record of Encounters and results.
#pragma once

#include "mappings/followup/visits.hpp"
#include "tests/support/shipped.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace trialgate::tests {

inline fhir::date day(const char* text) {
    const auto d = fhir::parse_date(text);
    REQUIRE(d);
    return *d;
}

inline const mappings::trial& shipped_trial(std::string_view id) {
    for (const auto& t : shipped().trials)
        if (t->id == id)
            return *t;
    FAIL("no such trial");
    std::abort();
}

struct taking_part {
    const mappings::trial* t;
    mappings::participant who;
    mappings::patient_data record;
    mappings::site_calendar site;
    fhir::time_zone zone = fhir::time_zone::fixed(0);
    fhir::date dosed;
    int made = 0;

    /// On study in the first trial, screened two weeks before `day0`.
    explicit taking_part(fhir::date day0) : t(&shipped_trial("sle-uc-msc")), dosed(day0) {
        who.number = "S-001";
        who.trial = t->id;
        who.state = mappings::participation_state::on_study;
        who.since = day0;
        who.anchors["screening"] = {day0 - 14};
        who.anchors["dosing"] = {day0, std::int64_t{day0.days} * 86'400 + 12 * 3600};
        record.key = "Patient/p1";
        site.works.fill(true);
    }

    const mappings::visit& visit(std::string_view id) const {
        const auto at = std::find_if(t->visits.begin(), t->visits.end(), [&](const mappings::visit& v) { return v.id == id; });
        REQUIRE(at != t->visits.end());
        return *at;
    }

    mappings::record& add(std::string type) {
        mappings::record r;
        r.type = std::move(type);
        r.id = "r" + std::to_string(++made);
        r.version.text = "1";
        r.subject = record.key;
        record.records.push_back(std::move(r));
        return record.records.back();
    }

    void meet(std::string type, std::string code, fhir::date on, std::string status) {
        add(std::move(type)).meeting = mappings::meeting_data{std::move(status), {std::move(code)}, {on, on}, true};
    }
    /// An Encounter of the visit's own type.
    void hold(std::string_view id, fhir::date on) { meet("Encounter", "urn:trialgate:visit|sle-uc-msc/" + std::string(id), on, "finished"); }

    void result(mappings::concept_id what, fhir::date_range on, mappings::usability use = mappings::usability::usable, int second = -1) {
        mappings::fact f;
        f.what = what;
        f.when = on;
        f.dated = true;
        f.second = second;
        f.text = "1";
        f.observation.use = use;
        f.observation.has_value = true;
        f.record = static_cast<std::uint32_t>(record.records.size());
        add("Observation").facts.push_back(std::move(f));
    }
    void result(const char* concept_name, fhir::date on, mappings::usability use = mappings::usability::usable) {
        const auto c = shipped().codes->find(concept_name);
        REQUIRE(c != mappings::concept_id::none);
        result(c, {on, on}, use);
    }

    /// Everything that the visit asks for but the parts named.
    void bring(std::string_view id, fhir::date on, std::initializer_list<std::string_view> but = {}) {
        for (const auto& r : visit(id).done->results)
            for (const auto& p : r.parts)
                if (std::find(but.begin(), but.end(), p.name) == but.end() && std::find(but.begin(), but.end(), r.name) == but.end())
                    result(p.concepts.front(), {on, on}, mappings::usability::usable, 8 * 3600);
    }
    void hold_with_all(std::string_view id, fhir::date on) {
        hold(id, on);
        bring(id, on);
    }

    mappings::followup on(fhir::date as_of) const { return visit_findings(*t, who, record, *shipped().codes, site, as_of, zone); }
    mappings::followup on(int study_day) const { return on(dosed + study_day); }
    /// Codes of the findings about one visit.
    std::vector<std::string> about(std::string_view id, fhir::date as_of) const {
        std::vector<std::string> out;
        for (const mappings::concern& f : on(as_of).findings)
            if (f.details.at("visit") == id)
                out.emplace_back(to_code(f.kind));
        return out;
    }
    std::vector<std::string> about(std::string_view id, int study_day) const { return about(id, dosed + study_day); }
    std::vector<mappings::visit_standing> standings(fhir::date as_of) const {
        return visit_standings(*t, who, record, *shipped().codes, site, as_of, zone);
    }
};

using kinds = std::vector<std::string>;

} // namespace trialgate::tests
