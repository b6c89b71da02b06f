// Kidney function: the laboratory's own estimate, or ours from creatinine. Clinical reference 5.4, rules E1-E10.
//
// Days are looked at from the newest back, and the first that gives an answer decides. Within a day a reported estimate outranks a
// computed one, and newer formulas outrank older ones.
#include "mappings/engine/ckd_epi.hpp"
#include "mappings/engine/evaluate.hpp"
#include "mappings/engine/judge.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>

namespace trialgate::mappings {

using fhir::date;

namespace {

struct day_results {
    std::vector<std::vector<const fact*>> reported; ///< by rank
    std::vector<std::pair<const fact*, const fact*>> pairs;
    std::vector<const fact*> creatinine, cystatin_c;
};

/// An answer of one day. `reason::no_data` means: go on to an older day.
struct answer {
    verdict is = verdict::unknown;
    reason why = reason::no_data;
    std::vector<const fact*> evidence;
    note_set notes;
    std::string text;
    bool decisive() const { return is != verdict::unknown || (why != reason::no_data && why != reason::pending &&
                                                              why != reason::unit_unusable && why != reason::value_unusable); }
};

struct bounds {
    double low = std::numeric_limits<double>::infinity();
    double high = 0;
    void add(double v) {
        low = std::min(low, v);
        high = std::max(high, v);
    }
};

double canonical(const fhir::decimal& d, const fhir::ratio& f) {
    return d.approximate() * static_cast<double>(f.numerator) / static_cast<double>(f.denominator);
}

std::string rounded(double v) {
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.1f", v);
    return buffer;
}

bool readable(const fact* f) { return f->observation.use == usability::usable && f->observation.has_value; }

class renal {
public:
    renal(const egfr_test& test, const evaluation_input& in) : test_(test), in_(in) {
        limit_.test = limit_test{relation::at_least, test.limit, std::nullopt};
    }

    outcome run(explanation* why) {
        gather();
        answer best;
        for (auto day = days_.rbegin(); day != days_.rend(); ++day) {
            answer a = of_day(day->second);
            if (a.decisive()) {
                best = std::move(a);
                break;
            }
            if (a.why != reason::no_data && (best.why == reason::no_data || a.why > best.why))
                best = std::move(a);
        }
        doubt(best);
        outcome out{best.is, best.why, false, changes_on_, best.notes, 0, 0};
        if (best.is == verdict::unknown && best.why == reason::no_data) {
            out.why = partly_ ? reason::imprecise : older_ ? reason::too_old : reason::no_data;
            // The measured but unusable kind of result (a clearance per minute) is a result all the same.
        }
        if (best.is == verdict::not_met)
            out.for_good = persistent();
        out.notes.add(notes_);
        for (const fact* f : best.evidence)
            out.notes.add(f->notes);
        if (why)
            explain(out, best, *why);
        return out;
    }

private:
    template <class Put>
    void take(concept_id what, Put put) {
        for (const auto& e : in_.facts.of(what)) {
            const fact& f = in_.facts[e];
            if (f.kind != fact_kind::observation)
                continue;
            const place where = locate(f, test_.within, in_.as_of);
            changes_on_ = std::min(changes_on_, place_changes(f, test_.within, in_.as_of));
            older_ |= where == place::outside;
            partly_ |= where == place::perhaps;
            if (where == place::future)
                notes_.add(note::future_data);
            if (where != place::inside)
                continue;
            if (f.when.is_day())
                put(days_[f.when.last], &f);
            else
                vague_.push_back(&f);
        }
    }

