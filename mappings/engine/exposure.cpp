#include "mappings/engine/exposure.hpp"

#include "mappings/engine/courses.hpp"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

namespace trialgate::mappings {

using namespace courses_detail;
using fhir::date;

namespace {

bool keep_all(const use&) noexcept {
    return false;
}

bool is_order(const use& u) noexcept {
    return u.from->exposure.source == exposure_source::ordered;
}

bool by_name(const use& u) noexcept {
    return u.from->notes.has(note::name_match_only);
}

/// The rule at one day.
class judgement_day {
public:
    judgement_day(const exposure_test& test, const history& h, day on) : test_(test), h_(h), on_(on) {}

    outcome judge() {
        for (std::size_t i = 0; i < h_.ingredients; ++i)
            weigh(i);
        weigh_switch();
        outcome out = decide();
        out.notes.add(passing_);
        if (anything_later())
            out.notes.add(note::future_data);
        return out;
    }

private:
    bool long_enough(const run& r) const noexcept {
        return r.first <= on_ - test_.at_least_days && r.reaches(on_, h_.gaps[r.ingredient]) &&
               !r.single_administration();
    }

    /// Closed and short: a prophylaxis before a journey, a single injection. A supply handed out for a month is not closed before
    /// the next could have followed.
    bool is_short_course(const run& r) const {
        if (r.last >= on_ || r.last - r.first > test_.short_course_days)
            return false;
        const bool supply = std::any_of(r.of.begin(), r.of.end(), [](const use* u) {
            return u->from->exposure.source == exposure_source::dispensed;
        });
        if (supply && r.reaches(on_, h_.gaps[r.ingredient]))
            return false;
        return std::all_of(r.of.begin(), r.of.end(), [&](const use* u) {
            const auto& drugs = test_.short_course_drugs;
            return std::find(drugs.begin(), drugs.end(), u->from->what) != drugs.end();
        });
    }

    /// A word against use that is not surely older than the course.
    bool contradicted(const run& r) const {
        return std::any_of(h_.against.begin(), h_.against.end(), [&](const use& u) {
            return u.ingredient == r.ingredient && u.start_first <= on_ && u.start_last >= r.first;
        });
    }

    template <class Skip>
    bool proved_without(std::size_t ingredient, Skip skip) const {
        const auto runs = runs_of(h_, ingredient, reading::surely, on_, skip);
        return std::any_of(runs.begin(), runs.end(), [&](const run& r) { return long_enough(r); });
    }

    bool dispensed_to(bool this_ingredient, std::size_t ingredient) const {
        const auto dispensed = [&](const use& u) {
            return u.from->exposure.source == exposure_source::dispensed && u.start_first <= on_ &&
                   (u.ingredient == ingredient) == this_ingredient;
        };
        return std::any_of(h_.uses.begin(), h_.uses.end(), dispensed) ||
               std::any_of(h_.others.begin(), h_.others.end(), dispensed);
    }

    /// True when the set of doses that began on one day differs from that of the day before it that had one, too lately.
    bool dose_changed(const run& r) const {
        if (test_.stable_dose_days <= 0)
            return false;
        std::map<std::pair<std::string, day>, std::set<fhir::decimal>> by_day;
        for (const use* u : r.of)
            if (u->from->exposure.daily_dose)
                by_day[{u->from->exposure.dose_unit, u->start_first}].insert(*u->from->exposure.daily_dose);
        const std::pair<const std::pair<std::string, day>, std::set<fhir::decimal>>* before = nullptr;
        for (const auto& each : by_day) {
            const bool same_unit = before && before->first.first == each.first.first;
            if (same_unit && before->second != each.second && each.first.second > on_ - test_.stable_dose_days)
                return true;
            before = &each;
        }
        return false;
    }

