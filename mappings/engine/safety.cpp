#include "mappings/engine/safety.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

std::vector<concept_id> tidy(std::vector<concept_id> all) {
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

} // namespace

const grading_table* safety_library::table(std::string_view id) const noexcept {
    const auto found = std::find_if(tables.begin(), tables.end(), [id](const auto& t) { return t->id == id; });
    return found == tables.end() ? nullptr : found->get();
}

bool safety_library::spoiled(concept_id analyte, std::string_view remark) const {
    const auto any_in = [](const std::vector<phrase>& phrases, const std::vector<std::string>& said) {
        return std::any_of(phrases.begin(), phrases.end(), [&said](const phrase& p) { return p.in(said); });
    };
    for (const specimen_flaw& flaw : flaws) {
        if (std::find(flaw.invalidates.begin(), flaw.invalidates.end(), analyte) == flaw.invalidates.end())
            continue;
        // By clauses: what is denied of one thing ("no clots, hemolyzed") says nothing of another.
        for (std::string_view rest = remark; !rest.empty();) {
            const std::size_t end = std::min(rest.find_first_of(",;.!?\n()"), rest.size());
            const std::vector<std::string> said = words_of(rest.substr(0, end));
            if (any_in(flaw.words, said) && !any_in(flaw.not_with, said))
                return true;
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    }
    return false;
}

std::vector<concept_id> concepts_of(const grading_table& table) {
    std::vector<concept_id> out;
    for (const grading_term& t : table.terms) {
        out.insert(out.end(), t.concepts.begin(), t.concepts.end());
        if (t.corrected)
            out.insert(out.end(), t.corrected->by.begin(), t.corrected->by.end());
    }
    return tidy(std::move(out));
}

std::vector<concept_id> concepts_of(std::span<const safety_signal> signals) {
    std::vector<concept_id> out;
    for (const safety_signal& s : signals) {
        out.insert(out.end(), s.concepts.begin(), s.concepts.end());
        for (const safety_limit& l : s.limits)
            out.insert(out.end(), l.concepts.begin(), l.concepts.end());
    }
    return tidy(std::move(out));
}

} // namespace trialgate::mappings
