#include "mappings/engine/record_codec.hpp"

#include "mappings/engine/byte_string.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::mappings {

using codec_detail::context;
using fhir::date;
using fhir::date_range;
using fhir::decimal;

namespace {

constexpr std::uint8_t format = 1;
/// Longer shapes are written each time: a short input must not decode to a large record.
constexpr std::size_t longest_shared = 512;
constexpr std::size_t longest_text_in_shape = 120;
constexpr std::size_t longest_digits = 64;

// ---- ids: a UUID is 16 bytes -------------------------------------------------------------------------------------------

constexpr std::string_view uuid_form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

int hex(char c) noexcept {
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool is_uuid(std::string_view s) noexcept {
    if (s.size() != uuid_form.size())
        return false;
    for (std::size_t i = 0; i < s.size(); ++i)
        if (uuid_form[i] == '-' ? s[i] != '-' : hex(s[i]) < 0)
            return false;
    return true;
}

void put_uuid(byte_sink& to, std::string_view s) {
    for (std::size_t i = 0; i < s.size(); ++i)
        if (s[i] != '-') {
            to.byte(static_cast<std::uint8_t>(hex(s[i]) << 4 | hex(s[i + 1])));
            ++i;
        }
}

std::string get_uuid(byte_source& from) {
    std::string out(uuid_form);
    for (std::size_t i = 0; i < out.size(); ++i)
        if (out[i] != '-') {
            const std::uint8_t b = from.byte();
            out[i] = "0123456789abcdef"[b >> 4];
            out[++i] = "0123456789abcdef"[b & 15];
        }
    return out;
}

// ---- one description of the format for both directions -------------------------------------------------------------------
//
// `shape` numbers go to what repeats, `differing` ones to what does not. A writer does not change what it is given.

struct writing {
    static constexpr bool reads = false;
    byte_sink shape_, differing_;
    context& before;

    template <class T>
    void shape(T& n) { shape_.number(static_cast<std::uint64_t>(n)); }
    void shape_signed(std::int64_t n) { shape_.integer(n); }
    void shape_text(const std::string& s) { shape_.text(s); }
    void differing(std::uint64_t n) { differing_.number(n); }
    void differing_signed(std::int64_t n) { differing_.integer(n); }
    void differing_fixed(std::uint64_t n, int bytes) { differing_.fixed(n, bytes); }
    void text(const std::string& s) { differing_.text(s); }
    bool ok() const noexcept { return true; }
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
    void shape_text(std::string& s) { s = shape_.text(); }
    void differing(std::uint64_t& n) { n = differing_.number(); }
    void differing_signed(std::int64_t& n) { n = differing_.integer(); }
    void differing_fixed(std::uint64_t& n, int bytes) { n = differing_.fixed(bytes); }
    void text(std::string& s) { s = differing_.text(); }
    bool ok() const noexcept { return shape_.ok() && differing_.ok(); }
    void fail() noexcept { shape_.fail(); }
};

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

template <class A>
void day(A& a, date& d, std::int64_t base) {
    std::int64_t distance = d.days - base;
    a.differing_signed(distance);
    if constexpr (A::reads) {
        constexpr std::int64_t far = 8'000'000'000;
        const std::int64_t there = distance > far || distance < -far ? far : base + distance;
        if (there > std::numeric_limits<std::int32_t>::max() || there < std::numeric_limits<std::int32_t>::min())
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
        if (exponent < std::numeric_limits<std::int16_t>::min() || exponent > std::numeric_limits<std::int16_t>::max())
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
void second(A& a, std::int32_t& s) {
    enum class told : std::uint8_t { absent, same, minute, exact } how{};
    if constexpr (!A::reads)
        how = s == -1                ? told::absent
              : s == a.before.second ? told::same
              : s >= 0 && s % 60 == 0 ? told::minute
                                     : told::exact;
    choice(a, how, told::exact);
    std::int64_t n = how == told::minute ? s / 60 : s;
    if (how >= told::minute)
        a.differing_signed(n);
    if constexpr (A::reads) {
        if (n > 10'000'000 || n < -10'000'000)
            return a.fail();
        s = how == told::absent ? -1 : how == told::same ? a.before.second : static_cast<std::int32_t>(how == told::minute ? n * 60 : n);
    }
    if (how >= told::minute)
        a.before.second = s;
}

template <class A>
void values(A& a, observation_fact& o) {
    bool low = o.value.low.has_value(), high = o.value.high.has_value();
    bool equal = low && high && same_as_written(*o.value.low, *o.value.high);
    bool range_low = o.range_low.has_value(), range_high = o.range_high.has_value();
    flags(a, low, high, equal, o.value.low_open, o.value.high_open, range_low, range_high);
    maybe_number(a, o.value.low, low);
    maybe_number(a, o.value.high, high && !equal);
    if (A::reads && equal)
        o.value.high = o.value.low;
    maybe_number(a, o.range_low, range_low, true);
    maybe_number(a, o.range_high, range_high, true);
    a.shape_signed(o.factor.numerator);
    a.shape_signed(o.factor.denominator);
}

template <class A>
void observation(A& a, observation_fact& o) {
    bool specimen = o.specimen != 0;
    bool specimen_same = specimen && o.specimen == a.before.specimen;
    bool special = o.low || o.high || o.method != assay::unknown || o.use != usability::usable;
    flags(a, o.has_value, specimen, specimen_same, special);
    choice(a, o.found, finding::positive);
    if (special) {
        flags(a, o.low, o.high);
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
           !o.value.low && !o.value.high && !o.value.low_open && !o.value.high_open && o.factor == fhir::ratio{} &&
           !o.range_low && !o.range_high && o.method == assay::unknown && o.specimen == 0;
}

bool says_nothing(const exposure_fact& e) noexcept {
    const exposure_fact none;
    return e.source == none.source && !e.against && !e.on_hold && e.start == none.start && e.end == none.end &&
           !e.end_known && !e.ended && !e.daily_dose && e.dose_unit.empty();
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
    text_kind kind = f.text.size() <= longest_text_in_shape ? text_kind::shared : text_kind::own;
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
}

template <class A>
void whole(A& a, fact& f) {
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

template <class A>
void texts(A& a, std::vector<std::string>& list) {
    std::uint64_t n = list.size();
    a.differing(n);
    if constexpr (A::reads) {
        if (n > a.differing_.left())
            return a.fail();
        list.resize(static_cast<std::size_t>(n));
    }
    for (std::string& s : list)
        a.text(s);
}

template <class A>
void whole(A& a, person_data& p) {
    range(a, p.birth);
    choice(a, p.gender, sex::other);
    flags(a, p.birth_known, p.deceased, p.inactive, p.restricted);
    texts(a, p.identifiers);
    texts(a, p.replaced_by);
    texts(a, p.replaces);
}

template <class A>
void whole(A& a, consent_data& c) {
    flags(a, c.forbids);
    range(a, c.when);
}

template <class A>
void whole(A& a, participation_data& p) {
    a.text(p.study);
    a.shape_text(p.status);
    range(a, p.when);
}

template <class A>
void whole(A& a, definition_data& d) {
    std::uint64_t n = d.drugs.size();
    a.differing(n);
    if constexpr (A::reads) {
        if (n > a.differing_.left())
            return a.fail();
        d.drugs.resize(static_cast<std::size_t>(n));
    }
    for (concept_id& c : d.drugs) {
        std::uint64_t number_of = static_cast<std::uint64_t>(c);
        a.differing(number_of);
        c = static_cast<concept_id>(number_of);
    }
    flags(a, d.by_name, d.dated);
    range(a, d.when);
    second(a, d.second);
    a.shape_text(d.specimen_kind);
    texts(a, d.identifiers);
}

template <class A, class T>
void maybe(A& a, std::optional<T>& part, bool there) {
    if (!there)
        return;
    if (A::reads)
        part.emplace();
    whole(a, *part);
}

enum class id_kind : std::uint8_t { own, uuid };

template <class A>
void id(A& a, std::string& s) {
    id_kind kind = is_uuid(s) ? id_kind::uuid : id_kind::own;
    choice(a, kind, id_kind::uuid);
    if (kind == id_kind::own)
        return a.text(s);
    if constexpr (A::reads)
        s = get_uuid(a.differing_);
    else
        put_uuid(a.differing_, s);
}

template <class A>
void version(A& a, version_stamp& v) {
    enum class told : std::uint8_t { absent, same, exact } updated{};
    if constexpr (!A::reads)
        updated = v.updated == -1 ? told::absent : v.updated == a.before.updated ? told::same : told::exact;
    bool plain = v.text.empty() ? v.number == -1 : v.text == std::to_string(v.number);
    bool empty = v.text.empty();
    bool next = v.read == a.before.read + 1, none = v.read == 0;
    flags(a, plain, empty, next, none);
    a.shape_signed(v.number);
    if (!plain)
        a.text(v.text);
    else if (A::reads)
        v.text = empty ? std::string{} : std::to_string(v.number);
    choice(a, updated, told::exact);
    // Seconds when it is that: a third fewer bytes.
    std::int64_t distance = static_cast<std::int64_t>(static_cast<std::uint64_t>(v.updated) - static_cast<std::uint64_t>(a.before.updated));
    bool seconds = updated == told::exact && distance % 1000 == 0;
    flags(a, seconds);
    if (seconds)
        distance /= 1000;
    if (updated == told::exact)
        a.differing_signed(distance);
    if constexpr (A::reads) {
        const std::uint64_t step = static_cast<std::uint64_t>(distance) * (seconds ? 1000u : 1u);
        v.updated = updated == told::absent ? -1
                    : updated == told::same ? a.before.updated
                                            : static_cast<std::int64_t>(static_cast<std::uint64_t>(a.before.updated) + step);
    }
    if (updated == told::exact)
        a.before.updated = v.updated;
    if (!next && !none)
        a.differing(v.read);
    else if (A::reads)
        v.read = next ? a.before.read + 1 : 0;
    a.before.read = v.read;
}

/// Everything of a record but its facts.
template <class A>
void head(A& a, record& r, std::uint64_t& facts) {
    a.shape_text(r.type);
    id(a, r.id);
    version(a, r.version);
    bool subject_same = r.subject == a.before.subject;
    flags(a, r.withdrawn, subject_same);
    if (!subject_same)
        a.text(r.subject);
    else if (A::reads)
        r.subject = a.before.subject;
    a.before.subject = r.subject;
    std::uint64_t notes = r.notes.bits();
    a.shape(notes);
    r.notes = note_set::from_bits(notes);
    a.shape(facts);
    a.shape_text(r.medication);
    bool specimen = !r.specimen.empty(), person = r.person.has_value(), consent = r.consent.has_value();
    bool participation = r.participation.has_value(), definition = r.definition.has_value();
    flags(a, specimen, person, consent, participation, definition);
    if (specimen)
        a.text(r.specimen);
    maybe(a, r.person, person);
    maybe(a, r.consent, consent);
    maybe(a, r.participation, participation);
    maybe(a, r.definition, definition);
}

} // namespace

record_writer::record_writer() : out_(1, static_cast<char>(format)) {}

void record_writer::put_shape(std::string shape) {
    byte_sink to(out_);
    if (shape.size() > longest_shared) {
        to.number(1);
        to.text(shape);
        return;
    }
    const auto next = static_cast<std::uint32_t>(shapes_.size());
    const auto [at, fresh] = shapes_.try_emplace(std::move(shape), next);
    to.number(fresh ? 0 : at->second + 2);
    if (fresh)
        to.text(at->first);
}

void record_writer::append(const record& r) {
    // The format is described once for both directions, and the description writes to what it is given.
    record from = r;
    std::string shape, differing;
    std::uint64_t facts = r.facts.size();
    writing w{byte_sink(shape), byte_sink(differing), before_};
    head(w, from, facts);
    put_shape(std::move(shape));
    out_ += differing;
    for (fact& f : from.facts) {
        shape.clear();
        differing.clear();
        writing each{byte_sink(shape), byte_sink(differing), before_};
        whole(each, f);
        put_shape(std::move(shape));
        out_ += differing;
    }
}

std::string record_writer::take() {
    std::string out = std::move(out_);
    *this = record_writer();
    return out;
}

record_reader::record_reader(std::string_view bytes) noexcept : rest_(bytes) {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) != format)
        broken_ = true;
    else
        rest_.remove_prefix(1);
}

std::string_view record_reader::get_shape() {
    byte_source from(rest_);
    const std::uint64_t n = from.number();
    std::string_view out;
    if (n < 2) {
        out = from.text();
        if (n == 0 && out.size() <= longest_shared)
            shapes_.push_back(out);
        else if (n == 0)
            from.fail();
    } else if (n - 2 < shapes_.size()) {
        out = shapes_[static_cast<std::size_t>(n - 2)];
    } else {
        from.fail();
    }
    broken_ = broken_ || !from.ok();
    return out;
}

std::optional<record> record_reader::next() {
    if (broken_ || rest_.empty())
        return std::nullopt;
    record out;
    std::uint64_t facts = 0;
    const auto read = [&](auto&& describe) {
        std::string_view shape = get_shape();
        reading r{byte_source(shape), byte_source(rest_), before_};
        if (!broken_)
            describe(r);
        broken_ = broken_ || !r.ok() || !shape.empty();
    };
    read([&](reading& r) { head(r, out, facts); });
    if (facts > rest_.size())
        broken_ = true;
    for (std::uint64_t i = 0; i < facts && !broken_; ++i)
        read([&](reading& r) { whole(r, out.facts.emplace_back()); });
    if (broken_)
        return std::nullopt;
    return out;
}

} // namespace trialgate::mappings
