#include "mappings/followup/safety_signals.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

std::string limit_words(const observation_fact& o) {
    if (o.range_low && o.range_high)
        return " (limits " + o.range_low->to_string() + " to " + o.range_high->to_string() + ')';
    if (o.range_low)
        return " (lower limit " + o.range_low->to_string() + ')';
    return o.range_high ? " (upper limit " + o.range_high->to_string() + ')' : std::string(" (no limits sent)");
}

/// Surely drawn before the other.
bool earlier(const lab_result& a, const lab_result& b) {
    const fact &x = *a.source, &y = *b.source;
    return x.when.last < y.when.first || (x.when.is_day() && x.when == y.when && x.second >= 0 && y.second >= 0 && x.second < y.second);
}

/// Whole days between two dated results; -1 when a day is not known.
int days_apart(const lab_result& a, const lab_result& b) {
    const fact &x = *a.source, &y = *b.source;
    if (!x.dated || !y.dated || !x.when.is_day() || !y.when.is_day())
        return -1;
    return std::abs(x.when.first - y.when.first);
}

bool near(const lab_result& a, const lab_result& b, int days) {
    const int apart = days_apart(a, b);
    return apart >= 0 && apart <= days;
}

class signaller {
public:
    signaller(const safety_case& of, const safety_results& results, concern_list& into)
        : plan_(*of.about.safety), results_(results), into_(into) {}

    void run() {
        using kind = safety_signal::kind;
        for (const safety_signal& s : plan_.signals) {
            if (!s.how_soon)
                continue;
            switch (s.what) {
            case kind::critical: break; // makes grades more urgent
            case kind::limit: limit(s); break;
            case kind::positive: positive(s); break;
            case kind::rise: rise(s); break;
            case kind::liver_injury: liver_injury(s); break;
            }
        }
    }

private:
    concern begin(const safety_signal& s, const lab_result& r, finding_kind kind) const {
        concern c = into_.begin(s.id + '/' + r.reference, kind, *s.how_soon);
        c.title = s.title;
        c.details["signal"] = s.id;
        into_.tell_result(r, c);
        return c;
    }

    void limit(const safety_signal& s) {
        for (const safety_limit& l : s.limits) {
            const std::vector<lab_result> all = results_.of(l.concepts);
            bool last = false;
            for (const lab_result& r : all) {
                if (!r.now.readable() || (r.when == phase::before && r.pending))
                    continue;
                const bool now = beyond(l, r.now);
                const lab_result* baseline = baseline_of(all, &r);
                const bool known_before = baseline && beyond(l, baseline->now);
                if (now && r.when != phase::before && (!known_before || !last)) {
                    concern c = begin(s, r, finding_kind::lab_grade);
                    c.text = into_.words_of(r) + ": " + l.said + '.' +
                             (baseline ? " Baseline " + into_.words_of(*baseline) + '.' : " Baseline missing.");
                    c.details["analyte"] = l.analyte;
                    c.details["rule"] = l.said;
                    if (baseline)
                        c.evidence.push_back(results_.evidence(*baseline->source));
                    into_.add(std::move(c), 1);
                }
                last = now;
            }
        }
    }

    /// What a pregnancy test and the like says; `none`: it cannot be told.
    static finding said(const lab_result& r, const safety_limit* l) {
        const observation_fact& o = r.source->observation;
        if (!l)
            return o.use == usability::usable || o.use == usability::pending ? o.found : finding::none;
        if (!r.now.readable())
            return finding::none;
        return beyond(*l, r.now) ? finding::positive : beyond(*l, r.now, true) ? finding::none : finding::negative;
    }

