// The inner loops of `scan`, written once over a vector of bytes `V` that each instruction set supplies:
//   V::width                   bytes in a vector, a divisor of 64
//   V::load(p), V::zero()      unaligned
//   v.equal(c)                 0xFF where the byte is c, 0 elsewhere
//   v.lower()                  every byte | 0x20
//   a | b, a & b, a + b, a - b byte by byte
//   v.any()                    whether a byte is not 0
//   v.bits()                   the highest bit of each byte, first byte lowest
//   v.sum_signed()             of the bytes as signed numbers
//   V::prefix_xor(m)           bit i of the result is the parity of bits 0..i of m
// Internal, and included once in each file that has a V, which must stand in an unnamed namespace: code that
// was compiled for one machine must not be merged with code for another.
#pragma once

#include "fhir/scan_kernels.hpp"

#include <bit>
#include <cstring>

namespace trialgate::fhir::scan::detail {

template <class V>
struct loops {
    static constexpr std::size_t block = 64;
    static constexpr std::size_t vectors = block / V::width;

    // 64 positions in which four bytes further on are read too: that is the distance from the first letter of
    // a four-letter key to its closing quote, and from a backslash to the digit that tells a lower-case
    // letter, \u006x or \u007x, from other escapes.
    template <keys Wanted>
    static V stops(V here, V ahead) noexcept {
        auto letter = here.equal('c');
        auto digit = ahead.equal('6');
        if constexpr (Wanted == keys::code_and_meta) {
            letter = letter | here.equal('m');
            digit = digit | ahead.equal('7');
        }
        return (letter & ahead.equal('"')) | (here.equal('\\') & digit);
    }

    // A count of '{' less '}' in each byte of a vector, emptied before a byte can overflow: a step a vector.
    struct brace_count {
        static constexpr int room = 120 / static_cast<int>(vectors);
        V bytes;
        int blocks = 0;
        std::int64_t total = 0;

        // Written out: a constructor that the compiler defines is not compiled for the instruction set of V,
        // and would take the vector that zero() returns from the wrong place.
        brace_count() noexcept : bytes(V::zero()) {}
        void add(V ahead) noexcept { bytes = bytes + (ahead.equal('}') - ahead.equal('{')); }
        void next_block() noexcept {
            if (++blocks == room)
                flush();
        }
        void flush() noexcept {
            total += bytes.sum_signed();
            bytes = V::zero();
            blocks = 0;
        }
    };

    template <keys Wanted>
    static sweep_result sweep_for(std::string_view object, const interest& asked) noexcept {
        sweep_result found;
        const char* const begin = object.data();
        const char* const end = begin + object.size();
        brace_count braces;
        for (std::size_t i = 0; i < 4 && i < object.size(); ++i)
            braces.total += (begin[i] == '{') - (begin[i] == '}');
        const std::size_t positions = object.size() < 4 ? 0 : object.size() - 4;
        std::size_t done = 0;
        for (; done + block <= positions; done += block) {
            V stop[vectors];
            V any = V::zero();
            for (std::size_t i = 0; i < vectors; ++i) {
                const V here = V::load(begin + done + i * V::width);
                const V ahead = V::load(begin + done + i * V::width + 4);
                stop[i] = stops<Wanted>(here, ahead);
                any = any | stop[i];
                braces.add(ahead);
            }
            braces.next_block();
            if (!any.any()) [[likely]]
                continue;
            if (judge_all(mask(stop), begin, begin + done, end, Wanted, asked, found))
                return found;
        }
        braces.flush();
        if (done < positions && last_block<Wanted>(begin, done, positions, asked, found, braces.total))
            return found;
        found.braces_pair = braces.total == 0;
        return found;
    }

