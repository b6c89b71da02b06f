// Any bytes through `fhir::scan`, every kernel, against the JSON parser (tests/support/scan_oracle.hpp).
#include "tests/support/scan_oracle.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace trialgate;

// Compares exactly, so that a look that finds too little is not hidden by a lenient list; short codes that a fuzzer hits.
class exact_interest final : public fhir::scan::interest {
public:
    bool code(std::string_view raw) const noexcept override { return raw == "A" || raw == "1-8" || raw == "77" || raw == "a/b"; }
    bool type(std::string_view t) const noexcept override { return t == "Patient"; }
    bool never(std::string_view t) const noexcept override { return t == "Claim"; }
    bool by_words(std::string_view t) const noexcept override { return t == "Drug"; }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static tests::scan_oracle oracle;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const std::string wrong = oracle.check(text, exact_interest{}); !wrong.empty()) {
        std::fprintf(stderr, "%s\n", wrong.c_str());
        std::abort();
    }
    return 0;
}
