#include "gateway/demo/story.hpp"

#include "fhir/bundle.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/input/source.hpp"
#include "gateway/synth/cohort.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace trialgate::gateway {

namespace {

std::string text_of(fhir::json::value v) {
    json_text out;
    return std::string(out.copy(v).text());
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

void read_document(std::string_view text, std::vector<story_step>& into) {
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(text);
    if (!tree)
        return;
    if ((*tree)["resourceType"].text() != "Bundle") {
        into.push_back({std::string((*tree)["resourceType"].text()), std::string((*tree)["id"].text()), text_of(*tree)});
        return;
    }
    fhir::issue_list issues;
    const fhir::bundle all = fhir::read_bundle(*tree, issues);
    std::vector<story_step> steps;
    std::map<std::string, std::string> names;
    for (const fhir::bundle_entry& e : all.entries) {
        if (e.deleted) {
            steps.push_back({std::string(e.target.type), std::string(e.target.id), {}});
            continue;
        }
        const std::string type(e.resource["resourceType"].text());
        std::string id(e.resource["id"].text());
        if (type.empty() || type == "OperationOutcome" || type == "Bundle")
            continue;
        if (e.full_url.starts_with("urn:uuid:")) {
            if (id.empty())
                id = std::string(e.full_url.substr(9));
            names[std::string(e.full_url)] = type + '/' + id;
        }
        steps.push_back({type, id, text_of(e.resource)});
    }
    if (all.type == "history")
        std::reverse(steps.begin(), steps.end());
    for (story_step& s : steps)
        for (const auto& [from, to] : names)
            replace_all(s.text, from, to);
    into.insert(into.end(), std::make_move_iterator(steps.begin()), std::make_move_iterator(steps.end()));
}

} // namespace

story read_story(const std::filesystem::path& cohort) {
    std::vector<input_problem> problems;
    std::vector<story_step> all;
    for (const input_file& f : list_inputs({cohort.string()}, problems))
        if (const auto failed = read_pieces(f.name, [&](const piece& p) { read_document(p.text, all); }, [](std::uint64_t) {}))
            throw std::runtime_error(to_string(*failed));
    if (!problems.empty() || all.empty())
        throw std::runtime_error("the demo's cohort cannot be read: " + cohort.string());
    story out;
    // A resource of several versions stays in order: it is told from the start.
    std::map<std::string, int> versions;
    for (const story_step& s : all)
        ++versions[s.type + '/' + s.id];
    int result = 0;
    for (story_step& s : all) {
        const bool live = s.type == "Observation" && versions[s.type + '/' + s.id] == 1 && ++result % 3 == 0;
        (live ? out.live : out.before).push_back(std::move(s));
    }
    return out;
}

void add_people(story& to, std::uint64_t people, fhir::date as_of) {
    synth::cohort_options options;
    options.patients = people;
    options.in = &synth::dialects().front();
    options.as_of = as_of;
    synth::make_cohort(options, [&](const synth::member& m) {
        for (const synth::resource_text& r : m.chart)
            to.before.push_back({std::string(r.type), r.id, r.json});
        return true;
    });
}

} // namespace trialgate::gateway
