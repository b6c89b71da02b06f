#include "gateway/core/crypto.hpp"
#include "gateway/core/report_json.hpp"
#include "gateway/work/batch.hpp"
#include "mappings/engine/record_codec.hpp"

#include <algorithm>

namespace trialgate::gateway {

using mappings::record;

std::vector<std::string> work_batch::component(const std::string& source, const std::string& key) {
    std::vector<std::string> out{key};
    const auto add = [&](const std::string& name) {
        if (std::find(out.begin(), out.end(), name) == out.end())
            out.push_back(name);
    };
    for (std::size_t i = 0; i < out.size(); ++i) {
        for (const std::string& other : reading_.linked(source, out[i]))
            add(other);
        for (const auto& link : links_)
            if (link[0] == source && (link[1] == out[i] || link[2] == out[i]))
                add(link[1] == out[i] ? link[2] : link[1]);
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::vector<record> work_batch::definitions_of(const std::string& source, const std::vector<std::string>& keys) {
    std::set<std::string> wanted;
    for (const std::string& key : keys)
        for (const auto& [name, r] : load(source, key).records.all()) {
            wanted.insert({r.medication, r.specimen});
            if (r.participation)
                wanted.insert(r.participation->study);
        }
    std::vector<record> out;
    for (const std::string& reference : wanted) {
        if (reference.empty())
            continue;
        if (const auto here = definitions_.find({source, reference}); here != definitions_.end()) {
            out.push_back(here->second);
        } else if (const auto bytes = reading_.definition(source, reference)) {
            mappings::record_reader from(*bytes);
            if (auto r = from.next())
                out.push_back(std::move(*r));
        }
    }
    return out;
}

void work_batch::decide() {
    for (const human_decision& h : humans_) {
        const auto who = reading_.subject_of(h.subject);
        if (!who)
            continue;
        study_says(h, *who);
        const std::pair<person_key, std::string> at{{who->first, who->second}, h.trial};
        auto row = decisions_.contains(at) ? std::optional(decisions_.at(at)) : reading_.decision(who->first, who->second, h.trial);
        if (!row || row->human == h.status)
            continue;
        row->human = h.status;
        row->human_at = h.at;
        study_said_.insert_or_assign(at, h.status);
        decisions_.insert_or_assign(at, std::move(*row));
        load(who->first, who->second).evaluate = true;
        counted_.told.emplace_back("human", h.trial + ": a person decided '" + h.status + "'");
    }
    std::set<person_key> seen;
    std::vector<person_key> concerned;
    for (const auto& [key, p] : people_)
        if (p.evaluate)
            concerned.push_back(key);
    for (const person_key& key : concerned) {
        if (seen.contains(key))
            continue;
        const std::vector<std::string> keys = component(key.first, key.second);
        bool whole = true;
        for (const std::string& k : keys) {
            seen.insert({key.first, k});
            whole &= load(key.first, k).row.hydrated;
        }
        // Before the history is there nothing can be decided; the arrival of its end brings us here again.
        if (whole)
            decide_person(key.first, keys);
    }
    for (auto& [key, p] : people_)
        if (p.touched)
            p.row.records = p.records.bytes();
}

void work_batch::evaluate_person(const std::string& source, const std::vector<std::string>& keys,
                                 const std::function<void(const evaluated_person&)>& each) {
    std::vector<named_records> parts;
    for (const std::string& key : keys)
        parts.push_back({key, &load(source, key).records});
    evaluate(options_.net, parts, definitions_of(source, keys), today_, each);
}

void work_batch::decide_person(const std::string& source, const std::vector<std::string>& keys) {
    fhir::date changes_on = fhir::date::highest();
    std::set<std::string> evaluated;
    const auto& trials = options_.net->trials();
    const std::map<std::string, std::string> bearers = bearers_of(source, keys);
    const std::map<std::string, std::vector<judgement_row>> said = judgements_of(source, bearers);
    evaluate_person(source, keys, [&](const evaluated_person& p) {
        evaluated.insert(p.key());
        changes_on = std::min(changes_on, p.changes_on());
        const auto at = said.find(p.key());
        const std::vector<judgement_row> mine = at == said.end() ? std::vector<judgement_row>() : at->second;
        for (mappings::trial_index t = 0; t < trials.size(); ++t) {
            finding found = found_of(p, t, mine);
            found.keys = &keys;
            decided({source, p.key()}, trials[t].source->id, std::move(found), [&] {
                mappings::trial_report r = p.report(t);
                lay_over(r, *trials[t].source, standing_judgements_of(mine, r.trial));
                return r;
            });
        }
        if (keys.size() == 1)
            changes_on = std::min(changes_on, follow_alone(source, p.data));
    });
    // A name that turned out to be somebody else's: what was decided under it no longer stands.
    for (const std::string& key : keys) {
        if (evaluated.contains(key))
            continue;
        finding gone;
        gone.now.notes.add(mappings::note::merged);
        gone.keys = &keys;
        for (const decision_row& row : reading_.decisions_of(source, key))
            decided({source, key}, row.trial, gone, [&] {
                mappings::trial_report r;
                r.patient = key;
                r.trial = row.trial;
                r.as_of = today_;
                r.notes.push_back({std::string(mappings::id(mappings::note::merged)), std::string(mappings::sentence(mappings::note::merged))});
                return r;
            });
    }
    if (keys.size() > 1)
        changes_on = std::min(changes_on, follow(source, keys));
    for (const std::string& key : keys) {
        person& p = load(source, key);
        p.row.changes_on = changes_on;
        p.row.changed = now_;
        p.touched = true;
    }
}

void work_batch::decided(const person_key& who, const std::string& trial, finding found,
                         const std::function<mappings::trial_report()>& report) {
    const std::pair<person_key, std::string> at{who, trial};
    const auto before = decisions_.contains(at) ? std::optional(decisions_.at(at)) : reading_.decision(who.first, who.second, trial);
    // Of people whom this trial never considered nothing is kept.
    if (!found.now.status && !before)
        return;
    decision_row row = before.value_or(decision_row{});
    std::tie(row.source, row.patient) = who;
    row.trial = trial;
    const std::string previous = row.status;
    for (bool first = true, more = true; more; first = false) {
        transition t = change(before || !first ? &row : nullptr, found.now, now_, found.people);
        more = t.more;
        row = std::move(t.after);
        row.source = who.first;
        row.patient = who.second;
        row.trial = trial;
        t.after = row;
        if (first)
            remember(before, row, found);
        if (t.told)
            tell(row, t, report(), first ? previous : row.status);
    }
    ++counted_.decisions[trial][row.status.empty() ? "not-listed" : row.status];
    decisions_.insert_or_assign(at, std::move(row));
}

std::vector<mappings::trial_report> work_batch::reports_of(const std::string& source, const std::string& key) {
    std::vector<mappings::trial_report> out;
    look_at(source, key, [&](const evaluated_person& p) {
        for (mappings::trial_index t = 0; t < options_.net->trials().size(); ++t)
            out.push_back(p.report(t));
    });
    return out;
}

void work_batch::look_at(const std::string& source, const std::string& key, const std::function<void(const evaluated_person&)>& each) {
    evaluate_person(source, component(source, key), [&](const evaluated_person& p) {
        if (p.key() == key)
            each(p);
    });
}

void work_batch::tell(const decision_row& row, const transition& t, const mappings::trial_report& r, const std::string& previous) {
    const std::string& key = options_.pseudonym_key;
    message m;
    m.kind = t.kind;
    m.occurred = now_;
    m.source = row.source;
    m.subject = row.subject;
    m.trial = row.trial;
    m.protocol_version = r.version;
    m.number = row.number;
    m.previous = previous;
    m.status = row.status;
    m.flag = t.flag;
    m.subject_status = t.subject_status;
    m.human = t.human;
    m.text = t.text;
    m.key = to_hex(hmac_sha256(key, row.source + '|' + row.patient + '|' + row.trial + '|' + std::to_string(row.number))).substr(0, 32);
    m.report = report_json(r, {m.subject, [&](std::string_view reference) {
                                   return hidden_reference(key, row.source, reference);
                               }});
    subjects_.insert_or_assign(m.subject, person_key{row.source, row.patient});
    for (const sink_config& s : options_.sinks) {
        if (!s.trials.empty() && std::find(s.trials.begin(), s.trials.end(), row.trial) == s.trials.end())
            continue;
        message out = m;
        if (s.subject == sink_config::identity::reference) {
            out.patient = row.patient;
            for (const source_config& from : options_.sources)
                if (from.name == row.source && row.patient.starts_with("Patient/"))
                    out.patient_url = from.url + '/' + row.patient;
            out.report_with_references = report_json(r);
        }
        outbox_row o;
        o.sink = s.name;
        o.subject = m.subject;
        o.trial = row.trial;
        o.kind = m.kind;
        o.key = m.key;
        o.body = encode(out);
        o.created = now_;
        o.not_before = now_;
        messages_.push_back(std::move(o));
    }
    counted_.told.emplace_back("flag", row.trial + ": " + (previous.empty() ? "new" : previous) + " -> " +
                                           (row.status.empty() ? "not listed" : row.status) + " (" + m.subject.substr(0, 8) + ")");
}

} // namespace trialgate::gateway
