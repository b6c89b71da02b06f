// The format of encoded records, described once for both directions (inside of record_codec.hpp).
//
// `shape` numbers go to what repeats, `differing` ones to what does not. A writer does not change what it is
// given; a reader, after a failure, has read zeros.
#pragma once

#include "mappings/engine/record.hpp"
#include "mappings/engine/shape_table.hpp"

namespace trialgate::mappings::codec_detail {

struct writing {
    static constexpr bool reads = false;
    byte_sink shape_, differing_;
    context& before;

    template <class T>
    void shape(T& n) {
        shape_.number(static_cast<std::uint64_t>(n));
    }
    void shape_signed(std::int64_t n) { shape_.integer(n); }
    void shape_text(const std::string& s);
    void differing(std::uint64_t n) { differing_.number(n); }
    void differing_signed(std::int64_t n) { differing_.integer(n); }
    void differing_fixed(std::uint64_t n, int bytes) { differing_.fixed(n, bytes); }
    void text(const std::string& s) { differing_.text(s); }
    void fail() noexcept {}
};

struct reading {
    static constexpr bool reads = true;
    byte_source shape_, differing_;
    context& before;

    /// Enums and flags beyond `byte` are checked by who knows their range.
    template <class T>
    void shape(T& n) {
        n = static_cast<T>(shape_.number());
    }
    void shape_signed(std::int64_t& n) { n = shape_.integer(); }
    void shape_text(std::string& s);
    void differing(std::uint64_t& n) { n = differing_.number(); }
    void differing_signed(std::int64_t& n) { n = differing_.integer(); }
    void differing_fixed(std::uint64_t& n, int bytes) { n = differing_.fixed(bytes); }
    void text(std::string& s) { s = differing_.text(); }
    bool ok() const noexcept { return shape_.ok() && differing_.ok(); }
    void fail() noexcept { shape_.fail(); }
};

/// Everything of a record but its facts, of which there are `facts`.
template <class A>
void describe(A& a, record& r, std::uint64_t& facts);
template <class A>
void describe(A& a, fact& f);

extern template void describe(writing&, record&, std::uint64_t&);
extern template void describe(reading&, record&, std::uint64_t&);
extern template void describe(writing&, fact&);
extern template void describe(reading&, fact&);

/// An enum, whose last value is `last`.
template <class A, class Enum>
void choice(A& a, Enum& e, Enum last) {
    std::uint64_t n = static_cast<std::uint64_t>(e);
    a.shape(n);
    if (n > static_cast<std::uint64_t>(last))
        a.fail();
    else
        e = static_cast<Enum>(n);
}

/// Up to eight flags in one number.
template <class A, class... Flags>
void flags(A& a, Flags&... each) {
    std::uint64_t bits = 0;
    unsigned at = 0;
    ((bits |= std::uint64_t{each} << at++), ...);
    a.shape(bits);
    at = 0;
    if constexpr (A::reads)
        ((each = (bits >> at++) & 1), ...);
}

/// Days are told as distance from the fact before.
template <class A>
void range(A& a, fhir::date_range& r);
/// Of the day; -1 for none.
template <class A>
void second(A& a, std::int32_t& s);

extern template void range(writing&, fhir::date_range&);
extern template void range(reading&, fhir::date_range&);
extern template void second(writing&, std::int32_t&);
extern template void second(reading&, std::int32_t&);

} // namespace trialgate::mappings::codec_detail
