// Any text as a titer: what is read is a plausible interval, and more permission never changes it.
#include "mappings/engine/text_number.hpp"
#include "fhir/ascii.hpp"
#include "mappings/engine/titer.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

void require(bool fact) {
    if (!fact)
        std::abort();
}

bool same(const interval& a, const interval& b) {
    return a.low == b.low && a.high == b.high && a.low_open == b.low_open && a.high_open == b.high_open;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string plain = written::plain_text({reinterpret_cast<const char*>(data), size});
    require(written::plain_text(plain).size() <= plain.size());
    const std::string text = fhir::lower(plain);
    require(text.size() == plain.size());
    const auto strict = read_titer(text, bare_integers::refused);
    const auto lenient = read_titer(text, bare_integers::allowed);
    require(!strict || (lenient && same(*strict, *lenient)));
    if (lenient) {
        require(lenient->low.has_value() && !written::is_empty(*lenient));
        require(lenient->low->mantissa == 0 || plausible_titer(*lenient->low));
        require(!lenient->high || plausible_titer(*lenient->high));
    }
    return 0;
}
