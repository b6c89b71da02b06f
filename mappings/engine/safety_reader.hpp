// Reads the files of library/safety. Internal to catalog::load.
//
// Problem codes: wrong-type, missing-member, unknown-member, unknown-concept, bad-kind, bad-number, bad-bound (an edge that is none),
// unit-does-not-fit, duplicate-id, empty-list.
#pragma once

#include "mappings/engine/json_file.hpp"
#include "mappings/engine/safety.hpp"

#include <initializer_list>

namespace trialgate::mappings {

class safety_reader {
public:
    /// `codes` must know its concepts and analytes. With `unverified` terms that are marked so are in force.
    safety_reader(const json_file& file, const catalog& codes, bool unverified, safety_library& into)
        : file_(file), codes_(codes), unverified_(unverified), into_(into) {}

    void read_table();
    void read_watch();

private:
    using value = fhir::json::value;

    std::optional<grading_term> read_term(value entry);
    grading_arm read_arm(value entry, std::span<const concept_id> about);
    std::optional<grading_step> read_step(value entry, std::span<const concept_id> about);
    std::optional<grading_correction> read_correction(value entry);
    std::optional<safety_signal> read_signal(value entry);
    void read_needed(value entry, safety_signal& into);
    std::optional<safety_limit> read_limit(value entry);
    void read_flaw(value entry);

    /// One of above, from, below, upTo. `from` is a lower edge everywhere but in a correction, which is not read here.
    bool read_edge(value entry, std::span<const concept_id> about, edge& side, grading_bound& bound, std::string& said);
    std::optional<grading_bound> read_bound(value list, std::span<const concept_id> about);
    bool read_amount(value at, std::string_view text, std::span<const concept_id> about, grading_bound& into);
    std::vector<concept_id> read_concepts(value named, std::string& written);
    std::optional<fhir::decimal> number(value v);
    std::optional<int> whole(value v, int least, int most);
    std::string text(value object, std::string_view member);
    /// "T1", "T2", "T3", "off"
    std::optional<urgency> read_tier(value v);
    bool is_object(value v, std::string_view what, std::initializer_list<std::string_view> members);
    void error(value at, std::string_view code, std::string text, std::string hint = {}) const;

    const json_file& file_;
    const catalog& codes_;
    bool unverified_;
    safety_library& into_;
};

/// "T1", "T2", "T3" or "off"; nothing for other text.
std::optional<urgency> tier_of(std::string_view text) noexcept;

} // namespace trialgate::mappings
