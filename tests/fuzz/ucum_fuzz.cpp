// Any bytes as a unit expression: parsing ends, and what it accepts converts to itself and to its own base
// units. The input is one expression, or two separated by a line feed.
#include "fhir/ucum.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ucum = trialgate::fhir::ucum;
using trialgate::fhir::decimal;

namespace {

void require(bool holds) {
    if (!holds)
        std::abort();
}

void check_pair(const ucum::unit& a, const ucum::unit& b) {
    const decimal value{1234, -2};
    const auto there = ucum::convert(value, a, b);
    require(comparable(a, b) == comparable(b, a));
    require(comparable(a, b) || there.has_error());
    if (const auto f = ucum::factor(a, b))
        require(there.has_value() && f->numerator > 0 && f->denominator > 0);
    for (const auto& combined : {ucum::multiply(value, a, value, b), ucum::divide(value, a, value, b)})
        require(combined.has_error() || ucum::parse(combined->second).has_value());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view first = text.substr(0, text.find('\n'));
    const std::string_view second =
        first.size() < size ? text.substr(first.size() + 1) : std::string_view("1");
    const auto a = ucum::parse(first);
    const auto b = ucum::parse(second);
    if (a) {
        const decimal value{1234, -2};
        require(a->text() == first);
        require(*ucum::convert(value, *a, *a) == value);
        require(ucum::display(first).has_value());
        check_pair(*a, *a);
    } else {
        require(!a.error().text.empty() && a.error().offset <= first.size());
    }
    if (a && b)
        check_pair(*a, *b);
    return 0;
}
