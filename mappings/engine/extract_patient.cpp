#include "mappings/engine/coded.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

sex sex_of(std::string_view gender) noexcept {
    if (gender == "female")
        return sex::female;
    if (gender == "male")
        return sex::male;
    return gender == "other" ? sex::other : sex::unknown;
}

/// R (restricted) and V (very restricted) of http://terminology.hl7.org/CodeSystem/v3-Confidentiality.
bool is_restricting(const fhir::coding& label) noexcept {
    const bool confidentiality = label.system == "http://terminology.hl7.org/CodeSystem/v3-Confidentiality" ||
                                 label.system == "http://hl7.org/fhir/v3/Confidentiality" ||
                                 label.system == "urn:oid:2.16.840.1.113883.5.25";
    return confidentiality && (label.code == "R" || label.code == "V");
}

void add_link(const fhir::patient_link& link, person_data& to) {
    const std::string key = patient_key(link.other);
    if (key.empty())
        return;
    if (link.type == "replaced-by")
        to.replaced_by.push_back(key);
    else if (link.type == "replaces")
        to.replaces.push_back(key);
}

} // namespace

record extract_patient(const fhir::patient& from, const extraction& with) {
    record out = start_record(from.header);
    if (!out.id.empty())
        out.subject = "Patient/" + out.id;
    person_data& person = out.person.emplace();
    if (from.birth_date) {
        person.birth = from.birth_date->days(with.site);
        person.birth_known = true;
    }
    person.gender = sex_of(from.gender);
    person.deceased = from.deceased;
    person.inactive = from.active.has_value() && !*from.active;
    person.restricted = std::any_of(from.header.security.begin(), from.header.security.end(), is_restricting);
    for (const fhir::identifier& i : from.identifiers)
        if (!i.value.empty())
            person.identifiers.push_back(std::string(i.system) + '|' + std::string(i.value));
    for (const fhir::patient_link& link : from.links)
        add_link(link, person);
    return out;
}

} // namespace trialgate::mappings
