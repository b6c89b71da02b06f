#include "fhir/ascii.hpp"
#include "fhir/decimal.hpp"
#include "mappings/followup/plan_definition.hpp"
#include "mappings/followup/plan_shape.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace trialgate::mappings {

namespace {

using fhir::issue_type;
using fhir::severity;
using fhir::json::value;

constexpr int furthest_day = 10'000;

/// The extension of that URL; missing when there is none.
value extension(value of, std::string_view url) {
    for (const value& e : of["extension"].elements())
        if (e["url"].text() == url)
            return e;
    return {};
}

/// An id or a name; a number is none.
std::string_view name_of(value v) noexcept { return v.is_string() ? v.text() : std::string_view{}; }

/// Nothing for a part of one: 1.5 days are neither one nor two.
std::optional<int> whole(value v) {
    const auto d = fhir::parse_decimal(v.text());
    if (!d || *d < fhir::decimal{-furthest_day * 24LL * 60, 0} || *d > fhir::decimal{furthest_day * 24LL * 60, 0})
        return std::nullopt;
    std::int64_t out = d->mantissa;
    for (int i = d->exponent; i < 0 && out != 0; ++i) {
        if (out % 10 != 0)
            return std::nullopt;
        out /= 10;
    }
    for (int i = 0; i < d->exponent && out != 0; ++i)
        out *= 10;
    return static_cast<int>(out);
}

/// Whole days of a Quantity or Duration. Nothing for parts of a day, for bounds ("<"), and for months and years, whose length is not fixed.
std::optional<int> days_of(value quantity) {
    const auto n = whole(quantity["value"]);
    if (!n || quantity["comparator"])
        return std::nullopt;
    const auto days = [&](int times, int part) {
        const int all = *n * times;
        const bool fits = all % part == 0 && std::abs(all / part) <= furthest_day;
        return fits ? std::optional(all / part) : std::nullopt;
    };
    const std::string_view unit = quantity["code"] ? quantity["code"].text() : quantity["unit"].text();
    const std::string name = fhir::lower(unit);
    const auto is = [&](std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), name) != names.end(); };
    if (is({"d", "day", "days"}))
        return days(1, 1);
    if (is({"wk", "week", "weeks"}))
        return days(7, 1);
    if (is({"h", "hour", "hours"}))
        return days(1, 24);
    if (is({"min", "minute", "minutes"}))
        return days(1, 24 * 60);
    return std::nullopt;
}

/// A name as an id: "Visit-1" and "Visit 1" are visit-1.
std::string slug(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const char l = fhir::lower(c);
        const bool plain = (l >= 'a' && l <= 'z') || (l >= '0' && l <= '9') || l == '.';
        if (plain)
            out += l;
        else if (!out.empty() && out.back() != '-')
            out += '-';
    }
    while (!out.empty() && out.back() == '-')
        out.pop_back();
    return out;
}

/// Whether words of the name speak of ending early: "ET-14", "Early Termination".
bool ends_early(std::string_view name) {
    const std::string words = '-' + slug(name) + '-';
    for (const std::string_view w : {"-et-", "-early-termination-", "-early-discontinuation-", "-early-withdrawal-"})
        if (words.find(w) != std::string::npos)
            return true;
    return false;
}

class plan_reader {
public:
    plan_reader(value plan, const plan_reading& how, fhir::issue_sink& issues) : plan_(plan), how_(how), issues_(issues) {}

    std::vector<visit> read() {
        gather();
        find_anchors();
        for (entry& e : entries_)
            if (!e.is_event)
                e.usable = read_visit(e);
        return in_order();
    }

private:
    struct entry {
        value action;
        std::size_t index;   ///< among the actions
        std::string name;    ///< action.id, by which others refer to it; else ours
        visit read;
        std::string after;   ///< the visit it counts from; empty: an anchor
        bool is_event = false, usable = false;
    };

    void report(severity s, issue_type t, const entry& e, std::string text) { report(s, t, e, {}, e.action, std::move(text)); }

    /// About the element `at`, whose path below the action is `below`.
    void report(severity s, issue_type t, const entry& e, const std::string& below, value at, std::string text) {
        const std::string path = "PlanDefinition.action[" + std::to_string(e.index) + ']';
        issues_.report({s, t, below.empty() ? path : path + '.' + below, std::move(text), {}, at ? at.offset() : e.action.offset()});
    }

