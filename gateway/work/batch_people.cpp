// What people said, and how decisions came about: in the same transaction as the decisions.
#include "gateway/core/json_text.hpp"
#include "gateway/work/batch.hpp"
#include "mappings/engine/projection.hpp"

#include <algorithm>

namespace trialgate::gateway {

void work_batch::take(const judgement_row& j) {
    if (known(j.source, j.patient))
        load(j.source, j.patient).evaluate = true;
    else
        judged_.push_back(j);
}

std::map<std::string, std::string> work_batch::bearers_of(const std::string& source, const std::vector<std::string>& keys) {
    if (keys.size() == 1)
        return {{keys.front(), keys.front()}};
    std::map<std::string, std::string> survivors;
    std::set<std::string> people;
    evaluate_person(source, keys, [&](const evaluated_person& p) {
        p.data.merged_away ? void(survivors.emplace(p.key(), p.data.survivor)) : void(people.insert(p.key()));
    });
    std::map<std::string, std::string> out;
    for (const std::string& key : keys) {
        const auto to = survivors.find(key);
        const std::string& bearer = people.contains(key)          ? key
                                    : to != survivors.end()       ? to->second
                                    : people.size() == 1          ? *people.begin()
                                                                  : key;
        out.emplace(key, bearer);
        bearers_.insert_or_assign({source, key}, bearer);
    }
    return out;
}

std::map<std::string, std::vector<judgement_row>> work_batch::judgements_of(const std::string& source,
                                                                            const std::map<std::string, std::string>& bearers) {
    std::map<std::string, std::vector<judgement_row>> out;
    for (const auto& [name, bearer] : bearers)
        for (judgement_row& j : reading_.judgements_of(source, name, ""))
            if (j.patient == name) { // the store gives a survivor the others', too, as it knew them before
                if (j.unread > 0)
                    read_.emplace(j.id, j.unread);
                out[bearer].push_back(std::move(j));
            }
    return out;
}

work_batch::finding work_batch::found_of(const evaluated_person& p, mappings::trial_index t,
                                         const std::vector<judgement_row>& said) {
    const mappings::compiled_trial& trial = options_.net->trials()[t];
    finding out;
    out.now = p.standing(t);
    const standing_judgements stands = standing_judgements_of(said, trial.source->id);
    if (out.now.status) {
        judged_standing shown = judge(*trial.source, p.outcomes(t), stands);
        out.now.status = shown.status;
        out.strip = std::move(shown.strip);
        out.people.against = std::move(shown.against);
        std::vector<mappings::node_id> open;
        for (std::size_t n = 0; n < trial.criteria.size(); ++n)
            if (!shown.by_person[n])
                open.push_back(trial.criteria[n].node_);
        out.changes_on = mappings::first_flip(p.screen, trial, open);
    }
    if (stands.mark) {
        out.people.mark = stands.mark->value;
        out.people.marked = stands.mark->at;
    }
    // Also what was said after this batch began: it is decided with.
    for (const judgement_row& j : said) {
        if (j.unread == 0 || j.trial != trial.source->id)
            continue;
        out.fresh.push_back(&j);
        if (j.kind == judgement_kind::criterion)
            out.people.fresh.push_back(j.what);
    }
    return out;
}

namespace {

/// Whether only criteria differ that a person decided, before or now.
bool differs_by_person(std::string_view before, std::string_view now) {
    const auto by_person = [](char c) { return c == 'M' || c == 'N'; };
    if (before.size() != now.size())
        return false;
    for (std::size_t n = 0; n < now.size(); ++n)
        if (before[n] != now[n] && !by_person(before[n]) && !by_person(now[n]))
            return false;
    return true;
}

constexpr std::size_t most_events = 20; ///< named in a history: a first load brings hundreds

} // namespace

std::string work_batch::cause_of(const std::optional<decision_row>& before, const decision_row& after, const finding& found, std::string_view says) {
    std::vector<std::string> events;
    bool loaded = false;
    for (const std::string& key : *found.keys) {
        const person& p = load(after.source, key);
        events.insert(events.end(), p.events.begin(), p.events.end());
        loaded = loaded || p.loaded;
    }
    std::string_view by = "date";
    if (before && before->made_with != after.made_with)
        by = "trial";
    else if (!found.fresh.empty() && before && differs_by_person(before->strip, after.strip))
        by = "person";
    else if (!events.empty() || loaded || !before)
        by = "record";
    else if (!found.fresh.empty())
        by = "person";
    else if (!says.empty())
        by = "study";
    json_text out;
    out.begin_object().key("by").string(by);
    if ((by == "record" || by == "trial") && !events.empty()) {
        out.key("events").begin_array();
        for (std::size_t n = 0; n < std::min(events.size(), most_events); ++n)
            out.string(events[n]);
        out.end_array();
    }
    if (!found.fresh.empty())
        out.key("judgement").number(found.fresh.back()->id);
    if (!says.empty())
        out.key("says").string(says);
    out.end_object();
    return std::string(out.text());
}

void work_batch::remember(const std::optional<decision_row>& before, decision_row& after, const finding& found) {
    if (after.subject.empty())
        after.subject = pseudonym_of(options_.pseudonym_key, after.source, after.patient);
    after.strip = found.strip;
    after.changes_on = found.changes_on;
    after.made_with = options_.fingerprint;
    // Written by a program that kept no strips: it stood so before.
    const bool filled = before && before->strip.empty() && before->status == after.status && !after.strip.empty();
    const bool differs = !before || before->status != after.status || before->strip != after.strip;
    if (differs && !filled)
        after.changed = now_;
    const auto study = study_said_.find({{after.source, after.patient}, after.trial});
    const std::string_view says = study == study_said_.end() ? std::string_view() : study->second;
    const bool marked = std::any_of(found.fresh.begin(), found.fresh.end(), [](const judgement_row* j) { return j->kind == judgement_kind::mark; });
    if (differs || marked || !says.empty())
        history_.push_back({0, after.source, after.patient, after.trial, now_, after.status, after.strip, cause_of(before, after, found, says), after.made_with});
}

void work_batch::write_people(store& to) {
    const std::int64_t stamp = to.decisions_stamp();
    for (const auto& [key, row] : decisions_)
        to.decision_put(row);
    for (const auto& [name, bearer] : bearers_)
        to.survivor_put(name.first, name.second, bearer);
    for (const history_row& row : history_)
        to.history_add(row);
    for (const judgement_row& j : judged_)
        to.judgement_looked_at(j.id, j.unread);
    for (const auto& [id, unread] : read_)
        to.judgement_looked_at(id, unread);
    // A comment or a participation gave its decision a new stamp when it was made.
    const bool told = !judged_.empty() || !read_.empty() || !looked_at_.empty() || !participants_.empty();
    counted_.worklist = told || to.decisions_stamp() != stamp;
}

} // namespace trialgate::gateway
