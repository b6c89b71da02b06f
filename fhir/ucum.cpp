#include "fhir/ucum.hpp"

#include "fhir/ucum_build.hpp"

#include <utility>

namespace trialgate::fhir::ucum {

unit::unit(std::shared_ptr<const form> f) : form_(std::move(f)) {}

const std::string& unit::text() const noexcept {
    return form_->text;
}

bool comparable(const unit& a, const unit& b) noexcept {
    return a.form_->ratio.same_dimension(b.form_->ratio);
}

result<unit> parse(std::string_view text) {
    detail::form_builder builder{detail::atom_forms()};
    if (auto problem = detail::read_expression(text, builder))
        return std::move(*problem);
    builder.built.text = text;
    return unit(std::make_shared<const unit::form>(std::move(builder.built)));
}

} // namespace trialgate::fhir::ucum
