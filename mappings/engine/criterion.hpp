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

/// From which day a window is counted, and how far: days after the anchor, absolute, all three included.
struct visit_window {
    std::string anchor; ///< "screening", "dosing", "end", another name of the file, or "visit:v5": the day on which that visit was held
    std::int32_t earliest = 0, target = 0, latest = 0;
    friend bool operator==(const visit_window&, const visit_window&) = default;
};

enum class visit_kind : std::uint8_t {
    planned,
    early_termination, ///< asked of those who end early, and of nobody else
    unscheduled,       ///< has no window and is never due
};

/// Something that a visit must bring: a result, a form, a score.
struct required_result {
    struct part {
        std::string name;                ///< for people: "C4", "platelets"
        std::vector<concept_id> concepts; ///< a result of one of these suffices
        friend bool operator==(const part&, const part&) = default;
    };
    std::string name;        ///< for people: "blood count"
    std::vector<part> parts; ///< all of them are needed; one, named as the whole, unless the file says `each`
    std::string before;      ///< anchor before whose instant it has to be taken; empty: at any time of the visit
    friend bool operator==(const required_result&, const required_result&) = default;
};

/// What shows that a visit took place, and what it must bring.
struct visit_evidence {
    struct meetings {
        std::vector<std::string> types;    ///< "system|code"; "urn:trialgate:visit|TRIAL/VISIT" is always among them
        std::vector<std::string> statuses; ///< that say it took place
        friend bool operator==(const meetings&, const meetings&) = default;
    };
    std::optional<meetings> encounter, appointment;
    std::vector<concept_id> procedures; ///< a completed procedure or an administration of one of these, leaf concepts
    std::string anchor;                 ///< the day of this anchor is the visit; empty: of none
    std::vector<required_result> results;
    /// So many of `results` on one day of the window show that the visit was held; 0: results alone never do.
    int held_by_results = 0;
    int results_within = 1; ///< days before and after the visit on which a result still belongs to it
    /// False when nothing in a record could ever show that the visit was held: then nobody can call it missed.
    bool can_tell() const noexcept { return encounter || appointment || !procedures.empty() || !anchor.empty() || held_by_results > 0; }
    friend bool operator==(const visit_evidence&, const visit_evidence&) = default;
};

struct visit : visit_window {
    std::string id, title;
    visit_kind kind = visit_kind::planned;
    bool assumed = false; ///< no public source states the window
    std::vector<std::string> procedures;
    std::optional<visit_window> while_unknown; ///< from which it counts as long as its anchor has no date
    std::optional<visit_evidence> done;        ///< nothing: nothing can show it, nothing is asked of it
    friend bool operator==(const visit&, const visit&) = default;
};

/// When a visit is spoken of. Days.
struct visit_alerts {
    int upcoming = 3; ///< before the window opens
    int closing = 1;  ///< last days of a window
    int grace = 7;    ///< after the window, in which a visit is overdue and not yet missed
    int results = 3;  ///< after a visit, before a result that is not there counts as missing
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
    std::vector<visit> visits;            ///< one that counts from another stands after it
    visit_alerts alerts;
    std::optional<safety_plan> safety;    ///< nothing: participants are not watched
    struct setting {
        std::string name, value, sentence;
    };
    std::vector<setting> settings; ///< as in force
};

} // namespace trialgate::mappings
