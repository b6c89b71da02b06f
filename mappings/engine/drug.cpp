#include "mappings/engine/courses.hpp"
#include "mappings/engine/exposure.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

namespace {

bool concerns(const drug_test& test, const fact& f) noexcept {
    return f.kind == fact_kind::exposure && !f.exposure.against &&
           std::find(test.drugs.begin(), test.drugs.end(), f.what) != test.drugs.end();
}

/// Whether the days from `first` to `last` and those of the window that ends on `on` have one in common.
bool meets(date first, date last, const window& within, date on) noexcept {
    if (first > on || last < first)
        return false;
    return within.unlimited() || last >= within.start(on);
}

outcome answer(const drug_test& test, std::span<const fact> facts, date on) {
    bool sure = false, possible = false, proof = false, coded = false, later = false;
    for (const fact& f : facts) {
        if (!concerns(test, f))
            continue;
        const exposure_fact& e = f.exposure;
        later = later || e.start.first > on;
        possible = possible || meets(e.start.first, e.end.last, test.within, on);
        if (!meets(e.start.last, e.end.first, test.within, on) && !(test.within.unlimited() && e.start.last <= on))
            continue;
        sure = true;
        proof = proof || e.source != exposure_source::ordered;
        coded = coded || !f.notes.has(note::name_match_only);
    }
    outcome out = sure ? outcome::met() : outcome::unknown(possible ? reason::imprecise : reason::history_incomplete);
    if (sure && !proof)
        out.notes.add(note::order_only);
    if (sure && !coded)
        out.notes.add(note::name_match_only);
    if (later)
        out.notes.add(note::future_data);
    return out;
}

/// The uses that fall into the time asked, the latest first.
void explain(const drug_test& test, std::span<const fact> facts, date as_of, const outcome& out, explanation& why) {
    for (const fact& f : facts)
        if (concerns(test, f) && (meets(f.exposure.start.first, f.exposure.end.last, test.within, as_of)))
            why.evidence.push_back(&f);
    std::stable_sort(why.evidence.begin(), why.evidence.end(), [](const fact* a, const fact* b) {
        return a->exposure.end.last != b->exposure.end.last ? a->exposure.end.last > b->exposure.end.last
                                                            : a->exposure.start.first > b->exposure.start.first;
    });
    if (why.evidence.empty()) {
        why.text = "no use recorded";
    } else {
        const fact& f = *why.evidence.front();
        why.text = f.text + " since " + to_string(f.exposure.start);
        if (f.exposure.end.last != date::highest())
            why.text += " until " + to_string(f.exposure.end);
    }
    if (out.is == verdict::unknown)
        why.needs = {test.within.unlimited() ? "medication history" : "medication history since " + to_string(test.within.start(as_of))};
}

} // namespace

outcome evaluate_drug(const drug_test& test, std::span<const fact> facts, date as_of, explanation* why) {
    std::vector<date> edges;
    const auto add = [&](date d) {
        if (d == date::lowest() || d == date::highest())
            return;
        edges.push_back(d);
        if (!test.within.unlimited())
            edges.push_back(test.within.expires(d));
    };
    for (const fact& f : facts)
        if (concerns(test, f))
            for (const date d : {f.exposure.start.first, f.exposure.start.last, f.exposure.end.first, f.exposure.end.last})
                add(d);
    std::sort(edges.begin(), edges.end());
    outcome out = answer(test, facts, as_of);
    for (const date d : edges) {
        if (d <= as_of)
            continue;
        const outcome then = answer(test, facts, d);
        if (then.is != out.is || then.why != out.why || then.notes != out.notes) {
            out.changes_on = d;
            break;
        }
    }
    if (why)
        explain(test, facts, as_of, out, *why);
    return out;
}

} // namespace trialgate::mappings
