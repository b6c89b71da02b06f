#include "mappings/engine/coded.hpp"
#include "mappings/engine/result_value.hpp"

namespace trialgate::mappings {

namespace {

void add_meanings(std::span<const meaning> found, std::vector<meaning>& to) {
    for (const meaning& m : found) {
        bool known = false;
        for (const meaning& t : to)
            known = known || t.concept_ == m.concept_;
        if (!known)
            to.push_back(m);
    }
}

// An item means what its codes mean, or what the site's map says about its linkId in this questionnaire, of any version.
std::vector<meaning> meanings_of_item(
    const fhir::questionnaire_answer& item, std::string_view questionnaire, const catalog& codes
) {
    std::vector<meaning> out;
    for (const fhir::coding& c : item.codes)
        add_meanings(codes.lookup(c.system, c.code), out);
    if (questionnaire.empty() || item.link_id.empty())
        return out;
    const std::string system = "urn:trialgate:questionnaire|" + std::string(questionnaire);
    add_meanings(codes.lookup(system, item.link_id), out);
    if (const std::size_t version = questionnaire.find('|'); version != std::string_view::npos)
        add_meanings(codes.lookup(system.substr(0, system.size() - (questionnaire.size() - version)), item.link_id), out);
    return out;
}

// The whole form means what the site's map says about its canonical, of any version.
std::vector<meaning> meanings_of_form(std::string_view questionnaire, const catalog& codes) {
    constexpr std::string_view forms = "urn:trialgate:questionnaire";
    std::vector<meaning> out;
    if (questionnaire.empty())
        return out;
    add_meanings(codes.lookup(forms, questionnaire), out);
    if (const std::size_t version = questionnaire.find('|'); version != std::string_view::npos)
        add_meanings(codes.lookup(forms, questionnaire.substr(0, version)), out);
    return out;
}

} // namespace

record extract_questionnaire(const fhir::questionnaire_response& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (!from.header.usable)
        return out;
    const bool pending = from.status == "in-progress";
    if (!pending && from.status != "completed" && from.status != "amended") {
        out.withdrawn = true;
        return out;
    }
    for (const fhir::questionnaire_answer& item : from.answers)
        for (const meaning& m : meanings_of_item(item, from.questionnaire, with.codes)) {
            const read_result result = read_result_of({item.value, {}, {}, false}, with.codes.analyte_of(m.concept_), with.codes);
            if (!result.said)
                continue;
            fact f = start_fact(m, fact_kind::observation, result.text, identifier_hash(from.identifiers));
            f.observation = result.found;
            f.notes.add(result.notes);
            if (pending)
                f.observation.use = usability::pending;
            if (from.authored)
                set_time(f, *from.authored, with.site);
            if (holds(m, f))
                out.facts.push_back(std::move(f));
        }
    for (const meaning& m : meanings_of_form(from.questionnaire, with.codes)) {
        fact f = start_fact(m, fact_kind::observation, pending ? "form begun" : "form completed", identifier_hash(from.identifiers));
        if (pending)
            f.observation.use = usability::pending;
        if (from.authored)
            set_time(f, *from.authored, with.site);
        if (holds(m, f))
            out.facts.push_back(std::move(f));
    }
    return out;
}

} // namespace trialgate::mappings
