#include "mappings/engine/record_format.hpp"

#include <limits>

namespace trialgate::mappings::codec_detail {

using fhir::date;
using fhir::date_range;

namespace {

template <class A>
void day(A& a, date& d, std::int64_t base) {
    std::int64_t distance = d.days - base;
    a.differing_signed(distance);
    if constexpr (A::reads) {
        constexpr std::int64_t far = 8'000'000'000;
        const std::int64_t there = distance > far || distance < -far ? far : base + distance;
        if (there > std::numeric_limits<std::int32_t>::max() ||
            there < std::numeric_limits<std::int32_t>::min())
            return a.fail();
        d.days = static_cast<std::int32_t>(there);
    }
}

enum class range_kind : std::uint8_t { calendar, open, same, one_day, until, from, both };

range_kind kind_of(const date_range& r, const context& before) noexcept {
    if (r == date_range{})
        return range_kind::calendar;
    if (r == date_range{date::highest(), date::highest()})
        return range_kind::open;
    if (r.is_day())
        return r.first.days == before.day ? range_kind::same : range_kind::one_day;
    if (r.first == date::lowest())
        return range_kind::until;
    return r.last == date::highest() ? range_kind::from : range_kind::both;
}

} // namespace

template <class A>
void range(A& a, date_range& r) {
    range_kind kind{};
    if constexpr (!A::reads)
        kind = kind_of(r, a.before);
    choice(a, kind, range_kind::both);
    if constexpr (A::reads) {
        r = {};
        if (kind == range_kind::open)
            r.first = date::highest();
        if (kind == range_kind::same)
            r.first = r.last = {static_cast<std::int32_t>(a.before.day)};
    }
    if (kind == range_kind::until)
        day(a, r.last, a.before.day);
    if (kind < range_kind::one_day || kind == range_kind::until)
        return;
    day(a, r.first, a.before.day);
    if (kind == range_kind::both)
        day(a, r.last, r.first.days);
    else if (A::reads && kind == range_kind::one_day)
        r.last = r.first;
    a.before.day = r.first.days;
}

template <class A>
void second(A& a, std::int32_t& s) {
    enum class told : std::uint8_t { absent, same, minute, exact } how{};
    if constexpr (!A::reads)
        how = s == -1                 ? told::absent
              : s == a.before.second  ? told::same
              : s >= 0 && s % 60 == 0 ? told::minute
                                      : told::exact;
    choice(a, how, told::exact);
    std::int64_t n = how == told::minute ? s / 60 : s;
    if (how >= told::minute)
        a.differing_signed(n);
    if constexpr (A::reads) {
        constexpr std::int64_t last = std::numeric_limits<std::int32_t>::max(),
                               first = std::numeric_limits<std::int32_t>::min();
        if (n > last || n < first || (how == told::minute && (n > last / 60 || n < 0)))
            return a.fail();
        s = how == told::absent ? -1
            : how == told::same ? a.before.second
                                : static_cast<std::int32_t>(how == told::minute ? n * 60 : n);
    }
    if (how >= told::minute)
        a.before.second = s;
}

template void range(writing&, date_range&);
template void range(reading&, date_range&);
template void second(writing&, std::int32_t&);
template void second(reading&, std::int32_t&);

} // namespace trialgate::mappings::codec_detail