    void gather() {
        for (std::size_t rank = 0; rank < test_.reported.size(); ++rank)
            for (concept_id what : test_.reported[rank])
                take(what, [&](day_results& d, const fact* f) {
                    d.reported.resize(test_.reported.size());
                    d.reported[rank].push_back(f);
                });
        for (const auto& [left, right] : test_.race_pairs) {
            take(left, [](day_results& d, const fact* f) { d.pairs.emplace_back(f, nullptr); });
            take(right, [](day_results& d, const fact* f) { d.pairs.emplace_back(nullptr, f); });
        }
        for (concept_id what : test_.creatinine)
            take(what, [](day_results& d, const fact* f) { d.creatinine.push_back(f); });
        for (concept_id what : test_.cystatin_c)
            take(what, [](day_results& d, const fact* f) { d.cystatin_c.push_back(f); });
    }

    /// A result of some day of a month may be the newest: unless it says the same, the answer is not known.
    void doubt(answer& best) const {
        for (const fact* f : vague_) {
            const bool reported = std::any_of(test_.reported.begin(), test_.reported.end(), [&](const auto& rank) {
                return std::find(rank.begin(), rank.end(), f->what) != rank.end();
            });
            const judgement says = judge(f->observation, limit_);
            const bool older = !best.evidence.empty() && f->when.last < best.evidence.front()->when.first;
            if (older || (reported && f->observation.use == usability::usable && says.is == best.is))
                continue;
            if (best.is == verdict::unknown && best.why > reason::imprecise)
                continue;
            best.is = verdict::unknown;
            best.why = reason::imprecise;
            best.evidence.push_back(f);
            best.text = (best.text.empty() ? "" : best.text + "; ") + words(*f, in_.codes) + ", day not known";
        }
    }

    answer of_day(const day_results& d) {
        answer unreadable;
        for (const auto& rank : d.reported)
            if (!rank.empty()) {
                answer a = of_reported(rank, d);
                if (a.decisive())
                    return a;
                if (unreadable.why == reason::no_data || a.why > unreadable.why)
                    unreadable = std::move(a);
            }
        if (!d.pairs.empty()) {
            answer a = of_pairs(d);
            if (a.decisive())
                return a;
            unreadable = std::move(a);
        }
        if (!d.creatinine.empty()) {
            answer a = computed(d);
            if (a.decisive() || unreadable.why == reason::no_data)
                return a;
        }
        return unreadable;
    }

    /// Reported estimates of one rank and day.
    answer of_reported(const std::vector<const fact*>& rank, const day_results& d) {
        answer a;
        bool any = false;
        for (const fact* f : rank) {
            const judgement j = judge(f->observation, limit_);
            if (f->observation.use != usability::usable) {
                if (!any) {
                    a.why = a.why == reason::no_data ? j.why : std::max(a.why, j.why);
                    a.evidence.push_back(f);
                }
                continue;
            }
            // Later the same day outranks earlier; at the same moment they must agree.
            if (any && f->second == a.evidence.front()->second && j.is != a.is) {
                a.is = verdict::unknown;
                a.why = reason::conflicting;
                a.notes.add(note::conflict);
                a.evidence.push_back(f);
                continue;
            }
            if (any && f->second < a.evidence.front()->second)
                continue;
            any = true;
            a.is = j.is;
            a.why = j.why;
            a.evidence = {f};
        }
        if (!any)
            return a;
        a.text = words(*a.evidence.front(), in_.codes);
        const bool old = std::find(test_.old_formula.begin(), test_.old_formula.end(), a.evidence.front()->what) !=
                         test_.old_formula.end();
        if (a.is == verdict::unknown && a.why == reason::imprecise) {
            answer c = computed(with_creatinine(d));
            if (c.decisive()) {
                c.evidence.insert(c.evidence.end(), a.evidence.begin(), a.evidence.end());
                return c;
            }
        } else if (a.is == verdict::not_met && old) {
            const answer c = computed(with_creatinine(d));
            if (c.is == verdict::met || (c.is == verdict::unknown && c.decisive())) {
                a.is = verdict::unknown;
                a.why = c.is == verdict::met ? reason::conflicting : c.why;
                a.notes.add(note::recalculated);
                a.evidence.insert(a.evidence.end(), c.evidence.begin(), c.evidence.end());
                a.text += ", an older formula; " + c.text;
            }
        }
        return a;
    }

