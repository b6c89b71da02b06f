// Any bytes through `fhir::scan`, every kernel, against the JSON parser (tests/support/scan_oracle.hpp).
#include "tests/support/scan_oracle.hpp"

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static trialgate::tests::scan_oracle oracle;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const std::string wrong = oracle.check(text, trialgate::tests::exact_interest{}); !wrong.empty()) {
        std::fprintf(stderr, "%s\n", wrong.c_str());
        std::abort();
    }
    return 0;
}
