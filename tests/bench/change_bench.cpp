// One changed Observation of a patient with 200 facts: the time until all criteria are up to date again; the same with 10,000 generated
// trials loaded; and the bytes that a patient of 60 facts takes.
//
//   change_bench [passes]
#include "mappings/engine/patient_screen.hpp"
#include "mappings/engine/record_codec.hpp"
#include "mappings/engine/screening.hpp"
#include "tests/bench/stopwatch.hpp"
#include "tests/support/shipped.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

using namespace trialgate;
using namespace trialgate::mappings;
using fhir::date;
using fhir::decimal;

constexpr date today{20'527};

/// As laboratories in the United States report them.
struct analyte_row {
    const char* name;
    const char* unit;
    std::int64_t usual;      ///< a result of a patient with lupus, in units of the last digit
    std::int16_t exponent;
    std::optional<decimal> range_low, range_high;
};
const analyte_row analytes[] = {
    {"wbc", "10*3/uL", 38, -1, decimal{40, -1}, decimal{110, -1}},
    {"platelets", "10*3/uL", 186, 0, decimal{150, 0}, decimal{400, 0}},
    {"lymphocytes", "10*3/uL", 91, -2, decimal{100, -2}, decimal{480, -2}},
    {"hemoglobin", "g/dL", 112, -1, decimal{120, -1}, decimal{155, -1}},
    {"creatinine.serum", "mg/dL", 104, -2, decimal{50, -2}, decimal{110, -2}},
    {"egfr.cr-2021", "mL/min/{1.73_m2}", 68, 0, decimal{60, 0}, std::nullopt},
    {"c3", "mg/dL", 71, 0, decimal{90, 0}, decimal{180, 0}},
    {"c4", "mg/dL", 9, 0, decimal{10, 0}, decimal{40, 0}},
    {"upcr", "mg/g{creat}", 840, 0, std::nullopt, decimal{200, 0}},
    {"alt", "U/L", 27, 0, decimal{7, 0}, decimal{56, 0}},
    {"ast", "U/L", 31, 0, decimal{10, 0}, decimal{40, 0}},
    {"urine.rbc-hpf", "/[HPF]", 12, 0, decimal{0, 0}, decimal{3, 0}},
};

enum class stored { panel_at_once, one_by_one };

std::string uuid(int n) {
    char text[40];
    std::snprintf(text, sizeof text, "%08x-9e4b-4c1d-8a2f-%012x", static_cast<unsigned>(n) * 2654435761u, static_cast<unsigned>(n) * 40503u);
    return text;
}

/// A laboratory result as a hospital sends it: value, unit, range, time of day.
record result(const catalog& codes, int n, const analyte_row& analyte, std::int64_t value, date day, stored how = stored::one_by_one) {
    record r;
    r.type = "Observation";
    r.id = uuid(n);
    r.version.text = "1";
    r.version.number = 1;
    r.version.updated = std::int64_t{day.days} * 86'400'000 + 39'607'411;
    if (how == stored::one_by_one)
        r.version.updated += n * 7'919 % 3'000;
    r.subject = "Patient/" + uuid(0);
    fact f;
    f.what = codes.find(analyte.name);
    f.dated = true;
    f.when = {day, day};
    f.second = 30'000;
    f.observation.has_value = true;
    f.observation.value = interval::point({value, analyte.exponent});
    f.observation.range_low = analyte.range_low;
    f.observation.range_high = analyte.range_high;
    f.text = decimal{value, analyte.exponent}.to_string() + ' ' + analyte.unit;
    r.facts.push_back(std::move(f));
    return r;
}

record diagnosis(const catalog& codes, const char* what, int n) {
    record r;
    r.type = "Condition";
    r.id = uuid(n);
    fact f;
    f.what = codes.find(what);
    f.kind = fact_kind::condition;
    f.condition.category = condition_category::problem_list;
    f.dated = true;
    f.when = {today - 900, today - 900};
    r.facts.push_back(std::move(f));
    return r;
}

/// Panels of twelve results every two weeks.
std::vector<record> history(const catalog& codes, int facts, stored how = stored::one_by_one) {
    constexpr int panel = static_cast<int>(std::size(analytes));
    std::vector<record> out{diagnosis(codes, "sle", 1)};
    for (int n = 2; static_cast<int>(out.size()) < facts; ++n) {
        const analyte_row& analyte = analytes[static_cast<std::size_t>(n % panel)];
        const std::int64_t value = analyte.usual * (80 + n * 37 % 41) / 100;
        out.push_back(result(codes, n, analyte, value, today - 14 * (n / panel), how));
    }
    return out;
}

std::size_t bytes(const std::vector<record>& records) {
    record_writer writer;
    for (const record& r : records)
        writer.append(r);
    return writer.bytes().size();
}

/// Microseconds for one changed platelet count, evaluation included.
double microseconds(const std::shared_ptr<const network>& net, int passes, std::size_t& nodes) {
    patient_screen screen(net);
    std::uint32_t slot = 0;
    for (const record& r : history(net->codes(), 200))
        screen.put(slot++, r);
    person_data person;
    person.birth = {date{5'000}, date{5'000}};
    person.birth_known = true;
    person.gender = sex::female;
    screen.person(person);
    screen.evaluate(today);
    nodes = screen.considered().size();
    constexpr int changes = 2'000;
    std::vector<record> versions;
    for (int n = 0; n < changes; ++n)
        versions.push_back(result(net->codes(), 2 + static_cast<int>(std::size(analytes)), analytes[1], n % 2 ? 45 : 180, today - 3));
    const double seconds = bench::fastest(passes, [&] {
        for (const record& r : versions) {
            screen.put(50, r);
            screen.evaluate(today);
        }
    });
    return seconds / changes * 1e6;
}

/// Trials that read other things of other people: as many as a large hospital could have in a lifetime.
std::vector<std::shared_ptr<const trial>> generated(const catalog& codes, int count) {
    std::vector<std::shared_ptr<const trial>> out;
    for (int n = 0; n < count; ++n) {
        trial t;
        t.id = "generated-" + std::to_string(n);
        t.version = "1";
        t.consider = {codes.find(n % 2 ? "malignancy" : "heart-failure")};
        if (t.consider.front() == concept_id::none)
            t.consider = {codes.find("malignancy")};
        for (int c = 0; c < 6; ++c) {
            observation_test test;
            // Not what the lupus trial's platelet tests read: the changed result touches the same criteria as before.
            test.concepts = {codes.find(c % 2 ? "alt" : "ast")};
            test.test = limit_test{relation::below, {100 + n * 7 + c, -1}, std::nullopt};
            test.within = {0, 30 + n % 300};
            criterion root;
            root.id = "c" + std::to_string(c);
            root.test = std::move(test);
            t.criteria.push_back({decided_by::record, std::move(root)});
        }
        out.push_back(std::make_shared<const trial>(std::move(t)));
    }
    return out;
}

} // namespace

