// How one kind of hospital writes: its codes, units, forms of results and shape of resources. A dialect is a table; what its words are able
// to prove stands beside each word, from the clinical reference, so that the truth knows what a record cannot show.
#pragma once

#include "gateway/synth/course.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace trialgate::gateway::synth {

enum class release : std::uint8_t { r4, r5 };

/// How a result is written.
enum class form : std::uint8_t {
    quantity,       ///< valueQuantity
    capped,         ///< valueQuantity; above 90 as "> 90"
    text,           ///< valueString with a decimal comma and the unit
    capped_text,    ///< the same; above 90 as "> 90"
    range_text,     ///< valueString "6-10"
    titer_text,     ///< valueString "1:160", below the first dilution "<1:80"
    titer_quantity, ///< valueQuantity in {titer}
    coded,          ///< valueCodeableConcept positive or negative (SNOMED CT)
    word,           ///< valueString in the hospital's language
    flag,           ///< interpretation alone
    integer,        ///< valueInteger
    answer,         ///< valueBoolean
};

/// What a result can be read for.
enum class reads : std::uint8_t {
    nothing, ///< a code that nobody has mapped
    sign,    ///< positive or negative, low or high; not how much
    number,
};

struct code {
    std::string_view system, value, display;
};

/// How an analyte is written. `factor`: numerator and denominator from the unit of scale_of to this one.
struct result_style {
    analyte what;
    form as;
    code named;
    std::string_view unit, ucum;
    int numerator = 1, denominator = 1, decimals = 0;
    bool range = false, interpretation = false;
    reads readable = reads::number;
};

/// What a code of a finding proves: items of the classification criteria of 1997 and 2012 and of the activity index, or nothing.
struct finding_style {
    finding what;
    code named;
    std::string_view acr, slicc, index;
};

struct drug_style {
    drug what;
    code named; ///< without a system: the display is all that is sent
};

enum class drug_form : std::uint8_t { order_and_supply, order, statement };

/// How an assay for anti-dsDNA answers "at least twice its limit".
enum class assay : std::uint8_t { number, reference_method, not_known };

struct dialect {
    std::string_view name, summary;
    release shape = release::r4;
    std::string_view language;          ///< of texts
    std::string_view offset;            ///< of times, as "+01:00"
    int visit_hour = 10;                ///< local; the day is the same in all zones from UTC-10 to UTC+8
    drug_form drugs_as = drug_form::statement;
    assay dsdna = assay::number;
    std::string_view local_system;      ///< of local codes, or empty
    std::span<const result_style> results;
    std::span<const finding_style> findings; ///< several rows of one finding: several codings
    std::span<const drug_style> drugs;
    /// The disease itself; and a lupus that is none of the kinds that are looked for, and the one that a drug brought.
    std::span<const code> disease, remission, unclear, drug_induced;
    /// The site's map of its local codes.
    struct mapped {
        std::string_view local, target_system, target;
    };
    std::span<const mapped> map;

    const result_style* style_of(analyte what) const noexcept;
    const drug_style* style_of(drug what) const noexcept;
    /// The result can be read for that much here.
    reads readable(analyte what) const noexcept;
};

/// All there are; the first is the default.
std::span<const dialect> dialects() noexcept;
const dialect* find_dialect(std::string_view name) noexcept;

} // namespace trialgate::gateway::synth
