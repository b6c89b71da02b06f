// The known answers against those of `screen`: person by person, criterion by criterion, score item by score item. The answers come from
// how the people were made; whoever is wrong, generator or engine, shows here.
#include "fhir/json.hpp"
#include "gateway/synth/cohort.hpp"
#include "tests/gateway/verb_run.hpp"
#include "tests/support/source_folder.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace trialgate;
using namespace trialgate::gateway::synth;
namespace json = fhir::json;

namespace {

/// Per criterion the verdict, and what is proven for it.
struct said {
    std::string status;
    std::map<std::string, std::string> verdicts;
    std::map<std::string, std::set<std::string>> proven;
};

void collect(json::value parts, std::set<std::string>& to) {
    for (const json::value& p : parts.elements()) {
        const std::string_view id = p["id"].text();
        for (const std::string_view score : {"acr-1997/", "slicc-2012/", "sledai-2k/"})
            if (id.starts_with(score) && p["verdict"].text() == "met")
                to.emplace(id);
        collect(p["parts"], to);
    }
}

/// Of a line of either, by patient. Whom a trial does not look at is left out.
void read_line(std::string_view line, std::map<std::string, said>& to) {
    json::parser parser;
    const auto parsed = parser.parse_copy(line);
    REQUIRE(parsed.has_value());
    if ((*parsed)["status"].is_null())
        return;
    said& one = to[std::string((*parsed)["patient"].text())];
    one.status = (*parsed)["status"].text();
    for (const json::value& c : (*parsed)["criteria"].elements()) {
        const std::string id(c["id"].text());
        one.verdicts[id] = c["verdict"].text();
        std::set<std::string>& items = one.proven[id];
        for (const json::value& item : c["proven"].elements())
            items.emplace(item.text());
        collect(c["parts"], items);
    }
}

struct rehearsal {
    std::map<std::string, said> truth, screened;
};

/// Screens lines of records.
std::map<std::string, said> screened(const std::string& records, const cohort_options& o, bool with_map) {
    const tests::scratch_folder folder;
    // The truth is promised for all of these.
    const char* const zone = o.seed % 3 == 0 ? "UTC+8" : o.seed % 3 == 1 ? "UTC" : "UTC-10";
    std::vector<std::string> verb{"screen",      folder.write("records.ndjson", records),
                                  "--as-of",     fhir::to_string(o.as_of),
                                  "--time-zone", zone,
                                  "--trial",     (std::string(truth_trial) + '@').append(truth_version),
                                  "--format",    "json",
                                  "--quiet",     "--strict",
                                  "--mappings",  trialgate::test::source_folder() + "/mappings"};
    if (const std::string map = site_map_of(*o.in); !map.empty() && with_map)
        verb.insert(verb.end(), {"--map", folder.write("map.json", map)});
    const tests::ran r = tests::run(verb);
    REQUIRE(r.err == "");
    REQUIRE(r.code == 0);
    std::map<std::string, said> out;
    for (const std::string& line : r.lines())
        read_line(line, out);
    return out;
}

rehearsal rehearse(const cohort_options& o, bool bundles, bool with_map = true) {
    rehearsal out;
    std::string records;
    make_cohort(o, [&](const member& m) {
        read_line(m.truth, out.truth);
        if (bundles)
            records += bundle_of(m.chart) + '\n';
        else
            for (const resource_text& r : m.chart)
                records += r.json + '\n';
        return true;
    });
    out.screened = screened(records, o, with_map);
    return out;
}

void compare(const rehearsal& all, const cohort_options& o) {
    std::size_t differences = 0;
    for (const auto& [patient, expected] : all.truth) {
        INFO(o.in->name << ", seed " << o.seed << ", as of " << fhir::to_string(o.as_of) << ": " << patient);
        const auto found = all.screened.find(patient);
        if (found == all.screened.end()) {
            FAIL_CHECK("not listed");
            continue;
        }
        const said& got = found->second;
        CHECK(got.status == expected.status);
        for (const auto& [criterion, verdict] : expected.verdicts) {
            INFO(criterion);
            CHECK(got.verdicts.at(criterion) == verdict);
            CHECK(got.proven.at(criterion) == expected.proven.at(criterion));
        }
        CHECK(got.verdicts.size() == expected.verdicts.size());
        differences += got.verdicts != expected.verdicts;
    }
    for (const auto& [patient, got] : all.screened)
        if (!all.truth.contains(patient))
            FAIL_CHECK(patient << " is listed, and should not be");
    CHECK(differences == 0);
}

} // namespace

TEST_CASE("truth: screen agrees in every dialect") {
    for (const dialect& in : dialects())
        for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{20260316}, UINT64_MAX}) {
            const cohort_options o{150, seed, &in, in.shape, 20, *fhir::parse_date(seed == 1 ? "2026-03-15" : "2024-02-29")};
            const rehearsal all = rehearse(o, seed == UINT64_MAX);
            CHECK(all.truth.size() > 90);
            compare(all, o);
        }
}

