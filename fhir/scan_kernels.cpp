// The kernels that every machine of its kind runs, the choice of one, and what the sweeps do where they stop.
#include "fhir/scan_kernels.hpp"

#include "fhir/scan_loops.hpp"
#include "fhir/scan_text.hpp"

#include <array>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace trialgate::fhir::scan::detail {

namespace {

std::uint64_t prefix_xor_by_shifts(std::uint64_t m) noexcept {
    for (int shift = 1; shift < 64; shift *= 2)
        m ^= m << shift;
    return m;
}

// Vectors as GCC and Clang know them on every machine; where there are no vector registers they become words.
struct plain_vector {
    static constexpr std::size_t width = 16;
    using bytes = std::uint8_t __attribute__((vector_size(width)));
    bytes v;

    static plain_vector load(const char* p) noexcept {
        plain_vector out;
        std::memcpy(&out.v, p, width);
        return out;
    }
    static plain_vector zero() noexcept { return {bytes{}}; }
    plain_vector equal(char c) const noexcept {
        return {reinterpret_cast<bytes>(v == (bytes{} + static_cast<std::uint8_t>(c)))};
    }
    plain_vector lower() const noexcept { return {v | (bytes{} + std::uint8_t{0x20})}; }
    plain_vector operator|(plain_vector o) const noexcept { return {v | o.v}; }
    plain_vector operator&(plain_vector o) const noexcept { return {v & o.v}; }
    plain_vector operator+(plain_vector o) const noexcept { return {v + o.v}; }
    plain_vector operator-(plain_vector o) const noexcept { return {v - o.v}; }
    std::uint64_t bits() const noexcept {
        if constexpr (std::endian::native == std::endian::little) {
            std::uint64_t half[2];
            std::memcpy(half, &v, width);
            // Eight bits that are eight apart move to the top byte, in their order, by one multiplication.
            constexpr std::uint64_t highest = 0x8080'8080'8080'8080;
            constexpr std::uint64_t gather = 0x0002'0408'1020'4081;
            return (((half[0] & highest) * gather) >> 56) | ((((half[1] & highest) * gather) >> 56) << 8);
        }
        std::uint64_t out = 0;
        for (std::size_t i = 0; i < width; ++i)
            out |= static_cast<std::uint64_t>(v[i] >> 7) << i;
        return out;
    }
    bool any() const noexcept {
        std::uint64_t half[2];
        std::memcpy(half, &v, width);
        return (half[0] | half[1]) != 0;
    }
    std::int64_t sum_signed() const noexcept {
        std::int64_t out = 0;
        for (std::size_t i = 0; i < width; ++i)
            out += static_cast<std::int8_t>(v[i]);
        return out;
    }
    static std::uint64_t prefix_xor(std::uint64_t m) noexcept { return prefix_xor_by_shifts(m); }
};

constexpr kernel plain{"plain", &loops<plain_vector>::sweep, &loops<plain_vector>::skip};

#if defined(__SSE2__)
struct sse2_vector {
    static constexpr std::size_t width = 16;
    __m128i v;

    static sse2_vector load(const char* p) noexcept {
        return {_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))};
    }
    static sse2_vector zero() noexcept { return {_mm_setzero_si128()}; }
    sse2_vector equal(char c) const noexcept { return {_mm_cmpeq_epi8(v, _mm_set1_epi8(c))}; }
    sse2_vector lower() const noexcept { return {_mm_or_si128(v, _mm_set1_epi8(0x20))}; }
    sse2_vector operator|(sse2_vector o) const noexcept { return {_mm_or_si128(v, o.v)}; }
    sse2_vector operator&(sse2_vector o) const noexcept { return {_mm_and_si128(v, o.v)}; }
    sse2_vector operator+(sse2_vector o) const noexcept { return {_mm_add_epi8(v, o.v)}; }
    sse2_vector operator-(sse2_vector o) const noexcept { return {_mm_sub_epi8(v, o.v)}; }
    std::uint64_t bits() const noexcept { return static_cast<std::uint32_t>(_mm_movemask_epi8(v)); }
    bool any() const noexcept { return _mm_movemask_epi8(v) != 0; }
    std::int64_t sum_signed() const noexcept {
        const __m128i sums = _mm_sad_epu8(_mm_xor_si128(v, _mm_set1_epi8(-128)), _mm_setzero_si128());
        return _mm_cvtsi128_si64(sums) + _mm_cvtsi128_si64(_mm_srli_si128(sums, 8)) - 16 * 128;
    }
    static std::uint64_t prefix_xor(std::uint64_t m) noexcept { return prefix_xor_by_shifts(m); }
};