int main(int argc, char** argv) {
    const int passes = argc > 1 ? std::atoi(argv[1]) : 20;
    const auto& shipped = tests::shipped();
    std::size_t considered = 0;
    const double one = microseconds(shipped.net, passes, considered);
    std::printf("one changed Observation, 200 facts, %zu trials loaded, %zu nodes\n", shipped.trials.size(), shipped.net->size());
    std::printf("  up to date again in %8.2f us   (target: under 20)\n", one);

    std::vector<std::shared_ptr<const trial>> many = shipped.trials;
    const auto others = generated(*shipped.codes, 10'000);
    many.insert(many.end(), others.begin(), others.end());
    const auto net = network::compile(many, shipped.codes);
    const double loaded = microseconds(net, passes, considered);
    std::printf("the same with %zu trials loaded, %zu nodes\n", many.size(), net->size());
    std::printf("  up to date again in %8.2f us\n  ratio               %8.2f      (target: under 3)\n", loaded, loaded / one);

    std::printf("state of a patient of 60 facts with UUID ids   (target: at most 1536 bytes)\n");
    std::printf("  %6zu bytes when a panel was stored at once\n", bytes(history(*shipped.codes, 60, stored::panel_at_once)));
    std::printf("  %6zu bytes when each result has a lastUpdated of its own\n", bytes(history(*shipped.codes, 60)));
    return 0;
}
