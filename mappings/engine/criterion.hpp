// Criteria as a tree: what a trial file says after settings and versions are resolved, concepts looked up and limits converted to
// canonical units. `mappings/README.md` documents the JSON form of each.
#pragma once

#include "mappings/engine/catalog.hpp"
#include "mappings/engine/record.hpp"
#include "mappings/engine/outcome.hpp"
#include "mappings/engine/safety.hpp"

#include <memory>
#include <variant>

namespace trialgate::mappings {

/// A look-back: calendar months (clamped, clinical reference 9.4) or days; unlimited when both are 0.
struct window {
    std::int32_t months = 0, days = 0;
    bool unlimited() const noexcept { return months == 0 && days == 0; }
    /// First day inside the window that ends on `as_of`.
    fhir::date start(fhir::date as_of) const noexcept;
    /// First as-of date on which `d` is no longer inside; derived from `start`, never computed apart from it.
    fhir::date expires(fhir::date d) const noexcept;
    friend bool operator==(const window&, const window&) = default;
};

struct age_test {
    int min = -1, max = -1; ///< completed years; -1 = no limit
};
struct sex_test {
    sex wanted;
};
enum class logic : std::uint8_t { all, any, negation };
struct logic_test {
    logic op;
};
struct count_test {
    int at_least; ///< of the children
};
struct score_test {
    std::vector<int> weights; ///< one a child
    int at_least;
};
struct prefer_test {}; ///< children: first, second
struct unless_test {}; ///< children: test, causes...

enum class relation : std::uint8_t { at_least, above, at_most, below };
struct limit_test {
    relation op;
    fhir::decimal limit;                       ///< canonical unit
    std::optional<fhir::decimal> unsure_from;  ///< canonical unit
};
struct range_test {
    bool below = false; ///< below the lower limit of the result's own range, else above the upper
    fhir::decimal times{1, 0}, times_by_immunoassay{1, 0};
};
struct finding_test {
    finding wanted;
};
struct coincidence {
    std::vector<concept_id> with; ///< observations (positive), conditions, exposures
    std::int32_t days_before = 0, days_after = 0;
    enum class effect : std::uint8_t { ignore, cause, note } what = effect::ignore;
    note raised = note::count_;
};
struct observation_test {
    std::vector<concept_id> concepts; ///< leaf concepts, groups expanded
    std::variant<limit_test, range_test, finding_test> test;
    window within;
    bool latest = false;
    int occasions = 1, gap_days = 1;
    bool disproves = true;
    std::vector<coincidence> coincides;
};
enum class coded : std::uint8_t { finding, proof, support };
struct condition_test { ///< children: tests that must be met too ("with")
    std::vector<concept_id> counts, supports, causes;
    window within;
    bool current = false;
    coded kind = coded::finding; ///< `finding` already resolved with the setting codedFindings: `finding` (counts) or `support`
};
struct diagnosis_test {
    std::vector<concept_id> include, review, exclude;
    int encounter_days = 2;
};
struct procedure_test {
    std::vector<concept_id> concepts;
    window within;
};
struct exposure_test {
    std::vector<std::vector<concept_id>> drugs; ///< one list an ingredient
    std::vector<int> max_gap;                   ///< days, one an ingredient
    int at_least_days = 84;
    std::vector<concept_id> short_course_drugs; ///< closed courses of these of at most `short_course_days` are ignored
    int short_course_days = 30;
    std::vector<concept_id> other_drugs;        ///< never enough
    int stable_dose_days = 0;                   ///< 0 = not asked
    bool history_complete = false;
};
struct drug_test {
    std::vector<concept_id> drugs;
    window within;
};
struct egfr_test {
    fhir::decimal limit{30, 0};
    window within;
    std::vector<std::vector<concept_id>> reported;                ///< by rank, best first
    std::vector<concept_id> old_formula;                          ///< subset of `reported`
    std::vector<std::pair<concept_id, concept_id>> race_pairs;
    std::vector<concept_id> creatinine, cystatin_c;
    fhir::decimal borderline_low{29, 0}, borderline_high{31, 0};
    int persistent_days = 90; ///< all results below the limit over at least so many days: not-met for good
};
struct change_test {
    std::vector<concept_id> concepts;
    double factor = 1.5;
    int within_days = 7;
    enum class direction : std::uint8_t { rise, fall, either } way = direction::rise;
    window lookback;
};
struct person_test {
    concept_id answer = concept_id::none; ///< a clinician's recorded answer, if there can be one
};

using test_kind = std::variant<age_test, sex_test, logic_test, count_test, score_test, prefer_test, unless_test, observation_test,
                               condition_test, diagnosis_test, procedure_test, exposure_test, drug_test, egfr_test, change_test,
                               person_test>;

enum class decided_by : std::uint8_t { record, record_or_clinician, clinician };

/// One node of a trial's tree.
struct criterion {
    std::string id;    ///< as shown: "renal-function", "serology/ana", "acr-1997/A9"; empty = not shown, its parts are
    std::string text;  ///< what it asks, for people
    std::string needs; ///< what would decide it, for people; "{since}" stands for the first day of the window
    test_kind test;
    std::vector<criterion> parts;
};

/// A note that a trial raises.
struct trial_note {
    std::string id, sentence;
    std::string on;                ///< criterion id; empty = the patient
    std::optional<criterion> when; ///< nothing: words for one of the engine's notes
};

struct visit {
    std::string id, title, anchor;
    std::int32_t earliest = 0, target = 0, latest = 0; ///< days after the anchor, absolute
    bool assumed = false;
    std::vector<std::string> procedures;
};

/// A rule of the trial itself about people who were dosed, in the language of criteria.
struct safety_rule {
    std::string id, title;
    urgency how_soon;
    bool since_dosing = true; ///< looks only at what is dated after the dose, else at the whole record
    criterion when;
};

/// How participants are watched after the dose.
struct safety_plan {
    std::shared_ptr<const grading_table> grading;
    std::vector<safety_signal> signals;                ///< those of the library, with the trial's tiers
    std::map<std::string, urgency, std::less<>> tiers; ///< as safety_library::tiers, and by id of a term: it overrides the grade's
    std::vector<safety_rule> rules;
};

/// One version of a trial, ready to be compiled into a network.
struct trial {
    std::string id, title, version;
    std::vector<std::string> versions;
    std::vector<std::string> identifiers; ///< registry numbers, by which ResearchStudy is recognised
    std::vector<concept_id> consider;     ///< leaf concepts, groups expanded
    struct top {
        decided_by who = decided_by::record;
        criterion root;
    };
    std::vector<top> criteria;
    std::vector<trial_note> notes;
    std::vector<visit> visits;
    std::optional<safety_plan> safety; ///< nothing: participants are not watched
    struct setting {
        std::string name, value, sentence;
    };
    std::vector<setting> settings; ///< as in force
};

} // namespace trialgate::mappings
