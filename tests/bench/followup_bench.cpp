// One day of 10,000 participants with the visits of the shipped trial: who has to be looked at (an index by date, no scan), and their findings anew.
//
//   followup_bench [passes]
#include "mappings/followup/visits.hpp"
#include "tests/bench/stopwatch.hpp"
#include "tests/support/shipped.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>

namespace {

using namespace trialgate;
using namespace trialgate::mappings;
using fhir::date;

constexpr date today{20'527};
constexpr int participants = 10'000;
constexpr int longest = 196; ///< days since dosing

const trial& shipped_trial() {
    for (const auto& t : tests::shipped().trials)
        if (t->id == "sle-uc-msc")
            return *t;
    std::abort();
}

/// What a person dosed on `day0` has until today: most visits held on their day with all results, one missed, one with a result missing.
patient_data record_of(const trial& t, date day0) {
    patient_data out;
    out.key = "Patient/p";
    const auto add = [&](std::string type) -> record& {
        record r;
        r.type = std::move(type);
        r.id = std::to_string(out.records.size());
        r.version.text = "1";
        out.records.push_back(std::move(r));
        return out.records.back();
    };
    for (const visit& v : t.visits) {
        const date on = day0 + v.target;
        if (v.kind != visit_kind::planned || v.anchor != "dosing" || on > today || v.id == "v6")
            continue;
        add("Encounter").meeting = meeting_data{"finished", {"urn:trialgate:visit|" + t.id + '/' + v.id}, {on, on}, true};
        for (const required_result& r : v.done->results)
            for (const required_result::part& p : r.parts) {
                if (v.id == "v5" && r.name == "C4")
                    continue;
                fact f;
                f.what = p.concepts.front();
                f.when = {on, on};
                f.dated = true;
                f.text = "1.0 mg/dL";
                add("Observation").facts.push_back(std::move(f));
            }
    }
    return out;
}

participant person(const trial& t, date day0, int number) {
    participant who;
    who.number = "S-" + std::to_string(number);
    who.trial = t.id;
    who.state = participation_state::on_study;
    who.since = day0;
    who.anchors = {{"screening", {day0 - 14}}, {"dosing", {day0}}};
    return who;
}

} // namespace

int main(int argc, char** argv) {
    const int passes = argc > 1 ? std::atoi(argv[1]) : 5;
    const trial& t = shipped_trial();
    const catalog& codes = *tests::shipped().codes;
    const fhir::time_zone zone = fhir::time_zone::fixed(0);
    const site_calendar site;
    // Records of people dosed on one day are alike: one is enough for all of them.
    std::vector<patient_data> records;
    for (int d = 0; d < longest; ++d)
        records.push_back(record_of(t, today - d));
    std::vector<participant> all;
    std::multimap<date, int> due; // the index that a store keeps
    std::size_t visits = 0;
    for (int n = 0; n < participants; ++n) {
        const int d = n % longest;
        all.push_back(person(t, today - d, n));
        const followup before = visit_findings(t, all.back(), records[static_cast<std::size_t>(d)], codes, site, today - 1, zone);
        if (before.changes_on)
            due.emplace(*before.changes_on, n);
        visits += t.visits.size();
    }
    std::size_t looked_at = 0, findings = 0;
    const double seconds = bench::fastest(passes, [&] {
        looked_at = findings = 0;
        std::multimap<date, int> later;
        for (auto at = due.begin(); at != due.end() && at->first <= today; ++at) {
            const followup now = visit_findings(t, all[static_cast<std::size_t>(at->second)], records[static_cast<std::size_t>(at->second % longest)],
                                                codes, site, today, zone);
            ++looked_at;
            findings += now.findings.size();
            if (now.changes_on)
                later.emplace(*now.changes_on, at->second);
        }
    });
    std::printf("a day of %d participants and %zu visits: %zu looked at, %zu findings, %.1f ms CPU, %.1f us each (goal: 100 ms)\n", participants, visits,
                looked_at, findings, seconds * 1e3, looked_at ? seconds * 1e6 / static_cast<double>(looked_at) : 0.0);
    return 0;
}
