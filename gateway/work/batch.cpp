#include "gateway/work/batch.hpp"

#include "gateway/core/event_numbers.hpp"
#include "mappings/engine/coded.hpp"
#include "mappings/engine/record_codec.hpp"

#include <algorithm>

namespace trialgate::gateway {

using mappings::record;

namespace {

std::string reference_of(const record& r) { return r.type + '/' + r.id; }

/// "Observation/o1 v2"
std::string event_of(const record& r) { return reference_of(r) + (r.version.text.empty() ? "" : " v" + r.version.text); }

std::string encoded(const record& r) {
    mappings::record_writer w;
    w.append(r);
    return w.take();
}

/// "Observation/o1" of a kind that is kept apart from people.
bool is_definition_type(std::string_view type) { return type == "Medication" || type == "Specimen" || type == "ResearchStudy"; }

} // namespace

known_people::known_people(store& all) {
    std::string source, key;
    for (auto some = all.patients_after(source, key, 1000); !some.empty(); some = all.patients_after(source, key, 1000)) {
        for (const auto& [s, k] : some)
            add(s, k);
        std::tie(source, key) = some.back();
    }
}

work_batch::work_batch(const worker_options& options, store& reading, known_people& known, instant now, fhir::date today)
    : options_(options), reading_(reading), known_(known), now_(now), today_(today) {}

bool work_batch::known(const std::string& source, const std::string& key) const {
    return people_.contains({source, key}) || known_.has(source, key);
}

work_batch::person& work_batch::load(const std::string& source, const std::string& key) {
    const auto [at, fresh] = people_.try_emplace({source, key});
    person& p = at->second;
    if (!fresh)
        return p;
    if (auto row = reading_.patient(source, key)) {
        p.records = person_records(row->records);
        p.row = std::move(*row);
        p.stored = true;
        if (p.records.broken()) // of another program version, or damaged: fetched again
            add_job(source, job_kind::hydrate, key, now_);
    } else {
        p.row.source = source;
        p.row.key = key;
    }
    return p;
}

work_batch::person& work_batch::create(const std::string& source, const std::string& key) {
    const bool fresh = !known(source, key);
    person& p = load(source, key);
    if (fresh) {
        p.touched = true;
        add_job(source, job_kind::hydrate, key, now_);
        counted_.told.emplace_back("considered", "a person is considered: fetching the history");
    }
    return p;
}

std::vector<std::string> work_batch::owners(const std::string& source, const std::string& reference) {
    std::vector<std::string> out = reading_.referring(source, reference);
    // What this batch learned is not in the store yet.
    for (const auto& [key, p] : people_)
        if (key.first == source && p.references.contains(reference) && std::find(out.begin(), out.end(), key.second) == out.end())
            out.push_back(key.second);
    return out;
}

void work_batch::add_job(const std::string& source, job_kind kind, std::string target, instant not_before) {
    const auto [at, fresh] = jobs_.try_emplace({source, kind, std::move(target)}, not_before);
    if (!fresh)
        at->second = std::min(at->second, not_before);
}

void work_batch::count(const std::string& source, std::string_view outcome, std::uint64_t by) { counted_.events[source][std::string(outcome)] += by; }

void work_batch::take(const journal_row& row, arrived what) {
    done_.push_back(row.seq);
    if (row.kind == arrival::hydrated) {
        person& p = load(row.source, row.body);
        p.row.hydrated = true;
        p.touched = p.evaluate = p.loaded = true;
        codes_.push_back({{row.source, row.body}, std::nullopt});
        return;
    }
    if (what.irrelevant)
        count(row.source, "irrelevant", what.irrelevant);
    for (auto& [who, code] : what.codes)
        codes_.push_back({{row.source, std::move(who)}, std::move(code)});
    std::vector<record> definitions;
    for (record& r : what.records) {
        if (is_definition_type(r.type))
            definitions.push_back(std::move(r)); // after those who refer to them
        else
            record_arrived(row.source, std::move(r));
    }
    for (const passed_over& p : what.passed)
        passed(row.source, p);
    for (record& r : definitions)
        define(row.source, std::move(r));
    for (std::string& reference : what.to_fetch)
        add_job(row.source, job_kind::fetch, std::move(reference), now_);
    if (what.nudge)
        add_job(row.source, job_kind::reconcile, "", now_);
    for (quarantine_item& item : what.unreadable) {
        count(row.source, "quarantined");
        item.at = now_;
        unreadable_.push_back(std::move(item));
    }
    if (what.numbers) {
        duration_ms patience = 30 * second_ms;
        for (const source_config& s : options_.sources)
            if (s.name == row.source)
                patience = s.gap_patience;
        numbers_.emplace_back(row.source, row.channel, std::move(*what.numbers), patience);
    }
}

void work_batch::refuse(const journal_row& row, const std::string& reason) {
    done_.push_back(row.seq);
    quarantine_item item;
    static_cast<journal_item&>(item.original) = row;
    item.reason = reason;
    item.at = now_;
    count(row.source, "quarantined");
    unreadable_.push_back(std::move(item));
}

void work_batch::due(const std::string& source, const std::string& key) { load(source, key).evaluate = true; }

void work_batch::take(const human_decision& d) { humans_.push_back(d); }

std::string work_batch::key_of(const std::string& source, const record& r) {
    std::string key = mappings::normal_key(r.subject);
    // Named by an identifier that one of our people bears.
    if (key.starts_with("identifier:"))
        if (const auto bearers = owners(source, key); bearers.size() == 1)
            return bearers.front();
    return key;
}

void work_batch::record_arrived(const std::string& source, record r) {
    const std::string reference = reference_of(r);
    const std::string key = r.type == "Patient" ? reference : key_of(source, r);
    // A resource that was another person's before, was deleted, or no longer names anybody.
    bool elsewhere = false;
    if (r.type != "Patient")
        for (const std::string& owner : owners(source, reference))
            if (owner != key && known(source, owner)) {
                record gone;
                gone.type = r.type;
                gone.id = r.id;
                gone.version = r.version;
                gone.withdrawn = true;
                apply(source, owner, std::move(gone));
                elsewhere = true;
            }
    if (key.empty()) {
        if (!elsewhere)
            count(source, "irrelevant");
        return;
    }
    if (!known(source, key)) {
        bool considered = std::any_of(r.facts.begin(), r.facts.end(), [&](const mappings::fact& f) {
            return !options_.net->considering(f.what).empty();
        });
        if (r.person && !r.withdrawn)
            for (const std::string& identifier : r.person->identifiers)
                considered |= known(source, "identifier:" + identifier);
        if (!considered || r.withdrawn)
            return count(source, "irrelevant");
        create(source, key);
    }
    apply(source, key, std::move(r));
}

void work_batch::apply(const std::string& source, const std::string& key, record r) {
    person& p = load(source, key);
    const std::string reference = reference_of(r);
    const bool withdrawn = r.withdrawn;
    std::string event = event_of(r);
    std::set<std::string> refers{reference};
    for (const std::string& to : {r.medication, r.specimen, r.participation ? r.participation->study : std::string()})
        if (is_definition_type(std::string_view(to).substr(0, to.find('/')))) {
            refers.insert(to);
            if (p.row.hydrated && !definitions_.contains({source, to}) && !reading_.definition(source, to))
                add_job(source, job_kind::fetch, to, now_);
        }
    const std::optional<mappings::person_data> about = r.person;
    switch (p.records.put(std::move(r))) {
    case person_records::effect::changed: break;
    case person_records::effect::older: return count(source, "older");
    case person_records::effect::duplicate: return count(source, "duplicate");
    case person_records::effect::nothing: return count(source, "irrelevant");
    }
    count(source, "applied");
    p.events.push_back(std::move(event));
    p.touched = p.evaluate = true;
    if (about && !withdrawn) {
        for (const std::string& identifier : about->identifiers)
            refers.insert("identifier:" + identifier);
        p.references.merge(refers);
        note_links(source, key, *about);
    } else {
        p.references.merge(refers);
    }
}

void work_batch::note_links(const std::string& source, const std::string& key, const mappings::person_data& about) {
    for (const auto* names : {&about.replaced_by, &about.replaces})
        for (const std::string& other : *names) {
            if (other == key)
                continue;
            links_.insert({source, key, other});
            create(source, other);
        }
    for (const std::string& identifier : about.identifiers)
        if (known(source, "identifier:" + identifier)) {
            links_.insert({source, key, "identifier:" + identifier});
            load(source, key).evaluate = true;
        }
}

void work_batch::passed(const std::string& source, const passed_over& p) {
    record gone;
    gone.type = p.type;
    gone.id = p.id;
    gone.version = p.version;
    gone.withdrawn = true;
    std::vector<std::string> concerned = owners(source, p.type + '/' + p.id);
    if (!p.subject.empty() && known(source, p.subject) && std::find(concerned.begin(), concerned.end(), p.subject) == concerned.end())
        concerned.push_back(p.subject);
    for (const std::string& key : concerned)
        apply(source, key, gone);
}

void work_batch::define(const std::string& source, record r) {
    const std::string reference = reference_of(r);
    std::vector<std::string> concerned = owners(source, reference);
    if (concerned.empty())
        return count(source, "irrelevant");
    const person_key at{source, reference};
    std::optional<record> known_version;
    if (const auto here = definitions_.find(at); here != definitions_.end()) {
        known_version = here->second;
    } else if (const auto bytes = reading_.definition(source, reference)) {
        mappings::record_reader from(*bytes);
        known_version = from.next();
    }
    if (known_version && !supersedes(r.version, known_version->version))
        return count(source, "duplicate");
    count(source, "applied");
    for (const std::string& key : concerned)
        if (known(source, key)) {
            person& p = load(source, key);
            p.evaluate = true;
            p.events.push_back(event_of(r));
        }
    definitions_.insert_or_assign(at, std::move(r));
}

void work_batch::each_person(const std::function<void(const std::string&, const std::string&)>& visit) const {
    for (const auto& [key, p] : people_)
        if (p.stored || p.touched)
            visit(key.first, key.second);
}

void work_batch::write_numbers(store& to) {
    for (const auto& [source, channel, told, patience] : numbers_) {
        auto row = to.subscription(source, channel);
        if (!row)
            continue;
        event_numbers seen(row->numbers);
        bool restarted = false;
        for (const std::int64_t n : told.events)
            restarted |= seen.event(n, now_) == event_numbers::finding::restarted;
        if (told.total)
            restarted |= seen.total(*told.total, now_);
        job again{0, source, job_kind::reconcile, "", now_, 0, 0};
        if (const auto hole = seen.overdue(now_, patience)) {
            seen.closed_through(hole->last);
            restarted = true;
        } else if (const auto due = seen.due(patience); due && !restarted) {
            again.not_before = *due;
            to.job_add(again);
        }
        if (restarted) {
            ++counted_.gaps;
            to.job_add(again);
        }
        if (restarted || seen.due(patience))
            counted_.jobs.emplace(source, job_kind::reconcile);
        row->numbers = seen.text();
        to.subscription_put(*row);
    }
}

void work_batch::write(store& to) {
    counted_.jobs.clear();
    counted_.gaps = 0;
    for (const auto& [key, p] : people_) {
        if (p.touched)
            to.patient_put(p.row);
        for (const std::string& reference : p.references)
            to.refers(key.first, reference, key.second);
    }
    for (const auto& [key, r] : definitions_)
        to.definition_put(key.first, key.second, encoded(r));
    for (const auto& link : links_)
        to.link(link[0], link[1], link[2]);
    for (const auto& [who, code] : codes_)
        code ? to.local_code_put(who.first, who.second, *code) : to.local_codes_settle(who.first, who.second);
    write_people(to);
    for (const auto& [subject, who] : subjects_)
        to.subject_put(subject, who.first, who.second);
    for (const outbox_row& row : messages_)
        to.outbox_add(row);
    for (const auto& [what, not_before] : jobs_) {
        const auto& [source, kind, target] = what;
        to.job_add({0, source, kind, target, not_before, 0, 0});
        counted_.jobs.emplace(source, kind);
    }
    write_numbers(to);
    for (const quarantine_item& item : unreadable_)
        to.quarantine_add(item);
    for (auto first = done_.begin(); first != done_.end();) { // in order of arrival, so mostly one run
        auto after = first + 1;
        while (after != done_.end() && *after == *(after - 1) + 1)
            ++after;
        to.journal_done(*first, *(after - 1));
        first = after;
    }
    write_followed(to);
    counted_.outbox = !messages_.empty();
}

} // namespace trialgate::gateway