    /// A pair of estimates split by race: never chosen by race.
    answer of_pairs(const day_results& d) {
        answer c = computed(with_creatinine(d));
        answer a;
        int met = 0, refused = 0, left = 0, right = 0;
        reason worst = reason::none;
        for (const auto& [l, r] : d.pairs) {
            const fact* f = l ? l : r;
            const judgement j = judge(f->observation, limit_);
            a.evidence.push_back(f);
            left += l != nullptr;
            right += r != nullptr;
            met += j.is == verdict::met;
            refused += j.is == verdict::not_met;
            worst = std::max(worst, j.why);
        }
        if (c.decisive()) {
            c.evidence.insert(c.evidence.end(), a.evidence.begin(), a.evidence.end());
            return c;
        }
        const auto all = static_cast<int>(d.pairs.size());
        for (const fact* f : a.evidence)
            a.text += (a.text.empty() ? "" : " and ") + words(*f, in_.codes);
        if (left > 0 && right > 0 && met == all) {
            a.is = verdict::met;
            a.why = reason::none;
        } else if (left > 0 && right > 0 && refused == all) {
            a.is = verdict::not_met;
            a.why = reason::none;
        } else
            a.why = std::max(worst, reason::imprecise);
        return a;
    }

    /// The day, or where it has no creatinine the newest day that has one.
    const day_results& with_creatinine(const day_results& d) const {
        if (std::any_of(d.creatinine.begin(), d.creatinine.end(), readable))
            return d;
        for (auto day = days_.rbegin(); day != days_.rend(); ++day)
            if (std::any_of(day->second.creatinine.begin(), day->second.creatinine.end(), readable))
                return day->second;
        return d;
    }

    /// CKD-EPI 2021 over everything that is not known exactly: age, sex, the interval of the result.
    bool estimate(const fact& creatinine, const fact* cystatin, bounds& out) const {
        if (!in_.person || !in_.person->birth_known)
            return false;
        const date drawn = creatinine.when.last;
        const int oldest = fhir::completed_years(in_.person->birth.first, drawn);
        const int youngest = fhir::completed_years(in_.person->birth.last, drawn);
        if (youngest < 18)
            return false;
        const observation_fact& c = creatinine.observation;
        if (!c.value.low || !c.value.high || c.value.low->mantissa <= 0)
            return false;
        std::vector<double> values{canonical(*c.value.low, c.factor), canonical(*c.value.high, c.factor)};
        std::vector<double> cystatins;
        if (cystatin) {
            const observation_fact& s = cystatin->observation;
            if (!s.value.low || !s.value.high || s.value.low->mantissa <= 0)
                return false;
            cystatins = {canonical(*s.value.low, s.factor), canonical(*s.value.high, s.factor)};
        }
        const sex known = in_.person->gender;
        for (int age : {youngest, oldest})
            for (equation_sex s : {equation_sex::female, equation_sex::male}) {
                if ((known == sex::female && s == equation_sex::male) || (known == sex::male && s == equation_sex::female))
                    continue;
                for (double v : values) {
                    if (!cystatin)
                        out.add(ckd_epi_2021(v, age, s));
                    for (double y : cystatins)
                        out.add(ckd_epi_2021(v, y, age, s));
                }
            }
        return true;
    }

    answer decide(const bounds& b) const {
        const double low = test_.borderline_low.approximate(), high = test_.borderline_high.approximate();
        answer a;
        if (b.low >= high)
            a.is = verdict::met, a.why = reason::none;
        else if (b.high < low)
            a.is = verdict::not_met, a.why = reason::none;
        else
            a.why = b.low >= low && b.high < high ? reason::borderline : b.low == b.high ? reason::borderline : reason::imprecise;
        return a;
    }

