#include "gateway/page/proposals.hpp"

#include "fhir/json.hpp"
#include "gateway/core/json_text.hpp"

#include <map>

namespace trialgate::gateway {

namespace {

struct proposed_code {
    std::string display;                           ///< the last one that was given
    std::map<std::string, std::int64_t> meanings;  ///< by concept: how often proposed
};
using by_system = std::map<std::string, std::map<std::string, proposed_code>>;

by_system read(std::span<const judgement_row> standing) {
    by_system out;
    fhir::json::parser parser;
    for (const judgement_row& j : standing) {
        const auto tree = parser.parse_copy(j.value);
        if (!tree || !tree->is_object())
            continue;
        proposed_code& code = out[std::string((*tree)["system"].text())][std::string((*tree)["code"].text())];
        if (!(*tree)["display"].text().empty())
            code.display = (*tree)["display"].text();
        ++code.meanings[std::string((*tree)["concept"].text())];
    }
    return out;
}

void write_disagreement(json_text& out, const std::string& system, const std::string& code, const proposed_code& what) {
    out.begin_object().key("url").string("urn:trialgate:proposals-disagree").key("extension").begin_array();
    out.begin_object().key("url").string("source").key("valueUri").string(system).end_object();
    out.begin_object().key("url").string("code").key("valueCode").string(code).end_object();
    if (!what.display.empty())
        out.begin_object().key("url").string("display").key("valueString").string(what.display).end_object();
    for (const auto& [meaning, times] : what.meanings)
        out.begin_object().key("url").string("target").key("valueCode").string(meaning).end_object();
    out.end_array().end_object();
}

void write_element(json_text& out, const std::string& code, const proposed_code& what) {
    const auto& [meaning, times] = *what.meanings.begin();
    out.begin_object().key("code").string(code);
    if (!what.display.empty())
        out.key("display").string(what.display);
    out.key("target").begin_array().begin_object().key("code").string(meaning).key("equivalence").string("equivalent");
    out.key("comment").string(times == 1 ? "proposed once" : "proposed " + std::to_string(times) + " times").end_object().end_array().end_object();
}

} // namespace

judgement_row without_display(judgement_row mapping) {
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(mapping.value);
    json_text out;
    out.begin_object();
    for (const std::string_view name : {"system", "code", "concept"})
        if (tree && (*tree)[name].is_string())
            out.key(name).string((*tree)[name].text());
    out.end_object();
    mapping.value = out.text();
    return mapping;
}

std::string proposals_map(std::span<const judgement_row> standing, instant now) {
    const by_system all = read(standing);
    json_text disagreeing, groups;
    disagreeing.begin_array();
    groups.begin_array();
    bool any_disagree = false, any_group = false;
    for (const auto& [system, codes] : all) {
        bool open = false;
        for (const auto& [code, what] : codes) {
            if (what.meanings.size() > 1) {
                write_disagreement(disagreeing, system, code, what);
                any_disagree = true;
                continue;
            }
            if (!std::exchange(open, true))
                groups.begin_object().key("source").string(system).key("target").string("urn:trialgate:concept").key("element").begin_array();
            write_element(groups, code, what);
        }
        if (open)
            groups.end_array().end_object();
        any_group = any_group || open;
    }
    disagreeing.end_array();
    groups.end_array();
    json_text out;
    out.begin_object().key("resourceType").string("ConceptMap").key("id").string("trialgate-proposals");
    if (any_disagree) // FHIR has no empty arrays
        out.key("extension").json(disagreeing.text());
    out.key("url").string("urn:trialgate:map:proposals").key("name").string("TrialgateProposals");
    out.key("title").string("What local codes mean, as people proposed on the page").key("status").string("draft").key("date").string(to_text(now));
    if (any_group)
        out.key("group").json(groups.text());
    out.end_object();
    return std::string(out.text());
}

} // namespace trialgate::gateway
