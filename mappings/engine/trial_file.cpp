#include "mappings/engine/trial_file.hpp"

#include "mappings/engine/trial_reader.hpp"

#include <set>
#include <tuple>

namespace trialgate::mappings {

std::optional<trial> read_trial(
    const source_file& file, std::span<const source_file> scores, const catalog& codes,
    const trial_options& chosen, std::vector<problem>& problems
) {
    std::vector<problem> found;
    std::optional<trial> out = trial_reader(file, scores, codes, chosen, found).read();
    sort_problems(found, 0);
    // A setting or a score that is used twice is read twice.
    std::set<std::tuple<std::string, std::uint32_t, std::uint32_t, std::string, std::string>> told;
    const bool failed = has_error(found);
    for (problem& p : found)
        if (told.emplace(p.file, p.line, p.column, p.code, p.text).second)
            problems.push_back(std::move(p));
    if (failed)
        return std::nullopt;
    return out;
}

} // namespace trialgate::mappings
