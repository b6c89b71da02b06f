// From a FHIR resource to a record: code mapping, units, titers, words, dates, status. Clinical reference 6.3, 7, 8, 9.
//
// Nothing is guessed: what cannot be read stays as a fact that says so (usability), because "there is a result and we could not
// read it" is not the same as "there is no result".
#pragma once

#include "fhir/bundle.hpp"
#include "fhir/resources.hpp"
#include "mappings/engine/record.hpp"

#include <functional>

namespace trialgate::mappings {

struct extraction {
    const catalog& codes;
    const fhir::time_zone& site;
    /// Called for every coding of an otherwise unmapped Observation, Condition, Medication* or Procedure whose system is unknown or missing;
    /// one without a display has the element's text for it. May be empty.
    std::function<void(const fhir::coding&)> unmapped;
};

/// The record of one resource; never fails. A resource of a type that no one reads, or `monostate`, gives an empty record with type and id only.
/// `header.usable == false` gives a record without facts that is not withdrawn (it neither supersedes nor counts): the caller quarantines it.
record extract(const fhir::resource& from, const extraction& with);

/// The record of a deletion seen in a history or a notification.
record deletion(const fhir::reference& target, std::string_view version, std::string_view last_modified);

/// "Patient/p1" and so on, as record::subject is spelled.
std::string patient_key(const fhir::reference& subject);

// One function a resource; internal, declared here for the tests.
record extract_patient(const fhir::patient& from, const extraction& with);
record extract_observation(const fhir::observation& from, const extraction& with);
record extract_report(const fhir::diagnostic_report& from, const extraction& with);
record extract_questionnaire(const fhir::questionnaire_response& from, const extraction& with);
record extract_condition(const fhir::condition& from, const extraction& with);
record extract_procedure(const fhir::procedure& from, const extraction& with);
record extract_medication_request(const fhir::medication_request& from, const extraction& with);
record extract_medication_statement(const fhir::medication_statement& from, const extraction& with);
record extract_medication_dispense(const fhir::medication_dispense& from, const extraction& with);
record extract_medication_administration(const fhir::medication_administration& from, const extraction& with);
record extract_medication(const fhir::medication& from, const extraction& with);
record extract_specimen(const fhir::specimen& from, const extraction& with);
record extract_encounter(const fhir::encounter& from, const extraction& with);
record extract_appointment(const fhir::appointment& from, const extraction& with);
record extract_consent(const fhir::consent& from, const extraction& with);
record extract_research_study(const fhir::research_study& from, const extraction& with);
record extract_research_subject(const fhir::research_subject& from, const extraction& with);

/// type, id, version of the header.
record start_record(const fhir::resource_header& header);

} // namespace trialgate::mappings
