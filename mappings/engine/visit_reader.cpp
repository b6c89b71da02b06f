#include "mappings/engine/trial_reader.hpp"

#include <array>

namespace trialgate::mappings {

namespace {

constexpr int furthest_day = 10'000;
constexpr std::string_view own_visits = "urn:trialgate:visit|";
constexpr std::string_view relative_to_visit = "visit:";

constexpr std::array<std::pair<std::string_view, visit_kind>, 3> kinds{
    {{"planned", visit_kind::planned},
     {"early-termination", visit_kind::early_termination},
     {"unscheduled", visit_kind::unscheduled}}};

/// What an order or the state of a participation dates, whatever the trial.
constexpr std::array<std::string_view, 3> always_set{"screening", "dosing", "end"};

/// The anchors of a list of visits. An anchor that nothing sets leaves its visits without a date for ever.
/// Every version is looked at. `each_text(v, f)` calls f(text, place) for each text that v stands for.
template <class EachText, class Report>
void check_anchors(fhir::json::value visits, const EachText& each_text, const Report& unknown) {
    using fhir::json::value;
    std::set<std::string, std::less<>> known{always_set.begin(), always_set.end()}, ids;
    for (const value& v : visits.elements()) {
        ids.emplace(v["id"].text());
        each_text(v["countsAsDone"]["anchor"], [&](std::string_view name, const auto&) { known.emplace(name); });
        // The visit that gives the anchor its name stands for the event: "randomisation" counts from "randomisation".
        each_text(v["anchor"], [&](std::string_view name, const auto&) {
            if (name == v["id"].text())
                known.emplace(name);
        });
    }
    const auto check = [&](std::string_view name, const auto& at) {
        if (name.empty() || known.contains(name))
            return;
        unknown(at, name, ids.contains(name) ? "did you mean 'visit:" + std::string(name) + "'?" : nearest_hint(name, known));
    };
    const auto check_window = [&](std::string_view name, const auto& at) {
        if (!name.starts_with(relative_to_visit)) // read_anchor looks at those
            check(name, at);
    };
    for (const value& v : visits.elements()) {
        if (v["kind"].text() != "unscheduled") {
            each_text(v["anchor"], check_window);
            each_text(v["whileUnknown"]["anchor"], check_window);
        }
        for (const value& r : v["countsAsDone"]["results"].elements())
            each_text(r["before"], check);
    }
}

} // namespace

void trial_reader::read_visits(const node& list, trial& into) {
    if (list && !list.content.is_array())
        wrong_type(list, "a list of visits");
    std::set<std::string> ids;
    for (const value& e : list.content.elements())
        read_visit({list.file, e, e}, into, ids);
    const auto each_text = [&](value said, const auto& use) {
        node n{list.file, said, said};
        if (said.is_string() && said.text().starts_with('$')) {
            const auto found = settings_.find(said.text().substr(1));
            if (found == settings_.end())
                return; // reported where it is read
            const setting& s = found->second;
            n = s.given ? node{list.file, *s.given, said} : node{s.file, s.declared, s.declared};
        }
        if (n.content.is_string())
            use(n.content.text(), n);
        for (const fhir::json::member& m : n.content["byVersion"].members())
            if (m.content.is_string())
                use(m.content.text(), node{n.file, m.content, m.content});
    };
    check_anchors(list.content, each_text, [&](const node& at, std::string_view name, std::string hint) {
        error(at, "unknown-visit", "nothing sets the anchor '" + std::string(name) + "'", std::move(hint));
    });
}

void trial_reader::read_visit(const node& entry, trial& into, std::set<std::string>& ids) {
    members m(*this, entry, "a visit");
    if (!entry.content.is_object())
        return;
    visit v;
    const node id = m.need("id");
    v.id = text(id);
    const bool fresh = v.id.empty() || !ids.contains(v.id);
    if (!fresh)
        error(id, "duplicate-id", "a visit '" + v.id + "' is given twice");
    v.title = text(m.take("title"));
    if (const auto kind = one_of<visit_kind>(m.take("kind"), kinds))
        v.kind = *kind;
    if (v.kind != visit_kind::unscheduled) {
        v.anchor = read_anchor(m.need("anchor"), ids);
        read_days(m, v, v.id);
        if (const node other = m.take("whileUnknown")) {
            members w(*this, other, "a window");
            v.while_unknown.emplace().anchor = read_anchor(w.need("anchor"), ids);
            read_days(w, *v.while_unknown, v.id);
            w.finish();
        }
    }
    v.assumed = truth(m.take("assumed")).value_or(false);
    v.procedures = texts(m.take("procedures"));
    if (const node done = m.take("countsAsDone"))
        v.done = read_evidence(done, std::string(own_visits) + into.id + '/' + v.id);
    m.take("note");
    const bool in = in_version(m);
    m.finish();
    if (fresh)
        ids.insert(v.id);
    if (in && fresh)
        into.visits.push_back(std::move(v));
}

std::string trial_reader::read_anchor(const node& n, const std::set<std::string>& ids) {
    const std::string out = text(n);
    if (!out.starts_with(relative_to_visit))
        return out;
    // Only those before it: then no two visits can wait for each other.
    if (const std::string other = out.substr(relative_to_visit.size()); !ids.contains(other)) {
        nearest_name near(other);
        for (const std::string& known : ids)
            near.consider(known);
        error(n, "unknown-visit", "no visit '" + other + "' stands before this one", near.hint());
    }
    return out;
}

void trial_reader::read_days(members& m, visit_window& into, std::string_view whose) {
    bool complete = true;
    for (const auto& [name, to] :
         {std::pair{"earliest", &into.earliest}, std::pair{"target", &into.target}, std::pair{"latest", &into.latest}}) {
        const node said = m.need(name);
        const auto days = said.content.is_number() ? whole(said, -furthest_day, furthest_day) : day_count(said);
        complete = complete && days;
        *to = days.value_or(0);
    }
    if (complete && !(into.earliest <= into.target && into.target <= into.latest))
        error(
            m.object(), "visit-window",
            "the window of '" + std::string(whose) + "' is not in order: earliest " + std::to_string(into.earliest) +
                ", target " + std::to_string(into.target) + ", latest " + std::to_string(into.latest)
        );
}

void trial_reader::read_visit_alerts(const node& n, visit_alerts& into) {
    if (!n)
        return;
    members m(*this, n, "the times of visit alerts");
    for (const auto& [name, to] :
         {std::pair{"upcoming", &into.upcoming}, std::pair{"closing", &into.closing}, std::pair{"grace", &into.grace},
          std::pair{"results", &into.results}}) {
        const node said = m.take(name);
        const auto days = day_count(said);
        if (days && (*days < 0 || *days > furthest_day))
            error(said, "bad-duration", "expected 0 to " + std::to_string(furthest_day) + " days");
        else if (days)
            *to = *days;
    }
    m.finish();
}

std::optional<visit_evidence> trial_reader::read_evidence(const node& n, const std::string& own_code) {
    members m(*this, n, "what counts as done");
    if (!n.content.is_object())
        return std::nullopt;
    visit_evidence out;
    out.encounter = read_meetings(m.take("encounter"), own_code, {"finished", "completed"});
    out.appointment = read_meetings(m.take("appointment"), own_code, {"fulfilled"});
    if (const node procedures = m.take("procedure"))
        out.procedures = concepts(procedures);
    out.anchor = text(m.take("anchor"));
    const node results = m.take("results");
    if (results && !results.content.is_array())
        wrong_type(results, "a list of results");
    for (const value& e : results.content.elements())
        read_required(resolve({results.file, e, e}), out.results);
    const node enough = m.take("heldByResults");
    out.held_by_results = whole(enough, 0, 1000).value_or(0);
    if (out.held_by_results > static_cast<int>(out.results.size()))
        error(
            enough, "impossible-count",
            "the visit has " + std::to_string(out.results.size()) + " results, not " + std::to_string(out.held_by_results)
        );
    const node within = m.take("resultsWithin");
    if (const auto days = day_count(within)) {
        if (*days < 0)
            error(within, "bad-duration", "expected 0 days or more");
        else
            out.results_within = *days;
    }
    m.finish();
    return out;
}

std::optional<visit_evidence::meetings> trial_reader::read_meetings(
    const node& n, const std::string& own_code, std::initializer_list<const char*> statuses
) {
    if (!n)
        return std::nullopt;
    members m(*this, n, "an encounter or appointment that counts");
    visit_evidence::meetings out{{own_code}, {statuses.begin(), statuses.end()}};
    const node types = m.take("types");
    for (std::string& type : texts(types)) {
        if (const std::size_t bar = type.find('|'); bar == std::string::npos || bar + 1 == type.size())
            error(types, "wrong-type", "'" + type + "' is no code: write system|code");
        else
            out.types.push_back(std::move(type));
    }
    if (const node said = m.take("statuses")) {
        out.statuses = texts(said);
        if (out.statuses.empty())
            error(said, "empty-list", "a visit that no status shows is never done");
    }
    m.finish();
    return out;
}

void trial_reader::read_required(const node& entry, std::vector<required_result>& into) {
    members m(*this, entry, "a result");
    if (!entry.content.is_object())
        return;
    required_result out;
    out.name = text(m.need("name"));
    const node what = m.need("concepts");
    const bool each = truth(m.take("each")).value_or(false);
    out.before = text(m.take("before"));
    m.finish();
    if (!each || !what.content.is_array()) {
        out.parts.push_back({out.name, concepts(what)});
    } else {
        for (const value& e : what.content.elements()) {
            const node one = resolve({what.file, e, e});
            required_result::part part;
            part.concepts = concepts(one);
            part.name = std::string(codes_.title(codes_.find(one.content.text())));
            if (part.name.empty())
                part.name = std::string(one.content.text());
            out.parts.push_back(std::move(part));
        }
    }
    if (what.content.is_array() && what.content.size() == 0)
        error(what, "empty-list", "a result of no concept is never there");
    into.push_back(std::move(out));
}

} // namespace trialgate::mappings
