#include "mappings/engine/screening.hpp"

#include "mappings/engine/projection.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

namespace {

shown_note show(note n, const trial& t) {
    for (const trial_note& own : t.notes)
        if (own.id == id(n) && !own.when)
            return {own.id, own.sentence};
    return {std::string(id(n)), std::string(sentence(n))};
}

void show_all(note_set notes, const trial& t, std::vector<shown_note>& out) {
    for (unsigned n = 0; n < static_cast<unsigned>(note::count_); ++n)
        if (notes.has(static_cast<note>(n)))
            out.push_back(show(static_cast<note>(n), t));
}

bool is_study(const participation& p, const trial& t) {
    const auto same = [&](const std::string& name) {
        const auto names = [&](const std::string& sent) {
            return sent == name || sent.ends_with('/' + name) || sent.ends_with('|' + name);
        };
        return !name.empty() &&
               (names(p.data.study) || std::any_of(p.study_identifiers.begin(), p.study_identifiers.end(), names));
    };
    return same(t.id) || std::any_of(t.identifiers.begin(), t.identifiers.end(), same);
}

/// ResearchSubject.status codes of somebody whom the study already has or had (R4 and R5 words).
bool in_study(std::string_view status) {
    static constexpr std::string_view codes[] = {"screening",           "on-study",          "on-study-intervention",
                                                 "on-study-observation", "pending-on-study", "follow-up",
                                                 "off-study",           "withdrawn"};
    return std::find(std::begin(codes), std::end(codes), status) != std::end(codes);
}

class reporter {
public:
    reporter(const patient_screen& screen, const compiled_trial& which, const patient_context& about)
        : screen_(screen), which_(which), about_(about), changes_(project(screen, which)) {}

    criterion_report of(const placed_criterion& c, decided_by who) const {
        criterion_report out;
        out.id = c.source->id;
        out.text = c.source->text;
        out.who = who;
        out.is = screen_.outcome_of(c.node_);
        if (const auto d = changes_.of(c.node_); d != date::highest())
            out.changes_on = d;
        explanation why;
        std::vector<outcome> parts;
        for (const placed_criterion& p : c.parts)
            parts.push_back(screen_.outcome_of(p.node_));
        evaluate(c.source->test, parts, screen_.input(), &why);
        out.explanation = std::move(why.text);
        for (const fact* f : why.evidence)
            add_evidence(out.evidence, *f);
        if (std::holds_alternative<age_test>(c.source->test) || std::holds_alternative<sex_test>(c.source->test))
            add_person(out.evidence);
        std::vector<criterion_report> inner;
        inner.reserve(c.parts.size());
        for (const placed_criterion& p : c.parts)
            inner.push_back(of(p, who));
        if (out.explanation.empty())
            out.explanation = summary(c, out, inner);
        collect_needs(c, inner, out.needs);
        for (criterion_report& p : inner)
            add_part(out, std::move(p));
        if (out.is.is == verdict::unknown) {
            if (!c.source->needs.empty())
                out.needs = {with_since(c.source->needs, c)};
            else if (out.needs.empty())
                out.needs = std::move(why.needs);
        } else
            out.needs.clear();
        if (out.is.why == reason::needs_person && out.needs.empty())
            out.needs = {c.source->text};
        show_all(out.is.notes, *which_.source, out.notes);
        return out;
    }

private:
    static std::string_view said_of(verification v) noexcept {
        return v == verification::refuted ? "refuted" : v == verification::support ? "unconfirmed" : "";
    }

    void add_evidence(std::vector<evidence_item>& to, const fact& f) const {
        evidence_item e;
        if (f.record < about_.records.size()) {
            const record& r = about_.records[f.record];
            e.reference = r.id.starts_with("urn:") ? r.id : r.type + '/' + r.id;
            e.version = r.version.text;
        }
        e.date = f.dated ? day_text(f) : "";
        e.text = f.text;
        e.what = screen_.net().codes().title(f.what);
        e.verification = f.kind == fact_kind::condition ? said_of(f.condition.verified) : std::string_view();
        if (std::none_of(to.begin(), to.end(), [&](const evidence_item& o) {
                // One Condition with two codings is one piece of evidence; one panel with two results is two.
                return o.reference == e.reference && o.date == e.date && (o.text == e.text || f.kind != fact_kind::observation);
            }))
            to.push_back(std::move(e));
    }