    answer computed(const day_results& d) const {
        answer a;
        const fact* creatinine = nullptr;
        for (const fact* f : d.creatinine) {
            if (readable(f) && (!creatinine || f->second >= creatinine->second))
                creatinine = f;
            else if (!readable(f) && !creatinine) {
                a.why = std::max(a.why == reason::no_data ? reason::none : a.why,
                                 judge(f->observation, limit_).why);
                a.evidence = {f};
            }
        }
        if (!creatinine) {
            if (a.why == reason::none)
                a.why = reason::value_unusable;
            return a;
        }
        bounds alone;
        if (!estimate(*creatinine, nullptr, alone)) {
            answer none;
            none.why = reason::value_unusable;
            none.evidence = {creatinine};
            none.text = words(*creatinine, in_.codes) + ", not enough to compute eGFR (adult with a birth date)";
            return none;
        }
        a = decide(alone);
        a.evidence = {creatinine};
        a.text = "eGFR " + rounded(alone.low) + (rounded(alone.low) == rounded(alone.high) ? "" : " to " + rounded(alone.high)) +
                 " by CKD-EPI 2021 from " + words(*creatinine, in_.codes);
        for (const fact* f : d.cystatin_c) {
            bounds both;
            if (!readable(f) || !estimate(*creatinine, f, both))
                continue;
            const answer b = decide(both);
            const double limit = test_.limit.approximate();
            const bool disagree = (alone.low >= limit) != (both.low >= limit) || (alone.high >= limit) != (both.high >= limit);
            a.evidence.push_back(f);
            a.text += "; " + rounded(both.low) + " with " + words(*f, in_.codes);
            if (disagree) {
                a.is = verdict::unknown;
                a.why = reason::conflicting;
            } else if (b.is != a.is && b.is == verdict::unknown) {
                a.is = b.is;
                a.why = b.why;
            }
        }
        return a;
    }

    /// Every reported estimate from the newest back is below the limit, over at least the time asked.
    bool persistent() const {
        std::vector<const fact*> all;
        for (const auto& rank : test_.reported)
            for (concept_id what : rank)
                for (const auto& e : in_.facts.of(what)) {
                    const fact& f = in_.facts[e];
                    if (f.dated && f.when.last <= in_.as_of && readable(&f))
                        all.push_back(&f);
                }
        std::sort(all.begin(), all.end(), [](const fact* a, const fact* b) { return a->when.last > b->when.last; });
        for (const fact* f : all) {
            if (judge(f->observation, limit_).is != verdict::not_met)
                return false;
            if (all.front()->when.first - f->when.last >= test_.persistent_days)
                return true;
        }
        return false;
    }

    void explain(const outcome& out, const answer& best, explanation& why) const {
        std::string rule = "limit >= " + test_.limit.to_string();
        if (out.why == reason::borderline)
            rule += ", computed values from " + test_.borderline_low.to_string() + " to below " +
                    test_.borderline_high.to_string() + " are borderline";
        why.evidence = best.evidence;
        if (!best.text.empty())
            why.text = best.text + " (" + rule + ")";
        else if (!best.evidence.empty())
            why.text = words(*best.evidence.front(), in_.codes) + " (" + rule + ")";
        else
            why.text = (out.why == reason::too_old ? "no eGFR or creatinine " + since(test_.within, in_.as_of) + ", only older"
                                                   : "no eGFR or creatinine") +
                       " (" + rule + ")";
        if (out.is == verdict::unknown)
            why.needs = {"eGFR or serum creatinine " + since(test_.within, in_.as_of)};
    }

    const egfr_test& test_;
    const evaluation_input& in_;
    observation_test limit_;
    std::map<date, day_results> days_;
    std::vector<const fact*> vague_; ///< inside the window, but on no certain day
    date changes_on_ = date::highest();
    note_set notes_;
    bool older_ = false, partly_ = false;
};

} // namespace

outcome evaluate_egfr(const egfr_test& test, const evaluation_input& in, explanation* why) {
    return renal(test, in).run(why);
}

} // namespace trialgate::mappings
