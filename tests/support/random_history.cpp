#include "tests/support/random_history.hpp"

#include <algorithm>
#include <set>

namespace trialgate::tests {

using namespace mappings;
using fhir::date;
using fhir::decimal;

random_history::random_history(const network& net, std::uint64_t seed) : random_(seed), net_(net) {
    std::set<concept_id> results, findings, drugs;
    for (node_id n = 0; n < net.size(); ++n) {
        const test_kind& test = net[n].test;
        for (concept_id c : concepts_of(test)) {
            if (std::holds_alternative<exposure_test>(test) || std::holds_alternative<drug_test>(test))
                drugs.insert(c);
            else if (net.codes().analyte_of(c) || std::holds_alternative<egfr_test>(test))
                results.insert(c);
            else
                findings.insert(c);
        }
    }
    // What is measured is no finding, and a drug that causes something is a drug.
    for (concept_id c : results)
        findings.erase(c);
    for (concept_id c : drugs)
        findings.erase(c);
    results_.assign(results.begin(), results.end());
    findings_.assign(findings.begin(), findings.end());
    drugs_.assign(drugs.begin(), drugs.end());
}

person_data random_history::person() {
    person_data p;
    p.birth_known = !chance(10);
    const date born{static_cast<std::int32_t>(-20'000 + static_cast<std::int32_t>(below(32'000)))};
    p.birth = p.birth_known ? fhir::date_range{born, chance(20) ? born + 364 : born} : fhir::date_range{};
    p.gender = static_cast<sex>(below(4));
    return p;
}

void random_history::place(fact& f, date near) {
    if (chance(6))
        return; // undated
    const date day = near - 420 + static_cast<std::int32_t>(below(500));
    f.dated = true;
    f.when = {day, day};
    if (chance(12)) { // a month
        const auto ymd = fhir::civil(day);
        f.when = {*fhir::make_date(ymd.year, ymd.month, 1), fhir::add_months(*fhir::make_date(ymd.year, ymd.month, 1), 1) - 1};
    } else if (chance(40))
        f.second = static_cast<std::int32_t>(below(4) * 21'600);
}

fact random_history::observation(concept_id what) {
    fact f;
    f.what = what;
    f.kind = fact_kind::observation;
    observation_fact& o = f.observation;
    if (chance(15))
        o.use = static_cast<usability>(below(5));
    o.found = static_cast<finding>(below(4));
    o.method = static_cast<assay>(below(3));
    if (chance(20))
        o.specimen = 1 + below(3);
    const decimal value{static_cast<std::int64_t>(below(400)), static_cast<std::int16_t>(-1 + static_cast<int>(below(2)))};
    if (chance(85)) {
        o.has_value = true;
        switch (below(5)) {
        case 0: o.value = {value, std::nullopt, true, false}; break;
        case 1: o.value = {std::nullopt, value, false, true}; break;
        case 2: o.value = {value, decimal{value.mantissa + 20, value.exponent}, false, false}; break;
        default: o.value = interval::point(value);
        }
    }
    if (chance(60)) {
        o.range_low = decimal{40, -1};
        o.range_high = decimal{static_cast<std::int64_t>(50 + below(100)), -1};
    }
    f.text = std::to_string(made_);
    return f;
}

fact random_history::condition(concept_id what) {
    fact f;
    f.what = what;
    f.kind = chance(15) ? fact_kind::procedure : fact_kind::condition;
    f.condition.verified = chance(70) ? verification::confirmed : static_cast<verification>(below(3));
    f.condition.state = static_cast<clinical_state>(below(3));
    f.condition.category = static_cast<condition_category>(below(3));
    return f;
}

fact random_history::exposure(concept_id what) {
    fact f;
    f.what = what;
    f.kind = fact_kind::exposure;
    f.exposure.source = static_cast<exposure_source>(below(4));
    f.exposure.against = chance(5);
    f.exposure.on_hold = chance(5);
    return f;
}

record random_history::record(date near) {
    mappings::record r;
    r.type = "Observation";
    r.id = "r" + std::to_string(made_++);
    const std::uint64_t kind = below(10);
    for (std::uint64_t n = 1 + below(3); n > 0; --n) {
        fact f;
        if (kind < 5 && !results_.empty())
            f = observation(results_[below(results_.size())]);
        else if (kind < 8 && !findings_.empty())
            f = condition(findings_[below(findings_.size())]);
        else if (!drugs_.empty())
            f = exposure(drugs_[below(drugs_.size())]);
        place(f, near);
        if (f.kind == fact_kind::exposure) {
            f.exposure.start = f.when;
            if (f.dated && chance(60)) {
                const date end = f.when.last + static_cast<std::int32_t>(below(200));
                f.exposure.end = {end, end};
                f.exposure.end_known = f.exposure.ended = true;
            }
        }
        r.facts.push_back(std::move(f));
    }
    return r;
}

} // namespace trialgate::tests
