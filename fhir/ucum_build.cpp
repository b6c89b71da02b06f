#include "fhir/ucum_build.hpp"

namespace trialgate::fhir::ucum::detail {
namespace {

constexpr refusal too_many = "the expression holds too many different numbers";
constexpr refusal special_alone =
    "a special unit (Cel, [degF], [pH], dB, ...) stands alone: it has no exponent, is not "
    "divided by and is not multiplied with other units";

} // namespace

refusal form_builder::on_number(std::uint64_t number, int sign) {
    magnitude& to = built.special == function::none ? built.ratio.scale : built.multiple;
    return to.multiply(number, sign) ? nullptr : too_many;
}

refusal form_builder::on_symbol(symbol s, int written_exponent, int sign) {
    const atom_form& atom = atoms_[s.atom_index];
    if (!atom.resolved)
        return "the unit is defined by units that are not known";
    const int exponent = written_exponent * sign;
    const bool is_number = definitions()[s.atom_index].is_number();
    if (atom.special != function::none)
        return on_special(atom, s, exponent);
    if (built.special != function::none) {
        if (!is_number)
            return special_alone;
        built.multiple.multiply_ten(exponent);
        return nullptr;
    }
    if (!is_number)
        ++units_seen_;
    if (s.prefix_index && !built.ratio.scale.multiply(prefixes()[*s.prefix_index].value, exponent))
        return too_many;
    return built.ratio.multiply(atom.ratio, exponent) ? nullptr : too_many;
}

refusal form_builder::on_special(const atom_form& atom, symbol s, int exponent) {
    if (units_seen_ != 0 || built.special != function::none || exponent != 1)
        return special_alone;
    built.multiple = built.ratio.scale;
    built.ratio = atom.ratio;
    built.special = atom.special;
    if (s.prefix_index && !built.multiple.multiply(prefixes()[*s.prefix_index].value, 1))
        return too_many;
    return nullptr;
}

} // namespace trialgate::fhir::ucum::detail
