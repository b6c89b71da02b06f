// The decision about one person from what is kept: pure.
#pragma once

#include "gateway/store/message.hpp"
#include "gateway/work/judgement.hpp"
#include "gateway/work/person.hpp"
#include "mappings/engine/screening.hpp"

#include <functional>
#include <span>

namespace trialgate::gateway {

/// One record of a person: several when records were merged or a person goes by an identifier.
struct named_records {
    std::string key;
    const person_records* records;
};

/// A person evaluated. Words are made when they are asked for: most evaluations change nothing that anybody is told.
struct evaluated_person {
    const mappings::patient_screen& screen;
    const mappings::patient_context about;
    const mappings::patient_data& data;

    const std::string& key() const noexcept { return about.key; }
    /// First date on which anything can differ with no new data.
    fhir::date changes_on() const { return screen.changes_on(); }
    mappings::standing standing(mappings::trial_index t) const { return mappings::standing_of(screen, t, about); }
    /// By criterion, in the trial's order; of a trial in which the person is listed.
    std::vector<mappings::outcome> outcomes(mappings::trial_index t) const {
        std::vector<mappings::outcome> out;
        for (const mappings::placed_criterion& c : screen.net().trials()[t].criteria)
            out.push_back(screen.outcome_of(c.node_));
        return out;
    }
    mappings::trial_report report(mappings::trial_index t) const { return mappings::report(screen, t, about); }
};

/// `definitions`: what the records refer to (Medication, Specimen, ResearchStudy). `each` gets everybody whom the records describe: one person,
/// or several when a name turns out to be another's.
void evaluate(const std::shared_ptr<const mappings::network>& net, std::span<const named_records> person,
              std::span<const mappings::record> definitions, fhir::date as_of, const std::function<void(const evaluated_person&)>& each);

/// What people said on the page, for `change`.
struct said_by_people {
    std::string mark;                 ///< that stands; empty: none
    instant marked = 0;
    std::vector<std::string> against; ///< judged_standing::against
    std::vector<std::string> fresh;   ///< criteria judged since the last decision: whoever did that knew what the record says
};

/// What the world is told when a decision changes; design.md, section 3. Pure.
struct transition {
    decision_row after;
    bool told = false; ///< a message goes out
    std::string kind;  ///< "status" | "contradiction"
    bool flag = false;
    std::string subject_status, text;
    std::string human; ///< ResearchSubject status that a person decided and the message is about
    bool more = false; ///< there is more to tell: call again with `after`
};
/// `before` may be nullptr. Of whom the study knows by itself (already-in-study) and of inactive records nothing new is told.
///
/// A person's decision, in the study system or on the page, whichever came later, is never overwritten. A mark of the page is told as a status without a
/// flag, of people of whom the study was told before or whom the mark wants; when it is undone, what held before is told. What the record says against a
/// decision or a confirmed criterion is told once, unless whoever said it knew.
transition change(const decision_row* before, const mappings::standing& now, instant at, const said_by_people& people = {});

/// What R4 ResearchSubject.status shows for a status; empty status: no longer listed.
std::string_view subject_status(std::string_view status) noexcept;

} // namespace trialgate::gateway
