// What a resource says about a patient, as far as some trial reads it.
//
// A fact keeps the value as an interval in the unit in which it was reported (canonical = value x factor), so that comparisons are
// exact; and the text as reported, so that a coordinator sees what the laboratory wrote.
#pragma once

#include "mappings/engine/catalog.hpp"
#include "mappings/engine/note.hpp"

namespace trialgate::mappings {

enum class fact_kind : std::uint8_t {
    observation,
    condition,
    exposure, ///< Medication*
    procedure,
};

/// [low, high] with open ends: ">60" is (60, inf); absent ends are infinite.
struct interval {
    std::optional<fhir::decimal> low, high;
    bool low_open = false, high_open = false;
    static interval point(fhir::decimal v) { return {v, v, false, false}; }
};

/// Why a value can or cannot be used.
enum class usability : std::uint8_t {
    usable,
    pending,        ///< registered or preliminary
    unit_unusable,  ///< missing, impossible or contradicting unit
    value_unusable, ///< cannot be read, out of the plausible range, wrong specimen, only a document
    conflicting,    ///< value and interpretation disagree, or the codes do
};

enum class finding : std::uint8_t { none, negative, equivocal, positive };
enum class assay : std::uint8_t { unknown, immunoassay, reference /* Farr, Crithidia, immunofluorescence */ };

struct observation_fact {
    usability use = usability::usable;
    finding found = finding::none; ///< for presence and serology: after value, range, words and interpretation were weighed
    bool low = false, high = false; ///< interpretation L/LL, H/HH
    bool has_value = false;
    interval value;             ///< reported unit, after `offset` was subtracted
    fhir::ratio factor{};       ///< reported -> canonical
    std::optional<fhir::decimal> range_low, range_high; ///< limits sent with the result, in the reported unit, offset subtracted
    assay method = assay::unknown;
    std::uint64_t specimen = 0; ///< equal for results of one specimen (hash of the reference); 0 = not said
};

enum class verification : std::uint8_t { confirmed, support, refuted };
enum class clinical_state : std::uint8_t { unspecified, current, past };
enum class condition_category : std::uint8_t { other, problem_list, encounter };

struct condition_fact {
    verification verified = verification::confirmed;
    clinical_state state = clinical_state::unspecified;
    condition_category category = condition_category::other;
    /// The day on which it was written down, by which a refutation is ordered against a confirmation; the whole calendar when not told.
    fhir::date_range recorded;
};

/// Clinical reference 7.2, strongest last.
enum class exposure_source : std::uint8_t { ordered, stated, dispensed, administered };

struct exposure_fact {
    exposure_source source = exposure_source::ordered;
    bool against = false;        ///< doNotPerform, not-taken: evidence against use
    bool on_hold = false;
    fhir::date_range start;      ///< lowest()..highest() when not known
    /// Last day of supply or use; highest()..highest() = open.
    fhir::date_range end{fhir::date::highest(), fhir::date::highest()};
    bool end_known = false;      ///< false: ended (completed, stopped) but the day is not known, or open
    bool ended = false;          ///< stopped, completed
    std::optional<fhir::decimal> daily_dose; ///< in `dose_unit` per day (methotrexate: as ordered, divided by 7)
    std::string dose_unit;
};

/// One statement of one resource about one concept.
struct fact {
    concept_id what = concept_id::none;
    fact_kind kind = fact_kind::observation;
    note_set notes;
    std::uint32_t record = 0;          ///< index of the resource in its patient's records
    fhir::date_range when;             ///< site days; the whole calendar when undated. Exposures: the start
    bool dated = false;
    std::int32_t second = -1;          ///< second of the site's day when the time was sent, else -1
    std::uint32_t identifier = 0;      ///< hash of the first business identifier; 0 = none
    std::string text;                  ///< as reported, for people: "74 mL/min/1.73m2", "1:160", "Positive"
    observation_fact observation;
    condition_fact condition;
    exposure_fact exposure;
};

} // namespace trialgate::mappings
