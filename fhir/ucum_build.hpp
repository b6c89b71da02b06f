// Inside of ucum, for fhir/ucum*.cpp only: from an expression to its form.
#pragma once

#include "fhir/ucum_grammar.hpp"

#include <span>

namespace trialgate::fhir::ucum::detail {

/// Builds the form of an expression from the forms of its atoms. `built` is complete once read_expression has
/// succeeded.
class form_builder final : public expression_events {
public:
    explicit form_builder(std::span<const atom_form> atoms) : atoms_(atoms) {}

    refusal on_operator(char) override { return nullptr; }
    refusal on_open() override { return nullptr; }
    refusal on_close() override { return nullptr; }
    refusal on_number(std::uint64_t number, int sign) override;
    refusal on_symbol(symbol s, int written_exponent, int sign) override;
    refusal on_annotation(std::string_view, bool) override { return nullptr; }

    unit::form built;

private:
    refusal on_special(const atom_form& atom, symbol s, int exponent);

    std::span<const atom_form> atoms_;
    int units_seen_ = 0;
};

} // namespace trialgate::fhir::ucum::detail
