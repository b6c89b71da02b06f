#include "mappings/engine/coded.hpp"

#include "fhir/ascii.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

constexpr std::array<std::string_view, 7> well_known{
    "http://snomed.info/sct",
    "http://hl7.org/fhir/sid/icd-10-cm",
    "http://hl7.org/fhir/sid/icd-10",
    "http://hl7.org/fhir/sid/icd-9-cm",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://www.whocc.no/atc",
    "http://loinc.org",
};

bool known_somewhere(const catalog& codes, std::string_view code) {
    return std::any_of(well_known.begin(), well_known.end(), [&](std::string_view system) {
        return !codes.lookup(system, code).empty();
    });
}

std::string_view text_of(const fhir::codeable_concept& whole, const fhir::coding& part) noexcept {
    if (!whole.text.empty())
        return whole.text;
    return part.display.empty() ? part.code : part.display;
}

} // namespace

std::vector<coded_meaning> meanings_of(const fhir::codeable_concept& c, const extraction& with, note_set& notes) {
    std::vector<coded_meaning> out;
    for (const fhir::coding& part : c.codings)
        for (const meaning& m : with.codes.lookup(part.system, part.code)) {
            const auto same = std::find_if(out.begin(), out.end(), [&](const coded_meaning& o) {
                return o.means.concept_ == m.concept_;
            });
            if (same == out.end())
                // A bare code says nothing to people: then our title stands for it.
                out.push_back({m, c.text.empty() && part.display.empty() ? with.codes.title(m.concept_) : text_of(c, part)});
            else
                same->means.valid_before = std::max(same->means.valid_before, m.valid_before);
        }
    if (!out.empty())
        return out;
    for (const fhir::coding& part : c.codings) {
        if (part.code.empty() || !with.codes.system(part.system).empty())
            continue;
        if (with.unmapped)
            with.unmapped({part.system, part.code, part.display.empty() ? c.text : part.display});
        if (known_somewhere(with.codes, part.code))
            notes.add(note::unmapped_code);
    }
    return out;
}

std::string_view text_of(const fhir::codeable_concept& c) noexcept {
    if (!c.text.empty())
        return c.text;
    for (const fhir::coding& part : c.codings)
        if (!part.display.empty())
            return part.display;
    return c.codings.empty() ? std::string_view{} : c.codings.front().code;
}

bool says(const fhir::codeable_concept& c, std::initializer_list<std::string_view> words) {
    const auto among = [&](std::string_view text) {
        return std::find(words.begin(), words.end(), fhir::lower(text)) != words.end();
    };
    bool coded = false;
    for (const fhir::coding& part : c.codings) {
        coded = coded || !part.code.empty();
        if (among(part.code))
            return true;
    }
    if (coded)
        return false;
    return among(c.text) || std::any_of(c.codings.begin(), c.codings.end(), [&](const fhir::coding& part) {
               return among(part.display);
           });
}

std::uint32_t identifier_hash(const std::vector<fhir::identifier>& identifiers) noexcept {
    for (const fhir::identifier& i : identifiers) {
        if (i.value.empty())
            continue;
        std::uint32_t h = 2166136261u; // FNV-1a
        const auto mix = [&h](std::string_view text) {
            for (const char c : text)
                h = (h ^ static_cast<unsigned char>(c)) * 16777619u;
        };
        mix(i.system);
        mix("|");
        mix(i.value);
        return h == 0 ? 1 : h;
    }
    return 0;
}

fact start_fact(const meaning& of, fact_kind kind, std::string_view text, std::uint32_t identifier) {
    fact out;
    out.what = of.concept_;
    out.kind = kind;
    out.text = text;
    out.identifier = identifier;
    return out;
}

void set_time(fact& f, const fhir::date_time& at, const fhir::time_zone& site) {
    f.when = at.days(site);
    f.dated = true;
    f.second = at.site_second(site).value_or(-1);
}

bool holds(const meaning& m, const fact& f) noexcept {
    return m.valid_before == fhir::date::highest() || (f.dated && f.when.last < m.valid_before);
}

std::string reference_key(const fhir::reference& to, std::string_view type) {
    if (to.type == type && !to.id.empty())
        return std::string(type) + '/' + std::string(to.id);
    if (to.is_urn())
        return normal_key(to.literal);
    if (!to.type.empty() && to.type != type && !to.literal.empty())
        return {};
    if (!to.logical.value.empty())
        return "identifier:" + std::string(to.logical.system) + '|' + std::string(to.logical.value);
    return {};
}

std::string normal_key(std::string_view key) {
    std::string out(key);
    // UUIDs and OIDs compare without regard to case (RFC 9562); other URNs are left as they are.
    constexpr std::string_view uuid = "urn:uuid:";
    if (out.size() > uuid.size())
        for (std::size_t i = 0; i < uuid.size(); ++i) {
            const char c = out[i] >= 'A' && out[i] <= 'Z' ? static_cast<char>(out[i] + 32) : out[i];
            if (c != uuid[i])
                return out;
        }
    else
        return out;
    for (char& c : out)
        c = fhir::lower(c);
    return out;
}

} // namespace trialgate::mappings
