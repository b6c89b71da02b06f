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

void tell_status(transition& out) {
    out.after.pushed = true;
    ++out.after.number;
    out.told = true;
    out.kind = "status";
}

bool leaves_to_people(const note_set& notes) { return notes.has(note::already_in_study) || notes.has(note::inactive); }

/// A mark of the page, or the study system's own decision again after a mark was undone.
void tell_word(transition& out, const deciding_word& word, const note_set& notes) {
    // The study never heard of this person, or knows them by itself.
    if (!out.after.pushed && (!wants_patient(word.status) || leaves_to_people(notes)))
        return;
    out.subject_status = word.status;
    out.human = word.status;
    out.flag = false;
    if (word.on_page)
        out.text = "A person marked this patient as '" + out.after.mark + "'.";
    tell_status(out);
}

constexpr std::string_view of_criterion = "criterion:";

/// Keeps in `after` what the record says against people, and tells what is new of it, unless something else is told now: then `more`.
void tell_contradictions(transition& out, const deciding_word& word, bool other_word, const said_by_people& people) {
    decision_row& after = out.after;
    const std::vector<std::string> known = contradictions_of(after.contradiction);
    const auto is_in = [](const std::vector<std::string>& all, std::string_view one) { return std::find(all.begin(), all.end(), one) != all.end(); };
    std::vector<std::string> kept;
    std::string text;
    const auto add = [&](std::string part, bool silent, const std::string& sentence) {
        if (!is_in(known, part) && !silent) {
            if (out.told) {
                out.more = true;
                return;
            }
            text += (text.empty() ? "" : " ") + sentence;
        }
        kept.push_back(std::move(part));
    };
    if (wants_patient(word.status) && !is_open(after.status)) {
        const std::string now_says = after.status.empty() ? "not-listed" : after.status;
        // Whoever marks somebody sees where they stand.
        add(now_says, other_word && word.on_page,
            (word.on_page ? "A person marked this patient as '" + after.mark : "The study has this person as '" + word.status) +
                "'; by the record the status is now '" + now_says + "'.");
    }
    // Whom nobody wants any more, or of whom the study never heard, nothing needs to be said.
    const bool matters = word.status.empty() ? after.pushed : wants_patient(word.status);
    for (const std::string& id : people.against)
        add(std::string(of_criterion) + id, !matters || is_in(people.fresh, id),
            "A person confirmed the criterion '" + id + "'; the record now says the opposite.");
    after.contradiction = contradictions_text(kept);
    if (text.empty())
        return;
    ++after.number;
    out.told = true;
    out.kind = "contradiction";
    out.text = std::move(text);
    out.human = word.status;
}

} // namespace

transition change(const decision_row* before, const standing& now, instant at, const said_by_people& people) {
    transition out;
    if (before)
        out.after = *before;
    decision_row& after = out.after;
    const std::string previous = after.status;
    const deciding_word earlier = before ? deciding_word_of(*before) : deciding_word{};
    after.status = now.status ? std::string(to_code(*now.status)) : std::string();
    after.decided = at;
    after.mark = people.mark;
    after.marked = people.marked;
    out.flag = is_open(after.status);
    out.subject_status = subject_status(after.status);
    const bool differs = !before || previous != after.status;
    const deciding_word word = deciding_word_of(after);
    // What the study system says it knows; what is said on the page, or no longer, it has to be told.
    const bool other_word = word.status != earlier.status && (word.on_page || earlier.on_page);

    if (other_word && !word.status.empty())
        tell_word(out, word, now.notes);
    else if (word.status.empty() && (after.pushed ? differs || other_word : out.flag && !leaves_to_people(now.notes)))
        tell_status(out);
    tell_contradictions(out, word, other_word, people);
    return out;
}

} // namespace trialgate::gateway
