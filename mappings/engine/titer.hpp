// Titers in free text: the grammar of the clinical reference, section 9.3.
//
//   text  := [words] [cmp] titer [("-" | "to") titer] [words]
//   titer := "1" (":" | "/") int | int ":" "1" | int        int = 160 or 1,280
//
//   "1:160" -> [160, 160]      ">1:80" -> (80, inf)      "<=1:160" -> (0, 160]      "homogeneous 1:80, speckled 1:320" -> [320, 320]
//
// A value is the denominator, an integer from 10 to 1,310,720. Dates and times ("1/16/2025", "1:45 pm") are no titers; a text with a
// number that is neither is not read at all.
#pragma once

#include "mappings/engine/fact.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace trialgate::mappings {

enum class bare_integers : std::uint8_t {
    refused, ///< only "1:n" counts
    allowed, ///< under a titer code, or with the unit {titer}: "160" is 1:160
};

/// The titer that `text` (plain_text, lower case) states: the highest of several from one specimen. Where one of several is
/// introduced by words such as "positive >= 1:160", which may explain the result instead of being one, everything from the lowest to the
/// highest. Nothing when there is none, or something that cannot be told from one.
std::optional<interval> read_titer(std::string_view text, bare_integers bare);

/// True for a denominator that exists: integer, 10 to 1,310,720.
bool plausible_titer(const fhir::decimal& denominator) noexcept;

/// Comparator and denominator as a titer: "<1:80" is (0, 80). Nothing when not plausible.
std::optional<interval> titer_interval(fhir::comparator c, const fhir::decimal& denominator);

} // namespace trialgate::mappings
