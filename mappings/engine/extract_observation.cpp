#include "mappings/engine/coded.hpp"
#include "mappings/engine/effective_time.hpp"
#include "mappings/engine/observation_code.hpp"
#include "mappings/engine/result_value.hpp"
#include "mappings/engine/safety.hpp"
#include "mappings/engine/specimen_kind.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

std::uint64_t hash64(std::string_view text) noexcept {
    std::uint64_t h = 14695981039346656037u; // FNV-1a
    for (const char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return h == 0 ? 1 : h;
}

bool is_usable_status(std::string_view status) {
    return status == "final" || status == "amended" || status == "corrected" || status == "appended";
}

/// What all facts of one Observation share.
struct setting {
    const fhir::observation& from;
    const extraction& with;
    std::vector<std::string_view> specimens; ///< kinds named with the result
    assay method = assay::unknown;
    std::uint64_t specimen = 0;
    std::uint32_t identifier = 0;
    bool pending = false;
};

setting setting_of(const fhir::observation& from, const extraction& with) {
    setting out{from, with, {}, assay_of(from.method), 0, identifier_hash(from.identifiers), !is_usable_status(from.status)};
    for (const std::string_view kind : {specimen_kind(from.specimen.display), specimen_kind(from.body_site)})
        if (!kind.empty())
            out.specimens.push_back(kind);
    const std::string key = reference_key(from.specimen, "Specimen");
    if (!key.empty())
        out.specimen = hash64(key);
    else if (from.specimen.is_contained())
        out.specimen = hash64("Observation/" + std::string(from.header.id) + std::string(from.specimen.literal));
    return out;
}

bool wrong_specimen(const analyte* about, const setting& s) {
    if (!about || about->specimens.empty())
        return false;
    return std::any_of(s.specimens.begin(), s.specimens.end(), [about](std::string_view kind) {
        return std::find(about->specimens.begin(), about->specimens.end(), kind) == about->specimens.end();
    });
}

void add_facts(const setting& s, const code_match& code, const result_source& source, bool keep_pending, record& out) {
    for (const coded_meaning& m : code.meanings) {
        const analyte* about = s.with.codes.analyte_of(m.means.concept_);
        read_result result = read_result_of(source, about, s.with.codes);
        if (!result.said && !(s.pending && keep_pending))
            continue;
        fact f = start_fact(m.means, fact_kind::observation, result.text, s.identifier);
        f.observation = result.found;
        f.notes.add(result.notes);
        f.observation.method = s.method;
        f.observation.specimen = s.specimen;
        if (std::any_of(s.from.notes.begin(), s.from.notes.end(), [&](const fhir::annotation& remark) {
                return s.with.codes.safety().spoiled(f.what, remark.text);
            }))
            f.notes.add(note::specimen_spoiled);
        set_effective_time(f, s.from.effective, s.from.issued, s.with.site);
        if (!holds(m.means, f))
            continue;
        if (!result.said)
            f.text = "pending";
        if (s.pending)
            f.observation.use = usability::pending;
        if (wrong_specimen(about, s))
            f.observation.use = usability::value_unusable;
        if (code.conflicting) {
            f.observation.use = usability::conflicting;
            f.notes.add(note::code_conflict);
        }
        out.facts.push_back(std::move(f));
    }
}

} // namespace

record extract_observation(const fhir::observation& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (!from.header.usable)
        return out;
    const bool pending = from.status == "registered" || from.status == "preliminary";
    if (!pending && !is_usable_status(from.status)) {
        out.withdrawn = true;
        return out;
    }
    const setting s = setting_of(from, with);
    const code_match own = match_code(from.code, with, out.notes);
    const bool panel = !from.components.empty() || !from.has_member.empty();
    add_facts(s, own, {from.value, from.interpretation, from.reference_ranges, !from.data_absent_reason.empty()}, !panel, out);
    for (const fhir::observation_component& c : from.components) {
        const code_match code = match_code(c.code, with, out.notes);
        add_facts(s, code, {c.value, c.interpretation, c.reference_ranges, !c.data_absent_reason.empty()}, true, out);
    }
    if (!out.facts.empty())
        out.specimen = reference_key(from.specimen, "Specimen");
    return out;
}

} // namespace trialgate::mappings
