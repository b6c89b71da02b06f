// The two inner loops of `scan`, once for each instruction set. Internal: tests include it to compare the
// kernels, nobody else.
#pragma once

#include "fhir/scan.hpp"

#include <span>

namespace trialgate::fhir::scan::detail {

struct sweep_result {
    finding codes =
        finding::irrelevant;  ///< irrelevant: no code of interest; relevant and unsure end the sweep at once
    bool meta_seen = false;   ///< a key that reads "meta"; looked for only when asked
    bool braces_pair = false; ///< as many '{' as '}' (after a whole sweep)
};

/// Which keys a sweep looks for.
enum class keys : std::uint8_t { code, code_and_meta };

struct kernel {
    const char* name;
    /// One pass over an object for codes of interest. Any bytes are safe.
    sweep_result (*sweep)(std::string_view object, keys wanted, const interest& asked) noexcept;
    /// `open` is at a '{' or '['. The byte after the one that closes it, or nullptr when it is not closed
    /// before `end`.
    const char* (*skip)(const char* open, const char* end) noexcept;
};

/// The kernels that this machine runs, the fastest first; the last one is plain C++. Never empty.
std::span<const kernel* const> kernels() noexcept;

/// The functions of scan.hpp with a kernel of choice.
glimpse look(std::string_view object, const interest& wanted, const kernel& k) noexcept;
std::optional<std::size_t> balanced_length(std::string_view text, const kernel& k) noexcept;
bool for_each_entry(
    std::string_view bundle, const kernel& k,
    const std::function<void(std::string_view key, std::string_view value)>& head,
    const std::function<void(std::string_view entry)>& entry
);

/// Judges one place of an object that a sweep stopped at: the first letter of what may be a key, or a
/// backslash. Needs at + 4 < end. Adds what it finds to `so_far`; true when the sweep is to end.
bool judge(
    const char* begin, const char* at, const char* end, keys wanted, const interest& asked,
    sweep_result& so_far
) noexcept;

/// The AVX2 kernel, or nullptr when this machine (or this build) has none.
const kernel* avx2_kernel() noexcept;

} // namespace trialgate::fhir::scan::detail