    void add_person(std::vector<evidence_item>& to) const {
        const person_data* p = screen_.person();
        if (!p)
            return;
        evidence_item e;
        e.reference = about_.key;
        for (const record& r : about_.records)
            if (r.type == "Patient" && about_.key == "Patient/" + r.id)
                e.version = r.version.text;
        e.date = p->birth_known ? to_string(p->birth) : "";
        e.text = p->birth_known ? "born " + e.date : "no usable birth date";
        to.push_back(std::move(e));
    }

    /// Nests a part; an unnamed one hands its own parts, evidence and needs up.
    void add_part(criterion_report& to, criterion_report part) const {
        // What supports the answer is evidence of the whole; for an unknown everything that was looked at is.
        if (part.is.is == to.is.is || to.is.is == verdict::unknown)
            for (const evidence_item& e : part.evidence)
                if (to.evidence.size() < 12 &&
                    std::none_of(to.evidence.begin(), to.evidence.end(), [&](const evidence_item& o) {
                        return o.reference == e.reference && o.text == e.text;
                    }))
                    to.evidence.push_back(e);
        if (!part.id.empty())
            to.parts.push_back(std::move(part));
        else
            for (criterion_report& inner : part.parts)
                to.parts.push_back(std::move(inner));
    }

    /// What the open parts ask for: first what somebody wrote for a part (a test to order), then what the engine says of the others.
    static void collect_needs(const placed_criterion& c, const std::vector<criterion_report>& parts, std::vector<std::string>& to) {
        constexpr std::size_t most = 6;
        for (bool written : {true, false})
            for (std::size_t n = 0; n < parts.size(); ++n)
                if (c.parts[n].source->needs.empty() != written)
                    for (const std::string& need : parts[n].needs)
                        if (to.size() < most && std::find(to.begin(), to.end(), need) == to.end())
                            to.push_back(need);
    }

    static std::string summary(const placed_criterion& c, const criterion_report& r, const std::vector<criterion_report>& parts) {
        if (const auto* count = std::get_if<count_test>(&c.source->test))
            return std::to_string(r.is.low) + " proven of " + std::to_string(count->at_least) + " needed, " +
                   std::to_string(r.is.high - r.is.low) + " open";
        if (const auto* score = std::get_if<score_test>(&c.source->test))
            return "at least " + std::to_string(r.is.low) + ", at most " + std::to_string(r.is.high) + " points (limit >= " +
                   std::to_string(score->at_least) + ")";
        if (std::holds_alternative<person_test>(c.source->test))
            return r.is.is == verdict::unknown ? "a person decides" : "as recorded by a clinician";
        // Parts that rest on something first, named where they have a name of their own.
        std::string text;
        int shown = 0;
        // A conflict is between parts that each have a verdict of their own.
        const bool any_same = std::any_of(parts.begin(), parts.end(), [&](const criterion_report& p) { return p.is.is == r.is.is; });
        for (bool evident : {true, false})
            for (const criterion_report& p : parts) {
                if ((any_same && p.is.is != r.is.is) || p.explanation.empty() || p.evidence.empty() == evident)
                    continue;
                if (shown++ == 3)
                    return text + "; ...";
                const bool counted = p.explanation.find(" proven of ") != std::string::npos && !p.id.empty();
                text += (text.empty() ? "" : "; ") + (counted ? p.id + ": " : std::string{}) + p.explanation;
            }
        return text;
    }

    /// Fills "{since}" with the first day of the widest window below this criterion.
    std::string with_since(std::string text, const placed_criterion& c) const {
        const auto at = text.find("{since}");
        if (at == std::string::npos)
            return text;
        date first = date::highest();
        earliest(c, first);
        return text.replace(at, 7, first == date::highest() ? "ever" : to_string(first));
    }

    void earliest(const placed_criterion& c, date& first) const {
        const auto take = [&](const window& w) {
            if (!w.unlimited())
                first = std::min(first, w.start(screen_.as_of()));
        };
        if (const auto* o = std::get_if<observation_test>(&c.source->test))
            take(o->within);
        if (const auto* o = std::get_if<condition_test>(&c.source->test))
            take(o->within);
        if (const auto* o = std::get_if<procedure_test>(&c.source->test))
            take(o->within);
        if (const auto* o = std::get_if<egfr_test>(&c.source->test))
            take(o->within);
        if (const auto* o = std::get_if<drug_test>(&c.source->test))
            take(o->within);
        for (const placed_criterion& p : c.parts)
            earliest(p, first);
    }

