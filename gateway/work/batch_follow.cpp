// What follows enrolment: participations, and the alerts about them, in the same transaction as everything else.
#include "gateway/core/crypto.hpp"
#include "gateway/core/log.hpp"
#include "gateway/work/batch.hpp"
#include "mappings/followup/anchors.hpp"

#include <algorithm>

namespace trialgate::gateway {

void work_batch::take(const participant_row& p) {
    looked_at_.push_back(p);
    create(p.source, p.patient).evaluate = true;
}

std::vector<participant_row> work_batch::participants_of(const std::string& source, const std::string& key) {
    std::vector<participant_row> out = reading_.participants_of(source, key);
    // What this batch changed is not in the store yet.
    for (const auto& [name, row] : participants_) {
        if (row.source != source || row.patient != key)
            continue;
        const auto there =
            std::find_if(out.begin(), out.end(), [&](const participant_row& r) { return r.trial == row.trial && r.number == row.number; });
        if (there == out.end())
            out.push_back(row);
        else
            *there = row;
    }
    return out;
}

void work_batch::put(participation_change change, const person_key& who) {
    participant_row& row = change.after;
    if (row.source.empty()) {
        std::tie(row.source, row.patient) = who;
        for (const auto& t : options_.net->trials())
            if (t.source->id == row.trial)
                row.protocol_version = t.source->version;
    }
    counted_.told.emplace_back("participant", row.trial + ": " + change.what);
    trail_.emplace_back(row.trial, row.number, participant_note{now_, row.set_by, change.what});
    const std::pair name(row.trial, row.number);
    participants_.insert_or_assign(name, std::move(row));
}

void work_batch::study_says(const human_decision& h, const person_key& who) {
    const std::vector<participant_row> all = participants_of(who.first, who.second);
    const participant_row* const current = current_participation(all, h.trial, h.number);
    std::optional<fhir::date> completed_from;
    for (const auto& t : options_.net->trials())
        if (current && t.source->id == h.trial && options_.after_enrolment.completed_from)
            completed_from = options_.after_enrolment.completed_from(*t.source, participant_of(*current));
    auto change =
        participation_after(current, {h.status, h.number, h.since, h.at, "study system"}, h.trial, h.subject, today_, completed_from);
    if (!change)
        return;
    // A number belongs to one person: that of somebody else is not taken over.
    const auto bearer = reading_.participant(change->after.trial, change->after.number);
    if (bearer && (bearer->source != who.first || bearer->patient != who.second)) {
        log_warning("participant.number-taken", {{"trial", h.trial}, {"number", change->after.number}});
        return;
    }
    put(*std::move(change), who);
    create(who.first, who.second).evaluate = true;
}

fhir::date work_batch::follow_alone(const std::string& source, const mappings::patient_data& data) {
    fhir::date changes_on = fhir::date::highest();
    if (options_.after_enrolment.compute)
        for (const participant_row& row : participants_of(source, data.key))
            changes_on = std::min(changes_on, follow_one(row, data));
    return changes_on;
}

fhir::date work_batch::follow(const std::string& source, const std::vector<std::string>& keys) {
    fhir::date changes_on = fhir::date::highest();
    std::vector<participant_row> rows;
    for (const std::string& key : keys)
        for (participant_row& row : participants_of(source, key))
            rows.push_back(std::move(row));
    if (!rows.empty() && options_.after_enrolment.compute)
        bearers(source, keys, rows, [&](const participant_row& row, const evaluated_person& p) {
            changes_on = std::min(changes_on, follow_one(row, p.data));
        });
    return changes_on;
}

void work_batch::look_at(const participant_row& row, const std::function<void(const evaluated_person&)>& each) {
    const std::vector<std::string> keys = component(row.source, row.patient);
    bool found = false;
    // Of most people there is one record: whose it is need not be found out by evaluating everybody first.
    if (keys.size() == 1)
        evaluate_person(row.source, keys, [&](const evaluated_person& p) {
            if (p.data.merged_away || p.key() != row.patient)
                return;
            found = true;
            each(p);
        });
    if (!found)
        bearers(row.source, keys, {row}, [&](const participant_row&, const evaluated_person& p) { each(p); });
}

void work_batch::bearers(const std::string& source, const std::vector<std::string>& keys, const std::vector<participant_row>& rows,
                         const std::function<void(const participant_row&, const evaluated_person&)>& each) {
    // A participation stays with the name under which it was told; who that is now may be another record.
    std::map<std::string, std::string> survivors;
    std::set<std::string> people;
    const auto by_name = [&](const evaluated_person& p) {
        p.data.merged_away ? void(survivors.emplace(p.key(), p.data.survivor)) : void(people.insert(p.key()));
    };
    evaluate_person(source, keys, by_name);
    const auto bearer = [&](const std::string& key) {
        if (people.contains(key))
            return key;
        const auto to = survivors.find(key);
        if (to != survivors.end())
            return to->second;
        return people.size() == 1 ? *people.begin() : std::string();
    };
    evaluate_person(source, keys, [&](const evaluated_person& p) {
        for (const participant_row& row : rows)
            if (!p.data.merged_away && bearer(row.patient) == p.key())
                each(row, p);
    });
}

participant_row work_batch::as_recorded(participant_row row, const mappings::trial& trial, const mappings::patient_data& data) {
    const auto take = [&](std::optional<participation_change> change) {
        if (!change)
            return;
        row = change->after;
        put(*std::move(change), {row.source, row.patient});
    };
    take(participation_dated(row, mappings::recorded_anchors(trial, participant_of(row), data, today_), now_));
    if (data.person && data.person->deceased)
        take(participation_died(row, today_, now_));
    return row;
}

mappings::followup work_batch::what_remains(const mappings::trial& trial, mappings::participant who, const mappings::patient_data& data,
                                            const std::vector<alert_row>& known) {
    // As of a participation completed on that day: its results until then, and its deviations.
    who.state = mappings::participation_state::completed;
    mappings::patient_data living = data;
    if (living.person)
        living.person->deceased = false;
    mappings::followup out = options_.after_enrolment.compute(trial, who, living, std::min(today_, who.since));
    using kind = mappings::finding_kind;
    std::erase_if(out.findings, [&](const mappings::concern& c) {
        const bool to_do = c.kind == kind::upcoming || c.kind == kind::due || c.kind == kind::closing || c.kind == kind::overdue ||
                           c.kind == kind::done_incomplete;
        return to_do || std::none_of(known.begin(), known.end(),
                            [&](const alert_row& a) { return a.open && a.key == c.key && a.kind == to_code(c.kind); });
    });
    out.changes_on.reset();
    return out;
}

fhir::date work_batch::follow_one(const participant_row& row, const mappings::patient_data& data) {
    const mappings::trial* trial = nullptr;
    for (const auto& t : options_.net->trials())
        if (t.source->id == row.trial)
            trial = t.source.get();
    if (!trial) // no longer loaded: what is open stays as it is
        return fhir::date::highest();
    const mappings::participant who = participant_of(as_recorded(row, *trial, data));
    const std::vector<alert_row> known = reading_.alerts_of(row.trial, row.number);
    mappings::followup found;
    if (is_followed(who.state))
        found = options_.after_enrolment.compute(*trial, who, data, today_);
    else if (who.state != mappings::participation_state::screen_failure)
        found = what_remains(*trial, who, data, known);
    const std::string& key = options_.pseudonym_key;
    alert_frame about{row.trial,
                      row.number,
                      row.source,
                      row.patient,
                      pseudonym_of(key, row.source, row.patient),
                      [&](std::string_view what, std::string_view kind) {
                          return to_hex(hmac_sha256(key, "alert|" + row.trial + '|' + row.number + '|' + std::string(what) + '|' +
                                                             std::string(kind)))
                              .substr(0, 32);
                      },
                      [&](std::string_view reference) { return hidden_reference(key, row.source, reference); }};
    subjects_.insert_or_assign(about.subject, person_key{row.source, row.patient});
    for (alert_change& change : followup_diff(about, known, found.findings, now_))
        alert(std::move(change));
    return found.changes_on.value_or(fhir::date::highest());
}

void work_batch::alert(alert_change change) {
    for (outbox_row& o : alert_messages(change.after, change.news, now_, options_.sinks, options_.sources))
        messages_.push_back(std::move(o));
    counted_.told.emplace_back("alert", change.after.trial + ": " + change.after.kind + ' ' + std::string(to_code(change.news)) + " (" +
                                            change.after.public_id.substr(0, 8) + ")");
    alerts_.push_back(std::move(change.after));
}

void work_batch::write_followed(store& to) {
    for (const auto& [name, row] : participants_)
        to.participant_put(row);
    for (const auto& [trial, number, note] : trail_)
        to.participant_note_add(trial, number, note);
    for (const participant_row& row : looked_at_)
        to.participant_looked_at(row.trial, row.number, row.stamp);
    for (const alert_row& row : alerts_)
        to.alert_found(row);
    counted_.alerts = !alerts_.empty();
}

} // namespace trialgate::gateway
