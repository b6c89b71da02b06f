// Coded findings and diagnoses. Clinical reference 6.3; design.md section 5 on what a code proves.
#include "mappings/engine/evaluate.hpp"

#include <algorithm>
#include <set>

namespace trialgate::mappings {

using fhir::date;

namespace {

/// Facts about the concepts, of the kind, that began by the as-of date; horizon and notes as rule 1 of evaluate.hpp demands.
class seen {
public:
    seen(const evaluation_input& in, const window& w) : in_(in), window_(w) {}

    template <class Use>
    void each(std::span<const concept_id> concepts, Use use) {
        for (concept_id what : concepts)
            for (const auto& e : in_.facts.of(what)) {
                const fact& f = in_.facts[e];
                if (f.kind != fact_kind::condition && f.kind != fact_kind::procedure)
                    continue;
                const place where = locate(f, window_, in_.as_of);
                changes_on = std::min(changes_on, place_changes(f, window_, in_.as_of));
                if (where == place::future)
                    notes.add(note::future_data);
                else
                    use(f, where);
            }
    }

    date changes_on = date::highest();
    note_set notes;

private:
    const evaluation_input& in_;
    const window& window_;
};

/// For ordering a refutation against a confirmation: when it was written down, else the latest day it can be about.
date stated_on(const fact& f) {
    if (f.condition.recorded != fhir::date_range{})
        return f.condition.recorded.last;
    return f.dated ? f.when.last : date::lowest();
}

/// A refuted concept takes away itself and what it stands for, not its siblings: "no pericarditis" says nothing about the disease.
bool covers(const catalog& codes, concept_id refuted, concept_id other) {
    const auto members = codes.members(refuted);
    return refuted == other || std::find(members.begin(), members.end(), other) != members.end();
}

/// Whether one of the refutations speaks of what `f` says and is not older. Without a day on either side the order is not known.
enum class standing : std::uint8_t { stands, doubtful, refuted };
standing stands(const fact& f, const std::vector<const fact*>& refuted, const catalog& codes) {
    standing out = standing::stands;
    for (const fact* r : refuted) {
        if (!covers(codes, r->what, f.what))
            continue;
        if (stated_on(*r) == date::lowest() || stated_on(f) == date::lowest())
            out = std::max(out, standing::doubtful);
        else if (stated_on(*r) >= stated_on(f))
            return standing::refuted;
    }
    return out;
}

void add_evidence(explanation* why, const std::vector<const fact*>& facts) {
    if (!why)
        return;
    for (auto f = facts.rbegin(); f != facts.rend() && why->evidence.size() < 8; ++f)
        if (std::find(why->evidence.begin(), why->evidence.end(), *f) == why->evidence.end())
            why->evidence.push_back(*f);
}

note_set notes_of(const std::vector<const fact*>& facts) {
    note_set out;
    for (const fact* f : facts)
        out.add(f->notes);
    return out;
}

} // namespace

outcome evaluate_condition(const condition_test& test, std::span<const outcome> parts, const evaluation_input& in,
                           explanation* why) {
    seen view(in, test.within);
    std::vector<const fact*> strong, weak, refuted, causes;
    bool older = false, partly = false;
    view.each(test.counts, [&](const fact& f, place where) {
        if (f.kind == fact_kind::condition && f.condition.verified == verification::refuted) {
            refuted.push_back(&f);
            return;
        }
        const bool past = test.current && f.kind == fact_kind::condition && f.condition.state == clinical_state::past;
        if (where == place::outside || past) {
            // Older than the window, but still active: it supports (a rash may be ongoing); otherwise it says nothing about now.
            if (!past && f.kind == fact_kind::condition && f.condition.state == clinical_state::current)
                weak.push_back(&f);
            older = true;
        } else if (f.kind == fact_kind::condition && f.condition.verified == verification::support)
            weak.push_back(&f);
        else if (where == place::perhaps) {
            weak.push_back(&f);
            partly = true;
        } else
            strong.push_back(&f);
    });
    view.each(test.supports, [&](const fact& f, place where) {
        if (where != place::outside && !(f.kind == fact_kind::condition && f.condition.verified == verification::refuted))
            weak.push_back(&f);
    });
    view.each(test.causes, [&](const fact& f, place) {
        if (f.kind != fact_kind::condition || f.condition.verified == verification::confirmed)
            causes.push_back(&f);
    });

    date changes = view.changes_on;
    verdict others = verdict::met;
    note_set part_notes;
    for (const outcome& p : parts) {
        others = std::min(others, p.is);
        changes = std::min(changes, p.changes_on);
        part_notes.add(p.notes);
    }
    standing best = standing::refuted;
    for (const fact* f : strong)
        best = std::min(best, stands(*f, refuted, in.codes));
    const bool all_refuted = std::all_of(test.counts.begin(), test.counts.end(), [&](concept_id c) {
        return std::any_of(refuted.begin(), refuted.end(), [&](const fact* r) { return covers(in.codes, r->what, c); });
    });
    outcome out;
    if (!strong.empty() && best == standing::doubtful) {
        out = outcome::unknown(reason::conflicting);
        out.notes.add(note::conflict);
    } else if (!strong.empty() && best == standing::stands) {
        if (others != verdict::met || test.kind == coded::support)
            out = outcome::unknown(reason::support_only);
        else if (!causes.empty())
            out = outcome::unknown(reason::cause_to_exclude);
        else {
            out = outcome::met();
            out.for_good = test.within.unlimited() && !test.current; // once is for ever
            out.notes.add(part_notes);
            if (test.kind == coded::finding)
                out.notes.add(note::clinician_to_confirm);
        }
        out.notes.add(notes_of(strong));
        if (!refuted.empty())
            out.notes.add(note::conflict);
    } else if (all_refuted) {
        out = outcome::not_met();
        if (!strong.empty())
            out.notes.add(note::conflict);
    } else if (!weak.empty())
        out = outcome::unknown(partly ? reason::imprecise : reason::support_only);
    else
        out = outcome::unknown(older ? reason::too_old : reason::no_data);
    out.changes_on = changes;
    out.notes.add(view.notes);

    if (why) {
        add_evidence(why, strong);
        add_evidence(why, refuted);
        add_evidence(why, weak);
        if (out.why == reason::cause_to_exclude)
            add_evidence(why, causes);
        why->text = why->evidence.empty() ? "no " + titles(test.counts, in.codes) + " recorded" +
                                                (older ? ' ' + since(test.within, in.as_of) + ", only older or past" : "")
                                          : words(*why->evidence.front(), in.codes) +
                                                (out.is == verdict::not_met ? ", refuted" : "");
        if (out.why == reason::cause_to_exclude)
            why->text += "; to exclude: " + words(*causes.back(), in.codes);
        if (out.is == verdict::unknown) {
            std::string need = "a clinician's finding: " + titles(test.counts, in.codes);
            if (const std::string from = since(test.within, in.as_of); !from.empty())
                need += ' ' + from;
            why->needs = {need};
        }
    }
    return out;
}

outcome evaluate_diagnosis(const diagnosis_test& test, const evaluation_input& in, explanation* why) {
    static constexpr window ever{};
    seen view(in, ever);
    std::vector<const fact*> listed, encounters, weak, refuted, excluded;
    view.each(test.exclude, [&](const fact& f, place) {
        if (f.condition.verified == verification::confirmed)
            excluded.push_back(&f);
    });
    std::set<std::uint32_t> mixed; // a resource that carries an including and an excluding code: to be reviewed
    for (const fact* f : excluded)
        mixed.insert(f->record);
    bool mixed_codes = false;
    view.each(test.include, [&](const fact& f, place) {
        if (mixed.contains(f.record)) {
            mixed_codes = true;
            weak.push_back(&f);
        } else if (f.condition.verified == verification::refuted)
            refuted.push_back(&f);
        else if (f.condition.verified == verification::support)
            weak.push_back(&f);
        else if (f.condition.category == condition_category::encounter)
            encounters.push_back(&f);
        else
            listed.push_back(&f);
    });
    view.each(test.review, [&](const fact& f, place) {
        if (f.condition.verified != verification::refuted)
            weak.push_back(&f);
    });
    std::set<date> days;
    for (const fact* f : encounters)
        if (f->dated && f->when.is_day())
            days.insert(f->when.first);
    std::vector<const fact*> sure = listed;
    if (!listed.empty() || days.size() >= static_cast<std::size_t>(test.encounter_days))
        sure.insert(sure.end(), encounters.begin(), encounters.end());
    else
        weak.insert(weak.end(), encounters.begin(), encounters.end());

    standing best = standing::refuted;
    for (const fact* f : sure)
        best = std::min(best, stands(*f, refuted, in.codes));
    // Without a confirmation left, only a refutation of the disease itself says no; one of its manifestations does not.
    const bool denied = std::any_of(refuted.begin(), refuted.end(), [&](const fact* r) {
        return std::all_of(test.include.begin(), test.include.end(), [&](concept_id c) { return covers(in.codes, r->what, c); });
    });
    outcome out;
    std::string rule;
    if (!sure.empty() && best == standing::doubtful) {
        out = outcome::unknown(reason::conflicting);
        out.notes.add(note::conflict);
        rule = "refuted and confirmed, one of them without a date";
    } else if (denied && (sure.empty() || best == standing::refuted)) {
        out = outcome::not_met(date::highest(), true);
        rule = "refuted";
        if (!sure.empty())
            out.notes.add(note::conflict);
    } else if (!sure.empty() && best == standing::refuted) {
        out = outcome::unknown(reason::support_only);
        out.notes.add(note::conflict);
        rule = "what was confirmed was refuted later";
    } else if (!sure.empty()) {
        if (!excluded.empty()) {
            out = outcome::unknown(reason::conflicting);
            out.notes.add(note::conflict);
            rule = "but also: " + words(*excluded.back(), in.codes);
        } else {
            out = outcome::met();
            out.notes.add(notes_of(sure));
            if (!refuted.empty())
                out.notes.add(note::conflict);
        }
    } else if (!weak.empty()) {
        out = outcome::unknown(mixed_codes || !excluded.empty() ? reason::conflicting : reason::support_only);
        rule = "not enough for a coded diagnosis";
    } else if (!excluded.empty()) {
        out = outcome::not_met(date::highest(), true);
        rule = "no code of the disease itself";
    } else
        out = outcome::unknown(reason::no_data);
    out.changes_on = view.changes_on;
    out.notes.add(view.notes);

    if (why) {
        // The telling entry first (add_evidence takes the last one first): active before past, then the newest, then the general code.
        std::stable_sort(sure.begin(), sure.end(), [](const fact* a, const fact* b) {
            const bool x = a->condition.state == clinical_state::past, y = b->condition.state == clinical_state::past;
            if (x != y)
                return x;
            return a->when.last != b->when.last ? stated_on(*a) < stated_on(*b) : a->what > b->what;
        });
        if (out.is == verdict::not_met)
            add_evidence(why, refuted);
        add_evidence(why, sure);
        add_evidence(why, weak);
        add_evidence(why, refuted);
        add_evidence(why, excluded);
        why->text = why->evidence.empty() ? "no coded diagnosis" : words(*why->evidence.front(), in.codes);
        if (!rule.empty())
            why->text += " (" + rule + ")";
        if (out.is == verdict::unknown)
            why->needs = {"the diagnosis on the problem list, confirmed"};
    }
    return out;
}

outcome evaluate_procedure(const procedure_test& test, const evaluation_input& in, explanation* why) {
    seen view(in, test.within);
    std::vector<const fact*> done;
    bool older = false, partly = false;
    view.each(test.concepts, [&](const fact& f, place where) {
        if (f.kind != fact_kind::procedure)
            return;
        older |= where == place::outside;
        partly |= where == place::perhaps;
        if (where == place::inside)
            done.push_back(&f);
    });
    outcome out = !done.empty() ? outcome::met()
                                : outcome::unknown(partly ? reason::imprecise : older ? reason::too_old : reason::no_data);
    out.for_good = out.is == verdict::met && test.within.unlimited();
    out.changes_on = view.changes_on;
    out.notes.add(view.notes);
    if (why) {
        add_evidence(why, done);
        why->text = done.empty() ? "no " + titles(test.concepts, in.codes) + " recorded" : words(*done.back(), in.codes);
        if (out.is == verdict::unknown)
            why->needs = {titles(test.concepts, in.codes) + " " + since(test.within, in.as_of)};
    }
    return out;
}

} // namespace trialgate::mappings