    // What is left is read from the last 64 positions, those already seen masked away; a short object from a
    // copy.
    template <keys Wanted>
    static bool last_block(
        const char* begin, std::size_t done, std::size_t positions, const interest& asked,
        sweep_result& found, std::int64_t& braces
    ) noexcept {
        char copy[block + 4];
        const char* from = begin;
        std::size_t origin = 0;
        std::uint64_t unseen = ~std::uint64_t{0};
        if (positions >= block) {
            origin = positions - block;
            from = begin + origin;
            unseen <<= done - origin;
        } else {
            std::memset(copy, ' ', sizeof copy);
            std::memcpy(copy, begin, positions + 4);
            from = copy;
        }
        V stop[vectors];
        std::uint64_t opens = 0;
        std::uint64_t closes = 0;
        for (std::size_t i = 0; i < vectors; ++i) {
            const V ahead = V::load(from + i * V::width + 4);
            stop[i] = stops<Wanted>(V::load(from + i * V::width), ahead);
            opens |= ahead.equal('{').bits() << (i * V::width);
            closes |= ahead.equal('}').bits() << (i * V::width);
        }
        braces += std::popcount(opens & unseen) - std::popcount(closes & unseen);
        return judge_all(
            mask(stop) & unseen, begin, begin + origin, begin + positions + 4, Wanted, asked, found
        );
    }

    static std::uint64_t mask(const V (&v)[vectors]) noexcept {
        std::uint64_t bits = 0;
        for (std::size_t i = 0; i < vectors; ++i)
            bits |= v[i].bits() << (i * V::width);
        return bits;
    }

    static bool judge_all(
        std::uint64_t at, const char* begin, const char* origin, const char* end, keys wanted,
        const interest& asked, sweep_result& found
    ) noexcept {
        for (; at != 0; at &= at - 1)
            if (judge(begin, origin + std::countr_zero(at), end, wanted, asked, found))
                return true;
        return false;
    }

    static sweep_result sweep(std::string_view object, keys wanted, const interest& asked) noexcept {
        return wanted == keys::code ? sweep_for<keys::code>(object, asked)
                                    : sweep_for<keys::code_and_meta>(object, asked);
    }

    // Which bytes of a block are escaped, given those that are backslashes; `carry` says it of the first byte
    // of this block, and then of the next. A step for each escape: blocks with any are few, and have few.
    static std::uint64_t escaped(std::uint64_t backslash, bool& carry) noexcept {
        std::uint64_t out = carry ? 1 : 0;
        backslash &= ~out;
        carry = false;
        while (backslash != 0) {
            const std::uint64_t escape = backslash & (~backslash + 1);
            const std::uint64_t next = escape << 1;
            carry = next == 0;
            out |= next;
            backslash &= ~(escape | next);
        }
        return out;
    }

    struct state {
        bool escape_carry = false;
        std::uint64_t in_string = 0; ///< all ones when the block starts inside a string
        std::int64_t depth = 0;
    };

    // The place in the block after the byte that closes the outermost value, or 0.
    static unsigned skip_block(const char* p, state& s) noexcept {
        std::uint64_t quote = 0;
        std::uint64_t backslash = 0;
        std::uint64_t open = 0;
        std::uint64_t close = 0;
        for (std::size_t i = 0; i < vectors; ++i) {
            const V v = V::load(p + i * V::width);
            const V low = v.lower(); // makes '[' a '{' and ']' a '}', and nothing else either
            quote |= v.equal('"').bits() << (i * V::width);
            backslash |= v.equal('\\').bits() << (i * V::width);
            open |= low.equal('{').bits() << (i * V::width);
            close |= low.equal('}').bits() << (i * V::width);
        }
        if (backslash != 0 || s.escape_carry)
            quote &= ~escaped(backslash, s.escape_carry);
        const std::uint64_t in_string = V::prefix_xor(quote) ^ s.in_string;
        s.in_string = static_cast<std::uint64_t>(static_cast<std::int64_t>(in_string) >> 63);
        open &= ~in_string;
        close &= ~in_string;
        if (std::popcount(close) >= s.depth)
            for (std::uint64_t left = close; left != 0; left &= left - 1) {
                const std::uint64_t upto = left ^ (left - 1);
                if (s.depth + std::popcount(open & upto) == std::popcount(close & upto))
                    return static_cast<unsigned>(std::countr_zero(left)) + 1;
            }
        s.depth += std::popcount(open) - std::popcount(close);
        return 0;
    }

    static const char* skip(const char* open, const char* end) noexcept {
        state s;
        for (; static_cast<std::size_t>(end - open) >= block; open += block)
            if (const unsigned after = skip_block(open, s))
                return open + after;
        char copy[block];
        std::memset(copy, ' ', sizeof copy);
        if (open != end)
            std::memcpy(copy, open, static_cast<std::size_t>(end - open));
        const unsigned after = skip_block(copy, s);
        return after == 0 ? nullptr : open + after;
    }
};

} // namespace trialgate::fhir::scan::detail
