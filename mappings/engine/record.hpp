// One version of one resource, reduced to what trials read. Records are what is stored, superseded and withdrawn; facts are
// always facts of a record. Any order and any duplication of the same versions gives the same state (design.md, section 3).
#pragma once

#include "mappings/engine/fact.hpp"

namespace trialgate::mappings {

/// Orders the versions of one resource: numeric versionId, else lastUpdated, else the last read wins (design.md, section 5).
struct version_stamp {
    std::string text;              ///< meta.versionId as sent; empty when absent
    std::int64_t number = -1;      ///< versionId when it is a number
    std::int64_t updated = -1;     ///< meta.lastUpdated in milliseconds since the epoch; -1 when absent
    std::uint64_t read = 0;        ///< order of reading, set by whoever reads
};
/// True when `a` is the later version. Numbers are compared when both have one; else lastUpdated when both have it; else the order of reading.
bool supersedes(const version_stamp& a, const version_stamp& b) noexcept;

enum class sex : std::uint8_t { unknown, female, male, other };

/// From Patient.
struct person_data {
    fhir::date_range birth;        ///< the whole calendar when unknown
    bool birth_known = false;
    sex gender = sex::unknown;
    bool deceased = false, inactive = false, restricted = false;
    std::vector<std::string> identifiers;   ///< "system|value"
    std::vector<std::string> replaced_by;   ///< patient keys of links of type replaced-by
    std::vector<std::string> replaces;      ///< patient keys of links of type replaces
};

/// From Consent: only whether it forbids research use.
struct consent_data {
    bool forbids = false;
    fhir::date_range when;
};

/// From ResearchSubject.
struct participation_data {
    std::string study;   ///< reference or identifier value of the study
    std::string status;  ///< as sent
    fhir::date_range when;
};

/// From Medication (concepts of the drug), Specimen (day, kind) and ResearchStudy (identifiers): what others refer to.
struct definition_data {
    std::vector<concept_id> drugs;  ///< empty: a drug that no trial reads
    bool by_name = false;
    fhir::date_range when;          ///< Specimen.collected
    bool dated = false;
    std::int32_t second = -1;
    std::string specimen_kind;      ///< "serum", "urine", ...; empty when not told
    std::vector<std::string> identifiers;
};

/// From Encounter and Appointment, of the types by which some trial knows a visit.
struct meeting_data {
    std::string status;             ///< as sent
    std::vector<std::string> types; ///< "system|code" of every coding of its types, system as sent
    fhir::date_range when;          ///< site days, first to last; the whole calendar when not told
    bool dated = false;             ///< `when.first` is surely the day on which it began
};

struct record {
    std::string type, id;
    version_stamp version;
    bool withdrawn = false;        ///< deleted, entered-in-error, or of a kind that says nothing: supersedes and gives no facts
    std::string subject;           ///< "Patient/p1", "urn:uuid:...", "identifier:system|value"; empty when there is none
    note_set notes;                ///< of the patient, e.g. unmapped_code
    std::vector<fact> facts;
    /// Still to be resolved when the definitions are at hand: exposures without concept, observations without time or specimen kind.
    std::string medication;        ///< "Medication/m1"
    std::string specimen;          ///< "Specimen/s1"
    std::optional<person_data> person;
    std::optional<consent_data> consent;
    std::optional<participation_data> participation;
    std::optional<definition_data> definition;
    std::optional<meeting_data> meeting;

    bool empty() const noexcept {
        return facts.empty() && notes.empty() && medication.empty() && !person && !consent && !participation && !definition && !meeting;
    }
};

} // namespace trialgate::mappings
