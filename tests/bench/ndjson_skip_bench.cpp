// How fast the resources that no trial reads are recognised in a bulk export, next to `simdjson` on-demand
// taking the code of each resource out of the same bytes. One thread. Both must count the resources of
// interest right, else this fails.
//
//   ndjson_skip_bench [megabytes, 64] [passes, 5] [synthea bundle ...]
//
// With Bundles, also the walk of `for_each_entry` next to the SAX reader of RapidJSON.
#include "fhir/json.hpp"
#include "fhir/scan.hpp"
#include "fhir/scan_kernels.hpp"
#include "tests/bench/export_corpus.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <rapidjson/reader.h>
#include <simdjson.h>
#include <string>

namespace {

using namespace trialgate;
using namespace trialgate::fhir;

struct outcome {
    std::size_t resources = 0;
    std::size_t of_interest = 0;
    std::size_t parsed = 0;
};

struct measured {
    double gigabytes_per_second = 0;
    outcome last;
};

// Processor time of the fastest of some passes: what disturbs a pass on a shared machine makes it slower,
// never faster.
template <class Pass>
measured measure(std::size_t bytes, int passes, Pass pass) {
    measured best;
    for (int i = 0; i < passes; ++i) {
        const std::clock_t start = std::clock();
        best.last = pass();
        const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
        best.gigabytes_per_second =
            std::max(best.gigabytes_per_second, static_cast<double>(bytes) / seconds / 1e9);
    }
    return best;
}

template <class Line>
void for_each_line(std::string_view text, Line line) {
    while (!text.empty()) {
        const void* found = std::memchr(text.data(), '\n', text.size());
        const std::size_t length =
            found == nullptr ? text.size()
                             : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
        line(text.substr(0, length));
        text.remove_prefix(std::min(length + 1, text.size()));
    }
}

outcome scan_pass(
    std::string_view text, const scan::interest& wanted, const scan::detail::kernel& k, json::parser& parser
) {
    outcome out;
    for_each_line(text, [&](std::string_view line) {
        ++out.resources;
        const scan::glimpse seen = scan::detail::look(line, wanted, k);
        if (seen.found == scan::finding::irrelevant)
            return;
        ++out.parsed;
        const auto resource = parser.parse_copy(line);
        if (!resource)
            return;
        for (const json::value& coding : (*resource)["code"]["coding"].elements())
            if (wanted.code(coding["code"].text())) {
                ++out.of_interest;
                break;
            }
    });
    return out;
}

bool simdjson_wants(simdjson::ondemand::object resource, const scan::interest& wanted) {
    simdjson::ondemand::array codings;
    if (resource["code"]["coding"].get_array().get(codings) != simdjson::SUCCESS)
        return false;
    bool wants = false;
    for (auto coding : codings) {
        std::string_view code;
        if (coding["code"].get_string().get(code) == simdjson::SUCCESS)
            wants = wants || wanted.code(code);
    }
    return wants;
}

outcome simdjson_many_pass(
    const simdjson::padded_string& text, const scan::interest& wanted, simdjson::ondemand::parser& parser
) {
    outcome out;
    simdjson::ondemand::document_stream documents;
    if (parser.iterate_many(text, std::size_t{1} << 20).get(documents) != simdjson::SUCCESS)
        return out;
    for (auto document : documents) {
        ++out.resources;
        simdjson::ondemand::object resource;
        if (document.get_object().get(resource) == simdjson::SUCCESS && simdjson_wants(resource, wanted))
            ++out.of_interest;
    }
    return out;
}

outcome simdjson_lines_pass(
    const simdjson::padded_string& text, const scan::interest& wanted, simdjson::ondemand::parser& parser
) {
    outcome out;
    const std::string_view whole(text.data(), text.size());
    const char* const end = whole.data() + whole.size() + simdjson::SIMDJSON_PADDING;
    for_each_line(whole, [&](std::string_view line) {
        ++out.resources;
        simdjson::ondemand::document document;
        simdjson::ondemand::object resource;
        const auto capacity = static_cast<std::size_t>(end - line.data());
        if (parser.iterate(line, capacity).get(document) == simdjson::SUCCESS &&
            document.get_object().get(resource) == simdjson::SUCCESS && simdjson_wants(resource, wanted))
            ++out.of_interest;
    });
    return out;
}

bool right(const char* what, const measured& m, const tests::export_corpus& corpus) {
    std::printf(
        "  %-44s %6.2f GB/s  %zu of %zu of interest, %zu parsed\n", what, m.gigabytes_per_second,
        m.last.of_interest, m.last.resources, m.last.parsed
    );
    if (m.last.resources == corpus.resources && m.last.of_interest == corpus.of_interest)
        return true;
    std::printf("  WRONG: %zu of %zu expected\n", corpus.of_interest, corpus.resources);
    return false;
}

bool bench_export(std::size_t megabytes, int passes) {
    const tests::export_corpus corpus = tests::make_export({.bytes = megabytes << 20});
    const simdjson::padded_string padded(corpus.text);
    const auto bytes = corpus.text.size();
    std::printf(
        "export: %zu resources, %.1f MB, %.0f bytes each, %.2f %% of interest; best of %d passes\n",
        corpus.resources, static_cast<double>(bytes) / 1e6,
        static_cast<double>(bytes) / static_cast<double>(corpus.resources),
        100.0 * static_cast<double>(corpus.of_interest) / static_cast<double>(corpus.resources), passes
    );

    const scan::interest_set wanted(
        {.codes = corpus.codes,
         .code_prefixes = {},
         .types = {"Patient"},
         .never = {"Claim", "ExplanationOfBenefit"},
         .by_words = {}}
    );
    const scan::interest_set sweeping(
        {.codes = corpus.codes, .code_prefixes = {}, .types = {}, .never = {}, .by_words = {}}
    );
    const scan::interest_set words(
        {.codes = corpus.codes,
         .code_prefixes = {},
         .types = {"Patient"},
         .never = {"Claim", "ExplanationOfBenefit"},
         .by_words = {"MedicationRequest"}}
    );
    json::parser ours;
    simdjson::ondemand::parser theirs;
#ifdef SIMDJSON_THREADS_ENABLED
    theirs.threaded = false;
#endif
    bool ok = true;
    const auto many = measure(bytes, passes, [&] { return simdjson_many_pass(padded, wanted, theirs); });
    ok &= right("simdjson on-demand, iterate_many", many, corpus);
    const auto lines = measure(bytes, passes, [&] { return simdjson_lines_pass(padded, wanted, theirs); });
    ok &= right("simdjson on-demand, line by line", lines, corpus);
    measured best;
    for (const auto* k : scan::detail::kernels()) {
        const auto m = measure(bytes, passes, [&] { return scan_pass(corpus.text, wanted, *k, ours); });
        ok &= right((std::string("look, ") + k->name).c_str(), m, corpus);
        if (k == scan::detail::kernels().front())
            best = m;
    }
    const auto& front = *scan::detail::kernels().front();
    ok &= right(
        "look, no type left out",
        measure(bytes, passes, [&] { return scan_pass(corpus.text, sweeping, front, ours); }), corpus
    );
    ok &= right(
        "look, medication requests parsed for words",
        measure(bytes, passes, [&] { return scan_pass(corpus.text, words, front, ours); }), corpus
    );
    std::printf(
        "ratio to the faster simdjson: %.2f\n",
        best.gigabytes_per_second / std::max(many.gigabytes_per_second, lines.gigabytes_per_second)
    );
    return ok;
}

void bench_bundles(int passes, int count, char** paths) {
    std::vector<std::string> bundles;
    std::size_t bytes = 0;
    for (int i = 0; i < count; ++i) {
        std::ifstream in(paths[i], std::ios::binary);
        bundles.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
        bytes += bundles.back().size();
    }
    const auto sax = measure(bytes, passes, [&] {
        outcome out;
        for (const std::string& bundle : bundles) {
            rapidjson::Reader reader;
            rapidjson::StringStream stream(bundle.c_str());
            rapidjson::BaseReaderHandler<> nothing;
            out.resources += reader.Parse(stream, nothing) ? 1 : 0;
        }
        return out;
    });
    std::printf(
        "bundles: %.1f MB\n  %-44s %6.2f GB/s  %zu read\n", static_cast<double>(bytes) / 1e6, "RapidJSON SAX",
        sax.gigabytes_per_second, sax.last.resources
    );
    for (const auto* k : scan::detail::kernels()) {
        const auto walk = measure(bytes, passes, [&] {
            outcome out;
            for (const std::string& bundle : bundles)
                scan::detail::for_each_entry(
                    bundle, *k, [](auto, auto) {}, [&](auto) { ++out.resources; }
                );
            return out;
        });
        std::printf(
            "  %-44s %6.2f GB/s  %zu entries, %.1f times\n",
            (std::string("for_each_entry, ") + k->name).c_str(), walk.gigabytes_per_second,
            walk.last.resources, walk.gigabytes_per_second / sax.gigabytes_per_second
        );
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t megabytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 64;
    const int passes = argc > 2 ? std::atoi(argv[2]) : 5;
    const bool ok = bench_export(megabytes, passes);
    if (argc > 3)
        bench_bundles(passes, argc - 3, argv + 3);
    return ok ? 0 : 1;
}
