// Inside of ucum, for fhir/ucum*.cpp only: the prefixes and atoms of the essence (ucum_table.inc, licence:
// ucum-license.md).
#pragma once

#include "fhir/ucum_form.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace trialgate::fhir::ucum::detail {

/// One row of ucum_table.inc, as it stands there.
struct definition {
    std::string_view code;
    std::string_view name;
    std::string_view value;
    std::string_view unit; ///< empty for a base unit
    std::string_view function_name;
    bool metric = false;
    bool arbitrary = false;

    /// 10* and 10^ are numbers, not units: they may multiply a special unit.
    bool is_number() const noexcept { return code == "10*" || code == "10^"; }
};

struct prefix {
    std::string_view code;
    std::string_view name;
    magnitude value;
};

/// What a row amounts to in base units. Of a special unit `ratio` is the unit its function is defined on.
struct atom_form {
    ratio_form ratio;
    function special = function::none;
    bool resolved = false;
};

/// What a symbol is read as. The generator has made sure that there is never more than one way.
struct symbol {
    std::optional<std::uint16_t> prefix_index;
    std::uint16_t atom_index;
};

/// Base units first, in the order of `ratio_form::dimension`.
std::span<const definition> definitions() noexcept;
std::span<const prefix> prefixes() noexcept;
/// Parallel to `definitions()`. Computed at the first call; thread-safe.
std::span<const atom_form> atom_forms();

std::optional<symbol> find_symbol(std::string_view text) noexcept;

} // namespace trialgate::fhir::ucum::detail
