// Whether a code can exist at all, from its own digits: typing errors are found when a file is loaded, not
// when a patient is missed.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace trialgate::mappings {

/// LOINC: digits, a hyphen and a mod-10 check digit ("5048-4"). Codes of parts and answers (LP..., LA...) are
/// not judged.
bool loinc_check_digit(std::string_view code) noexcept;

/// SNOMED CT: 6 to 18 digits, the last of them by Verhoeff's dihedral scheme.
bool snomed_check_digit(std::string_view code) noexcept;

enum class code_defect { none, shape, check_digit };

/// Judges a code by the rules of its system, given as preferred URI. Systems without rules have no defects.
code_defect check_code(std::string_view system, std::string_view code) noexcept;

/// True for every classification whose codes compare without dot: ICD-9-CM, ICD-10, ICD-10-CM, ICD-10-GM, ...
bool is_icd(std::string_view system) noexcept;

/// True for systems in which a code begins with the codes of everything above it: ICD and ATC.
bool is_hierarchical(std::string_view system) noexcept;

/// The comparable form of an ICD code: trimmed, upper case, no dot; the marks of ICD-10 ("+", "*", "!", a
/// dagger) and a final "-" or
/// "." dropped. Written to `room`; empty when the text is no ICD code (so "71.00" does not become 710.0: the
/// dot stands after three characters, after four in E codes of ICD-9).
std::string_view plain_icd(std::string_view code, std::span<char> room) noexcept;

/// Without ASCII white space at both ends.
std::string_view trimmed(std::string_view text) noexcept;

} // namespace trialgate::mappings
