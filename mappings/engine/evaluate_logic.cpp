// Kleene logic, counts and scores with bounds; and the tests that look at the person alone.
#include "mappings/engine/evaluate.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

namespace {

struct tally {
    int met = 0, unknown = 0, weight_met = 0, weight_unknown = 0;
    reason why = reason::none; ///< the one closest to a decision
    date changes_on = date::highest();
    note_set notes;
};

tally count_up(std::span<const outcome> parts, std::span<const int> weights = {}) {
    tally t;
    for (std::size_t at = 0; at < parts.size(); ++at) {
        const outcome& p = parts[at];
        const int weight = weights.empty() ? 1 : weights[at];
        if (p.is == verdict::met) {
            ++t.met;
            t.weight_met += weight;
            t.notes.add(p.notes);
        } else if (p.is == verdict::unknown) {
            ++t.unknown;
            t.weight_unknown += weight;
            t.why = std::max(t.why, p.why);
        }
        t.changes_on = std::min(t.changes_on, p.changes_on);
    }
    return t;
}

outcome bounded(const tally& t, int low, int high, int at_least, bool curable) {
    outcome out = low >= at_least  ? outcome::met(t.changes_on)
                  : high < at_least ? outcome::not_met(t.changes_on, !curable)
                                    : outcome::unknown(t.why, t.changes_on);
    out.low = static_cast<std::int16_t>(std::clamp(low, -32768, 32767));
    out.high = static_cast<std::int16_t>(std::clamp(high, -32768, 32767));
    if (out.is != verdict::not_met)
        out.notes = t.notes;
    return out;
}

bool lasting(const outcome& p) { return p.for_good; }
bool refused_for_good(const outcome& p) { return p.is == verdict::not_met && p.for_good; }
bool curable(const outcome& p) { return p.is == verdict::not_met && !p.for_good; }

} // namespace

outcome evaluate_logic(const logic_test& test, std::span<const outcome> parts) {
    const tally t = count_up(parts);
    const auto total = static_cast<int>(parts.size());
    const int refused = total - t.met - t.unknown;
    outcome out;
    switch (test.op) {
    case logic::all:
        out = refused > 0      ? outcome::not_met(t.changes_on)
              : t.unknown > 0 ? outcome::unknown(t.why, t.changes_on)
                              : outcome::met(t.changes_on);
        out.for_good = out.is == verdict::met ? std::all_of(parts.begin(), parts.end(), lasting)
                                              : std::any_of(parts.begin(), parts.end(), refused_for_good);
        break;
    case logic::any:
        out = t.met > 0        ? outcome::met(t.changes_on)
              : t.unknown > 0 ? outcome::unknown(t.why, t.changes_on)
                              : outcome::not_met(t.changes_on);
        out.for_good = out.is == verdict::met       ? std::any_of(parts.begin(), parts.end(), [](const outcome& p) { return p.is == verdict::met && p.for_good; })
                       : out.is == verdict::not_met && std::all_of(parts.begin(), parts.end(), lasting);
        break;
    case logic::negation: {
        const outcome& p = parts.front();
        out = p.is == verdict::met       ? outcome::not_met(p.changes_on)
              : p.is == verdict::not_met ? outcome::met(p.changes_on)
                                         : outcome::unknown(p.why, p.changes_on);
        out.for_good = p.for_good && out.is != verdict::unknown;
        out.notes = p.notes;
        return out;
    }
    }
    // Notes travel with what supports the answer; an unsupported or refused answer keeps those of its parts too.
    for (const outcome& p : parts)
        if (p.is == out.is || out.is == verdict::unknown)
            out.notes.add(p.notes);
    return out;
}

outcome evaluate_count(const count_test& test, std::span<const outcome> parts) {
    const tally t = count_up(parts);
    const auto can_change = static_cast<int>(std::count_if(parts.begin(), parts.end(), curable));
    return bounded(t, t.met, t.met + t.unknown, test.at_least, t.met + t.unknown + can_change >= test.at_least);
}

outcome evaluate_score(const score_test& test, std::span<const outcome> parts) {
    const tally t = count_up(parts, test.weights);
    // A score is a snapshot: a later one may always be higher.
    return bounded(t, t.weight_met, t.weight_met + t.weight_unknown, test.at_least, true);
}

