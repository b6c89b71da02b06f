#include "mappings/engine/extract.hpp"

#include "fhir/instant.hpp"
#include "mappings/engine/coded.hpp"

#include <charconv>

namespace trialgate::mappings {

namespace {

/// Nothing unless the whole text is a number: "3" and W/"3" are, "3a" is not.
std::int64_t version_number(std::string_view text) noexcept {
    std::int64_t n = -1;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, n);
    return error == std::errc{} && stop == end && n >= 0 ? n : -1;
}

/// An ETag is a version between quotation marks: W/"3".
std::string_view without_etag(std::string_view text) noexcept {
    if (text.starts_with("W/"))
        text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    return text;
}

std::int64_t milliseconds(std::string_view text) noexcept {
    static const fhir::time_zone utc = fhir::time_zone::fixed(0);
    if (const auto at = fhir::parse_instant(text))
        return std::max<std::int64_t>(*at, -1);
    const auto day = fhir::parse_date_time(text);
    return day ? std::max<std::int64_t>(std::int64_t{86'400'000} * day->days(utc).first.days, -1) : -1;
}

version_stamp stamp(std::string_view version, std::string_view updated) {
    version_stamp out;
    out.text = without_etag(version);
    out.number = version_number(out.text);
    out.updated = milliseconds(updated);
    return out;
}

struct extractor {
    const extraction& with;

    record operator()(std::monostate) const { return {}; }
    record operator()(const fhir::encounter& r) const { return extract_encounter(r, with); }
    record operator()(const fhir::appointment& r) const { return extract_appointment(r, with); }
    record operator()(const fhir::patient& r) const { return extract_patient(r, with); }
    record operator()(const fhir::observation& r) const { return extract_observation(r, with); }
    record operator()(const fhir::condition& r) const { return extract_condition(r, with); }
    record operator()(const fhir::medication_request& r) const { return extract_medication_request(r, with); }
    record operator()(const fhir::medication_statement& r) const { return extract_medication_statement(r, with); }
    record operator()(const fhir::medication_dispense& r) const { return extract_medication_dispense(r, with); }
    record operator()(const fhir::medication_administration& r) const {
        return extract_medication_administration(r, with);
    }
    record operator()(const fhir::medication& r) const { return extract_medication(r, with); }
    record operator()(const fhir::procedure& r) const { return extract_procedure(r, with); }
    record operator()(const fhir::diagnostic_report& r) const { return extract_report(r, with); }
    record operator()(const fhir::specimen& r) const { return extract_specimen(r, with); }
    record operator()(const fhir::consent& r) const { return extract_consent(r, with); }
    record operator()(const fhir::research_study& r) const { return extract_research_study(r, with); }
    record operator()(const fhir::research_subject& r) const { return extract_research_subject(r, with); }
    record operator()(const fhir::questionnaire_response& r) const { return extract_questionnaire(r, with); }

    /// Reads one whose header allows it; what says nothing takes away what an older version said.
    template <class Resource>
    record read(const Resource& r) const {
        if constexpr (std::is_same_v<Resource, std::monostate>) {
            return (*this)(r);
        } else {
            if (!r.header.usable)
                return start_record(r.header);
            record out = (*this)(r);
            if (out.empty())
                out.withdrawn = true;
            return out;
        }
    }
};

} // namespace

record extract(const fhir::resource& from, const extraction& with) {
    const extractor reader{with};
    return std::visit([&](const auto& r) { return reader.read(r); }, from);
}

record deletion(const fhir::reference& target, std::string_view version, std::string_view last_modified) {
    record out;
    out.type = target.type;
    out.id = target.id;
    out.version = stamp(version.empty() ? target.version : version, last_modified);
    out.withdrawn = true;
    return out;
}

record start_record(const fhir::resource_header& header) {
    record out;
    out.type = header.type;
    out.id = header.id;
    out.version = stamp(header.version_id, header.last_updated);
    return out;
}

std::string patient_key(const fhir::reference& subject) {
    return reference_key(subject, "Patient");
}

} // namespace trialgate::mappings
