// Whole-patient screening from Bundles next to RapidJSON's in-situ SAX pass over the same bytes with a handler that touches nothing.
// One thread. Both read from memory.
//
//   screen_bench PASSES BUNDLE...
#include "gateway/core/library.hpp"
#include "gateway/input/reader.hpp"
#include "mappings/engine/screening.hpp"
#include "tests/bench/stopwatch.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <rapidjson/reader.h>
#include <string>

namespace {

using namespace trialgate;

struct nothing : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, nothing> {};

std::size_t screen_all(const std::shared_ptr<const mappings::network>& net, const std::vector<std::string>& texts) {
    const fhir::time_zone site = fhir::time_zone::fixed(3600);
    mappings::population people(&net->codes());
    gateway::population_taker taker(people);
    gateway::reader from(*net, site, taker, [](gateway::input_problem) {}, {});
    static const std::string name = "bundle";
    for (const std::string& text : texts)
        from.document(text, name, 1);
    people.finish();
    std::size_t reports = 0;
    people.for_each_patient([&](const mappings::patient_data& p) {
        const mappings::patient_screen screen = screen_patient(net, p, fhir::date{20'527});
        const mappings::patient_context about = context_of(p);
        for (mappings::trial_index t : screen.considered())
            reports += report(screen, t, about).status.has_value();
    });
    return reports;
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 3) {
        std::fputs("usage: screen_bench PASSES BUNDLE...\n", stderr);
        return 2;
    }
    const int passes = std::atoi(argv[1]);
    std::vector<std::string> texts;
    std::size_t bytes = 0;
    for (int n = 2; n < argc; ++n) {
        std::ifstream in(argv[n], std::ios::binary);
        texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        bytes += texts.back().size();
    }
    const gateway::library loaded = gateway::load_library({});
    if (loaded.has_errors() || loaded.trials.empty()) {
        std::fputs("the library of mappings/ was not found\n", stderr);
        return 1;
    }
    const auto net = mappings::network::compile(loaded.trials, loaded.codes);
    std::size_t reports = 0;
    const double ours = bench::fastest(passes, [&] { reports = screen_all(net, texts); });
    std::vector<std::string> copies;
    double theirs = 1e9;
    for (int n = 0; n < passes; ++n) {
        copies = texts; // in situ overwrites; copying is not timed
        theirs = std::min(theirs, bench::fastest(1, [&] {
                              for (std::string& text : copies) {
                                  rapidjson::Reader reader;
                                  rapidjson::InsituStringStream stream(text.data());
                                  nothing handler;
                                  reader.Parse<rapidjson::kParseInsituFlag>(stream, handler);
                              }
                          }));
    }
    const double mb = static_cast<double>(bytes) / 1e6;
    std::printf("%zu Bundles, %.1f MB, %zu reports\n", texts.size(), mb, reports);
    std::printf("  screening          %8.0f MB/s\n", mb / ours);
    std::printf("  RapidJSON SAX      %8.0f MB/s\n", mb / theirs);
    std::printf("  ratio              %8.2f   (target: at least 0.60)\n", theirs / ours);
    return 0;
}