TEST_CASE("truth: the release does not change it") {
    for (const dialect& in : dialects()) {
        const cohort_options o{80, 77, &in, in.shape == release::r4 ? release::r5 : release::r4, 20, *fhir::parse_date("2026-08-31")};
        compare(rehearse(o, false), o);
    }
}

// Random people seldom meet these days.
TEST_CASE("truth: a drug explains a low count for thirty days after its end, not for thirty-one") {
    const fhir::date day = *fhir::parse_date("2026-03-15");
    struct edge {
        drug what;
        analyte measured;
        std::int64_t value;
        const char* item;
    };
    for (const char* name : {"us-core", "german", "nordic-r5"}) {
        const cohort_options o{0, 1, find_dialect(name), find_dialect(name)->shape, 0, day};
        rehearsal all;
        std::string records;
        std::uint64_t number = 0;
        for (const edge& e :
             {edge{drug::azathioprine, analyte::white_cells, 39, "slicc-2012/S10"},
              edge{drug::methotrexate, analyte::platelets, 99, "slicc-2012/S11"},
              edge{drug::steroid, analyte::lymphocytes, 9, "slicc-2012/S10"},
              edge{drug::warfarin, analyte::lupus_anticoagulant, 1, "slicc-2012/S15"}})
            for (const std::int32_t late : {0, 1}) {
                const std::int32_t days = (e.what == drug::warfarin ? 7 : 30) + late;
                course c;
                c.number = ++number;
                c.born = day - 15'000;
                c.why = diagnosis::listed;
                c.diagnosed = day - 3000;
                c.treated = therapy::stopped;
                c.drugs = {{e.what, day - 900, day - 500}};
                c.results = {{e.measured, day - 500 + days, e.value}};
                INFO(name << ": " << e.item << ", " << days << " days after");
                const truth known = truth_of(c, *o.in, day);
                CHECK(known.criteria[1].proven.contains(e.item) == (late == 1));
                for (const resource_text& r : chart_of(c, *o.in, o.shape, o.seed, day))
                    records += r.json + '\n';
                // Neither steroids nor anticoagulants are background therapy.
                if (e.what == drug::azathioprine || e.what == drug::methotrexate)
                    CHECK(known.criteria[4].is == answer::unknown);
                read_line(truth_json(known, "Patient/" + patient_id(o.seed, c.number), *o.in, day), all.truth);
            }
        all.screened = screened(records, o, true);
        CHECK(all.truth.size() == 8);
        compare(all, o);
    }
}

TEST_CASE("truth: nothing is guessed from local codes without the map") {
    const dialect& in = *find_dialect("local-lab");
    const cohort_options o{150, 5, &in, in.shape, 0, *fhir::parse_date("2026-03-15")};
    const rehearsal all = rehearse(o, false, false);
    int met_with_map = 0;
    for (const auto& [patient, expected] : all.truth) {
        met_with_map += expected.verdicts.at("serology") == "met";
        for (const char* criterion : {"serology", "renal-function"})
            CHECK(all.screened.at(patient).verdicts.at(criterion) == "unknown");
    }
    CHECK(met_with_map > 20);
}

// Without this the agreement could be one about nothing.
TEST_CASE("truth: a cohort has every answer to every criterion, and every item that a record can prove") {
    std::map<std::string, std::set<std::string>> answers;
    std::set<std::string> items, states;
    const dialect& in = dialects().front();
    make_cohort({4000, 1, &in, in.shape, 25, *fhir::parse_date("2026-03-15")}, [&](const member& m) {
        std::map<std::string, said> one;
        read_line(m.truth, one);
        for (const auto& [patient, expected] : one) {
            states.insert(expected.status);
            for (const auto& [criterion, verdict] : expected.verdicts)
                answers[criterion].insert(verdict);
            for (const auto& [criterion, proven] : expected.proven)
                items.insert(proven.begin(), proven.end());
        }
        return true;
    });
    CHECK(states == std::set<std::string>{"eligible", "likely", "possible", "not-now", "ineligible"});
    CHECK(answers.size() == 8);
    for (const auto& [criterion, seen] : answers) {
        INFO(criterion);
        CHECK(seen == std::set<std::string>{"met", "not-met", "unknown"});
    }
    std::set<std::string> expected;
    for (int n = 2; n <= 11; ++n)
        expected.insert("acr-1997/A" + std::to_string(n)); // a malar rash has no code of its own
    for (int n = 1; n <= 17; ++n)
        expected.insert("slicc-2012/S" + std::to_string(n));
    for (const int n : {1, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24})
        expected.insert("sledai-2k/" + std::to_string(n));
    CHECK(items == expected);
}