    void weigh_long_enough(const run& r) {
        const std::size_t i = r.ingredient;
        note_set notes;
        if (!proved_without(i, is_order))
            notes.add(note::order_only);
        if (!proved_without(i, by_name))
            notes.add(note::name_match_only);
        if (r.last < on_)
            notes.add(note::supply_ended);
        if (dose_changed(r))
            notes.add(note::dose_changed);
        if (contradicted(r))
            return doubt(reason::conflicting, {});
        if (notes.has(note::order_only) && dispensed_to(false, i) && !dispensed_to(true, i)) {
            notes.add(note::never_dispensed);
            return doubt(reason::support_only, notes);
        }
        if (!met_ || std::popcount(notes.bits()) < std::popcount(met_->bits()))
            met_ = notes;
    }

    /// Short of the length asked for, but running.
    void weigh_running(const run& r) {
        if (r.administrations_only())
            return;
        if (contradicted(r))
            return doubt(reason::conflicting, {});
        note_set notes;
        if (std::all_of(r.of.begin(), r.of.end(), [](const use* u) { return by_name(*u); }))
            notes.add(note::name_match_only);
        if (r.last < on_)
            notes.add(note::supply_ended);
        if (!running_ || std::popcount(notes.bits()) < std::popcount(running_->bits()))
            running_ = notes;
    }

    void weigh(std::size_t i) {
        bool sure = false, sure_running = false;
        for (const run& r : runs_of(h_, i, reading::surely, on_, keep_all)) {
            if (is_short_course(r))
                continue;
            if (long_enough(r)) {
                sure = true;
                weigh_long_enough(r);
            } else if (r.reaches(on_, h_.gaps[i]) && !r.single_administration()) {
                sure_running = sure_running || !r.administrations_only();
                weigh_running(r);
            }
        }
        bool possible = sure;
        for (const run& r : runs_of(h_, i, reading::possibly, on_, keep_all)) {
            if (is_short_course(r)) {
                passing_.add(note::short_course);
                continue;
            }
            if (long_enough(r)) {
                possible = true;
                if (!sure)
                    doubt(contradicted(r) ? reason::conflicting : reason::imprecise, {});
            } else if (r.reaches(on_, h_.gaps[i])) {
                if (!sure_running && !r.administrations_only())
                    doubt(reason::imprecise, {});
            } else if (r.last - r.first >= test_.at_least_days && !r.single_administration()) {
                doubt(reason::needs_person, {note::past_course});
            }
        }
        if (possible)
            return;
        for (const run& r : runs_of(h_, i, reading::unheld, on_, keep_all))
            if (long_enough(r))
                doubt(reason::needs_person, {});
    }

    /// Several ingredients taken as one: what somebody took who changed from one to another.
    void weigh_switch() {
        std::vector<const use*> all;
        for (std::size_t i = 0; i < h_.ingredients; ++i)
            for (const run& r : runs_of(h_, i, reading::possibly, on_, keep_all))
                if (!r.single_administration() && !is_short_course(r))
                    all.insert(all.end(), r.of.begin(), r.of.end());
        for (const run& r : merge(std::move(all), reading::possibly, on_, h_.gaps)) {
            const bool reaches = std::any_of(r.of.begin(), r.of.end(), [&](const use* u) {
                const auto days = days_of(*u, reading::possibly, on_);
                return days && on_ <= days->second + h_.gaps[u->ingredient];
            });
            if (r.several && r.first <= on_ - test_.at_least_days && reaches)
                doubt(reason::needs_person, {note::switched_drug});
        }
    }

    void doubt(reason why, note_set notes) {
        doubt_ = std::max(doubt_.value_or(why), why);
        doubt_notes_.add(notes);
    }

    outcome decide() const {
        if (met_) {
            outcome out = outcome::met();
            out.notes = *met_;
            return out;
        }
        if (doubt_) {
            outcome out = outcome::unknown(*doubt_);
            out.notes = doubt_notes_;
            return out;
        }
        if (running_) {
            outcome out = outcome::not_met();
            out.notes = *running_;
            return out;
        }
        if (!test_.history_complete)
            return outcome::unknown(reason::history_incomplete);
        const bool others = std::any_of(h_.others.begin(), h_.others.end(), [&](const use& u) {
            return u.start_first <= on_;
        });
        return outcome::not_met(date::highest(), others && h_.uses.empty() && h_.against.empty());
    }

    bool anything_later() const {
        return std::any_of(h_.uses.begin(), h_.uses.end(), [&](const use& u) { return u.start_first > on_; });
    }

