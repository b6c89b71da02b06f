#include "mappings/engine/effective_time.hpp"
#include "mappings/engine/observation_code.hpp"

namespace trialgate::mappings {

namespace {

enum class report_state { usable, pending, withdrawn };

report_state state_of(std::string_view status) {
    if (status == "final" || status == "amended" || status == "corrected" || status == "appended")
        return report_state::usable;
    if (status == "registered" || status == "partial" || status == "preliminary" || status == "modified")
        return report_state::pending;
    return report_state::withdrawn;
}

} // namespace

// A report whose results are Observations says nothing more than they do. One that is only a document says that there is a result
// which a person has to read.
record extract_report(const fhir::diagnostic_report& from, const extraction& with) {
    record out = start_record(from.header);
    out.subject = patient_key(from.subject);
    if (!from.header.usable)
        return out;
    const report_state state = state_of(from.status);
    if (state == report_state::withdrawn) {
        out.withdrawn = true;
        return out;
    }
    const bool says_something = from.has_attachment || !from.conclusion.empty() || !from.conclusion_codes.empty();
    if (!from.results.empty() || !says_something)
        return out;
    // Codes of reports that no trial reads are no gap in a site's map of results.
    const extraction quiet{with.codes, with.site, {}};
    for (const coded_meaning& m : match_code(from.code, quiet, out.notes).meanings) {
        const std::string_view text = from.has_attachment ? "report with attachment only" : "report with conclusion only";
        fact f = start_fact(m.means, fact_kind::observation, text, identifier_hash(from.identifiers));
        f.observation.use = state == report_state::pending ? usability::pending : usability::value_unusable;
        set_effective_time(f, from.effective, from.issued, with.site);
        if (holds(m.means, f))
            out.facts.push_back(std::move(f));
    }
    return out;
}

} // namespace trialgate::mappings
