// Laboratory and other results. Clinical reference 0.2, 1 (occasions), 9.3, 9.4.
//
// `any`: one result in the window that surely passes is enough; a later one that fails does not take it back ("positive within six
// months"). Not-met needs a result that surely fails and nothing that might pass. Results that cannot be read, are pending or
// lie only partly in the window may pass: with them the answer is unknown, and never not-met.
// `latest`: the newest readable result decides.
#include "mappings/engine/evaluate.hpp"
#include "mappings/engine/judge.hpp"

#include <algorithm>
#include <cstdio>

namespace trialgate::mappings {

using fhir::date;

namespace {

/// One result that is at least perhaps in the window.
struct candidate {
    const fact* result;
    judgement says;
    bool surely_inside;
};

struct selection {
    std::vector<candidate> candidates; ///< in the order of the table
    bool older = false;                ///< something lies before the window
    date changes_on = date::highest();
    note_set notes;
};

/// How a fact of a concept named in a coincidence matters near `result`.
bool stands_near(const fact& other, const fact& result, const coincidence& c, date as_of, date& changes_on) {
    if (!result.dated)
        return false;
    const date first = result.when.first - c.days_before, last = result.when.last + c.days_after;
    if (other.kind == fact_kind::exposure) {
        const exposure_fact& e = other.exposure;
        if (e.against || e.start.first > last)
            return false;
        if (e.start.first > as_of) {
            changes_on = std::min(changes_on, e.start.first);
            return false;
        }
        return e.end.last >= first;
    }
    if (!other.dated || other.when.first > last || other.when.last < first)
        return false;
    if (other.when.first > as_of) {
        changes_on = std::min(changes_on, other.when.first);
        return false;
    }
    if (other.kind == fact_kind::observation)
        return other.observation.use == usability::usable && other.observation.found == finding::positive;
    if (other.kind == fact_kind::condition)
        return other.condition.verified == verification::confirmed;
    return true;
}

/// False when the result must be ignored. May turn a pass into "a cause must be excluded".
bool weigh_coincidences(const observation_test& test, const evaluation_input& in, candidate& c, selection& s) {
    for (const coincidence& near : test.coincides) {
        if (c.says.is == verdict::not_met && near.what != coincidence::effect::ignore)
            continue;
        const bool found = std::any_of(near.with.begin(), near.with.end(), [&](concept_id what) {
            const auto entries = in.facts.of(what);
            return std::any_of(entries.begin(), entries.end(), [&](const auto& e) {
                return stands_near(in.facts[e], *c.result, near, in.as_of, s.changes_on);
            });
        });
        if (!found)
            continue;
        if (near.what == coincidence::effect::ignore)
            return false;
        if (near.raised != note::count_)
            s.notes.add(near.raised);
        if (near.what == coincidence::effect::cause && c.says.is == verdict::met)
            c.says = {verdict::unknown, reason::cause_to_exclude};
    }
    return true;
}

selection select(const observation_test& test, const evaluation_input& in) {
    selection s;
    for (concept_id what : test.concepts)
        for (const auto& e : in.facts.of(what)) {
            const fact& f = in.facts[e];
            if (f.kind != fact_kind::observation)
                continue;
            const place where = locate(f, test.within, in.as_of);
            s.changes_on = std::min(s.changes_on, place_changes(f, test.within, in.as_of));
            if (where == place::future)
                s.notes.add(note::future_data);
            if (where == place::outside)
                s.older = true;
            if (where == place::future || where == place::outside)
                continue;
            candidate c{&f, judge(f.observation, test), where == place::inside};
            if (!weigh_coincidences(test, in, c, s))
                continue;
            if (c.says.is == verdict::met && !c.surely_inside)
                c.says = {verdict::unknown, f.dated ? reason::imprecise : reason::value_unusable};
            s.candidates.push_back(c);
        }
    return s;
}

/// Largest number of days, at least `gap` apart, on which results passed; only results of a known day count.
int count_occasions(const std::vector<candidate>& candidates, int gap) {
    std::vector<date> days;
    for (const candidate& c : candidates)
        if (c.says.is == verdict::met && c.result->dated && c.result->when.is_day())
            days.push_back(c.result->when.first);
    std::sort(days.begin(), days.end());
    int n = 0;
    date last = date::lowest();
    for (date d : days)
        if (n == 0 || d - last >= gap) {
            ++n;
            last = d;
        }
    // A single occasion needs no day.
    if (n == 0 && std::any_of(candidates.begin(), candidates.end(),
                              [](const candidate& c) { return c.says.is == verdict::met; }))
        n = 1;
    return n;
}

outcome answer_any(const observation_test& test, const selection& s, std::vector<const fact*>& evidence) {
    reason why = reason::none;
    int unsure = 0, undated_passes = 0;
    bool refused = false;
    for (const candidate& c : s.candidates) {
        if (c.says.is == verdict::met)
            undated_passes += !(c.result->dated && c.result->when.is_day());
        else if (c.says.is == verdict::unknown) {
            ++unsure;
            why = std::max(why, c.says.why);
        } else
            refused |= c.surely_inside;
    }
    const int passed = count_occasions(s.candidates, test.gap_days);
    const auto gather = [&](verdict v) {
        for (auto c = s.candidates.rbegin(); c != s.candidates.rend(); ++c)
            if (c->says.is == v)
                evidence.push_back(c->result);
    };
    outcome out;
    if (passed >= test.occasions) {
        gather(verdict::met);
        out = outcome::met();
    } else if (unsure > 0 && passed + unsure + undated_passes >= test.occasions) {
        gather(verdict::unknown);
        gather(verdict::met);
        out = outcome::unknown(why);
    } else if (passed > 0 || refused) {
        gather(verdict::met);
        out = test.disproves ? outcome::not_met() : outcome::unknown(reason::history_incomplete);
    } else {
        out = outcome::unknown(unsure > 0                ? why
                               : s.older                 ? reason::too_old
                               : s.candidates.empty()    ? reason::no_data
                                                         : reason::imprecise);
        gather(verdict::unknown);
    }
    // Beside what proves, only what came later and speaks against it is worth showing ("positive", then "negative").
    date newest = date::lowest();
    if (out.is == verdict::met)
        for (const fact* f : evidence)
            newest = std::max(newest, f->when.last);
    for (auto c = s.candidates.rbegin(); c != s.candidates.rend(); ++c)
        if (c->says.is == verdict::not_met && (out.is != verdict::met || c->result->when.last > newest))
            evidence.push_back(c->result);
    out.low = static_cast<std::int16_t>(passed);
    return out;
}

outcome answer_latest(const selection& s, std::vector<const fact*>& evidence) {
    std::vector<const candidate*> newest;
    const auto later = [](const fact& a, const fact& b) {
        return a.when.last != b.when.last ? a.when.last > b.when.last : a.second > b.second;
    };
    reason unreadable = reason::none;
    for (const candidate& c : s.candidates) {
        if (!c.result->dated)
            continue;
        if (c.result->observation.use != usability::usable) {
            unreadable = std::max(unreadable, c.says.why);
            continue;
        }
        if (newest.empty() || later(*c.result, *newest.front()->result))
            newest = {&c};
        else if (!later(*newest.front()->result, *c.result))
            newest.push_back(&c);
    }
    if (newest.empty())
        return outcome::unknown(unreadable != reason::none ? unreadable : s.older ? reason::too_old : reason::no_data);
    for (const candidate* c : newest)
        evidence.push_back(c->result);
    const judgement first = newest.front()->says;
    // Newest by its last possible day is not newest for sure: whoever may be later must say the same.
    const date sure = newest.front()->result->when.first;
    for (const candidate& c : s.candidates)
        if (c.result->dated && c.result->observation.use == usability::usable && c.says.is != first.is &&
            !(c.result->when.is_day() && newest.front()->result->when.is_day()) && c.result->when.last >= sure) {
            evidence.push_back(c.result);
            return outcome::unknown(reason::imprecise);
        }
    for (const candidate* c : newest)
        if (c->says.is != first.is) {
            outcome out = outcome::unknown(reason::conflicting);
            out.notes.add(note::conflict);
            return out;
        }
    if (first.is == verdict::met)
        return outcome::met();
    return first.is == verdict::not_met ? outcome::not_met() : outcome::unknown(first.why);
}

/// What a person needs to see the rule at work: the value in the unit of the limit, or the range that came with it.
std::string in_context(const fact& f, const observation_test& test, const analyte* about) {
    const observation_fact& o = f.observation;
    if (o.use == usability::conflicting)
        return "value, flag or codes contradict each other; ";
    if (!o.has_value)
        return {};
    if (std::holds_alternative<limit_test>(test.test)) {
        const fhir::ratio& r = o.factor;
        if (r.numerator == r.denominator || !about || !o.value.low || !o.value.high || *o.value.low != *o.value.high)
            return {};
        char number[32];
        std::snprintf(number, sizeof number, "%.4g",
                      o.value.low->approximate() * static_cast<double>(r.numerator) / static_cast<double>(r.denominator));
        return "= " + std::string(number) + (about->unit.empty() || about->unit.front() == '{' ? "" : ' ' + about->unit) + "; ";
    }
    if (o.range_low && o.range_high)
        return "range " + o.range_low->to_string() + " to " + o.range_high->to_string() + "; ";
    if (o.range_high)
        return "range to " + o.range_high->to_string() + "; ";
    return o.range_low ? "range from " + o.range_low->to_string() + "; " : "no range sent; ";
}

void explain(const observation_test& test, const evaluation_input& in, const outcome& out,
             std::vector<const fact*> evidence, explanation& why) {
    // The same result can be seen twice (resent, or under two concepts); people read it once.
    std::vector<const fact*> seen;
    for (const fact* f : evidence)
        if (std::none_of(seen.begin(), seen.end(),
                         [&](const fact* o) { return o->record == f->record && o->text == f->text; }))
            seen.push_back(f);
    // A group has no analyte of its own: the unit is that of its first member that is measured.
    const analyte* about = nullptr;
    for (concept_id c : test.concepts)
        about = about ? about : in.codes.analyte_of(c);
    const std::string rule = rule_text(test, about);
    if (!seen.empty())
        why.text = words(*seen.front(), in.codes) + " (" + in_context(*seen.front(), test, about) + rule + ")";
    else
        why.text = (out.why == reason::too_old ? "no " + titles(test.concepts, in.codes) + " " + since(test.within, in.as_of) +
                                                     ", only older"
                                               : "no " + titles(test.concepts, in.codes)) +
                   " (" + rule + ")";
    if (test.occasions > 1)
        why.text += ", " + std::to_string(out.low) + " of " + std::to_string(test.occasions) + " occasions";
    if (out.is == verdict::unknown) {
        std::string need = titles(test.concepts, in.codes);
        if (const std::string from = since(test.within, in.as_of); !from.empty())
            need += ' ' + from;
        why.needs = {need};
    }
    if (seen.size() > 8)
        seen.resize(8);
    why.evidence = std::move(seen);
}

} // namespace

outcome evaluate_observation(const observation_test& test, const evaluation_input& in, explanation* why) {
    const selection s = select(test, in);
    std::vector<const fact*> evidence;
    outcome out = test.latest ? answer_latest(s, evidence) : answer_any(test, s, evidence);
    if (test.latest && !test.disproves && out.is == verdict::not_met)
        out = outcome::unknown(reason::history_incomplete);
    out.changes_on = s.changes_on;
    out.notes.add(s.notes);
    // Notes of the results that were used (name match, alias, report date) belong to the answer.
    for (const fact* f : evidence) {
        out.notes.add(f->notes);
        if (f->observation.use == usability::conflicting)
            out.notes.add(note::conflict);
    }
    if (why)
        explain(test, in, out, std::move(evidence), *why);
    return out;
}

} // namespace trialgate::mappings