    /// An error after which the visit is left out.
    bool leave_out(const entry& e, const std::string& below, value at, std::string_view why) {
        report(severity::error, issue_type::value, e, below, at, std::string(why) + ": left out");
        return false;
    }

    void gather() {
        std::set<std::string> ids;
        for (const value& a : plan_["action"].elements()) {
            entry e{a, static_cast<std::size_t>(&a - plan_["action"].elements().data()), {}, {}, {}};
            e.is_event = static_cast<bool>(extension(a, plan_shape::event));
            std::string_view definition = name_of(a["definitionCanonical"] ? a["definitionCanonical"] : a["definitionUri"]);
            definition = definition.substr(0, definition.find('|'));
            e.read.id = name_of(a["id"]);
            if (e.read.id.empty())
                e.read.id = definition.substr(definition.rfind('/') + 1);
            if (e.read.id.empty())
                e.read.id = slug(name_of(a["title"]));
            e.read.title = name_of(a["title"]);
            e.name = e.read.id;
            if (e.name.empty()) {
                report(severity::error, issue_type::required, e, "an action without id, definition and title is left out");
                continue;
            }
            if (!ids.insert(e.name).second) {
                report(severity::error, issue_type::duplicate, e, "a second action of the same id is left out");
                continue;
            }
            entries_.push_back(std::move(e));
        }
    }

    entry* find(std::string_view name) {
        for (entry& e : entries_)
            if (e.name == name)
                return &e;
        // Later plans refer by title.
        for (entry& e : entries_)
            if (!e.read.title.empty() && e.read.title == name)
                return &e;
        return nullptr;
    }

    static value relation_of(value action) { return action["relatedAction"].is_array() ? action["relatedAction"][std::size_t{0}] : action["relatedAction"]; }
    static std::string_view other_of(value relation) { return name_of(relation["actionId"] ? relation["actionId"] : relation["targetId"]); }

    static value point(value action, std::string_view name) { return extension(extension(action, plan_shape::time_point), name); }

    /// An action that others count from and that counts from none is the day of an anchor.
    void find_anchors() {
        std::vector<entry*> indexes;
        const auto note = [&](std::string_view name) {
            entry* e = name.empty() ? nullptr : find(name);
            if (e && !relation_of(e->action) && std::find(indexes.begin(), indexes.end(), e) == indexes.end())
                indexes.push_back(e);
        };
        for (const entry& e : entries_) {
            note(other_of(relation_of(e.action)));
            if (extension(e.action, plan_shape::time_point))
                note(point(e.action, "soaReferenceTimePoint")["valueString"].text());
        }
        for (const entry& e : entries_)
            if (const value said = extension(e.action, plan_shape::anchor))
                anchors_[e.name] = said["valueCode"].text();
            else if (const value named = extension(e.action, plan_shape::event))
                anchors_[e.name] = named["valueCode"].text();
        bool first = anchors_.empty();
        for (const entry* e : indexes)
            if (!anchors_.contains(e->name)) {
                anchors_[e->name] = first ? how_.anchor : e->name;
                first = false;
            }
    }

    bool read_visit(entry& e) {
        visit& v = e.read;
        v.assumed = extension(e.action, plan_shape::assumed)["valueBoolean"].as_bool();
        read_procedures(e);
        read_while_unknown(e);
        if (const value said = extension(e.action, plan_shape::kind)) {
            const std::string_view kind = said["valueCode"].text();
            if (kind != "unscheduled" && kind != "early-termination")
                return leave_out(e, "extension", said, "a kind of visit that is not known");
            v.kind = kind == "unscheduled" ? visit_kind::unscheduled : visit_kind::early_termination;
        }
        if (v.kind == visit_kind::unscheduled)
            return true;
        if (e.action["relatedAction"] && !e.action["relatedAction"].is_array())
            return leave_out(e, "relatedAction", e.action["relatedAction"], "no list of relations");
        if (relation_of(e.action))
            return read_relations(e);
        if (const auto at = anchors_.find(e.name); at != anchors_.end()) {
            v.anchor = at->second;
            return true;
        }
        if (extension(e.action, plan_shape::time_point))
            return read_time_point(e);
        return by_event(e);
    }

