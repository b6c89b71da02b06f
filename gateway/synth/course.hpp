// The life of one invented person, as it really was: what no hospital ever sees in full. Hospitals show it in their own words (chart.hpp),
// and what is true about a trial follows from it (truth.hpp).
#pragma once

#include "fhir/datetime.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace trialgate::gateway::synth {

/// Why this person stands in the record.
enum class diagnosis : std::uint8_t {
    listed,           ///< on the problem list
    remission,        ///< the same, coded as in remission
    encounters,       ///< encounter diagnosis on two days
    single_encounter, ///< on one day
    provisional,
    unclear, ///< a lupus that is not said to be systemic
    refuted,
    drug_induced,
    cutaneous, ///< controls from here: nothing that makes a trial look at them
    other_disease,
    none,
};

enum class finding : std::uint8_t {
    rash,
    subacute,
    discoid,
    photosensitivity,
    ulcers,
    hair_loss,
    arthritis,
    pericarditis,
    effusion,
    seizure,
    stroke,
    vasculitis,
    hemolysis,
    nephritis,
    pneumonia,
    urinary_infection,
    tuberculosis,
    pregnancy,
    kidney_stage_4,
    sclerosis,
    sjogren,
    count_
};

/// In the unit and with the decimals of `scale_of`. Results that are only present or absent are 1 or 0.
enum class analyte : std::uint8_t {
    ana,
    dsdna,
    sm,
    cardiolipin,
    lupus_anticoagulant,
    c3,
    c4,
    coombs,
    protein,
    urine_red_cells,
    urine_white_cells,
    red_cell_casts,
    white_cells,
    lymphocytes,
    platelets,
    hemoglobin,
    reticulocytes,
    creatinine,
    egfr,
    activity_score,
    hcg,
    hbsag,
    hcv,
    hiv,
    consent,
    attendance,
    count_
};

enum class drug : std::uint8_t {
    hydroxychloroquine,
    chloroquine,
    azathioprine,
    mycophenolate,
    methotrexate,
    cyclophosphamide,
    tacrolimus,
    steroid,
    belimumab,
    rituximab,
    warfarin,
    hydralazine,
    count_
};

/// What somebody took as background therapy; each has one answer to "for at least 12 weeks?".
enum class therapy : std::uint8_t {
    long_running,    ///< yes
    two_drugs,       ///< yes, and another one lately
    supply_ended,    ///< yes: the last supply ran out within the accepted gap
    recent,          ///< not yet
    stopped,         ///< long enough, but it is over: a person decides
    switched,        ///< two drugs that only together are long enough: a person decides
    never_dispensed, ///< ordered, though only other drugs were handed out; unknown where dispensing is recorded
    travel,          ///< a short course before a journey: nothing known
    steroid_alone,   ///< nothing known
    biologic_alone,  ///< nothing known
    none,            ///< nothing known
};

/// How much of a date the record shows.
enum class shown : std::uint8_t { day, month, year };

struct found {
    finding what;
    fhir::date since;
    bool active = false;
};

struct measured {
    analyte what;
    fhir::date on;
    std::int64_t value = 0;
};

struct taken {
    drug what;
    fhir::date from;
    fhir::date until = fhir::date::highest(); ///< the last day of supply; highest(): still taken
    bool dispensed = true;
};

struct course {
    std::uint64_t number = 0; ///< within its seed
    bool control = false, female = true;
    fhir::date born;
    shown born_shown = shown::day;
    std::optional<fhir::date> died;
    diagnosis why = diagnosis::none;
    fhir::date diagnosed;
    therapy treated = therapy::none;
    std::vector<found> findings;
    std::vector<measured> results; ///< at most one of an analyte a day
    std::vector<taken> drugs;
};

struct scale {
    int decimals = 0;
    std::int64_t low = INT64_MIN, high = INT64_MAX; ///< of normal values, both normal; for `ana` and presence the highest that is negative
};
/// White cells in 10^9/L with one decimal, creatinine in umol/L, protein in mg a day or mg/g, complement in mg/dL, anti-dsDNA in percent of
/// the upper limit of the assay, ANA as denominator, ...
scale scale_of(analyte what) noexcept;

/// Person `number` of `seed`: the same whoever else is made. `controls`: how many of a hundred have no lupus.
course make_course(std::uint64_t seed, std::uint64_t number, int controls, fhir::date as_of);

/// CKD-EPI 2021 from creatinine in umol/L, in tenths of mL/min/1.73 m2; integers alone, right to one tenth.
std::int64_t egfr_tenths(std::int64_t creatinine, int age, bool female) noexcept;

} // namespace trialgate::gateway::synth
