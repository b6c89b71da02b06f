// When the visits of a participant are: windows as dates at the site, and the day that is proposed within each.
//
// A window is counted from an anchor in days and is therefore a matter of the calendar alone: no hour, no daylight saving. It is never widened and
// never moved; what moves is the day proposed inside it, when the site does not work on the target day, and then the plan says so.
//
//   site_calendar site;                                   // Saturday and Sunday off
//   site.holidays.emplace(day, "New Year");
//   for (const planned_visit& v : plan_visits(trial, participant, {}, site)) ...
//
// There is nothing to update when an anchor moves: the plan is a function of its arguments, so the next call gives the new one.
#pragma once

#include "mappings/engine/criterion.hpp"
#include "mappings/followup/participant.hpp"
#include "mappings/followup/site_calendar.hpp"

#include <map>
#include <span>

namespace trialgate::mappings {

/// A window as dates, both ends included.
struct visit_days {
    fhir::date earliest, target, latest;
    /// The working day of the window nearest to the target, of two the earlier; the target where the window has none.
    fhir::date proposed;
    bool holds(fhir::date d) const noexcept { return earliest <= d && d <= latest; }
    friend bool operator==(const visit_days&, const visit_days&) = default;
};

/// One visit of one participant.
struct planned_visit {
    const visit* what = nullptr; ///< of the trial, which must outlive this
    std::optional<visit_days> days; ///< nothing: its anchor has no date yet, or it is unscheduled
    std::string anchor;             ///< the one it is counted from
    fhir::date anchored;            ///< and its day
    bool provisional = false;       ///< counted from something that stands for the real anchor: `while_unknown`, or a visit that was not held
    std::string note;               ///< why the proposed day is not the target; empty when it is
};

/// Days on which visits were held, by id.
using held_days = std::map<std::string, fhir::date, std::less<>>;

/// All visits of the trial in its order. A visit counted from another that is not in `held` counts from the target of that one, provisionally.
/// "end" and "screening" without a date begin where the participation entered the state of that name.
std::vector<planned_visit> plan_visits(const trial& t, const participant& who, const held_days& held, const site_calendar& site);

/// The day of an anchor, if it has one; as `plan_visits` reads it. Not for "visit:...".
std::optional<fhir::date> anchor_day(const participant& who, std::string_view name);

/// `w` counted from `anchor`, with a proposed day and, in `note`, why it is not the target.
visit_days days_of(const visit_window& w, fhir::date anchor, const site_calendar& site, std::string& note);

/// "Visit 5 (day 14)": the title, else the id; with the day for visits counted from the anchor "dosing".
std::string name_of(const visit& v);

} // namespace trialgate::mappings
