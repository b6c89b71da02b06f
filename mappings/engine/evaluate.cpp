#include "mappings/engine/evaluate.hpp"

#include "mappings/engine/exposure.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

namespace {

/// The exposure facts a test about drugs looks at, as one list.
std::vector<fact> exposures(const fact_table& facts, std::span<const concept_id> drugs) {
    std::vector<fact> out;
    for (concept_id c : drugs)
        for (const auto& e : facts.of(c))
            if (facts[e].kind == fact_kind::exposure)
                out.push_back(facts[e]);
    return out;
}

std::vector<concept_id> all_drugs(const exposure_test& test) {
    std::vector<concept_id> out = test.other_drugs;
    for (const auto& ingredient : test.drugs)
        out.insert(out.end(), ingredient.begin(), ingredient.end());
    return out;
}

/// The evidence of an explanation must point into the table, not into our copies.
void point_into(const fact_table& facts, std::span<const fact> copies, explanation* why) {
    if (!why)
        return;
    for (const fact*& e : why->evidence) {
        if (copies.empty() || e < copies.data() || e >= copies.data() + copies.size())
            continue;
        for (const auto& entry : facts.of(e->what)) {
            const fact& f = facts[entry];
            if (f.record == e->record && f.when == e->when && f.text == e->text) {
                e = &f;
                break;
            }
        }
    }
}

} // namespace

outcome evaluate(const test_kind& test, std::span<const outcome> parts, const evaluation_input& in, explanation* why) {
    struct visitor {
        std::span<const outcome> parts;
        const evaluation_input& in;
        explanation* why;
        outcome operator()(const age_test& t) const { return evaluate_age(t, in, why); }
        outcome operator()(const sex_test& t) const { return evaluate_sex(t, in, why); }
        outcome operator()(const logic_test& t) const { return evaluate_logic(t, parts); }
        outcome operator()(const count_test& t) const { return evaluate_count(t, parts); }
        outcome operator()(const score_test& t) const { return evaluate_score(t, parts); }
        outcome operator()(const prefer_test&) const { return evaluate_prefer(parts); }
        outcome operator()(const unless_test&) const { return evaluate_unless(parts); }
        outcome operator()(const observation_test& t) const { return evaluate_observation(t, in, why); }
        outcome operator()(const condition_test& t) const { return evaluate_condition(t, parts, in, why); }
        outcome operator()(const diagnosis_test& t) const { return evaluate_diagnosis(t, in, why); }
        outcome operator()(const procedure_test& t) const { return evaluate_procedure(t, in, why); }
        outcome operator()(const egfr_test& t) const { return evaluate_egfr(t, in, why); }
        outcome operator()(const change_test& t) const { return evaluate_change(t, in, why); }
        outcome operator()(const person_test& t) const { return evaluate_person(t, in, why); }
        outcome operator()(const exposure_test& t) const {
            const std::vector<fact> facts = exposures(in.facts, all_drugs(t));
            outcome out = evaluate_exposure(t, facts, in.as_of, why);
            point_into(in.facts, facts, why);
            return out;
        }
        outcome operator()(const drug_test& t) const {
            const std::vector<fact> facts = exposures(in.facts, t.drugs);
            outcome out = evaluate_drug(t, facts, in.as_of, why);
            point_into(in.facts, facts, why);
            return out;
        }
    };
    return std::visit(visitor{parts, in, why}, test);
}

place locate(const fact& f, const window& w, date as_of) noexcept {
    if (!f.dated)
        return w.unlimited() ? place::inside : place::perhaps;
    if (f.when.first > as_of)
        return place::future;
    if (w.unlimited())
        return place::inside;
    const date start = w.start(as_of);
    if (f.when.last < start)
        return place::outside;
    // A month that has not ended yet is not wholly inside (clinical reference 9.4).
    return f.when.first >= start && f.when.last <= as_of ? place::inside : place::perhaps;
}

date place_changes(const fact& f, const window& w, date as_of) noexcept {
    if (!f.dated)
        return date::highest();
    switch (locate(f, w, as_of)) {
    case place::future: return f.when.first;
    case place::inside: return w.unlimited() ? date::highest() : w.expires(f.when.first);
    case place::perhaps: return f.when.last > as_of ? f.when.last : w.expires(f.when.last);
    case place::outside: break;
    }
    return date::highest();
}

std::string day_text(const fact& f) { return f.dated ? to_string(f.when) : "no date"; }

std::string words(const fact& f, const catalog& codes) {
    std::string out{codes.title(f.what)};
    // What a hospital calls a finding says it all; a bare code needs our title, and so does a result.
    const bool named = f.kind != fact_kind::observation && f.text.find(' ') != std::string::npos;
    if (named)
        out = f.text;
    else if (!f.text.empty() && f.text != out)
        out += ' ' + f.text;
    return out + (f.dated ? " on " + day_text(f) : ", undated");
}

std::string titles(std::span<const concept_id> concepts, const catalog& codes) {
    if (concepts.size() == 1)
        return std::string(codes.title(concepts.front()));
    std::string out;
    std::vector<concept_id> covered; // what a group named already speaks for
    int shown = 0;
    for (concept_id c : concepts) {
        if (std::find(covered.begin(), covered.end(), c) != covered.end())
            continue;
        const auto members = codes.members(c);
        covered.insert(covered.end(), members.begin(), members.end());
        if (shown++ == 3)
            return out + ", ...";
        out += (out.empty() ? "" : ", ") + std::string(codes.title(c));
    }
    return out;
}

std::string since(const window& w, date as_of) {
    return w.unlimited() ? std::string{} : "since " + to_string(w.start(as_of));
}

} // namespace trialgate::mappings
