#include "mappings/engine/record_format.hpp"

namespace trialgate::mappings::codec_detail {

namespace {

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

template <class A>
void whole(A& a, meeting_data& m) {
    a.shape_text(m.status);
    texts(a, m.types);
    flags(a, m.dated);
    range(a, m.when);
}

template <class A, class T>
void maybe(A& a, std::optional<T>& part, bool there) {
    if (!there)
        return;
    if (A::reads)
        part.emplace();
    whole(a, *part);
}

/// True, and done, when `s` ends with a UUID: 16 bytes, and the words before it a number.
template <class A>
bool with_uuid(A& a, std::string& s) {
    const std::size_t size = uuid_form.size();
    std::string head;
    bool uuid = false;
    if constexpr (!A::reads) {
        uuid = s.size() >= size && s.size() <= size + text_table::longest &&
               is_uuid(std::string_view(s).substr(s.size() - size));
        head = uuid ? s.substr(0, s.size() - size) : std::string{};
    }
    flags(a, uuid);
    if (!uuid)
        return false;
    a.shape_text(head);
    if constexpr (A::reads)
        s = head + get_uuid(a.differing_);
    else
        put_uuid(a.differing_, std::string_view(s).substr(s.size() - size));
    return true;
}

/// A name that is likely to be the one before.
template <class A>
void name(A& a, std::string& s, std::string& before) {
    bool same = s == before;
    flags(a, same);
    if (same) {
        if constexpr (A::reads)
            s = before;
        return;
    }
    if (!with_uuid(a, s))
        a.text(s);
    before = s;
}

enum class told_number : std::uint8_t { absent, one, exact };
enum class told_time : std::uint8_t { absent, same, seconds, exact };

template <class A>
void version_number(A& a, version_stamp& v) {
    auto told = v.number == -1 ? told_number::absent : v.number == 1 ? told_number::one : told_number::exact;
    choice(a, told, told_number::exact);
    if (told == told_number::exact)
        a.differing_signed(v.number);
    else if (A::reads)
        v.number = told == told_number::one ? 1 : -1;
    bool empty = v.text.empty();
    bool plain = empty ? v.number == -1 : v.text == std::to_string(v.number);
    flags(a, plain, empty);
    if (!plain)
        a.text(v.text);
    else if (A::reads)
        v.text = empty ? std::string{} : std::to_string(v.number);
}

/// The distance of any two numbers, and the way back.
std::int64_t distance(std::uint64_t to, std::uint64_t from) noexcept {
    return static_cast<std::int64_t>(to - from);
}

template <class A>
void version_time(A& a, version_stamp& v) {
    const auto before = static_cast<std::uint64_t>(a.before.updated);
    std::int64_t step = distance(static_cast<std::uint64_t>(v.updated), before);
    // Seconds when it is that: a third fewer bytes.
    auto told = v.updated == -1    ? told_time::absent
                : step == 0        ? told_time::same
                : step % 1000 == 0 ? told_time::seconds
                                   : told_time::exact;
    choice(a, told, told_time::exact);
    if (told == told_time::seconds)
        step /= 1000;
    if (told >= told_time::seconds)
        a.differing_signed(step);
    if constexpr (A::reads) {
        const std::uint64_t unit = told == told_time::seconds ? 1000 : told == told_time::exact ? 1 : 0;
        v.updated = told == told_time::absent
                        ? -1
                        : static_cast<std::int64_t>(before + static_cast<std::uint64_t>(step) * unit);
    }
    if (told >= told_time::seconds)
        a.before.updated = v.updated;
}

template <class A>
void version(A& a, version_stamp& v) {
    version_number(a, v);
    version_time(a, v);
    bool next = v.read == a.before.read + 1, none = v.read == 0;
    flags(a, next, none);
    std::int64_t step = next ? 1 : distance(v.read, a.before.read);
    if (!next && !none)
        a.differing_signed(step);
    if constexpr (A::reads)
        v.read = none ? 0 : a.before.read + (next ? 1 : static_cast<std::uint64_t>(step));
    if (!none)
        a.before.read = v.read;
}

} // namespace

template <class A>
void describe(A& a, record& r, std::uint64_t& facts) {
    a.shape_text(r.type);
    if (!with_uuid(a, r.id))
        a.text(r.id);
    version(a, r.version);
    name(a, r.subject, a.before.subject);
    std::uint64_t notes = r.notes.bits();
    a.shape(notes);
    r.notes = note_set::from_bits(notes);
    a.shape(facts);
    bool medication = !r.medication.empty(), specimen = !r.specimen.empty(), person = r.person.has_value();
    bool consent = r.consent.has_value(), participation = r.participation.has_value(),
         definition = r.definition.has_value(), meeting = r.meeting.has_value();
    flags(a, r.withdrawn, medication, specimen, person, consent, participation, definition, meeting);
    if (medication && !with_uuid(a, r.medication))
        a.shape_text(r.medication);
    if (specimen)
        name(a, r.specimen, a.before.specimen_name);
    maybe(a, r.person, person);
    maybe(a, r.consent, consent);
    maybe(a, r.participation, participation);
    maybe(a, r.definition, definition);
    maybe(a, r.meeting, meeting);
}

template void describe(writing&, record&, std::uint64_t&);
template void describe(reading&, record&, std::uint64_t&);

} // namespace trialgate::mappings::codec_detail
