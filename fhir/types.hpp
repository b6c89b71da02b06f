// FHIR data types, as views into a parsed document: every string_view is valid as long as the json::value it was
// read from (http://hl7.org/fhir/R4/datatypes.html). Names are FHIR's.
#pragma once

#include "fhir/datetime.hpp"
#include "fhir/decimal.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace trialgate::fhir {

struct coding {
    std::string_view system; ///< empty when absent
    std::string_view code;
    std::string_view display;
};

struct codeable_concept {
    std::vector<coding> codings;
    std::string_view text;
    bool empty() const noexcept { return codings.empty() && text.empty(); }
    /// First coding of `system`, or nullptr.
    const coding* find(std::string_view system) const noexcept;
};

struct identifier {
    std::string_view system;
    std::string_view value;
};

enum class comparator : std::uint8_t { none, less, less_or_equal, greater_or_equal, greater, sufficient /* R5 ad */ };

struct quantity {
    std::optional<decimal> value;
    bool value_exact = true; ///< false when the number had more than 18 significant digits and was cut
    comparator compare = comparator::none;
    std::string_view unit;   ///< as printed
    std::string_view system; ///< of `code`
    std::string_view code;
};

struct range {
    std::optional<quantity> low, high;
};

struct rational { ///< FHIR Ratio
    std::optional<quantity> numerator, denominator;
};

struct period {
    std::optional<date_time> start, end;
};

/// Any way of pointing to a resource. `type` and `id` are filled for relative, absolute and versioned literal references;
/// otherwise see `literal` ("urn:uuid:...", "#contained") and `logical`.
struct reference {
    std::string_view literal; ///< Reference.reference as sent
    std::string_view type;    ///< "Patient"
    std::string_view id;      ///< "p1"
    std::string_view version; ///< of ".../_history/3"
    std::string_view display;
    identifier logical;
    bool is_contained() const noexcept { return !literal.empty() && literal.front() == '#'; }
    bool is_urn() const noexcept { return literal.starts_with("urn:"); }
    bool empty() const noexcept { return literal.empty() && logical.value.empty(); }
};
/// Splits a literal: "Patient/p1", "https://x/fhir/Patient/p1/_history/3", "urn:uuid:...", "#c".
reference parse_reference(std::string_view literal) noexcept;

struct reference_range {
    std::optional<quantity> low, high;
    codeable_concept type;
    std::vector<codeable_concept> applies_to;
    range age;
    std::string_view text;
};

/// Observation.value[x] of every type; monostate when absent.
using observation_value = std::variant<std::monostate, quantity, codeable_concept, std::string_view /*string*/, bool,
                                       std::int64_t /*integer*/, range, rational, date_time, period>;

struct annotation {
    std::string_view text;
};

/// What every resource has.
struct resource_header {
    std::string_view type; ///< resourceType
    std::string_view id;
    std::string_view version_id;
    std::string_view last_updated; ///< as sent
    std::string_view source;       ///< meta.source
    std::vector<coding> security;  ///< meta.security
    std::vector<coding> tags;      ///< meta.tag
    /// False when implicitRules or an unknown modifierExtension forbids use: the resource must not be interpreted.
    bool usable = true;
};

} // namespace trialgate::fhir
