// Messages as FHIR resources (fhir-protocol.md 6.3, 6.4), and what a resource that stands on the server tells about who wrote it last. Pure.
// What is written and why: README, "What a FHIR sink writes".
#pragma once

#include "fhir/json.hpp"
#include "gateway/store/message.hpp"

namespace trialgate::gateway {

inline constexpr std::string_view tag_system = "urn:trialgate:tag";
inline constexpr std::string_view generated_tag = "generated"; ///< on everything that we write
inline constexpr std::string_view human_tag = "human";         ///< set by a study system: hands off
inline constexpr std::string_view subject_system = "urn:trialgate:research-subject";
inline constexpr std::string_view pseudonym_system = "urn:trialgate:pseudonym";
/// Extension: the status that we wrote last. A status that differs from it was set by somebody else.
inline constexpr std::string_view written_url = "urn:trialgate:written";

struct shape_rules {
    bool r5 = false;
    bool references = false; ///< identity "reference": true references to the patient and the evidence
};

/// What we have to say about one resource. The members named here are ours; a merge leaves all others as they stand on the server.
struct shape {
    std::string type, id;
    std::vector<std::pair<std::string, std::string>> members; ///< name and JSON; empty JSON: must be absent
    std::string identifier_system, identifier_value;          ///< empty: the type has none
    std::vector<std::pair<std::string, std::string>> tags;    ///< system and code, beside `generated`
    std::string written;                                      ///< value of the extension; empty: none
};

/// "tg-rs" and a hash of the parts: the same for ever, at most 64 characters, never only digits.
std::string id_of(std::string_view prefix, std::initializer_list<std::string_view> parts);
/// The trial's own id where FHIR allows it as one.
std::string study_id(std::string_view trial);

shape study_shape(const shape_rules& rules, const message& m);
shape subject_shape(const shape_rules& rules, const message& m, std::string_view study);
/// `theirs` as in `render`: the period of a Flag goes on while its status stays.
shape flag_shape(const shape_rules& rules, const message& m, fhir::json::value theirs);
shape task_shape(const shape_rules& rules, const message& m, std::string_view subject);
shape provenance_shape(const shape_rules& rules, const message& m, const std::vector<std::string>& targets);
/// A Task that tells the coordinator of evidence against a decision; `subject` may be empty.
shape alert_shape(const shape_rules& rules, const message& m, std::string_view subject);

/// The resource as it is to be sent: ours over `theirs` (missing: none stands there).
std::string render(const shape& ours, fhir::json::value theirs, std::string_view id);
/// True when `render` would change nothing.
bool same(const shape& ours, fhir::json::value theirs);
/// Without what servers add by themselves (versionId, lastUpdated, source, narrative), members in order of name: equal for equal content.
std::string canonical(fhir::json::value resource);

bool has_tag(fhir::json::value resource, std::string_view system, std::string_view code);

/// A ResearchSubject as it stands on the server.
struct subject_standing {
    std::string status;         ///< R4 code; R5: the state that began last
    bool by_person = false;     ///< not ours, or changed since we wrote it
    std::uint64_t number = 0;   ///< of the message that we wrote last; 0: cannot be told
    instant occurred = 0;
    std::string subject, trial; ///< out of our identifier; empty when it is gone
    std::string given_number;   ///< value of the first identifier that is not ours: the study's own number for this person
    std::optional<instant> updated;  ///< meta.lastUpdated: nobody decided later than that
    std::optional<fhir::date> since; ///< R4: begin of the period; R5: of the state that began last, else of the period
};
subject_standing read_subject(fhir::json::value resource);
/// What stands there is newer than `m`: a late repetition, which must change nothing.
bool newer_than(const subject_standing& there, const message& m);
/// A Flag or a Task whose status is no longer the one that we wrote.
bool moved_by_person(fhir::json::value resource);

/// The resource that shows an alert (message kind "alert"; which type for which kind of alert: README). `subject`: reference to the ResearchSubject,
/// may be empty.
shape alert_resource(const shape_rules& rules, const message& m, std::string_view subject);
/// What stands there is not ours to change: a person moved it on, or it tells of a later version.
bool alert_out_of_reach(fhir::json::value resource, const message& m);
/// The parts of `shape::written` for what is written more than once: "7 1773568800000 proposed".
std::string written_mark(const message& m, std::string_view status);

} // namespace trialgate::gateway
