#include "mappings/engine/catalog_builder.hpp"

#include "mappings/engine/code_check.hpp"
#include "mappings/engine/phrases.hpp"
#include "mappings/engine/safety_reader.hpp"
#include "mappings/engine/spelling.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

constexpr std::string_view own_system = "urn:trialgate:concept";

bool tagged_unverified(fhir::json::value resource) {
    for (const fhir::json::value& tag : resource["meta"]["tag"].elements())
        if (tag["system"].text() == "urn:trialgate:status" && tag["code"].text() == "unverified")
            return true;
    return false;
}

} // namespace

std::shared_ptr<const catalog> catalog_builder::build(std::span<const source_file> files) {
    const std::size_t first_problem = problems_.size();
    out_ = std::make_shared<catalog>();
    drugs_ = std::make_shared<catalog::names>();
    words_ = std::make_shared<catalog::names>();
    for (const source_file& f : files) {
        files_.push_back(std::make_unique<json_file>(f, problems_));
        if (files_.back()->root())
            sort_out(*files_.back());
    }
    // What is named comes before what names it, whatever the order of the files.
    out_->systems_.emplace(own_system, own_system);
    for (const item& i : naming_systems_)
        read_naming_system(i);
    for (const item& i : value_sets_)
        declare_concept(i);
    for (const item& i : value_sets_)
        read_value_set(i);
    close_groups();
    merge_prefixes();
    for (const item& i : maps_)
        read_concept_map(i);
    for (auto& [key, meanings] : codes_) {
        auto& listed = out_->codes_[key];
        for (const auto& [what, until] : meanings)
            listed.push_back({what, until});
    }
    for (const std::string& key : meaningless_)
        out_->codes_.try_emplace(key);
    out_->analyte_index_.assign(out_->names_.size(), 0xffff);
    for (const item& i : analyte_files_)
        read_analytes(i);
    for (const item& i : name_files_)
        read_medication_names(i);
    for (const item& i : word_files_)
        read_words(i);
    finish_words();
    read_safety();
    sort_problems(problems_, first_problem);
    return out_;
}

void catalog_builder::sort_out(const json_file& file) {
    const value root = file.root();
    const item whole{&file, root};
    if (root["resourceType"])
        sort_out_resource(file, root, false);
    else if (root["analytes"])
        analyte_files_.push_back(whole);
    else if (root["medications"])
        name_files_.push_back(whole);
    else if (root["words"])
        word_files_.push_back(whole);
    else if (root["terms"])
        grading_files_.push_back(whole);
    else if (root["watch"])
        watch_files_.push_back(whole);
    else
        error(
            whole, "unknown-file", root,
            "neither a FHIR resource (ValueSet, ConceptMap, NamingSystem or a Bundle of them) nor an object "
            "with "
            "'analytes', 'medications', 'words', 'terms' or 'watch'"
        );
}

void catalog_builder::sort_out_resource(const json_file& file, value resource, bool unverified) {
    const std::string_view type = resource["resourceType"].text();
    unverified = unverified || tagged_unverified(resource);
    const item one{&file, resource, unverified};
    if (unverified && !chosen_.unverified_codes)
        return;
    if (type == "Bundle") {
        for (const value& entry : resource["entry"].elements())
            if (const value inner = entry["resource"]; inner["resourceType"].text() == "Bundle")
                error(one, "unknown-file", inner, "a Bundle in a Bundle");
            else
                sort_out_resource(file, inner, unverified);
    } else if (type == "ValueSet") {
        value_sets_.push_back(one);
    } else if (type == "ConceptMap") {
        maps_.push_back(one);
    } else if (type == "NamingSystem") {
        naming_systems_.push_back(one);
    } else {
        static constexpr std::string_view known[] = {"Bundle", "ValueSet", "ConceptMap", "NamingSystem"};
        error(
            one, "unknown-file", resource["resourceType"] ? resource["resourceType"] : resource,
            type.empty() ? "a resource without resourceType"
                         : "a resource of type '" + std::string(type) + "' has no meaning here",
            nearest_hint(type, known)
        );
    }
}

concept_id catalog_builder::add_concept(std::string_view id) {
    const auto c = static_cast<concept_id>(out_->names_.size());
    out_->names_.emplace_back(id);
    out_->titles_.emplace_back();
    out_->members_.push_back({c});
    out_->by_name_.emplace(id, c);
    add_meaning(own_system, id, {c});
    return c;
}

concept_id catalog_builder::concept_named(const item& from, value name, std::string_view where) {
    if (!name.is_string()) {
        error(
            from, name ? "wrong-type" : "missing-member", name ? name : from.content,
            std::string(where) + " needs the id of a concept"
        );
        return concept_id::none;
    }
    const concept_id found = out_->find(name.text());
    if (found == concept_id::none)
        error(
            from, "unknown-concept", name, "there is no concept '" + std::string(name.text()) + "'",
            near_concept(name.text())
        );
    return found;
}