    const exposure_test& test_;
    const history& h_;
    day on_;
    std::optional<note_set> met_, running_; ///< notes of the course with the fewest
    std::optional<reason> doubt_;
    note_set doubt_notes_, passing_;
};

outcome answer(const exposure_test& test, const history& h, day on) {
    return judgement_day(test, h, on).judge();
}

bool same(const outcome& a, const outcome& b) noexcept {
    return a.is == b.is && a.why == b.why && a.for_good == b.for_good && a.notes == b.notes;
}

date to_date(day d) noexcept {
    if (d <= never)
        return date::lowest();
    return d >= date::highest().days ? date::highest() : date{static_cast<std::int32_t>(d)};
}

std::string_view source_text(exposure_source s) noexcept {
    switch (s) {
    case exposure_source::ordered: return "ordered";
    case exposure_source::stated: return "stated";
    case exposure_source::dispensed: return "dispensed";
    case exposure_source::administered: return "administered";
    }
    return {};
}

std::string course_text(const course& c, std::span<const fact> facts) {
    std::string out = c.facts.empty() ? std::string{} : facts[c.facts.back()].text;
    out += " since " + to_string(c.start);
    if (!c.open)
        out += " until " + to_string(c.end);
    out += " (";
    out += source_text(c.strongest);
    return out + ')';
}

void explain(const exposure_test& test, std::span<const fact> facts, date as_of, const outcome& out, explanation& why) {
    std::vector<course> all = courses(test, facts, as_of);
    // The course closest to an answer first: the one that reaches furthest, then the longest.
    std::stable_sort(all.begin(), all.end(), [](const course& a, const course& b) {
        return a.end.last != b.end.last ? a.end.last > b.end.last : a.start.first < b.start.first;
    });
    std::string& text = why.text;
    for (const course& c : all) {
        text += (text.empty() ? "" : "; ") + course_text(c, facts);
        for (const std::uint32_t i : c.facts)
            why.evidence.push_back(&facts[i]);
    }
    for (const fact& f : facts)
        if (f.exposure.against && f.exposure.start.first <= as_of) {
            text += (text.empty() ? "" : "; ") + f.text + " not to be taken or not taken";
            why.evidence.push_back(&f);
        }
    text += text.empty() ? "no use recorded" : "";
    text += " (asked: at least " + std::to_string(test.at_least_days) + " days)";
    if (out.is == verdict::unknown)
        why.needs.push_back("medication history since " + fhir::to_string(as_of - test.at_least_days));
}

} // namespace

outcome evaluate_exposure(const exposure_test& test, std::span<const fact> facts, date as_of, explanation* why) {
    const history h(test, facts);
    outcome out = answer(test, h, as_of.days);
    for (const day candidate : h.edges(test, as_of.days))
        if (!same(answer(test, h, candidate), out)) {
            out.changes_on = to_date(candidate);
            break;
        }
    if (why)
        explain(test, facts, as_of, out, *why);
    return out;
}

std::vector<course> courses(const exposure_test& test, std::span<const fact> facts, date as_of) {
    const history h(test, facts);
    std::vector<course> out;
    for (std::size_t i = 0; i < h.ingredients; ++i)
        for (const run& r : runs_of(h, i, reading::possibly, as_of.days, keep_all)) {
            course c;
            c.drug = i;
            day start_last = always, end_first = never;
            bool orders = true, named = true;
            for (const use* u : r.of) {
                start_last = std::min(start_last, u->start_last);
                end_first = std::max(end_first, u->end_first);
                c.facts.push_back(u->index);
                c.strongest = std::max(c.strongest, u->from->exposure.source);
                orders = orders && is_order(*u);
                named = named && by_name(*u);
                c.open = c.open || (u->end_last == always && !u->from->exposure.ended);
            }
            c.start = {to_date(r.first), to_date(start_last)};
            c.end = {to_date(end_first), to_date(r.last)};
            if (orders)
                c.notes.add(note::order_only);
            if (named)
                c.notes.add(note::name_match_only);
            out.push_back(std::move(c));
        }
    return out;
}

} // namespace trialgate::mappings
