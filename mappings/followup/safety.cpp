#include "mappings/followup/safety.hpp"

#include "mappings/followup/safety_results.hpp"
#include "mappings/followup/safety_signals.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

bool watched(const safety_case& of) {
    switch (of.who.state) {
    case participation_state::on_study:
    case participation_state::completed:
    case participation_state::ended_early: break;
    case participation_state::screening:
    case participation_state::withdrawn:
    case participation_state::screen_failure:
    case participation_state::died: return false;
    }
    return of.about.safety && dose_of(of.who);
}

/// One result with its grade by one term.
struct graded {
    const lab_result* result;
    measurement used;               ///< corrected where the term wants it
    const lab_result* by = nullptr; ///< what it was corrected by
    bool uncorrected = false;
    grade_result is;
};

class grader {
public:
    grader(const safety_case& of, const safety_results& results, concern_list& into)
        : plan_(*of.about.safety), table_(*plan_.grading), codes_(of.codes), results_(results), into_(into) {}

    void run() {
        for (std::size_t first = 0; first < table_.terms.size(); ++first) {
            const std::string& analyte = table_.terms[first].analyte;
            const auto same = [&](const grading_term& t) { return t.analyte == analyte; };
            if (std::any_of(table_.terms.begin(), table_.terms.begin() + static_cast<std::ptrdiff_t>(first), same))
                continue;
            doubtful_.clear();
            const std::vector<lab_result> all = results_.of(table_.terms[first].concepts);
            for (const grading_term& t : table_.terms)
                if (same(t))
                    by_term(t, all);
            if (!doubtful_.empty())
                add_ungraded(analyte, all);
        }
    }

private:
    /// The result of another analyte by which one is corrected: of the same specimen, else of the same day, else nothing.
    static const lab_result* partner(const lab_result& of, std::span<const lab_result> others) {
        const lab_result* same_day = nullptr;
        for (const lab_result& o : others) {
            if (!o.now.readable())
                continue;
            const std::uint64_t specimen = of.source->observation.specimen;
            if (specimen != 0 && o.source->observation.specimen == specimen)
                return &o;
            if (!of.source->dated || !of.source->when.is_day() || o.source->when != of.source->when)
                continue;
            const auto apart = [&of](const lab_result& r) { return std::abs(r.source->second - of.source->second); };
            if (!same_day || apart(o) < apart(*same_day))
                same_day = &o;
        }
        return same_day;
    }

    graded measured(const grading_term& term, const lab_result& r, std::span<const lab_result> others) const {
        graded out{&r, r.now, nullptr, false, {}};
        if (!term.corrected || !r.now.readable())
            return out;
        out.by = partner(r, others);
        out.uncorrected = !out.by;
        if (out.by)
            out.used = corrected(r.now, out.by->now, *term.corrected);
        return out;
    }

    static void judge(const grading_term& term, graded& g, const measurement* baseline) {
        g.is = grade(term, g.used, baseline);
        // An uncorrected calcium may alarm, it cannot reassure.
        if (g.uncorrected && g.is.grade == 0) {
            g.is.grade.reset();
            g.is.why = ungradable::uncorrected;
            g.is.most = 4;
        }
    }

    void by_term(const grading_term& term, const std::vector<lab_result>& all) {
        const std::vector<lab_result> others = term.corrected ? results_.of(term.corrected->by) : std::vector<lab_result>{};
        const auto baseline_for = [&](const lab_result* of) {
            std::optional<graded> out;
            if (const lab_result* b = baseline_of(all, of)) {
                out = measured(term, *b, others);
                judge(term, *out, &out->used);
            }
            return out;
        };
        const std::optional<graded> usual = baseline_for(nullptr);
        std::optional<int> before;
        for (const lab_result& r : all) {
            if (r.when == phase::before || (r.pending && !r.now.readable()))
                continue;
            const std::optional<graded> baseline = r.when == phase::dose_day ? baseline_for(&r) : usual;
            graded g = measured(term, r, others);
            judge(term, g, baseline ? &baseline->used : nullptr);
            if (!g.is.grade) {
                if (g.is.most >= 2)
                    doubtful_.push_back({&r, g.is.why});
                continue;
            }
            const int now = *g.is.grade, was = baseline ? baseline->is.grade.value_or(0) : 0;
            if (now >= 2 && (now > was || (now >= 3 && before && *before < now) || critical_and_worse(g, baseline)))
                add(term, g, baseline, now - was);
            before = now;
        }
    }

    urgency how_soon(const grading_term& term, const graded& g, int shift) const {
        if (const auto own = plan_.tiers.find(term.id); own != plan_.tiers.end())
            return own->second;
        urgency out = tier_named("grade-" + std::to_string(*g.is.grade));
        if (shift >= 2)
            out = sooner(out, tier_named("shift-2"));
        each_critical(g, [&](const safety_signal& s, const safety_limit&) { out = sooner(out, s.how_soon); });
        return out;
    }

    template <class Each>
    void each_critical(const graded& g, const Each& each) const {
        for (const safety_signal& s : plan_.signals)
            for (const safety_limit& l : s.limits)
                if (s.what == safety_signal::kind::critical && beyond(l, g.used) &&
                    std::find(l.concepts.begin(), l.concepts.end(), g.result->source->what) != l.concepts.end())
                    each(s, l);
    }