std::string catalog_builder::near_concept(std::string_view id) const {
    const std::string near = out_->nearest(id);
    return near.empty() ? near : "did you mean '" + near + "'?";
}

// A group holds what its members hold. A chain of inclusions that comes back to its start is reported at the
// inclusion that closes it.
void catalog_builder::close_groups() {
    const std::size_t count = out_->names_.size();
    std::vector<std::vector<const include_of_group*>> direct(count);
    for (const include_of_group& i : includes_)
        direct[static_cast<std::size_t>(i.group)].push_back(&i);

    enum class state : std::uint8_t { unseen, open, done };
    std::vector<state> states(count, state::unseen);
    struct frame {
        std::size_t group, next = 0;
    };
    for (std::size_t start = 1; start < count; ++start) {
        if (states[start] != state::unseen)
            continue;
        std::vector<frame> path{{start}};
        states[start] = state::open;
        while (!path.empty()) {
            frame& top = path.back();
            if (top.next == direct[top.group].size()) {
                auto& members = out_->members_[top.group];
                for (const include_of_group* i : direct[top.group])
                    for (const concept_id m : out_->members_[static_cast<std::size_t>(i->included)])
                        if (std::find(members.begin(), members.end(), m) == members.end())
                            members.push_back(m);
                states[top.group] = state::done;
                path.pop_back();
                continue;
            }
            const include_of_group& next = *direct[top.group][top.next++];
            const auto included = static_cast<std::size_t>(next.included);
            if (states[included] == state::open) {
                next.file->report(
                    problem::level::error, "group-cycle", next.at,
                    "'" + out_->names_[top.group] + "' includes '" + out_->names_[included] +
                        "', which includes it in turn"
                );
            } else if (states[included] == state::unseen) {
                states[included] = state::open;
                path.push_back({included});
            }
        }
    }
}

// Everything that covers a code is written beside it, so that the lookup of a patient's code is one search.
void catalog_builder::merge_prefixes() {
    const auto covered = [this](const std::string& key, std::map<concept_id, fhir::date>& meanings) {
        const std::size_t shortest = key.find('\0') + 2;
        for (std::size_t size = shortest; size < key.size(); ++size) {
            const auto above = prefixes_.find(std::string_view(key).substr(0, size));
            if (above == prefixes_.end())
                continue;
            for (const auto& [what, until] : above->second) {
                const auto [at, fresh] = meanings.try_emplace(what, until);
                if (!fresh)
                    at->second = std::max(at->second, until);
            }
        }
    };
    for (auto& [key, meanings] : prefixes_)
        covered(key, meanings);
    for (auto& [key, meanings] : codes_) {
        covered(key, meanings);
        if (const auto same = prefixes_.find(key); same != prefixes_.end())
            for (const auto& [what, until] : same->second)
                meanings.try_emplace(what, until).first->second = std::max(meanings[what], until);
    }
    for (const auto& [key, meanings] : prefixes_) {
        auto& listed = out_->prefixes_[key];
        for (const auto& [what, until] : meanings)
            listed.push_back({what, until});
    }
}

void catalog_builder::read_safety() {
    auto safety = std::make_shared<safety_library>();
    for (const item& i : grading_files_)
        safety_reader(*i.file, *out_, chosen_.unverified_codes, *safety).read_table();
    for (const item& i : watch_files_)
        safety_reader(*i.file, *out_, chosen_.unverified_codes, *safety).read_watch();
    out_->safety_ = std::move(safety);
}

void catalog_builder::finish_words() {
    std::stable_sort(words_->results.begin(), words_->results.end(), [](const auto& a, const auto& b) {
        if (a.said.size() != b.said.size())
            return a.said.size() > b.said.size();
        return (a.means == catalog::word::negative) > (b.means == catalog::word::negative);
    });
    const auto is_positive = [this](const std::vector<std::string>& words) {
        return std::any_of(words_->results.begin(), words_->results.end(), [&words](const auto& r) {
            return r.means == catalog::word::positive && r.said.words() == words;
        });
    };
    for (const auto& r : words_->results)
        if (r.means == catalog::word::negative && r.said.size() > 1 &&
            is_positive({r.said.words().begin() + 1, r.said.words().end()}))
            words_->negations.push_back(r.said.words().front());
    out_->medication_names_ = drugs_;
    out_->result_words_ = words_;
}

void catalog_builder::error(
    const item& from, std::string_view code, value at, std::string text, std::string hint
) const {
    from.file->report(problem::level::error, code, at ? at : from.content, std::move(text), std::move(hint));
}

void catalog_builder::warn(
    const item& from, std::string_view code, value at, std::string text, std::string hint
) const {
    from.file->report(
        problem::level::warning, code, at ? at : from.content, std::move(text), std::move(hint)
    );
}

} // namespace trialgate::mappings
