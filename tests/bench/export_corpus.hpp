// A synthetic bulk export for benchmarks: NDJSON as hospitals' servers write it, made from a seed, the same
// on every machine.
//
// The mix: vital signs and laboratory results (some with a narrative), encounters, claims, explanations of
// benefit, procedures, conditions, medication requests, diagnostic reports, immunizations; 0.7 to 6 KB each.
// The shapes: as Synthea writes (meta.profile only), as HAPI (meta with version, source and narrative), as
// Epic (no meta, many identifiers) and, for a few, with members in alphabetical order. Traps: codes of
// interest in narratives, displays and identifiers, where they are no codes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::tests {

struct export_options {
    std::size_t bytes = std::size_t{64} << 20; ///< stops with the first resource that reaches it
    std::uint64_t seed = 1;
    double of_interest = 0.02; ///< share of resources that carry a code of interest
};

struct export_corpus {
    std::string text; ///< one resource a line, each line ended by '\n'
    std::size_t resources = 0;
    std::size_t of_interest = 0; ///< resources whose `code.coding` holds one of `codes`; no other resource
                                 ///< has one anywhere as a code
    std::vector<std::string_view> codes;
};

export_corpus make_export(const export_options& options);

} // namespace trialgate::tests
