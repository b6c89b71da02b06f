// Short steps over JSON text, for the sources of `scan`. Internal.
#pragma once

#include <bit>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace trialgate::fhir::scan::detail {

/// White space of JSON.
inline bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// The first quotation mark or backslash, or `end`. For keys, ids and codes: too short for a call of memchr
/// to pay.
inline const char* quote_or_backslash(const char* p, const char* end) noexcept {
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i hits =
            _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
        if (const auto bits = static_cast<unsigned>(_mm_movemask_epi8(hits)))
            return p + std::countr_zero(bits);
    }
#endif
    while (p != end && *p != '"' && *p != '\\')
        ++p;
    return p;
}

} // namespace trialgate::fhir::scan::detail
