// What the codings of one element mean, and other steps that the extractors share. Internal to extraction.
#pragma once

#include "mappings/engine/extract.hpp"

namespace trialgate::mappings {

struct coded_meaning {
    meaning means;
    std::string_view text; ///< code.text, else the display, else the code: as reported
};

/// The meanings of all codings, each concept once (of two with different validity the longer one). When there are none, every coding
/// of an unknown or missing system is told to `with.unmapped`, and `notes` gets unmapped_code when its code is one that a known
/// system has: a code is never matched on its digits alone.
std::vector<coded_meaning> meanings_of(const fhir::codeable_concept& c, const extraction& with, note_set& notes);

/// What a person reads of an element: its text, else the first display, else the first code.
std::string_view text_of(const fhir::codeable_concept& c) noexcept;

/// True when some coding or the text of `c` says one of `words` (lower case): as the whole code, or, where there is no code, as the text.
bool says(const fhir::codeable_concept& c, std::initializer_list<std::string_view> words);

/// Hash of the first identifier with a value, never 0; 0 when there is none.
std::uint32_t identifier_hash(const std::vector<fhir::identifier>& identifiers) noexcept;

/// "Type/id", "urn:uuid:...", "identifier:system|value"; empty when the reference points to another type or nowhere.
std::string reference_key(const fhir::reference& to, std::string_view type);

/// The spelling by which keys compare: UUIDs in lower case.
std::string normal_key(std::string_view key);

/// A fact with the parts all kinds share.
fact start_fact(const meaning& of, fact_kind kind, std::string_view text, std::uint32_t identifier);

/// Sets `when`, `dated` and `second`.
void set_time(fact& f, const fhir::date_time& at, const fhir::time_zone& site);

/// False for a meaning that holds only before a day when the fact is not surely dated before it.
bool holds(const meaning& m, const fact& f) noexcept;

} // namespace trialgate::mappings