    void positive(const safety_signal& s) {
        std::optional<lab_result> unclear;
        const auto look = [&](std::span<const concept_id> concepts, const safety_limit* l) {
            std::optional<lab_result> latest;
            for (const lab_result& r : results_.of(concepts)) {
                const finding f = said(r, l);
                if (r.when == phase::before || (r.pending && f == finding::none))
                    continue;
                latest = f == finding::none ? std::optional(r) : std::nullopt;
                if (f != finding::positive && f != finding::equivocal)
                    continue;
                concern c = begin(s, r, finding_kind::pregnancy);
                if (f == finding::equivocal)
                    c.title += " (equivocal)";
                c.text = into_.words_of(r) + (f == finding::equivocal ? ": equivocal." : ": positive.");
                c.details["finding"] = f == finding::equivocal ? "equivocal" : "positive";
                into_.add(std::move(c), f == finding::positive ? 2 : 1);
            }
            if (latest && !unclear)
                unclear = latest;
        };
        look(s.concepts, nullptr);
        for (const safety_limit& l : s.limits)
            look(l.concepts, &l);
        const auto t = plan_.tiers.find("ungradable");
        if (!unclear || t == plan_.tiers.end() || !t->second)
            return;
        concern c = into_.begin(s.id + "/unclear", finding_kind::pregnancy, *t->second);
        c.title = s.title + ": the latest result cannot be read";
        c.text = into_.words_of(*unclear) + ": it cannot be told whether it is positive.";
        c.details["signal"] = s.id;
        into_.tell_result(*unclear, c);
        into_.add(std::move(c), 0);
    }

    void rise(const safety_signal& s) {
        const std::vector<lab_result> all = results_.of(s.concepts);
        const auto factor = exact::of(s.factor);
        for (const lab_result& r : all) {
            if ((r.when != phase::after && r.when != phase::dose_day) || !r.now.readable() || !factor)
                continue;
            const lab_result* from = nullptr; // the nearest before it
            for (const lab_result& e : all) {
                if (!e.now.readable() || !earlier(e, r) || !near(e, r, s.days))
                    continue;
                const auto reached = scaled(e.now.value, *factor);
                if (reached && surely_at_least(r.now.value, *reached))
                    from = &e;
            }
            if (!from)
                continue;
            concern c = begin(s, r, finding_kind::kidney_injury);
            c.text = into_.words_of(r) + ": at least " + s.factor.to_string() + " times " + into_.words_of(*from) + '.';
            c.details["from"] = from->source->text;
            c.details["fromDate"] = from->day();
            c.evidence.push_back(results_.evidence(*from->source));
            into_.add(std::move(c), 1);
        }
    }

    /// Transaminases and bilirubin beyond their limits within `days` of each other, and an alkaline phosphatase that is not surely high.
    /// One finding a bilirubin result, so that each draw is one matter.
    void liver_injury(const safety_signal& s) {
        const std::vector<lab_result> enzymes = results_.of(s.limits[0].concepts), bilirubins = results_.of(s.limits[1].concepts),
                                      phosphatases = results_.of(s.limits[2].concepts);
        for (const lab_result& b : bilirubins) {
            if (b.when == phase::before || !beyond(s.limits[1], b.now))
                continue;
            std::vector<const lab_result*> high;
            for (const lab_result& e : enzymes)
                if (e.when != phase::before && beyond(s.limits[0], e.now) && near(e, b, s.days))
                    high.push_back(&e);
            const lab_result* alp = nullptr;
            for (const lab_result& p : phosphatases)
                if (p.now.readable() && near(p, b, s.days) && (!alp || days_apart(p, b) < days_apart(*alp, b)))
                    alp = &p;
            if (high.empty() || (alp && !beyond(s.limits[2], alp->now, true)))
                continue;
            concern c = begin(s, b, finding_kind::hys_law);
            for (const lab_result* e : high) {
                c.text += (c.text.empty() ? "" : ", ") + into_.words_of(*e);
                c.evidence.push_back(results_.evidence(*e->source));
            }
            c.text += " " + s.limits[0].said + "; " + into_.words_of(b) + ' ' + s.limits[1].said + "; ";
            c.text += alp ? into_.words_of(*alp) + ' ' + s.limits[2].said + '.'
                          : "no alkaline phosphatase near: cholestasis is not excluded.";
            if (alp)
                c.evidence.push_back(results_.evidence(*alp->source));
            into_.add(std::move(c), 1);
        }
    }

    const safety_plan& plan_;
    const safety_results& results_;
    concern_list& into_;
};

