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

} // namespace

template <class A>
void describe(A& a, record& r, std::uint64_t& facts) {
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

template void describe(writing&, record&, std::uint64_t&);
template void describe(reading&, record&, std::uint64_t&);

} // namespace trialgate::mappings::codec_detail
