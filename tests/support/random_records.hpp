// Records of synthetic patients for tests of the codec and of the population.
#pragma once

#include "mappings/engine/record.hpp"

#include <random>

namespace trialgate::test {

inline std::uint64_t up_to(std::mt19937_64& random, std::uint64_t n) {
    return random() % n;
}

inline std::string random_uuid(std::mt19937_64& random) {
    std::string out = "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx";
    for (char& c : out)
        if (c == 'x')
            c = "0123456789abcdef"[up_to(random, 16)];
    return out;
}

inline std::string random_text(std::mt19937_64& random) {
    static constexpr const char* texts[] = {"", "Positive", "74 mL/min/1.73m2", "1:160", "plaquenil 200mg", "\xc3\xbc\n\"", "8.20"};
    if (up_to(random, 20) == 0)
        return std::string(up_to(random, 900), 'x');
    return texts[up_to(random, std::size(texts))];
}

inline fhir::date_range random_range(std::mt19937_64& random) {
    const auto day = [&] { return fhir::date{static_cast<std::int32_t>(18'000 + up_to(random, 3'000))}; };
    const fhir::date first = day();
    switch (up_to(random, 8)) {
    case 0: return {};
    case 1: return {fhir::date::highest(), fhir::date::highest()};
    case 2: return {fhir::date::lowest(), first};
    case 3: return {first, fhir::date::highest()};
    case 4: return {first, first + static_cast<std::int32_t>(up_to(random, 400))};
    default: return {first, first};
    }
}

inline fhir::decimal random_number(std::mt19937_64& random) {
    const auto mantissa = static_cast<std::int64_t>(random() >> up_to(random, 64));
    return {up_to(random, 10) == 0 ? -(mantissa / 100) : mantissa / 100, static_cast<std::int16_t>(static_cast<int>(up_to(random, 6)) - 4)};
}

inline std::optional<fhir::decimal> maybe_number(std::mt19937_64& random) {
    return up_to(random, 2) == 0 ? std::nullopt : std::optional(random_number(random));
}

