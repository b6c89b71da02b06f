// What is watched in people who were dosed, as data: grading tables (library/safety/ctcae-5.json) and signals (library/safety/watch.json).
// mappings/followup applies them; this is what a catalog holds of them after its files were read and checked.
#pragma once

#include "mappings/engine/catalog.hpp"
#include "mappings/engine/phrases.hpp"

namespace trialgate::mappings {

/// How soon a person has to look; mappings/followup/finding.hpp names the values. Nothing stands for "off".
enum class tier : std::uint8_t;
using urgency = std::optional<tier>;

enum class edge : std::uint8_t { above, from, below, up_to }; ///< >, >=, <, <=

/// One end of a grade: "10.0 g/dL", "LLN", "3.0 x ULN", "ULN + 2 g/dL", "1.5 x baseline".
struct grading_bound {
    enum class base : std::uint8_t { number, lower_limit, upper_limit, baseline } of = base::number;
    fhir::decimal times{1, 0};
    struct amount {
        fhir::decimal value;
        fhir::ratio factor; ///< to the canonical unit
    };
    /// Of a number: the edge in each unit in which the table prints it; a result is compared with the one in its own unit, any
    /// other with the first (clinical reference 8.3: printed pairs are rounded). Else what is added to the limit: none or one.
    std::vector<amount> amounts;
};

struct grading_step {
    int grade = 1;
    int milder = 1; ///< the grade of somebody without symptoms, which a number does not tell; `grade` when they do not matter
    edge side = edge::above;
    grading_bound bound;
    std::string said; ///< "> 3.0 x ULN"
};

/// Steps that hold together; a value has the highest grade of those that it passes.
struct grading_arm {
    enum class when : std::uint8_t { always, baseline_normal, baseline_abnormal } applies = when::always;
    std::vector<grading_step> steps;
};

/// corrected = value + times x (from - by), canonical units: calcium by albumin.
struct grading_correction {
    std::vector<concept_id> by;
    std::string title; ///< "albumin"
    fhir::decimal times{1, 0}, from{};
};

struct grading_term {
    std::string id, title;
    std::string analyte;              ///< concept or group as written; names the analyte in findings
    std::vector<concept_id> concepts; ///< leaf concepts
    std::vector<grading_arm> arms;    ///< of those that apply the worst counts
    std::optional<grading_correction> corrected;
};

struct grading_table {
    std::string id;      ///< "ctcae-5"
    std::string version; ///< "CTCAE v5.0": named with every grade
    std::vector<grading_term> terms;
};

/// A limit for results of some analytes.
struct safety_limit {
    std::string analyte; ///< as written, for words
    std::vector<concept_id> concepts;
    edge side = edge::above;
    grading_bound bound;
    std::string said;
};

struct safety_signal {
    enum class kind : std::uint8_t {
        critical,     ///< a result beyond one of `limits` makes the finding of its grade as urgent as this signal
        limit,        ///< a result beyond one of `limits`, not already so at baseline
        positive,     ///< a positive finding of `concepts`, or a number beyond one of `limits`
        rise,         ///< a result of `concepts` of at least `factor` times an earlier one, at most `days` before it
        liver_injury, ///< `limits`: transaminases, bilirubin, alkaline phosphatase, passed within `days` of each other
    } what = kind::limit;
    std::string id, title;
    urgency how_soon;
    std::vector<concept_id> concepts;
    std::vector<safety_limit> limits;
    fhir::decimal factor{15, -1};
    int days = 7;
};

/// A remark on a specimen that makes results useless.
struct specimen_flaw {
    std::string id; ///< "hemolyzed"
    std::vector<concept_id> invalidates;
    std::vector<phrase> words, not_with;
};

struct safety_library {
    std::vector<std::shared_ptr<const grading_table>> tables;
    std::vector<safety_signal> signals;
    std::vector<specimen_flaw> flaws;
    std::map<std::string, urgency, std::less<>> tiers; ///< "grade-2", "grade-3", "grade-4", "shift-2", "ungradable"

    const grading_table* table(std::string_view id) const noexcept;
    /// True when a remark on a result says of its specimen what makes this analyte useless.
    bool spoiled(concept_id analyte, std::string_view remark) const;
};

/// Concepts that a table and signals look at; sorted, each once.
std::vector<concept_id> concepts_of(const grading_table& table);
std::vector<concept_id> concepts_of(std::span<const safety_signal> signals);

} // namespace trialgate::mappings
