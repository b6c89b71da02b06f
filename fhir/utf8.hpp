// UTF-8, the only encoding of FHIR JSON.
#pragma once

#include <cstddef>

namespace trialgate::fhir {

/// Bytes of the well-formed UTF-8 sequence at `p` (RFC 3629: no overlong form, no surrogate, nothing beyond
/// U+10FFFF), or 0. p < end.
inline std::size_t utf8_length(const char* p, const char* end) noexcept {
    const auto byte = [p](std::size_t i) { return static_cast<unsigned char>(p[i]); };
    const auto left = static_cast<std::size_t>(end - p);
    const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
    const unsigned char lead = byte(0);
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2 || lead > 0xF4)
        return 0;
    if (lead < 0xE0)
        return left >= 2 && tail(1) ? 2 : 0;
    if (lead < 0xF0) {
        if (left < 3 || !tail(1) || !tail(2) || (lead == 0xE0 && byte(1) < 0xA0) ||
            (lead == 0xED && byte(1) > 0x9F))
            return 0;
        return 3;
    }
    if (left < 4 || !tail(1) || !tail(2) || !tail(3) || (lead == 0xF0 && byte(1) < 0x90) ||
        (lead == 0xF4 && byte(1) > 0x8F))
        return 0;
    return 4;
}

} // namespace trialgate::fhir
