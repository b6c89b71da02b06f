// The limits that a laboratory sends with a result. No limit of another origin is ever used: one LOINC code is seen with three sets of
// cut-offs (clinical reference 4.2, 9.1).
//
//   {"low": 0, "high": 30}                                 normal [0, 30]
//   {"text": "<10"}                                        normal (.., 10)
//   {"text": "<=4 negative / 5-9 borderline / >=10 positive"}   three bands
//   {"text": "Negative, less than 1:80"}, {"text": "Positive, greater than 1:80"}    two bands
#pragma once

#include "mappings/engine/fact.hpp"

#include "fhir/types.hpp"

#include <span>
#include <vector>

namespace trialgate::mappings {

struct result_band {
    finding means = finding::none;
    interval span;
};

struct result_limits {
    interval normal;                ///< both ends absent: not known
    std::vector<result_band> bands; ///< when the laboratory told more than the normal range
    bool known() const noexcept { return normal.low || normal.high || !bands.empty(); }
};

/// The unit of the value to which limits belong.
struct value_unit {
    unit_rule rule;
    std::string_view text; ///< as sent; empty when none was
};

/// The limits in the unit of the value. Limits in another unit are converted where that is exact, else there are none. Ranges of a type other than normal, empty ones and several that contradict each other (by age, by sex) give nothing.
/// `titers`: the value is a titer, "1:80" and "1/80" are numbers. `about` may be null.
result_limits read_ranges(
    std::span<const fhir::reference_range> ranges, const analyte* about, const value_unit& unit, bool titers,
    const catalog& codes
);

/// The limits of a text alone.
result_limits read_range_text(std::string_view text, bool titers, const catalog& codes);

/// What the limits say about a value: from the bands if there are any; else above the upper limit is positive, and up to it negative.
/// `none` where the value is on both sides, below the lower limit, or no limit is known.
finding weigh_limits(const result_limits& limits, const interval& value) noexcept;

/// positive, negative, equivocal in any language of the catalog.
finding finding_of(catalog::word w) noexcept;

} // namespace trialgate::mappings