constexpr kernel sse2{"sse2", &loops<sse2_vector>::sweep, &loops<sse2_vector>::skip};
#endif

struct kernel_list {
    std::array<const kernel*, 3> all{};
    std::size_t size = 0;

    kernel_list() noexcept {
        if (const kernel* fastest = avx2_kernel())
            all[size++] = fastest;
#if defined(__SSE2__)
        all[size++] = &sse2;
#endif
        all[size++] = &plain;
    }
};

const char* past_blanks(const char* p, const char* end) noexcept {
    while (p != end && is_blank(*p))
        ++p;
    return p;
}

// The value of a key, or nullptr when what looked like a key is followed by no colon.
const char* value_of_key(const char* after_key, const char* end) noexcept {
    const char* p = past_blanks(after_key, end);
    if (p == end || *p != ':')
        return nullptr;
    return past_blanks(p + 1, end);
}

finding judge_code(const char* p, const char* end, const interest& asked) noexcept {
    if (p == end)
        return finding::unsure;
    if (*p == '"') {
        const char* const text = ++p;
        p = quote_or_backslash(p, end);
        if (p == end || *p == '\\')
            return finding::unsure;
        return asked.code({text, static_cast<std::size_t>(p - text)}) ? finding::relevant
                                                                      : finding::irrelevant;
    }
    if (*p == '{')
        return finding::irrelevant;
    if (*p == '[') {
        // The codings of objects in it are keys of their own; anything else is no FHIR.
        p = past_blanks(p + 1, end);
        return p != end && (*p == '{' || *p == ']') ? finding::irrelevant : finding::unsure;
    }
    const char* const token = p;
    while (p != end && *p != ',' && *p != '}' && *p != ']' && !is_blank(*p))
        ++p;
    const std::string_view text(token, static_cast<std::size_t>(p - token));
    return text == "null" || !asked.code(text) ? finding::irrelevant : finding::relevant;
}

// Whether the escape at a backslash is one of a letter that a wanted key is made of.
bool hides_letter(const char* at, const char* end, keys wanted) noexcept {
    if (end - at < 6 || at[1] != 'u' || at[2] != '0' || at[3] != '0' || (at[4] != '6' && at[4] != '7'))
        return false;
    const char low = at[5];
    const int digit = low >= '0' && low <= '9'                     ? low - '0'
                      : (low | 0x20) >= 'a' && (low | 0x20) <= 'f' ? (low | 0x20) - 'a' + 10
                                                                   : -1;
    if (digit < 0)
        return false;
    const char letter = static_cast<char>((at[4] - '0') * 16 + digit);
    const std::string_view letters = wanted == keys::code ? "code" : "codemta";
    return letters.find(letter) != std::string_view::npos;
}

} // namespace

std::span<const kernel* const> kernels() noexcept {
    static const kernel_list list;
    return {list.all.data(), list.size};
}

bool judge(
    const char* begin, const char* at, const char* end, keys wanted, const interest& asked,
    sweep_result& so_far
) noexcept {
    if (*at == '\\') {
        if (!hides_letter(at, end, wanted))
            return false;
        so_far.codes = finding::unsure;
        return true;
    }
    if (at == begin || at[-1] != '"')
        return false;
    if (end - at >= 7 && std::memcmp(at, "code\":\"", 7) == 0) {
        so_far.codes = judge_code(at + 6, end, asked);
        return so_far.codes != finding::irrelevant;
    }
    const bool code = std::memcmp(at, "code\"", 5) == 0;
    if (!code && std::memcmp(at, "meta\"", 5) != 0)
        return false;
    const char* const value = value_of_key(at + 5, end);
    if (value == nullptr)
        return false;
    if (!code) {
        so_far.meta_seen = true;
        return false;
    }
    so_far.codes = judge_code(value, end, asked);
    return so_far.codes != finding::irrelevant;
}

} // namespace trialgate::fhir::scan::detail