    void read_procedures(entry& e) {
        const value list = e.action["action"];
        if (list && !list.is_array())
            report(severity::warning, issue_type::structure, e, "action", list, "no list of actions: left out");
        for (const value& done : list.elements()) {
            const std::string at = "action[" + std::to_string(&done - list.elements().data()) + ']';
            if (!name_of(done["title"]).empty())
                e.read.procedures.emplace_back(name_of(done["title"]));
            else
                report(severity::warning, issue_type::required, e, at, done, "a procedure without a title is left out");
            if (done["action"])
                report(
                    severity::warning, issue_type::not_supported, e, at + ".action", done["action"], "parts of a procedure are left out"
                );
        }
    }

    void read_while_unknown(entry& e) {
        const value other = extension(e.action, plan_shape::otherwise);
        if (!other)
            return;
        const auto number = [&](std::string_view name) { return whole(extension(other, name)["valueInteger"]); };
        const std::string_view anchor = extension(other, "anchor")["valueCode"].text();
        const auto earliest = number("earliest"), target = number("target"), latest = number("latest");
        if (anchor.empty() || !earliest || !target || !latest)
            report(severity::warning, issue_type::value, e, "extension", other, "a provisional window that cannot be read is left out");
        else
            e.read.while_unknown = visit_window{std::string(anchor), *earliest, *target, *latest};
    }

    /// No time is given: the visit happens when something else does.
    bool by_event(entry& e) {
        visit& v = e.read;
        for (const fhir::json::member& m : e.action.members())
            if (m.name.starts_with("timing"))
                return leave_out(e, std::string(m.name), m.content, "a time that does not count from another action");
        if (!ends_early(v.id) && !ends_early(v.title) && v.kind != visit_kind::early_termination) {
            v.kind = visit_kind::unscheduled;
            report(severity::information, issue_type::informational, e, "no time is given: read as an unscheduled visit");
            return true;
        }
        v.kind = visit_kind::early_termination;
        v.anchor = "end";
        v.latest = how_.early_termination_days;
        v.assumed = true;
        report(severity::information, issue_type::informational, e, "no window is given for the visit of those who end early: one is assumed");
        return true;
    }

    bool counts_from(entry& e, std::string_view other) {
        entry* from = find(other);
        if (!from || from == &e)
            return leave_out(e, {}, e.action, "counts from an action that is not there");
        if (const auto at = anchors_.find(from->name); at != anchors_.end()) {
            e.read.anchor = at->second;
        } else {
            e.after = from->name;
            e.read.anchor = std::string(plan_shape::relative_to_visit) + from->read.id;
        }
        return true;
    }

    /// A visit has one window: several relations must all say the same.
    bool read_relations(entry& e) {
        const value list = e.action["relatedAction"];
        std::optional<visit> first;
        for (const value& relation : list.elements()) {
            const std::string at = "relatedAction[" + std::to_string(&relation - list.elements().data()) + ']';
            if (!read_relation(e, relation, at))
                return false;
            if (first && e.read != *first)
                return leave_out(e, at, relation, "another window than that of its first relation, and a visit has one");
            first = e.read;
        }
        return true;
    }

    bool read_relation(entry& e, value relation, const std::string& at) {
        const value said = relation["relationship"];
        const std::string_view way = said.text();
        const auto is = [&](const std::string& stem) { return way == stem || way == stem + "-start" || way == stem + "-end"; };
        const bool before = is("before"), together = way == "concurrent" || is("concurrent-with");
        if (!before && !together && !is("after"))
            return leave_out(
                e, at + ".relationship", said ? said : relation, "a relationship that is none of before, after and concurrent"
            );
        const value duration = relation["offsetDuration"], own = extension(relation, plan_shape::offset_range);
        const value window = own ? own["valueRange"] : relation["offsetRange"];
        if (own && !window)
            return leave_out(e, at + ".extension", own, "an acceptable range that cannot be read");
        if (!duration && !window && !together)
            return by_event(e);
        if (!counts_from(e, other_of(relation)))
            return false;
        auto low = days_of(window["low"]), high = days_of(window["high"]), target = days_of(duration);
        if ((duration && !target) || (window["low"] && !low) || (window["high"] && !high))
            return leave_out(e, at, relation, "an offset that is no whole number of days");
        if (window && (!low || !high))
            return leave_out(e, at, window, std::string("a window without ") + (low ? "an end" : "a beginning"));
        if (!target && window) {
            target = (*low + *high) / 2;
            report(severity::information, issue_type::informational, e, at, relation, "no target is given: the middle of its window");
        }
        if (!window && duration)
            report(severity::information, issue_type::informational, e, "no window is given: its day alone");
        if (together && target.value_or(0) != 0)
            return leave_out(e, at, relation, "concurrent with an action that is on another day");
        const int day = target.value_or(0), sign = before ? -1 : 1;
        return set_window(e, sign * (before ? high : low).value_or(day), sign * day, sign * (before ? low : high).value_or(day));
    }