    const patient_screen& screen_;
    const compiled_trial& which_;
    const patient_context& about_;
    projection changes_;
};

note_set patient_notes(const patient_screen& screen, const trial& t, const patient_context& about) {
    note_set out = about.notes;
    if (screen.person() && screen.person()->inactive && !about.merged_away)
        out.add(note::inactive);
    for (const participation& p : about.participations) {
        const std::string& status = p.data.status;
        if (!in_study(status))
            continue;
        if (is_study(p, t))
            out.add(note::already_in_study);
        else if (status != "off-study" && status != "withdrawn" && status != "screening")
            out.add(note::in_other_study);
    }
    return out;
}

} // namespace

std::string_view to_code(trial_status s) noexcept {
    switch (s) {
    case trial_status::eligible: return "eligible";
    case trial_status::likely: return "likely";
    case trial_status::possible: return "possible";
    case trial_status::not_now: return "not-now";
    case trial_status::ineligible: return "ineligible";
    }
    return "";
}

patient_context context_of(const patient_data& p) {
    return {p.key, p.records, p.consents, p.participations, p.merged_away, p.notes};
}

patient_screen screen_patient(std::shared_ptr<const network> net, const patient_data& p, date as_of) {
    patient_screen out(std::move(net));
    for (std::uint32_t slot = 0; slot < p.records.size(); ++slot)
        out.put(slot, p.records[slot]);
    out.person(p.person);
    out.evaluate(as_of);
    return out;
}

trial_status status_of(const trial& t, std::span<const outcome> criteria) noexcept {
    bool all_met = true, record_met = true, refused = false, for_good = false;
    for (std::size_t n = 0; n < criteria.size(); ++n) {
        const outcome& o = criteria[n];
        all_met &= o.is == verdict::met;
        if (t.criteria[n].who == decided_by::record)
            record_met &= o.is == verdict::met;
        refused |= o.is == verdict::not_met;
        for_good |= o.is == verdict::not_met && o.for_good;
    }
    if (for_good)
        return trial_status::ineligible;
    if (refused)
        return trial_status::not_now;
    return all_met ? trial_status::eligible : record_met ? trial_status::likely : trial_status::possible;
}

note_set withheld(const patient_screen& screen, const patient_context& about) {
    note_set out;
    if (about.merged_away)
        out.add(note::merged);
    if (const person_data* p = screen.person()) {
        if (p->deceased)
            out.add(note::deceased);
        if (p->restricted)
            out.add(note::restricted);
    }
    for (const consent_data& c : about.consents)
        if (c.forbids && c.when.first <= screen.as_of())
            out.add(note::opted_out);
    return out;
}

standing standing_of(const patient_screen& screen, trial_index index, const patient_context& about) {
    const compiled_trial& which = screen.net().trials()[index];
    standing out;
    note_set hidden = withheld(screen, about);
    const auto considered = screen.considered();
    if (hidden.empty() && !std::binary_search(considered.begin(), considered.end(), index))
        hidden.add(note::not_considered);
    out.notes = patient_notes(screen, *which.source, about);
    out.notes.add(hidden);
    if (!hidden.empty())
        return out;
    std::vector<outcome> outcomes;
    for (const placed_criterion& c : which.criteria)
        outcomes.push_back(screen.outcome_of(c.node_));
    out.status = status_of(*which.source, outcomes);
    return out;
}

trial_report report(const patient_screen& screen, trial_index index, const patient_context& about) {
    const compiled_trial& which = screen.net().trials()[index];
    const trial& t = *which.source;
    const standing now = standing_of(screen, index, about);
    trial_report out;
    out.patient = about.key;
    out.trial = t.id;
    out.version = t.version;
    out.as_of = screen.as_of();
    out.status = now.status;
    if (!now.status) {
        show_all(now.notes, t, out.notes);
        return out;
    }
    const reporter make(screen, which, about);
    for (std::size_t n = 0; n < which.criteria.size(); ++n) {
        out.criteria.push_back(make.of(which.criteria[n], t.criteria[n].who));
        const criterion_report& c = out.criteria.back();
        if (c.changes_on && (!out.changes_on || *c.changes_on < *out.changes_on))
            out.changes_on = c.changes_on;
    }
    for (const placed_note& n : which.notes) {
        if (screen.outcome_of(n.node_).is != verdict::met)
            continue;
        auto* to = &out.notes;
        for (criterion_report& c : out.criteria)
            if (c.id == n.source->on)
                to = &c.notes;
        to->push_back({n.source->id, n.source->sentence});
    }
    show_all(now.notes, t, out.notes);
    return out;
}

} // namespace trialgate::mappings
