#include "mappings/engine/population.hpp"

#include "mappings/engine/coded.hpp"
#include "mappings/engine/record_codec.hpp"

#include <algorithm>
#include <set>

namespace trialgate::mappings {

namespace {

std::string type_of(std::string_view key) {
    return std::string(key.substr(0, key.find('/')));
}

/// A name that is given twice names nothing.
void add_name(std::unordered_map<std::string, std::string>& names, std::string from, const std::string& to) {
    const auto [at, fresh] = names.try_emplace(std::move(from), to);
    if (!fresh && at->second != to)
        at->second.clear();
}

using merges =
    std::map<std::string, std::set<std::string>>; ///< key -> keys of the records it was merged into

std::string survivor_of(const std::string& from, const merges& into) {
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
}

} // namespace

void population::alias(std::string_view from, std::string_view to) {
    const std::string name = normal_key(from);
    if (!name.empty() && !to.empty() && name != to)
        add_name(aliases_, name, std::string(to));
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

void population::name_definitions() {
    for (const auto& [key, versions] : definitions_)
        for (const std::string& identifier : versions.front().data.identifiers)
            add_name(definition_names_, type_of(key) + " identifier:" + identifier, key);
}

void population::settle_persons() {
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
}

void population::settle_patients() {
    std::map<std::string, std::set<std::string>> bearers;
    for (const auto& [key, person] : persons_)
        for (const std::string& identifier : person.identifiers)
            bearers["identifier:" + identifier].insert(key);
    for (const auto& [identifier, keys] : bearers)
        if (keys.size() == 1)
            add_name(aliases_, identifier, *keys.begin());

    merges into;
    for (const auto& [key, person] : persons_) {
        for (const std::string& other : person.replaced_by)
            into[key].insert(named(other));
        for (const std::string& other : person.replaces)
            into[named(other)].insert(key);
    }
    // One identifier on several records names somebody when they were merged into one.
    for (const auto& [identifier, keys] : bearers)
        if (keys.size() > 1)
            for (const std::string& key : keys)
                add_name(aliases_, identifier, survivor_of(key, into));

    const auto join = [&](const std::string& key) -> group& {
        const std::string to = survivor_of(key, into);
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

} // namespace trialgate::mappings
