#include "mappings/engine/population.hpp"

#include "mappings/engine/byte_string.hpp"
#include "mappings/engine/deduplicate.hpp"
#include "mappings/engine/record_codec.hpp"

#include <algorithm>

namespace trialgate::mappings {

void population::resolve(record& r) const {
    if (!r.medication.empty()) {
        if (const definition* d = defined(r.medication); d && !r.facts.empty()) {
            fact pattern = std::move(r.facts.front());
            pattern.notes.remove(note::name_match_only);
            if (d->data.by_name)
                pattern.notes.add(note::name_match_only);
            r.facts.clear();
            for (const concept_id drug : d->data.drugs) {
                r.facts.push_back(pattern);
                r.facts.back().what = drug;
                if (pattern.text.empty() && codes_)
                    r.facts.back().text = codes_->title(drug);
            }
        }
    }
    const definition* d = r.specimen.empty() ? nullptr : defined(r.specimen);
    if (!d)
        return;
    for (fact& f : r.facts) {
        if (d->data.dated && (!f.dated || f.notes.has(note::report_date_used))) {
            f.when = d->data.when;
            f.second = d->data.second;
            f.dated = true;
            f.notes.remove(note::report_date_used);
        }
        const analyte* a = codes_ && !d->data.specimen_kind.empty() ? codes_->analyte_of(f.what) : nullptr;
        if (a && !a->specimens.empty() &&
            std::find(a->specimens.begin(), a->specimens.end(), d->data.specimen_kind) == a->specimens.end())
            f.observation.use = usability::value_unusable;
    }
}

patient_data population::gather(const std::string& key, const group& g) const {
    patient_data out;
    out.key = key;
    if (const auto found = persons_.find(key); found != persons_.end())
        out.person = found->second;
    const auto add_flags = [&](const person_data& p) {
        if (p.deceased)
            out.notes.add(note::deceased);
        if (p.restricted)
            out.notes.add(note::restricted);
    };
    if (out.person && out.person->inactive)
        out.notes.add(note::inactive);
    if (!g.survivor.empty()) {
        if (out.person)
            add_flags(*out.person);
        out.merged_away = true;
        out.survivor = g.survivor;
        out.notes.add(note::merged);
        return out;
    }
    // What was said of a record merged into this one was said of the same person.
    for (const std::string& member : g.persons)
        add_flags(persons_.at(member));
    for (const std::string& stored : g.stored) {
        std::string_view rest = stored_.at(stored);
        byte_source chunks(rest);
        while (chunks.left() > 0) {
            record_reader reader(chunks.text());
            while (auto r = reader.next()) {
                r->subject = key;
                if (!r->person && holds(*r))
                    out.records.push_back(std::move(*r));
            }
        }
    }
    for (record& r : out.records)
        resolve(r);
    remove_copies(out.records);
    remove_resent(out.records);
    for (std::size_t i = 0; i < out.records.size(); ++i) {
        const record& r = out.records[i];
        for (fact& f : out.records[i].facts)
            f.record = static_cast<std::uint32_t>(i);
        out.notes.add(r.notes);
        if (r.consent)
            out.consents.push_back(*r.consent);
        if (!r.participation)
            continue;
        participation p{*r.participation, {}};
        if (const definition* study = defined(p.data.study))
            p.study_identifiers = study->data.identifiers;
        else if (!p.data.study.empty())
            p.study_identifiers.push_back(p.data.study);
        out.participations.push_back(std::move(p));
    }
    return out;
}

} // namespace trialgate::mappings
