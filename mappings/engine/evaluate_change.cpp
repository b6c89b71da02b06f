// Two results of one analyte, close in time, that differ by a factor (acute change; clinical reference 5.4 E7).
#include "mappings/engine/evaluate.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

outcome evaluate_change(const change_test& test, const evaluation_input& in, explanation* why) {
    date changes = date::highest();
    std::vector<const fact*> usable;
    for (concept_id what : test.concepts)
        for (const auto& e : in.facts.of(what)) {
            const fact& f = in.facts[e];
            const observation_fact& o = f.observation;
            if (f.kind != fact_kind::observation || o.use != usability::usable || !o.has_value || !o.value.low ||
                !o.value.high || !f.dated || !f.when.is_day())
                continue;
            changes = std::min(changes, place_changes(f, test.lookback, in.as_of));
            if (locate(f, test.lookback, in.as_of) == place::inside)
                usable.push_back(&f);
        }
    const auto low = [](const fact& f) {
        return f.observation.value.low->approximate() * static_cast<double>(f.observation.factor.numerator) /
               static_cast<double>(f.observation.factor.denominator);
    };
    const auto high = [](const fact& f) {
        return f.observation.value.high->approximate() * static_cast<double>(f.observation.factor.numerator) /
               static_cast<double>(f.observation.factor.denominator);
    };
    const auto in_order = [](const fact& a, const fact& b) {
        return a.when.first != b.when.first ? a.when.first < b.when.first : a.second < b.second;
    };
    // A hair below the factor, so that 1.0 -> 1.5 counts whatever the binary fractions make of it.
    const double factor = test.factor * (1 - 1e-9);
    outcome out = outcome::unknown(reason::no_data);
    if (usable.size() > 1)
        out = outcome::not_met();
    for (const fact* a : usable)
        for (const fact* b : usable) {
            if (!in_order(*a, *b) || b->when.first - a->when.first > test.within_days)
                continue;
            const bool rise = low(*b) >= factor * high(*a) && high(*a) > 0;
            const bool fall = low(*a) >= factor * high(*b) && high(*b) > 0;
            if (!((rise && test.way != change_test::direction::fall) || (fall && test.way != change_test::direction::rise)))
                continue;
            out = outcome::met();
            if (why) {
                why->evidence = {b, a};
                why->text = words(*a, in.codes) + ", then " + b->text + " on " + day_text(*b);
            }
        }
    out.changes_on = changes;
    return out;
}

} // namespace trialgate::mappings
