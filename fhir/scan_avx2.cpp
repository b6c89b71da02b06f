// The AVX2 kernel. Only what stands between the two pragmas is compiled for AVX2; headers come before, so
// that no inline function of theirs is, and the program still runs on a machine without it.
#include "fhir/scan_kernels.hpp"

#include <bit>
#include <cstring>

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))

#include <immintrin.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,pclmul,popcnt,bmi"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,pclmul,popcnt,bmi")
#endif

#include "fhir/scan_loops.hpp"

namespace trialgate::fhir::scan::detail {

namespace {

struct avx2_vector {
    static constexpr std::size_t width = 32;
    __m256i v;

    static avx2_vector load(const char* p) noexcept {
        return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))};
    }
    static avx2_vector zero() noexcept { return {_mm256_setzero_si256()}; }
    avx2_vector equal(char c) const noexcept { return {_mm256_cmpeq_epi8(v, _mm256_set1_epi8(c))}; }
    avx2_vector lower() const noexcept { return {_mm256_or_si256(v, _mm256_set1_epi8(0x20))}; }
    avx2_vector operator|(avx2_vector o) const noexcept { return {_mm256_or_si256(v, o.v)}; }
    avx2_vector operator&(avx2_vector o) const noexcept { return {_mm256_and_si256(v, o.v)}; }
    avx2_vector operator+(avx2_vector o) const noexcept { return {_mm256_add_epi8(v, o.v)}; }
    avx2_vector operator-(avx2_vector o) const noexcept { return {_mm256_sub_epi8(v, o.v)}; }
    std::uint64_t bits() const noexcept { return static_cast<std::uint32_t>(_mm256_movemask_epi8(v)); }
    bool any() const noexcept { return _mm256_testz_si256(v, v) == 0; }
    std::int64_t sum_signed() const noexcept {
        // The sum of unsigned bytes is one instruction; 128 is added to each of the 32 for it, and taken off
        // again.
        const __m256i sums =
            _mm256_sad_epu8(_mm256_xor_si256(v, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
        return _mm256_extract_epi64(sums, 0) + _mm256_extract_epi64(sums, 1) + _mm256_extract_epi64(sums, 2) +
               _mm256_extract_epi64(sums, 3) - 32 * 128;
    }
    static std::uint64_t prefix_xor(std::uint64_t m) noexcept {
        const __m128i ones = _mm_set1_epi8(-1);
        return static_cast<std::uint64_t>(
            _mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<std::int64_t>(m)), ones, 0))
        );
    }
};

constexpr kernel avx2{"avx2", &loops<avx2_vector>::sweep, &loops<avx2_vector>::skip};

} // namespace

} // namespace trialgate::fhir::scan::detail

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace trialgate::fhir::scan::detail {

const kernel* avx2_kernel() noexcept {
    const bool runs = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
                      __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi");
    return runs ? &avx2 : nullptr;
}

} // namespace trialgate::fhir::scan::detail

#else

namespace trialgate::fhir::scan::detail {

const kernel* avx2_kernel() noexcept {
    return nullptr;
}

} // namespace trialgate::fhir::scan::detail

#endif