/// A rule's criterion, evaluated as a tree.
struct answer {
    outcome is;
    std::string text;
    std::vector<const fact*> evidence;
    fhir::date changes_on = fhir::date::highest();
};

answer ask(const criterion& c, const evaluation_input& in) {
    answer out;
    std::vector<answer> inner;
    std::vector<outcome> parts;
    for (const criterion& part : c.parts) {
        inner.push_back(ask(part, in));
        parts.push_back(inner.back().is);
    }
    explanation why;
    out.is = evaluate(c.test, parts, in, &why);
    out.text = std::move(why.text);
    out.evidence = std::move(why.evidence);
    out.changes_on = out.is.changes_on;
    const bool own = !out.text.empty();
    for (answer& a : inner) {
        out.changes_on = std::min(out.changes_on, a.changes_on);
        if (a.is.is != verdict::met)
            continue;
        if (!own && !a.text.empty())
            out.text += (out.text.empty() ? "" : "; ") + a.text;
        out.evidence.insert(out.evidence.end(), a.evidence.begin(), a.evidence.end());
    }
    return out;
}

} // namespace

urgency sooner(urgency a, urgency b) noexcept {
    if (!a || !b)
        return a ? a : b;
    return std::min(*a, *b);
}

concern concern_list::begin(std::string key, finding_kind kind, tier how_soon) const {
    concern c;
    c.key = std::move(key);
    c.kind = kind;
    c.urgency = how_soon;
    return c;
}

std::string concern_list::words_of(const lab_result& r) const {
    return words(*r.source, case_.codes) + (r.pending ? ", preliminary" : "") + limit_words(r.source->observation);
}

void concern_list::tell_result(const lab_result& r, concern& c) const {
    const observation_fact& o = r.source->observation;
    c.evidence.insert(c.evidence.begin(), results_.evidence(*r.source));
    c.details["value"] = r.source->text;
    c.details["date"] = r.day();
    c.details["resource"] = r.reference;
    c.details["resourceVersion"] = r.version;
    if (o.range_low)
        c.details["lowerLimit"] = o.range_low->to_string();
    if (o.range_high)
        c.details["upperLimit"] = o.range_high->to_string();
    if (r.pending)
        c.details["preliminary"] = "true";
}

void concern_list::add(concern c, int weight) {
    const auto [at, fresh] = all_.try_emplace(c.key, weight, c);
    if (!fresh && weight > at->second.first)
        at->second = {weight, std::move(c)};
}

std::vector<concern> concern_list::take() {
    std::vector<concern> out;
    for (auto& [key, found] : all_)
        out.push_back(std::move(found.second));
    all_.clear();
    return out;
}

void add_signals(const safety_case& of, const safety_results& results, concern_list& into) { signaller(of, results, into).run(); }

fhir::date add_rules(const safety_case& of, const safety_results& results, concern_list& into) {
    fhir::date changes = fhir::date::highest();
    const auto& rules = of.about.safety->rules;
    if (rules.empty())
        return changes;
    const fact_table recent = results.since_dosing();
    const person_data* person = of.record.person ? &*of.record.person : nullptr;
    for (const safety_rule& r : rules) {
        if (!r.how_soon)
            continue;
        const fact_table& facts = r.since_dosing ? recent : results.facts();
        const answer a = ask(r.when, {of.codes, facts, person, results.last_seen()});
        if (results.last_seen() == of.as_of)
            changes = std::min(changes, a.changes_on);
        if (a.is.is != verdict::met)
            continue;
        concern c = into.begin("rule/" + r.id, finding_kind::trial_rule, *r.how_soon);
        c.title = r.title;
        c.text = a.text.empty() ? r.title : a.text;
        c.details["rule"] = r.id;
        for (const fact* f : a.evidence) {
            const evidence_item e = results.evidence(*f);
            const auto same = [&e](const evidence_item& o) { return o.reference == e.reference && o.text == e.text; };
            if (std::none_of(c.evidence.begin(), c.evidence.end(), same))
                c.evidence.push_back(e);
        }
        into.add(std::move(c), 1);
    }
    return changes;
}

} // namespace trialgate::mappings