inline mappings::fact random_fact(std::mt19937_64& random) {
    using namespace mappings;
    fact f;
    f.what = concept_id{static_cast<std::uint16_t>(up_to(random, 300))};
    f.kind = static_cast<fact_kind>(up_to(random, 4));
    f.notes = note_set::from_bits(up_to(random, 3) == 0 ? random() >> 38 : 0);
    f.record = static_cast<std::uint32_t>(up_to(random, 3) == 0 ? random() : 0);
    f.when = random_range(random);
    f.dated = up_to(random, 2) == 0;
    f.second = up_to(random, 3) == 0 ? static_cast<std::int32_t>(up_to(random, 86'400)) : -1;
    f.identifier = static_cast<std::uint32_t>(up_to(random, 2) == 0 ? random() : 0);
    f.text = random_text(random);
    observation_fact& o = f.observation;
    if (f.kind == fact_kind::observation || up_to(random, 20) == 0) {
        o.use = static_cast<usability>(up_to(random, 5));
        o.found = static_cast<finding>(up_to(random, 4));
        o.low = up_to(random, 4) == 0;
        o.high = up_to(random, 4) == 0;
        o.has_value = up_to(random, 2) == 0;
        o.value = {maybe_number(random), maybe_number(random), up_to(random, 3) == 0, up_to(random, 3) == 0};
        if (up_to(random, 2) == 0)
            o.value = interval::point(random_number(random));
        if (o.value.low && up_to(random, 2) == 0)
            f.text = o.value.low->to_string() + " mg/dL";
        o.factor = {5, 442};
        o.range_low = maybe_number(random);
        o.range_high = maybe_number(random);
        o.method = static_cast<assay>(up_to(random, 3));
        o.specimen = up_to(random, 2) == 0 ? random() : 0;
    }
    f.condition.verified = static_cast<verification>(up_to(random, 3));
    f.condition.state = static_cast<clinical_state>(up_to(random, 3));
    f.condition.category = static_cast<condition_category>(up_to(random, 3));
    exposure_fact& e = f.exposure;
    if (f.kind == fact_kind::exposure || up_to(random, 20) == 0) {
        e.source = static_cast<exposure_source>(up_to(random, 4));
        e.against = up_to(random, 5) == 0;
        e.on_hold = up_to(random, 5) == 0;
        e.start = up_to(random, 2) == 0 ? f.when : random_range(random);
        e.end = random_range(random);
        e.end_known = up_to(random, 2) == 0;
        e.ended = up_to(random, 2) == 0;
        e.daily_dose = maybe_number(random);
        e.dose_unit = up_to(random, 2) == 0 ? "mg" : "";
    }
    return f;
}

inline mappings::record random_record(std::mt19937_64& random) {
    using namespace mappings;
    static constexpr const char* types[] = {"Observation", "Condition", "MedicationRequest", "Patient"};
    record r;
    r.type = types[up_to(random, std::size(types))];
    r.id = up_to(random, 3) == 0 ? random_text(random) : random_uuid(random);
    r.version.number = static_cast<std::int64_t>(up_to(random, 4)) - 1;
    r.version.text = up_to(random, 2) == 0 ? std::to_string(r.version.number) : random_text(random);
    r.version.updated = up_to(random, 4) == 0 ? -1 : static_cast<std::int64_t>(1'700'000'000'000 + up_to(random, 10'000'000'000));
    r.version.read = up_to(random, 3) == 0 ? random() : 0;
    r.withdrawn = up_to(random, 9) == 0;
    r.subject = up_to(random, 2) == 0 ? "Patient/p1" : random_text(random);
    r.notes = note_set::from_bits(up_to(random, 2) == 0 ? random() >> 40 : 0);
    for (auto n = up_to(random, 4); n > 0; --n)
        r.facts.push_back(random_fact(random));
    r.medication = up_to(random, 4) == 0 ? "Medication/" + random_uuid(random) : "";
    r.specimen = up_to(random, 4) == 0 ? "Specimen/s" : "";
    if (up_to(random, 5) == 0)
        r.person = person_data{random_range(random), true, sex::female, false, true, false, {"urn:x|1", ""}, {"Patient/a"}, {}};
    if (up_to(random, 5) == 0)
        r.consent = consent_data{up_to(random, 2) == 0, random_range(random)};
    if (up_to(random, 5) == 0)
        r.participation = participation_data{"NCT1", "screening", random_range(random)};
    if (up_to(random, 5) == 0)
        r.definition = definition_data{{concept_id{3}, concept_id{40'000}}, true, random_range(random), true, 77, "serum", {"a|b"}};
    if (up_to(random, 5) == 0)
        r.meeting = meeting_data{"finished", {"urn:x|V5", random_text(random)}, random_range(random), up_to(random, 2) == 0};
    return r;
}

inline auto parts(const fhir::decimal& d) {
    return std::pair(d.mantissa, d.exponent);
}

inline bool same(const std::optional<fhir::decimal>& a, const std::optional<fhir::decimal>& b) {
    return a.has_value() == b.has_value() && (!a || parts(*a) == parts(*b));
}

inline bool same(const mappings::fact& a, const mappings::fact& b) {
    const auto plain = [](const mappings::fact& f) {
        return std::tuple(f.what, f.kind, f.notes.bits(), f.record, f.when.first, f.when.last, f.dated, f.second, f.identifier, f.text);
    };
    const auto observation = [](const mappings::observation_fact& o) {
        return std::tuple(o.use, o.found, o.low, o.high, o.has_value, o.value.low_open, o.value.high_open, o.factor.numerator,
                          o.factor.denominator, o.method, o.specimen);
    };
    const auto exposure = [](const mappings::exposure_fact& e) {
        return std::tuple(e.source, e.against, e.on_hold, e.start.first, e.start.last, e.end.first, e.end.last, e.end_known, e.ended,
                          e.dose_unit);
    };
    const auto &oa = a.observation, &ob = b.observation;
    return plain(a) == plain(b) && observation(oa) == observation(ob) && same(oa.value.low, ob.value.low) &&
           same(oa.value.high, ob.value.high) && same(oa.range_low, ob.range_low) && same(oa.range_high, ob.range_high) &&
           a.condition.verified == b.condition.verified && a.condition.state == b.condition.state &&
           a.condition.category == b.condition.category && a.condition.recorded == b.condition.recorded && exposure(a.exposure) == exposure(b.exposure) &&
           same(a.exposure.daily_dose, b.exposure.daily_dose);
}

/// Everything but the order of reading.
inline bool same_but_read(const mappings::record& a, const mappings::record& b) {
    const auto plain = [](const mappings::record& r) {
        return std::tie(r.type, r.id, r.version.text, r.version.number, r.version.updated, r.withdrawn, r.subject, r.medication, r.specimen);
    };
    if (plain(a) != plain(b) || a.notes != b.notes || a.facts.size() != b.facts.size())
        return false;
    for (std::size_t i = 0; i < a.facts.size(); ++i)
        if (!same(a.facts[i], b.facts[i]))
            return false;
    const auto agree = [](const auto& x, const auto& y, auto&& tuple) {
        return x.has_value() == y.has_value() && (!x || tuple(*x) == tuple(*y));
    };
    return agree(a.person, b.person,
                 [](const mappings::person_data& p) {
                     return std::tuple(p.birth.first, p.birth.last, p.birth_known, p.gender, p.deceased, p.inactive, p.restricted,
                                       p.identifiers, p.replaced_by, p.replaces);
                 }) &&
           agree(a.consent, b.consent,
                 [](const mappings::consent_data& c) { return std::tuple(c.forbids, c.when.first, c.when.last); }) &&
           agree(a.participation, b.participation,
                 [](const mappings::participation_data& p) {
                     return std::tuple(p.study, p.status, p.when.first, p.when.last);
                 }) &&
           agree(a.definition, b.definition, [](const mappings::definition_data& d) {
               return std::tuple(d.drugs, d.by_name, d.when.first, d.when.last, d.dated, d.second, d.specimen_kind, d.identifiers);
           }) &&
           agree(a.meeting, b.meeting, [](const mappings::meeting_data& m) {
               return std::tuple(m.status, m.types, m.when.first, m.when.last, m.dated);
           });
}

} // namespace trialgate::test
