// Numbers as people and laboratories type them: "> 60", "1,280", "4,2", "6-10", "60+", "Greater than 60", "5 or more".
//
// All functions take lower-case text made by `plain_text` and `fhir::lower` and, when they succeed, cut from its front what they read.
#pragma once

#include "mappings/engine/fact.hpp"

#include "fhir/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace trialgate::mappings::written {

/// One spelling for the many: signs beyond ASCII for comparison, dash, colon, slash, micro, space and digits become ASCII, "&lt;" and
/// "&gt;" are undone, white space is collapsed and trimmed. Case is kept.
std::string plain_text(std::string_view text);

void trim_front(std::string_view& text) noexcept;
std::string_view trimmed(std::string_view text) noexcept;
bool is_digit(char c) noexcept;
/// ASCII letters and everything beyond ASCII.
bool is_letter(char c) noexcept;

/// A sign or words of comparison and the space after it: ">", "=>", "> or =", "gt", "at least", "equal to" (-> none). Nothing when there is none.
std::optional<fhir::comparator> take_comparator(std::string_view& text) noexcept;

struct text_number {
    fhir::decimal value;
    bool exact = true; ///< false when digits were cut
};
/// A number that stands alone: not a part of a date, time, code or ratio. A comma is a thousands separator before groups of three
/// digits ("1,280") and a decimal one where it can be nothing else ("4,2", "0,125").
std::optional<text_number> take_number(std::string_view& text);

/// What a comparator and a number mean together. `sufficient` has no meaning for a result: the caller refuses it.
interval interval_of(fhir::comparator c, fhir::decimal value, bool exact = true);

/// A number with comparator, a range ("6-10", "6 to 10", "between 6 and 10") or an open end ("60+", "60 or more").
std::optional<interval> take_interval(std::string_view& text);

/// True when every value of `inner` lies in `outer`.
bool contains(const interval& outer, const interval& inner) noexcept;
/// True when no value of `a` is below, or equal to, any value of `b`.
bool entirely_above(const interval& a, const interval& b) noexcept;
/// True when there is no value between the ends.
bool is_empty(const interval& i) noexcept;

} // namespace trialgate::mappings::written
