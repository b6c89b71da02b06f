// What a trial watches in people who were dosed.
//
//   "safety": {
//     "grading": "ctcae-5",
//     "tiers": {"grade-2": "T2", "hemoglobin-increased": "off", "hys-law": "T1"},
//     "rules": [{"id": "infection", "title": "...", "tier": "T2", "since": "dosing", "test": {...}}]}
#include "mappings/engine/safety_reader.hpp"
#include "mappings/engine/trial_reader.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace json = fhir::json;

namespace {

constexpr std::array<std::pair<std::string_view, bool>, 2> spans{{{"dosing", true}, {"ever", false}}};

} // namespace

std::optional<urgency> trial_reader::read_tier(const node& n) {
    if (!n)
        return std::nullopt;
    const auto out = n.content.is_string() ? tier_of(n.content.text()) : std::nullopt;
    if (!out)
        error(n, "wrong-type", "a tier is T1 (at once), T2 (the same day), T3 (at the next review) or off");
    return out;
}

void trial_reader::read_safety(const node& n, trial& into) {
    if (!n)
        return;
    members m(*this, n, "'safety'");
    if (!n.content.is_object())
        return;
    safety_plan plan;
    const safety_library& library = codes_.safety();
    plan.signals = library.signals;
    plan.tiers = library.tiers;
    if (const node grading = m.take("grading")) {
        const std::string id = text(grading);
        nearest_name near(id);
        for (const auto& table : library.tables) {
            if (table->id == id)
                plan.grading = table;
            near.consider(table->id);
        }
        if (!plan.grading && !id.empty())
            error(grading, "unknown-grading", "there is no grading table '" + id + "'", near.hint());
    }
    read_tiers(m.take("tiers"), plan);
    read_rules(m.take("rules"), plan);
    m.finish();
    into.safety = std::move(plan);
}

void trial_reader::read_tiers(const node& list, safety_plan& into) {
    if (list && !list.content.is_object())
        wrong_type(list, "an object of tiers");
    for (const json::member& m : list.content.members()) {
        if (m.name == "$comment")
            continue;
        const node said = resolve({list.file, m.content, m.content});
        const auto how_soon = read_tier(said);
        nearest_name near(m.name);
        bool known = false;
        for (safety_signal& s : into.signals) {
            near.consider(s.id);
            if (s.id == m.name) {
                known = true;
                s.how_soon = how_soon.value_or(s.how_soon);
            }
        }
        for (const auto& [name, tier_of_library] : codes_.safety().tiers) {
            near.consider(name);
            known = known || name == m.name;
        }
        if (into.grading)
            for (const grading_term& t : into.grading->terms) {
                near.consider(t.id);
                known = known || t.id == m.name;
            }
        if (!known)
            list.file->report(problem::level::error, "unknown-tier", m,
                              "no grade, term or signal is named '" + std::string(m.name) + "'", near.hint());
        else if (how_soon)
            into.tiers[std::string(m.name)] = *how_soon;
    }
}

void trial_reader::read_rules(const node& list, safety_plan& into) {
    if (list && !list.content.is_array())
        wrong_type(list, "a list of rules");
    std::set<std::string> ids;
    for (const value& e : list.content.elements())
        read_rule({list.file, e, e}, into, ids);
}

void trial_reader::read_rule(const node& entry, safety_plan& into, std::set<std::string>& ids) {
    members m(*this, entry, "a rule");
    if (!entry.content.is_object())
        return;
    safety_rule r;
    const node id = m.need("id");
    r.id = text(id);
    if (!r.id.empty() && !ids.insert(r.id).second)
        error(id, "duplicate-id", "a rule '" + r.id + "' is given twice");
    r.title = text(m.need("title"));
    r.how_soon = read_tier(m.need("tier")).value_or(urgency{});
    if (const auto since = one_of<bool>(m.take("since"), spans))
        r.since_dosing = *since;
    const bool in = in_version(m);
    std::set<std::string> inside;
    const node test = m.need("test");
    auto when = test ? read_test(test, {"", &inside, {}}) : std::nullopt;
    m.finish();
    if (!in || !when)
        return;
    r.when = std::move(*when);
    into.rules.push_back(std::move(r));
}

} // namespace trialgate::mappings
