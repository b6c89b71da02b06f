// The character stream under the JSON parser: bounded, in situ, validating. Private to fhir/json_parser.cpp;
// the names in CamelCase are those of RapidJSON's stream concept.
#pragma once

#include "fhir/utf8.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>

namespace trialgate::fhir::json {

constexpr std::uint64_t every_byte(unsigned char b) noexcept {
    return 0x0101010101010101U * b;
}

inline std::uint64_t load8(const char* p) noexcept {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

/// First byte in [p, end) that an unescaped ASCII run of a JSON string cannot hold.
inline const char* end_of_plain_run(const char* p, const char* end) noexcept {
    // The usual subtract-and-borrow test: a byte above a hit may be flagged wrongly, the lowest flag never
    // is.
    if constexpr (std::endian::native == std::endian::little)
        for (; end - p >= 8; p += 8) {
            const std::uint64_t w = load8(p);
            const std::uint64_t quote = w ^ every_byte('"');
            const std::uint64_t slash = w ^ every_byte('\\');
            const std::uint64_t hit = (((w - every_byte(0x20)) & ~w) | ((quote - every_byte(1)) & ~quote) |
                                       ((slash - every_byte(1)) & ~slash) | w) &
                                      every_byte(0x80);
            if (hit != 0)
                return p + std::countr_zero(hit) / 8;
        }
    for (; p != end; ++p) {
        const auto c = static_cast<unsigned char>(*p);
        if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\')
            break;
    }
    return p;
}

/// What the stream learns while RapidJSON works on copies of it.
struct stream_notes {
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    std::size_t string_begin = 0;
    std::size_t string_end = 0;
    std::size_t lone_surrogate = none;
};

/// RapidJSON's in-situ stream needs a terminating NUL that a span does not have; this one knows its end.
/// RapidJSON takes a character only after it peeked at one that is not NUL, so that only Peek needs the test.
class bounded_stream {
public:
    using Ch = char;

    bounded_stream(std::span<char> buffer, std::size_t skip, stream_notes& notes) noexcept
        : src_(buffer.data() + skip), dst_(src_), head_(buffer.data()), end_(buffer.data() + buffer.size()),
          notes_(&notes) {}

    char Peek() const noexcept { return src_ != end_ ? *src_ : '\0'; }
    char Take() noexcept {
        assert(src_ != end_);
        return *src_++;
    }
    std::size_t Tell() const noexcept { return static_cast<std::size_t>(src_ - head_); }
    void Put(char c) noexcept {
        assert(dst_ < src_);
        *dst_++ = c;
    }
    char* PutBegin() noexcept {
        notes_->string_begin = Tell();
        return dst_ = src_;
    }
    std::size_t PutEnd(char* begin) noexcept {
        notes_->string_end = Tell();
        return static_cast<std::size_t>(dst_ - begin);
    }
    void Flush() noexcept {}

    /// Moves on over a run of plain characters or one multi-byte character; false when it is not UTF-8.
    bool copy_characters() noexcept {
        const char* stop = end_of_plain_run(src_, end_);
        if (stop == src_) {
            const std::size_t length = utf8_length(src_, end_);
            if (length == 0)
                return false;
            stop = src_ + length;
        }
        const auto run = static_cast<std::size_t>(stop - src_);
        if (dst_ != src_)
            std::memmove(dst_, src_, run);
        dst_ += run;
        src_ += run;
        return true;
    }

    void skip_white_space() noexcept {
        while (src_ != end_ && (*src_ == ' ' || *src_ == '\n' || *src_ == '\r' || *src_ == '\t')) {
            ++src_;
            while (end_ - src_ >= 8 && load8(src_) == every_byte(' '))
                src_ += 8;
        }
    }

    /// An escape has just been read that encodes half a character.
    void note_lone_surrogate() noexcept {
        constexpr std::size_t escape_length = 6;
        notes_->lone_surrogate = std::min(notes_->lone_surrogate, Tell() - escape_length);
    }

private:
    char* src_;
    char* dst_;
    char* head_;
    char* end_;
    stream_notes* notes_;
};

} // namespace trialgate::fhir::json
