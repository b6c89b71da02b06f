#include "mappings/followup/schedule.hpp"

namespace trialgate::mappings {

using fhir::date;

namespace {

constexpr std::string_view relative_to_visit = "visit:";

/// The nearest working day of the window, of two the earlier.
date proposed_day(const visit_days& w, const site_calendar& site) {
    for (int away = 0; w.holds(w.target - away) || w.holds(w.target + away); ++away) {
        if (w.holds(w.target - away) && site.is_working(w.target - away))
            return w.target - away;
        if (w.holds(w.target + away) && site.is_working(w.target + away))
            return w.target + away;
    }
    return w.target;
}

struct counted_from {
    date day;
    bool provisional = false;
};

/// What a window of `v` counts from: an anchor of the participant, or another visit as held, else as planned.
std::optional<counted_from>
start_of(const visit_window& v, const participant& who, const held_days& held, std::span<const planned_visit> before) {
    if (!v.anchor.starts_with(relative_to_visit)) {
        const auto day = anchor_day(who, v.anchor);
        return day ? std::optional(counted_from{*day}) : std::nullopt;
    }
    const std::string_view other = std::string_view(v.anchor).substr(relative_to_visit.size());
    if (const auto at = held.find(other); at != held.end())
        return counted_from{at->second};
    for (const planned_visit& p : before)
        if (p.what->id == other && p.days)
            return counted_from{p.days->target, true};
    return std::nullopt;
}

} // namespace

std::optional<date> anchor_day(const participant& who, std::string_view name) {
    if (const auto at = who.anchors.find(std::string(name)); at != who.anchors.end())
        return at->second.on;
    if ((name == "end" && who.state == participation_state::ended_early) ||
        (name == "screening" && who.state == participation_state::screening))
        return who.since;
    return std::nullopt;
}

visit_days days_of(const visit_window& w, date anchor, const site_calendar& site, std::string& note) {
    visit_days out{anchor + w.earliest, anchor + w.target, anchor + w.latest, {}};
    out.proposed = proposed_day(out, site);
    note.clear();
    if (const std::string why = site.why_closed(out.target); !why.empty()) {
        note = to_string(out.target) + " is " + why;
        note += out.proposed != out.target ? ": " + to_string(out.proposed) + " is proposed" : ": no day of the window is a working day";
    }
    return out;
}

std::vector<planned_visit> plan_visits(const trial& t, const participant& who, const held_days& held, const site_calendar& site) {
    std::vector<planned_visit> out;
    out.reserve(t.visits.size());
    for (const visit& v : t.visits) {
        planned_visit p;
        p.what = &v;
        if (v.kind != visit_kind::unscheduled) {
            const visit_window* window = &v;
            auto from = start_of(v, who, held, out);
            if (!from && v.while_unknown) {
                window = &*v.while_unknown;
                from = start_of(*window, who, held, out);
                p.provisional = from.has_value();
            }
            if (from) {
                p.provisional = p.provisional || from->provisional;
                p.anchor = window->anchor;
                p.anchored = from->day;
                p.days = days_of(*window, from->day, site, p.note);
            }
        }
        out.push_back(std::move(p));
    }
    return out;
}

std::string name_of(const visit& v) {
    std::string out = v.title.empty() ? v.id : v.title;
    if (v.kind == visit_kind::planned && v.anchor == "dosing")
        out += " (day " + std::to_string(v.target) + ')';
    return out;
}

} // namespace trialgate::mappings
