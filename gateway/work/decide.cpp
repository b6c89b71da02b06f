#include "gateway/work/decide.hpp"

#include <algorithm>

namespace trialgate::gateway {

using namespace mappings;

void evaluate(const std::shared_ptr<const network>& net, std::span<const named_records> person, std::span<const record> definitions,
              fhir::date as_of, const std::function<void(const evaluated_person&)>& each) {
    population all(&net->codes());
    for (const named_records& one : person)
        for (const auto& [name, r] : one.records->all()) {
            record copy = r;
            copy.subject = one.key;
            all.add(std::move(copy));
        }
    for (const record& d : definitions)
        all.add(d);
    all.finish();
    all.for_each_patient([&](const patient_data& p) {
        const patient_screen screen = screen_patient(net, p, as_of);
        each({screen, context_of(p), p});
    });
}

std::string_view subject_status(std::string_view status) noexcept {
    if (status == "eligible")
        return "eligible";
    if (status == "likely")
        return "candidate";
    // Time or a repeated test can cure a "not-now": the person stays somebody who might be enrolled, without a flag.
    if (status == "possible" || status == "not-now")
        return "potential-candidate";
    return "ineligible";
}

namespace {

bool is_open(std::string_view status) { return status == "eligible" || status == "likely" || status == "possible"; }

/// What a person's decision says about whether the study wants this patient.
bool wants_patient(std::string_view human) {
    static constexpr std::string_view wanting[] = {"screening", "pending-on-study", "on-study", "on-study-intervention",
                                                   "on-study-observation", "follow-up", "eligible", "candidate", "potential-candidate"};
    return std::find(std::begin(wanting), std::end(wanting), human) != std::end(wanting);
}

bool leaves_to_people(const note_set& notes) { return notes.has(note::already_in_study) || notes.has(note::inactive); }

} // namespace

transition change(const decision_row* before, const standing& now, instant at) {
    transition out;
    if (before)
        out.after = *before;
    decision_row& after = out.after;
    const std::string previous = after.status;
    after.status = now.status ? std::string(to_code(*now.status)) : std::string();
    after.decided = at;
    out.flag = is_open(after.status);
    out.subject_status = subject_status(after.status);
    const bool differs = !before || previous != after.status;

    if (!after.human.empty()) {
        // A person has decided: never overwritten. Evidence against it is told once.
        const bool against = wants_patient(after.human) && !out.flag;
        if (!against) {
            after.contradiction.clear();
        } else if (const std::string now_says = after.status.empty() ? "not-listed" : after.status; after.contradiction != now_says) {
            after.contradiction = now_says;
            ++after.number;
            out.told = true;
            out.kind = "contradiction";
            out.text = "The study has this person as '" + after.human + "'; by the record the status is now '" + now_says + "'.";
        }
        return out;
    }
    const bool news = after.pushed ? differs : out.flag && !leaves_to_people(now.notes);
    if (news) {
        after.pushed = true;
        ++after.number;
        out.told = true;
        out.kind = "status";
    }
    return out;
}

} // namespace trialgate::gateway