outcome evaluate_prefer(std::span<const outcome> parts) {
    const outcome& first = parts[0];
    const outcome& second = parts[1];
    const date changes = std::min(first.changes_on, second.changes_on);
    outcome out = first;
    if (first.is == verdict::unknown) {
        out = second;
        if (second.is == verdict::unknown)
            out.why = std::max(first.why, second.why);
    } else if (first.is == verdict::not_met && second.is == verdict::met) {
        out = outcome::unknown(reason::conflicting);
        out.notes.add(first.notes);
        out.notes.add(second.notes);
        out.notes.add(note::conflict);
    }
    out.low = second.low;
    out.high = second.high;
    out.changes_on = changes;
    return out;
}

outcome evaluate_unless(std::span<const outcome> parts) {
    outcome out = parts.front();
    for (const outcome& cause : parts.subspan(1)) {
        out.changes_on = std::min(out.changes_on, cause.changes_on);
        if (parts.front().is == verdict::met && cause.is == verdict::met) {
            out.is = verdict::unknown;
            out.why = reason::cause_to_exclude;
            out.notes.add(cause.notes);
        }
    }
    return out;
}

outcome evaluate_age(const age_test& test, const evaluation_input& in, explanation* why) {
    if (!in.person || !in.person->birth_known) {
        if (why) {
            why->text = "no usable birth date";
            why->needs = {"date of birth"};
        }
        return outcome::unknown(reason::no_data);
    }
    const fhir::date_range born = in.person->birth;
    const auto verdict_of = [&](date birth) {
        const int years = fhir::completed_years(birth, in.as_of);
        return (test.min < 0 || years >= test.min) && (test.max < 0 || years <= test.max);
    };
    // Every birthday that moves somebody over a limit, for the earliest and the latest possible birth date.
    date changes = date::highest();
    const auto consider = [&](date d) {
        if (d > in.as_of)
            changes = std::min(changes, d);
    };
    for (date birth : {born.first, born.last}) {
        if (test.min >= 0)
            consider(fhir::birthday(birth, test.min));
        if (test.max >= 0)
            consider(fhir::birthday(birth, test.max + 1));
    }
    const bool first = verdict_of(born.first), last = verdict_of(born.last);
    const int oldest = fhir::completed_years(born.first, in.as_of);
    const int youngest = fhir::completed_years(born.last, in.as_of);
    // Both ends refused on different sides (a birth year that spans the whole range) is not known either.
    const bool same_side = first == last && (first || (youngest > test.max && test.max >= 0) || oldest < test.min);
    if (why) {
        why->text = oldest == youngest ? std::to_string(oldest) + " years"
                                       : std::to_string(youngest) + " to " + std::to_string(oldest) + " years";
        if (!same_side)
            why->needs = {"exact date of birth"};
    }
    if (!same_side)
        return outcome::unknown(reason::imprecise, changes);
    if (first)
        return outcome::met(changes);
    return outcome::not_met(changes, test.max >= 0 && youngest > test.max);
}

outcome evaluate_sex(const sex_test& test, const evaluation_input& in, explanation* why) {
    const sex known = in.person ? in.person->gender : sex::unknown;
    if (known == sex::unknown || known == sex::other) {
        if (why)
            why->needs = {"administrative gender"};
        return outcome::unknown(known == sex::other ? reason::needs_person : reason::no_data);
    }
    if (why)
        why->text = known == sex::female ? "female" : "male";
    return known == test.wanted ? outcome::met() : outcome::not_met(date::highest(), true);
}

outcome evaluate_person(const person_test& test, const evaluation_input& in, explanation* why) {
    outcome out = outcome::unknown(reason::needs_person);
    if (test.answer == concept_id::none)
        return out;
    for (const auto& e : in.facts.of(test.answer)) {
        const fact& f = in.facts[e];
        if (locate(f, {}, in.as_of) == place::future) {
            out.changes_on = std::min(out.changes_on, f.when.first);
            continue;
        }
        // Facts are oldest first: the last answer stands.
        const date changes = out.changes_on;
        if (f.observation.found == finding::positive)
            out = outcome::met(changes);
        else if (f.observation.found == finding::negative)
            out = outcome::not_met(changes);
        if (why)
            why->evidence = {&f};
    }
    return out;
}

} // namespace trialgate::mappings
