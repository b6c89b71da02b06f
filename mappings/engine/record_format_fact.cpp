#include "mappings/engine/record_format.hpp"

#include <limits>

namespace trialgate::mappings::codec_detail {

using fhir::decimal;

namespace {

constexpr std::size_t longest_digits = 64;

/// Exponent and sign belong to the shape: an analyte is reported with the same number of digits each time.
template <class A>
void number(A& a, decimal& d, bool constant = false) {
    std::int64_t exponent_and_sign = std::int64_t{d.exponent} * 2 + (d.mantissa < 0 ? 1 : 0);
    a.shape_signed(exponent_and_sign);
    const bool negative = (exponent_and_sign & 1) != 0;
    std::uint64_t size = static_cast<std::uint64_t>(d.mantissa);
    if (negative)
        size = ~size + 1;
    if (constant)
        a.shape(size);
    else
        a.differing(size);
    if constexpr (A::reads) {
        const std::int64_t exponent = (exponent_and_sign - negative) / 2;
        if (exponent < std::numeric_limits<std::int16_t>::min() ||
            exponent > std::numeric_limits<std::int16_t>::max())
            return a.fail();
        d.mantissa = static_cast<std::int64_t>(negative ? ~size + 1 : size);
        d.exponent = static_cast<std::int16_t>(exponent);
    }
}

template <class A>
void maybe_number(A& a, std::optional<decimal>& d, bool there, bool constant = false) {
    if (A::reads && there)
        d.emplace();
    if (there)
        number(a, *d, constant);
}

bool same_as_written(const decimal& a, const decimal& b) noexcept {
    return a.mantissa == b.mantissa && a.exponent == b.exponent;
}

template <class A>
void values(A& a, observation_fact& o) {
    bool low = o.value.low.has_value(), high = o.value.high.has_value();
    bool equal = low && high && same_as_written(*o.value.low, *o.value.high);
    bool range_low = o.range_low.has_value(), range_high = o.range_high.has_value();
    bool converted = o.factor != fhir::ratio{};
    flags(a, low, high, equal, o.value.low_open, o.value.high_open, range_low, range_high, converted);
    maybe_number(a, o.value.low, low);
    maybe_number(a, o.value.high, high && !equal);
    if (A::reads && equal)
        o.value.high = o.value.low;
    maybe_number(a, o.range_low, range_low, true);
    maybe_number(a, o.range_high, range_high, true);
    if (converted) {
        a.shape_signed(o.factor.numerator);
        a.shape_signed(o.factor.denominator);
    }
}

template <class A>
void observation(A& a, observation_fact& o) {
    bool specimen = o.specimen != 0;
    bool specimen_same = specimen && o.specimen == a.before.specimen;
    bool special = o.method != assay::unknown || o.use != usability::usable;
    flags(a, o.has_value, specimen, specimen_same, special, o.low, o.high);
    choice(a, o.found, finding::positive);
    if (special) {
        choice(a, o.method, assay::reference);
        choice(a, o.use, usability::conflicting);
    }
    values(a, o);
    if (specimen && !specimen_same)
        a.differing_fixed(o.specimen, 8);
    else if (A::reads)
        o.specimen = specimen ? a.before.specimen : 0;
    if (specimen)
        a.before.specimen = o.specimen;
}

bool says_nothing(const observation_fact& o) noexcept {
    return o.use == usability::usable && o.found == finding::none && !o.low && !o.high && !o.has_value &&
           !o.value.low && !o.value.high && !o.value.low_open && !o.value.high_open &&
           o.factor == fhir::ratio{} && !o.range_low && !o.range_high && o.method == assay::unknown &&
           o.specimen == 0;
}

bool says_nothing(const exposure_fact& e) noexcept {
    const exposure_fact none;
    return e.source == none.source && !e.against && !e.on_hold && e.start == none.start &&
           e.end == none.end && !e.end_known && !e.ended && !e.daily_dose && e.dose_unit.empty();
}

template <class A>
void exposure(A& a, exposure_fact& e) {
    bool dose = e.daily_dose.has_value();
    flags(a, e.against, e.on_hold, e.end_known, e.ended, dose);
    choice(a, e.source, exposure_source::administered);
    range(a, e.start);
    range(a, e.end);
    maybe_number(a, e.daily_dose, dose, true);
    a.shape_text(e.dose_unit);
}

enum class text_kind : std::uint8_t { own, shared, around_number };

/// "74 mL/min" is the number 74 with " mL/min" after it; "1:160" is 160 after "1:".
template <class A>
void text(A& a, fact& f) {
    const auto& number = f.observation.value.low;
    text_kind kind = f.text.size() <= text_table::longest ? text_kind::shared : text_kind::own;
    std::string head, tail, digits;
    if (number)
        digits = number->to_string();
    if constexpr (!A::reads) {
        const auto at = digits.empty() ? std::string::npos : f.text.find(digits);
        if (at != std::string::npos && digits.size() <= longest_digits && kind == text_kind::shared) {
            kind = text_kind::around_number;
            head = f.text.substr(0, at);
            tail = f.text.substr(at + digits.size());
        } else if (f.kind == fact_kind::observation && !f.text.empty() && number) {
            kind = text_kind::own; // a number told in other words: as good as never twice the same
        }
    }
    choice(a, kind, text_kind::around_number);
    if (kind == text_kind::own)
        return a.text(f.text);
    if (kind == text_kind::shared)
        return a.shape_text(f.text);
    a.shape_text(head);
    a.shape_text(tail);
    if constexpr (A::reads) {
        if (digits.size() > longest_digits)
            return a.fail();
        f.text = head + digits + tail;
    }
}

/// Three enums of three values each.
template <class A>
void condition(A& a, condition_fact& c) {
    std::uint64_t n = static_cast<std::uint64_t>(c.verified) * 9 + static_cast<std::uint64_t>(c.state) * 3 +
                      static_cast<std::uint64_t>(c.category);
    a.shape(n);
    if (n >= 27)
        return a.fail();
    c.verified = static_cast<verification>(n / 9);
    c.state = static_cast<clinical_state>(n / 3 % 3);
    c.category = static_cast<condition_category>(n % 3);
    range(a, c.recorded);
}

} // namespace

template <class A>
void describe(A& a, fact& f) {
    std::uint64_t notes = f.notes.bits();
    a.shape(f.what);
    choice(a, f.kind, fact_kind::procedure);
    a.shape(notes);
    f.notes = note_set::from_bits(notes);
    a.shape(f.record);
    bool identified = f.identifier != 0;
    flags(a, f.dated, identified);
    range(a, f.when);
    second(a, f.second);
    std::uint64_t identifier = f.identifier;
    if (identified)
        a.differing_fixed(identifier, 4);
    f.identifier = static_cast<std::uint32_t>(identifier);
    bool has_observation = f.kind == fact_kind::observation || !says_nothing(f.observation);
    bool has_exposure = f.kind == fact_kind::exposure || !says_nothing(f.exposure);
    flags(a, has_observation, has_exposure);
    if (has_observation)
        observation(a, f.observation);
    condition(a, f.condition);
    if (has_exposure)
        exposure(a, f.exposure);
    text(a, f);
}

template void describe(writing&, fact&);
template void describe(reading&, fact&);

} // namespace trialgate::mappings::codec_detail
