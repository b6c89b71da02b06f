// The resources a gateway for trials reads, as far as it reads them. One struct a resource, one `read` function each.
//
// A reader takes the JSON of one resource and reports to the context's sink what it cannot use; the struct then holds what is
// usable. It never fails: a resource that must not be used at all has `header.usable == false` and a fatal issue.
// Elements that R4, R4B and R5 spell differently are read into one member (the R4 name; the R5 one in the comment).
// All views are valid as long as the json::value.
#pragma once

#include "fhir/issue.hpp"
#include "fhir/json.hpp"
#include "fhir/types.hpp"

namespace trialgate::fhir {

/// Where issues go and where we are. One per resource being read. After 1,000 issues of one resource the others, unless fatal,
/// are not passed on; the last that is says so.
class read_context {
public:
    explicit read_context(issue_sink& sink) noexcept : sink_(&sink) {}
    /// Reports at the current path plus `child` (may be empty).
    void report(severity s, issue_type t, std::string_view child, std::string text, json::value at, std::string theirs = {});

    /// Names one step of the path for its lifetime.
    class step {
    public:
        step(read_context& c, std::string_view name, int index = -1);
        ~step();
        step(const step&) = delete;
        step& operator=(const step&) = delete;

    private:
        read_context* context_;
    };

private:
    struct part {
        std::string_view name;
        int index;
    };
    issue_sink* sink_;
    std::uint32_t reported_ = 0;
    std::vector<part> path_;
};

struct patient_link {
    reference other;
    std::string_view type; ///< replaced-by | replaces | refer | seealso
};

struct patient {
    resource_header header;
    std::vector<identifier> identifiers;
    std::optional<bool> active;
    std::string_view gender; ///< male | female | other | unknown, or empty
    std::optional<date_time> birth_date;
    bool deceased = false; ///< deceasedBoolean true or any deceasedDateTime
    std::optional<date_time> deceased_on;
    std::vector<patient_link> links;
};

struct observation_component {
    codeable_concept code;
    observation_value value;
    codeable_concept data_absent_reason;
    std::vector<codeable_concept> interpretation;
    std::vector<reference_range> reference_ranges;
};

struct observation {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    std::vector<codeable_concept> category;
    codeable_concept code;
    reference subject;
    std::variant<std::monostate, date_time, period> effective; ///< dateTime and instant as date_time; Timing is left out with a warning
    std::optional<date_time> issued;
    observation_value value;
    codeable_concept data_absent_reason;
    std::vector<codeable_concept> interpretation;
    std::vector<annotation> notes;
    codeable_concept body_site, method;
    reference specimen;
    std::vector<reference_range> reference_ranges;
    std::vector<reference> has_member, derived_from;
    std::vector<reference> performers;
    std::vector<observation_component> components;
};

/// onset[x] and abatement[x].
using event_time = std::variant<std::monostate, date_time, quantity /*Age*/, period, range, std::string_view>;

struct condition {
    resource_header header;
    std::vector<identifier> identifiers;
    codeable_concept clinical_status, verification_status;
    std::vector<codeable_concept> category;
    codeable_concept code;
    reference subject;
    event_time onset, abatement;
    std::optional<date_time> recorded_date;
};

struct dosage {
    std::string_view text;
    bool as_needed = false;
    codeable_concept route;
    std::optional<period> bounds;          ///< timing.repeat.boundsPeriod
    std::optional<quantity> bounds_length; ///< timing.repeat.boundsDuration
    std::optional<decimal> frequency, period_length;
    std::string_view period_unit; ///< s | min | h | d | wk | mo | a
    std::optional<quantity> dose; ///< doseAndRate.doseQuantity
};

/// Medication as codeable concept or reference (R5: CodeableReference `medication`).
struct medication_choice {
    codeable_concept concept_; ///< also that of a contained Medication, resolved
    reference reference_;      ///< set when it points outside this resource
    codeable_concept form;     ///< of a contained Medication
};

struct medication_request {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status, intent;
    codeable_concept status_reason;
    bool do_not_perform = false;
    medication_choice medication;
    reference subject;
    std::optional<date_time> authored_on;
    std::vector<codeable_concept> reasons;
    std::vector<dosage> dosages;
    std::optional<period> validity;              ///< dispenseRequest.validityPeriod
    std::optional<decimal> repeats_allowed;      ///< dispenseRequest.numberOfRepeatsAllowed
    std::optional<quantity> expected_supply;     ///< dispenseRequest.expectedSupplyDuration
};

struct medication_statement { ///< R5: MedicationUsage was renamed back to MedicationStatement
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status; ///< R5 status recorded + adherence is mapped to the R4 codes
    medication_choice medication;
    reference subject;
    std::variant<std::monostate, date_time, period> effective;
    std::optional<date_time> date_asserted;
    std::vector<codeable_concept> reasons;
    std::vector<dosage> dosages;
};

struct medication_dispense {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    medication_choice medication;
    reference subject;
    std::optional<date_time> when_prepared, when_handed_over;
    std::optional<quantity> amount, days_supply;
    std::vector<dosage> dosages;
};

struct medication_administration {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    medication_choice medication;
    reference subject;
    std::variant<std::monostate, date_time, period> effective; ///< R5: occurence[x]
    std::vector<codeable_concept> reasons;
    codeable_concept route; ///< dosage.route
    std::optional<quantity> dose;
};

struct medication {
    resource_header header;
    std::vector<identifier> identifiers;
    codeable_concept code, form;
    std::vector<medication_choice> ingredients;
};

struct procedure {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    codeable_concept code;
    reference subject;
    std::variant<std::monostate, date_time, period> performed; ///< R5: occurrence[x]
    std::vector<codeable_concept> reasons;
};

struct encounter {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    codeable_concept class_; ///< R4 Coding, R5 list of CodeableConcept
    std::vector<codeable_concept> types; ///< `type`, and `serviceType` after it
    reference subject;
    std::optional<period> period_; ///< R5: actualPeriod
};

struct appointment {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    std::vector<codeable_concept> types; ///< `appointmentType`, and `serviceType` after it
    reference subject;                   ///< R5 `subject`, else the participant who is a Patient; of two none
    std::optional<date_time> start, end;
};

struct diagnostic_report {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    std::vector<codeable_concept> category;
    codeable_concept code;
    reference subject;
    std::variant<std::monostate, date_time, period> effective;
    std::optional<date_time> issued;
    std::vector<reference> results;
    std::string_view conclusion;
    std::vector<codeable_concept> conclusion_codes;
    bool has_attachment = false; ///< presentedForm present
};

struct specimen {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;
    codeable_concept type;
    reference subject;
    std::variant<std::monostate, date_time, period> collected;
    std::optional<date_time> received;
};

struct consent {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status;  ///< draft proposed active rejected inactive entered-in-error (R5: also not-done, unknown)
    codeable_concept scope;   ///< R4 only
    std::vector<codeable_concept> category;
    reference patient;        ///< R5: subject
    std::optional<date_time> date_;
    std::string_view decision; ///< deny | permit: R4 provision.type, R5 decision
    std::optional<period> valid; ///< provision.period
    std::vector<reference> sources;
};

struct research_study {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status, title;
};

struct research_subject {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view status; ///< R4 codes; for R5 the latest progress.subjectState, mapped where the same word exists
    std::optional<period> period_;
    reference study;
    reference individual; ///< R5: subject
};

struct questionnaire_answer {
    std::string link_id;     ///< of the item, joined by nothing: the item's own
    std::vector<coding> codes; ///< of the item's definition where sent as extension; usually empty
    std::string_view text;   ///< the item's text
    observation_value value;
};

struct questionnaire_response {
    resource_header header;
    std::vector<identifier> identifiers;
    std::string_view questionnaire; ///< canonical
    std::string_view status;
    reference subject;
    std::optional<date_time> authored;
    std::vector<questionnaire_answer> answers; ///< all items at all depths, in document order
};

using resource = std::variant<std::monostate, patient, observation, condition, medication_request, medication_statement,
                              medication_dispense, medication_administration, medication, procedure, encounter,
                              diagnostic_report, specimen, consent, research_study, research_subject, questionnaire_response,
                              appointment>;

/// Reads what is in `v`. monostate with no issue when the type is one that nobody here reads; monostate with a fatal issue
/// when `v` is no resource (no object, no resourceType).
/// With `fhirVersion` unknown the elements of all versions are accepted.
resource read_resource(json::value v, issue_sink& sink);

/// The header alone: cheap, for routing.
resource_header read_header(json::value v, read_context& context);

/// True when `read_resource` has a reader for this resourceType.
bool is_read(std::string_view resource_type) noexcept;

} // namespace trialgate::fhir
