#include "gateway/work/judgement.hpp"

#include <algorithm>

namespace trialgate::gateway {

using namespace mappings;

standing_judgements standing_judgements_of(std::span<const judgement_row> all, std::string_view trial) {
    standing_judgements out;
    for (const judgement_row& j : all) {
        if (j.trial != trial || !j.undone_by.empty())
            continue;
        if (j.kind == judgement_kind::comment)
            ++out.comments;
        if (j.kind == judgement_kind::mark && (!out.mark || out.mark->id < j.id))
            out.mark = j;
        if (j.kind == judgement_kind::criterion)
            if (const auto [at, fresh] = out.criteria.try_emplace(j.what, j); !fresh && at->second.id < j.id)
                at->second = j;
    }
    return out;
}

const judgement_row* judgement_on(const standing_judgements& said, const criterion& about) {
    const auto at = said.criteria.find(about.id);
    if (at == said.criteria.end() || (!at->second.asked.empty() && at->second.asked != about.text))
        return nullptr;
    return &at->second;
}

judged_standing judge(const trial& which, std::span<const outcome> record, const standing_judgements& said) {
    judged_standing out;
    std::vector<outcome> all(record.begin(), record.end());
    for (std::size_t n = 0; n < all.size(); ++n) {
        const judgement_row* const by = said.criteria.empty() ? nullptr : judgement_on(said, which.criteria[n].root);
        out.by_person.push_back(by != nullptr);
        if (!by) {
            out.strip += all[n].is == verdict::met ? '+' : all[n].is == verdict::not_met ? '-' : '?';
            continue;
        }
        const bool met = by->value == "met";
        out.strip += met ? 'M' : 'N';
        if (all[n].is == (met ? verdict::not_met : verdict::met))
            out.against.push_back(which.criteria[n].root.id);
        // For good is only what the record says is for good: a person may change their mind.
        if (met)
            all[n] = outcome::met();
        else if (all[n].is != verdict::not_met)
            all[n] = outcome::not_met();
    }
    out.status = status_of(which, all);
    return out;
}

void lay_over(trial_report& report, const trial& which, const standing_judgements& said) {
    if (!report.status || report.criteria.size() != which.criteria.size())
        return;
    const judged_standing shown = judge(which, outcomes_of(report), said);
    report.status = shown.status;
    report.changes_on.reset();
    for (std::size_t n = 0; n < report.criteria.size(); ++n) {
        criterion_report& c = report.criteria[n];
        if (shown.by_person[n]) {
            c.is = shown.strip[n] == 'M' ? outcome::met() : outcome::not_met();
            c.changes_on.reset();
            c.needs.clear();
            c.explanation = "decided by a person" + (c.explanation.empty() ? "" : "; by the record: " + c.explanation);
        }
        if (c.changes_on && (!report.changes_on || *c.changes_on < *report.changes_on))
            report.changes_on = c.changes_on;
    }
}

std::vector<outcome> outcomes_of(const trial_report& report) {
    std::vector<outcome> out;
    for (const criterion_report& c : report.criteria)
        out.push_back(c.is);
    return out;
}

std::string_view subject_status_of_mark(std::string_view mark) noexcept {
    if (mark == "not-interested")
        return "withdrawn";
    if (mark == "screened")
        return "screening";
    if (mark == "enrolled")
        return "on-study";
    return mark == "excluded" ? "ineligible" : "";
}

deciding_word deciding_word_of(const decision_row& row) {
    const std::string_view page = subject_status_of_mark(row.mark);
    if (!page.empty() && (row.human.empty() || row.marked >= row.human_at))
        return {std::string(page), true};
    return {row.human, false};
}

std::vector<std::string> contradictions_of(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end > 0)
            out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string contradictions_text(std::span<const std::string> parts) {
    std::string out;
    for (const std::string& p : parts)
        out += (out.empty() ? "" : " ") + p;
    return out;
}

} // namespace trialgate::gateway
