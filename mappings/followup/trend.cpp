#include "mappings/followup/trend.hpp"

#include "mappings/followup/safety_results.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

std::vector<const grading_term*> terms_of(const grading_table& table, std::string_view analyte) {
    std::vector<const grading_term*> out;
    for (const grading_term& t : table.terms)
        if (t.analyte == analyte)
            out.push_back(&t);
    return out;
}

/// The worst of what the terms say; a term that corrects by another analyte is left to the alert itself.
std::optional<int> grade_of(const std::vector<const grading_term*>& terms, const lab_result& r, const lab_result* baseline) {
    std::optional<int> worst;
    for (const grading_term* t : terms) {
        if (t->corrected)
            return std::nullopt;
        const grade_result g = grade(*t, r.now, baseline ? &baseline->now : nullptr);
        if (g.grade && (!worst || *g.grade > *worst))
            worst = g.grade;
    }
    return worst;
}

} // namespace

trend trend_of(const safety_case& of, std::string_view analyte) {
    trend out;
    if (!of.about.safety || !dose_of(of.who))
        return out;
    const auto terms = terms_of(*of.about.safety->grading, analyte);
    if (terms.empty())
        return out;
    const safety_results results(of);
    out.facts = std::make_shared<const fact_table>(results.facts());
    const std::vector<lab_result> all = results.of(terms.front()->concepts);
    const lab_result* usual = baseline_of(all);
    for (const lab_result& r : all) {
        if (!r.source->dated)
            continue;
        const bool before = r.when == phase::before;
        const lab_result* baseline = r.when == phase::dose_day ? baseline_of(all, &r) : usual;
        // The copy has the same entries in the same order.
        const auto here = results.facts().of(r.source->what), kept = out.facts->of(r.source->what);
        const auto at = std::find_if(here.begin(), here.end(), [&](const auto& e) { return &results.facts()[e] == r.source; });
        if (at != here.end())
            out.points.push_back({r.day(), &(*out.facts)[kept[static_cast<std::size_t>(at - here.begin())]], grade_of(terms, r, baseline), before});
    }
    return out;
}

} // namespace trialgate::mappings
