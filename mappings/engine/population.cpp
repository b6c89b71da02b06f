#include "mappings/engine/population.hpp"

#include "mappings/engine/byte_string.hpp"
#include "mappings/engine/coded.hpp"
#include "mappings/engine/deduplicate.hpp"
#include "mappings/engine/record_codec.hpp"

#include <algorithm>
#include <set>
#include <tuple>

namespace trialgate::mappings {

namespace {

/// Records wait here as they are until so many can be encoded by patient: the more at once, the more they share.
constexpr std::size_t pending_limit = 8192;

std::uint64_t hash(std::string_view type, std::string_view id) noexcept {
    std::uint64_t h = 14695981039346656037u; // FNV-1a, then mixed: ids are compared by this alone
    const auto mix = [&h](std::string_view text) {
        for (const char c : text)
            h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
    };
    mix(type);
    mix("/");
    mix(id);
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
    return h ^ (h >> 31);
}

// A stamp in 64 bits: 22 for the number (0 = none), 42 for the time in milliseconds (0 = none) which reach to the year 2109; or, when there
// is neither, the order of reading after `reading_order`.
constexpr int time_bits = 42;
constexpr std::uint64_t reading_order = (std::uint64_t{1} << 22) - 1;

std::optional<std::uint64_t> pack(const version_stamp& s) noexcept {
    constexpr std::int64_t time_limit = std::int64_t{1} << time_bits;
    if (s.number < 0 && s.updated < 0)
        return s.read < static_cast<std::uint64_t>(time_limit) ? std::optional(reading_order << time_bits | s.read) : std::nullopt;
    if (s.number + 1 >= static_cast<std::int64_t>(reading_order) || s.updated + 1 >= time_limit)
        return std::nullopt;
    return static_cast<std::uint64_t>(s.number + 1) << time_bits | static_cast<std::uint64_t>(s.updated + 1);
}

version_stamp unpack(std::uint64_t packed) {
    const std::uint64_t high = packed >> time_bits, low = packed & ((std::uint64_t{1} << time_bits) - 1);
    version_stamp out;
    if (high == reading_order) {
        out.read = low;
    } else {
        out.number = static_cast<std::int64_t>(high) - 1;
        out.updated = static_cast<std::int64_t>(low) - 1;
    }
    return out;
}

bool same_version(const version_stamp& a, const version_stamp& b) noexcept {
    if (a.number >= 0 && b.number >= 0 && a.number != b.number)
        return false;
    if (a.updated >= 0 && b.updated >= 0 && a.updated != b.updated)
        return false;
    if ((a.number >= 0 && b.number >= 0) || (a.updated >= 0 && b.updated >= 0))
        return true;
    return a.read == b.read && a.text == b.text;
}

std::string type_of(std::string_view key) {
    return std::string(key.substr(0, key.find('/')));
}

/// A name that is given twice names nothing.
void add_name(std::unordered_map<std::string, std::string>& names, std::string from, const std::string& to) {
    const auto [at, fresh] = names.try_emplace(std::move(from), to);
    if (!fresh && at->second != to)
        at->second.clear();
}

bool is_definition(const record& r) noexcept {
    return r.definition.has_value();
}

} // namespace

const version_stamp& latest(const std::vector<version_stamp>& stamps) noexcept {
    const bool numbered = std::all_of(stamps.begin(), stamps.end(), [](const version_stamp& s) { return s.number >= 0; });
    const bool timed = std::all_of(stamps.begin(), stamps.end(), [](const version_stamp& s) { return s.updated >= 0; });
    return *std::max_element(stamps.begin(), stamps.end(), [&](const version_stamp& a, const version_stamp& b) {
        const auto rank = [&](const version_stamp& s) {
            return std::tuple(numbered ? s.number : 0, timed ? s.updated : 0, numbered || timed ? 0 : s.read);
        };
        return rank(a) < rank(b);
    });
}

void population::add(record r) {
    if (r.withdrawn)
        return superseded(r.type, r.id, r.version);
    if (r.empty())
        return;
    ++counts_.records;
    if (is_definition(r)) {
        definitions_[r.type + '/' + r.id].push_back({std::move(r.version), std::move(*r.definition), false});
        return;
    }
    if (r.person && !r.id.empty())
        r.subject = "Patient/" + r.id;
    else
        r.subject = normal_key(r.subject);
    if (r.subject.empty()) {
        ++counts_.without_patient;
        // It names nobody, yet it may be the newer version of one that did.
        return superseded(r.type, r.id, r.version);
    }
    pending_.push_back(std::move(r));
    if (pending_.size() >= pending_limit)
        flush();
}

void population::superseded(std::string_view type, std::string_view id, const version_stamp& stamp) {
    if (id.empty() || stamp.number == 0 || stamp.number == 1)
        return;
    if (const auto packed = pack(stamp))
        skipped_.push_back({hash(type, id), *packed});
    else
        skipped_in_full_.emplace_back(hash(type, id), stamp);
}

void population::alias(std::string_view from, std::string_view to) {
    const std::string name = normal_key(from);
    if (!name.empty() && !to.empty() && name != to)
        add_name(aliases_, name, std::string(to));
}

void population::flush() {
    std::stable_sort(pending_.begin(), pending_.end(), [](const record& a, const record& b) { return a.subject < b.subject; });
    for (auto first = pending_.begin(); first != pending_.end();) {
        const std::string key = first->subject;
        record_writer writer;
        for (; first != pending_.end() && first->subject == key; ++first) {
            first->subject.clear(); // the key tells it
            writer.append(*first);
        }
        std::string& to = stored_[key];
        byte_sink(to).text(writer.take());
    }
    pending_.clear();
}

void population::each_stored(const std::function<void(const std::string&, record&)>& visit) const {
    for (const auto& [key, bytes] : stored_) {
        std::string_view rest = bytes;
        byte_source chunks(rest);
        while (chunks.left() > 0) {
            record_reader reader(chunks.text());
            while (auto r = reader.next()) {
                r->subject = key;
                visit(key, *r);
            }
        }
    }
}

/// Finds the resources that came in several versions, and which of them holds.
void population::contest() {
    std::vector<std::uint64_t> kept;
    kept.reserve(counts_.records);
    each_stored([&](const std::string&, record& r) {
        if (!r.id.empty())
            kept.push_back(hash(r.type, r.id));
    });
    std::sort(kept.begin(), kept.end());
    std::unordered_map<std::uint64_t, std::vector<version_stamp>> contested;
    for (std::size_t i = 1; i < kept.size(); ++i)
        if (kept[i] == kept[i - 1])
            contested[kept[i]];
    for (const skipped& s : skipped_)
        if (std::binary_search(kept.begin(), kept.end(), s.resource))
            contested[s.resource].push_back(unpack(s.stamp));
    for (const auto& [resource, stamp] : skipped_in_full_)
        if (std::binary_search(kept.begin(), kept.end(), resource))
            contested[resource].push_back(stamp);
    if (contested.empty())
        return;
    each_stored([&](const std::string&, record& r) {
        if (const auto found = contested.find(hash(r.type, r.id)); found != contested.end())
            found->second.push_back(r.version);
    });
    for (const auto& [resource, stamps] : contested)
        winners_[resource] = latest(stamps);
}

bool population::holds(const record& r) const {
    const auto found = winners_.find(hash(r.type, r.id));
    return found == winners_.end() || same_version(found->second, r.version);
}

void population::settle_definitions() {
    std::unordered_map<std::uint64_t, std::vector<version_stamp>> gone;
    std::vector<skipped>& all = skipped_;
    std::sort(all.begin(), all.end(), [](const skipped& a, const skipped& b) { return a.resource < b.resource; });
    for (auto& [key, versions] : definitions_) {
        const std::uint64_t resource = hash(type_of(key), key.substr(key.find('/') + 1));
        std::vector<version_stamp> stamps;
        for (const definition& d : versions)
            stamps.push_back(d.version);
        auto s = std::lower_bound(all.begin(), all.end(), resource, [](const skipped& a, std::uint64_t h) { return a.resource < h; });
        for (; s != all.end() && s->resource == resource; ++s)
            stamps.push_back(unpack(s->stamp));
        for (const auto& [other, stamp] : skipped_in_full_)
            if (other == resource)
                stamps.push_back(stamp);
        const version_stamp winner = latest(stamps);
        std::erase_if(versions, [&](const definition& d) { return !same_version(d.version, winner); });
        // Copies of one version: any will do, but the same whatever the order.
        std::sort(versions.begin(), versions.end(), [](const definition& a, const definition& b) {
            return std::tie(a.data.drugs, a.data.identifiers, a.data.specimen_kind, a.data.when.first) >
                   std::tie(b.data.drugs, b.data.identifiers, b.data.specimen_kind, b.data.when.first);
        });
        if (versions.size() > 1)
            versions.resize(1);
    }
    std::erase_if(definitions_, [](const auto& each) { return each.second.empty(); });
    for (const auto& [key, versions] : definitions_)
        for (const std::string& identifier : versions.front().data.identifiers)
            add_name(definition_names_, type_of(key) + " identifier:" + identifier, key);
}

std::string population::named(std::string_view key) const {
    std::string out = normal_key(key);
    // Names of names are not followed far: a circle of them names nothing.
    for (int i = 0; i < 4; ++i) {
        const auto found = aliases_.find(out);
        if (found == aliases_.end() || found->second.empty())
            break;
        out = found->second;
    }
    return out;
}

const population::definition* population::defined(std::string_view key) const {
    const std::string name = named(key);
    auto found = definitions_.find(name);
    if (found == definitions_.end())
        for (const std::string_view type : {"Medication", "Specimen", "ResearchStudy"})
            if (const auto other = definition_names_.find(std::string(type) + ' ' + name);
                found == definitions_.end() && other != definition_names_.end() && !other->second.empty())
                found = definitions_.find(other->second);
    return found == definitions_.end() ? nullptr : &found->second.front();
}

void population::settle_patients() {
    std::unordered_map<std::string, std::vector<std::string>> copies;
    each_stored([&](const std::string& key, record& r) {
        if (!r.person || !holds(r))
            return;
        record_writer w;
        r.version = {};
        w.append(r);
        copies[key].push_back(w.take());
    });
    for (auto& [key, versions] : copies) {
        // Copies of one version: see settle_definitions.
        const std::string& chosen = *std::max_element(versions.begin(), versions.end());
        record_reader reader(chosen);
        if (auto r = reader.next(); r && r->person)
            persons_[key] = std::move(*r->person);
    }
    std::map<std::string, std::set<std::string>> bearers;
    for (const auto& [key, person] : persons_)
        for (const std::string& identifier : person.identifiers)
            bearers["identifier:" + identifier].insert(key);
    for (const auto& [identifier, keys] : bearers)
        if (keys.size() == 1)
            add_name(aliases_, identifier, *keys.begin());

    std::map<std::string, std::set<std::string>> into;
    for (const auto& [key, person] : persons_) {
        for (const std::string& other : person.replaced_by)
            into[key].insert(named(other));
        for (const std::string& other : person.replaces)
            into[named(other)].insert(key);
    }
    const auto survivor = [&](const std::string& from) {
        std::vector<std::string> way{from};
        for (;;) {
            auto next = into.find(way.back());
            if (next == into.end())
                return way.back();
            const auto target = std::find_if(next->second.begin(), next->second.end(), [&](const std::string& t) {
                return t != way.back();
            });
            if (target == next->second.end())
                return way.back();
            // A circle has no survivor; its first key is as good as any and the same from wherever one starts.
            if (const auto back = std::find(way.begin(), way.end(), *target); back != way.end())
                return *std::min_element(back, way.end());
            way.push_back(*target);
        }
    };
    // One identifier on several records names somebody when they were merged into one.
    for (const auto& [identifier, keys] : bearers)
        if (keys.size() > 1)
            for (const std::string& key : keys)
                add_name(aliases_, identifier, survivor(key));

    const auto join = [&](const std::string& key) -> group& {
        const std::string to = survivor(key);
        if (to != key)
            groups_[key].survivor = to;
        return groups_[to];
    };
    for (const auto& [key, person] : persons_)
        join(key).persons.push_back(key);
    for (const auto& [key, bytes] : stored_)
        join(named(key)).stored.push_back(key);
    for (auto& [key, g] : groups_) {
        std::sort(g.stored.begin(), g.stored.end());
        counts_.patients += g.survivor.empty();
        counts_.unresolved_subjects += !key.starts_with("Patient/");
    }
}

void population::finish() {
    flush();
    settle_definitions();
    contest();
    settle_patients();
}

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

void population::for_each_patient(const std::function<void(const patient_data&)>& visit) const {
    for (const auto& [key, g] : groups_)
        visit(gather(key, g));
}

std::size_t population::stored_bytes() const noexcept {
    std::size_t out = 0;
    for (const auto& [key, bytes] : stored_)
        out += bytes.size();
    return out;
}

} // namespace trialgate::mappings