    bool set_window(entry& e, int earliest, int target, int latest) {
        if (earliest > latest)
            return leave_out(e, {}, e.action, "the window ends before it begins");
        if (target < earliest || target > latest) {
            report(severity::warning, issue_type::value, e, "the target lies outside the window: the nearest day of the window is taken");
            target = std::clamp(target, earliest, latest);
        }
        e.read.earliest = earliest;
        e.read.target = target;
        e.read.latest = latest;
        return true;
    }

    /// Protocol days skip zero: the day before day 1 is day -1.
    static int day_offset(int day) noexcept { return day > 0 ? day - 1 : day; }

    bool read_time_point(entry& e) {
        const value planned = point(e.action, "soaPlannedTimePoint")["valueQuantity"];
        if (!planned)
            return by_event(e);
        const std::string_view other = point(e.action, "soaReferenceTimePoint")["valueString"].text();
        if (!counts_from(e, other))
            return false;
        const auto day = days_of(planned);
        const auto base = days_of(point(find(other)->action, "soaPlannedTimePoint")["valueQuantity"]);
        const value range = point(e.action, "soaPlannedRange")["valueRange"];
        const auto early = days_of(range["low"]), late = days_of(range["high"]);
        if (!day || !base || (range["low"] && !early) || (range["high"] && !late))
            return leave_out(e, "extension", planned, "a day or a tolerance that is no whole number of days");
        if (range && (!early || !late))
            return leave_out(e, "extension", range, "a tolerance to one side alone");
        if (!range)
            report(severity::information, issue_type::informational, e, "no window is given: its day alone");
        const int target = day_offset(*day) - day_offset(*base);
        int low = std::abs(early.value_or(0)), high = std::abs(late.value_or(0));
        // A tolerance that would carry a visit before the reference past it is meant the other way round: away from it.
        if (target < 0 && target + high >= 0) {
            report(severity::warning, issue_type::value, e, "its tolerance reaches the reference: read as going away from it");
            std::swap(low, high);
        }
        return set_window(e, target - low, target, target + high);
    }

    /// A visit that counts from another stands after it; those that wait for each other are left out.
    std::vector<visit> in_order() {
        std::vector<visit> out;
        std::set<std::string, std::less<>> there;
        for (bool more = true; more;) {
            more = false;
            for (entry& e : entries_) {
                if (!e.usable || e.is_event || there.contains(e.name) || (!e.after.empty() && !there.contains(e.after)))
                    continue;
                there.insert(e.name);
                out.push_back(std::move(e.read));
                more = true;
            }
        }
        for (const entry& e : entries_)
            if (e.usable && !there.contains(e.name))
                report(severity::error, issue_type::value, e, "counts from a visit that is not there or counts from this one: left out");
        return out;
    }

    value plan_;
    const plan_reading& how_;
    fhir::issue_sink& issues_;
    std::vector<entry> entries_;
    std::map<std::string, std::string> anchors_; ///< by name of the action
};

} // namespace

std::optional<std::vector<visit>> read_plan_definition(value plan, const plan_reading& how, fhir::issue_sink& issues) {
    if (const value list = plan["action"]; plan["resourceType"].text() == "PlanDefinition" && list && !list.is_array()) {
        issues.report({severity::fatal, issue_type::structure, "PlanDefinition.action", "not a list of actions", {}, list.offset()});
        return std::nullopt;
    }
    if (plan["resourceType"].text() != "PlanDefinition" || plan["action"].size() == 0) {
        issues.report({severity::fatal, issue_type::structure, "PlanDefinition", "not a PlanDefinition with actions", {}, plan.offset()});
        return std::nullopt;
    }
    return plan_reader(plan, how, issues).read();
}

} // namespace trialgate::mappings