    /// Grades are steps: a potassium of 6.9 has the grade of a baseline of 6.1, and is told.
    bool critical_and_worse(const graded& g, const std::optional<graded>& baseline) const {
        bool out = false;
        each_critical(g, [&](const safety_signal& s, const safety_limit& l) {
            const bool upward = l.side == edge::above || l.side == edge::from;
            const exact_span& now = g.used.value;
            out = out || (s.how_soon && (!baseline || !baseline->used.readable() || surely_above(upward ? now : baseline->used.value, upward ? baseline->used.value : now)));
        });
        return out;
    }

    urgency tier_named(const std::string& name) const {
        const auto found = plan_.tiers.find(name);
        return found == plan_.tiers.end() ? urgency{} : found->second;
    }

    void add(const grading_term& term, const graded& g, const std::optional<graded>& baseline, int shift) {
        const urgency t = how_soon(term, g, shift);
        if (!t)
            return;
        const std::string n = std::to_string(*g.is.grade);
        concern c = into_.begin("lab/" + term.analyte + '/' + g.result->reference, finding_kind::lab_grade, *t);
        const bool up_to = g.is.symptoms || g.is.value_is_bound;
        c.title = term.title + (up_to ? ", up to grade " : ", grade ") + n + (g.is.symptoms ? ", depends on symptoms" : "") + " (" +
                  table_.version + ')';
        c.text = into_.words_of(*g.result) + ": " + (up_to ? "up to grade " : "grade ") + n + " by " + table_.version + " (" +
                 g.is.rule + ").";
        tell_correction(term, g, c);
        tell_baseline(baseline, g.is.baseline_missing, c);
        if (g.is.limits_missing)
            c.text += " Limits of the laboratory were not sent: the grade may be higher.";
        if (g.is.limit_beyond_floor)
            c.text += " The value is inside the limits of the laboratory, which reach beyond the edge of grade 2.";
        into_.tell_result(*g.result, c);
        c.details["term"] = term.id;
        c.details["analyte"] = term.analyte;
        c.details["grade"] = n;
        c.details["leastGrade"] = std::to_string(g.is.least);
        c.details["rule"] = g.is.rule;
        c.details["ctcae"] = table_.version;
        into_.add(std::move(c), *g.is.grade);
    }

    void tell_correction(const grading_term& term, const graded& g, concern& c) const {
        if (!term.corrected)
            return;
        if (g.uncorrected) {
            c.text += " Not corrected: there is no " + term.corrected->title + " of the same specimen or day.";
        } else if (g.by) {
            c.text += " Corrected by " + into_.words_of(*g.by) + '.';
            c.evidence.push_back(results_.evidence(*g.by->source));
            c.details["correctedBy"] = g.by->source->text;
        }
    }

    void tell_baseline(const std::optional<graded>& baseline, bool missing, concern& c) const {
        if (!baseline) {
            c.text += " Baseline missing.";
            c.details["baselineGrade"] = "missing";
            return;
        }
        const std::string n = baseline->is.grade ? std::to_string(*baseline->is.grade) : "unknown";
        c.text += " Baseline " + into_.words_of(*baseline->result) + ", grade " + n + '.';
        if (missing)
            c.text += " The limits of the baseline are not known: graded by those of the result.";
        c.details["baseline"] = baseline->result->source->text;
        c.details["baselineDate"] = baseline->result->day();
        c.details["baselineGrade"] = n;
        c.evidence.push_back(results_.evidence(*baseline->result->source));
    }

    /// The latest result of an analyte must have a grade; somebody has to know when it has none.
    void add_ungraded(const std::string& analyte, const std::vector<lab_result>& all) {
        const lab_result* latest = nullptr;
        for (const lab_result& r : all)
            if (r.when != phase::before && !(r.pending && !r.now.readable()))
                latest = &r;
        const auto doubt = std::find_if(doubtful_.begin(), doubtful_.end(), [latest](const auto& d) { return d.first == latest; });
        const urgency t = tier_named("ungradable");
        if (!latest || doubt == doubtful_.end() || !t || into_.has("lab/" + analyte + '/' + latest->reference))
            return;
        concern c = into_.begin("lab/" + analyte + "/ungraded", finding_kind::lab_grade, *t);
        c.title = std::string(codes_.title(latest->source->what)) + " could not be graded (" + table_.version + ')';
        c.text = into_.words_of(*latest) + " could not be graded by " + table_.version + ": " + std::string(sentence(doubt->second)) + '.';
        into_.tell_result(*latest, c);
        c.details["analyte"] = analyte;
        c.details["grade"] = "ungradable";
        c.details["reason"] = std::string(to_code(doubt->second));
        c.details["ctcae"] = table_.version;
        into_.add(std::move(c), 0);
    }

    const safety_plan& plan_;
    const grading_table& table_;
    const catalog& codes_;
    const safety_results& results_;
    concern_list& into_;
    std::vector<std::pair<const lab_result*, ungradable>> doubtful_;
};

} // namespace

followup watch_safety(const safety_case& of) {
    followup out;
    if (!watched(of))
        return out;
    const fhir::date dose = dose_of(of.who)->on;
    if (dose > of.as_of) {
        out.changes_on = dose;
        return out;
    }
    const safety_results results(of);
    concern_list found(of, results);
    if (of.about.safety->grading)
        grader(of, results, found).run();
    add_signals(of, results, found);
    fhir::date changes = add_rules(of, results, found);
    changes = std::min(changes, results.changes_on());
    if (changes != fhir::date::highest())
        out.changes_on = changes;
    out.findings = found.take();
    return out;
}

std::vector<concern> safety_findings(const safety_case& of) { return watch_safety(of).findings; }

} // namespace trialgate::mappings
