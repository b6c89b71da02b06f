// synth: an invented cohort of any size with known answers, for rehearsals, benchmarks and tests.
#include "gateway/cli/verbs.hpp"
#include "gateway/core/zone.hpp"
#include "gateway/synth/cohort.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>

namespace trialgate::gateway {

using namespace synth;

namespace {

struct synth_options {
    cohort_options cohort;
    std::string dialect, release, format = "ndjson", out, as_of;
};

/// Files that are opened once each. The first that cannot be written is told, and everything after it fails.
class output {
public:
    explicit output(std::filesystem::path folder) : folder_(std::move(folder)) {}

    bool line(const std::string& name, std::string_view text) {
        std::unique_ptr<std::FILE, int (*)(std::FILE*)>& to = files_.try_emplace(name, nullptr, &std::fclose).first->second;
        if (!to)
            to.reset(std::fopen((folder_ / name).c_str(), "wb"));
        return (to && std::fwrite(text.data(), 1, text.size(), to.get()) == text.size() && std::fputc('\n', to.get()) != EOF) ||
               failed(name);
    }
    bool whole(const std::string& name, std::string_view text) { return line(name, text) && close(name); }
    bool close_all() {
        while (!files_.empty())
            if (!close(files_.begin()->first))
                return false;
        return true;
    }

private:
    bool close(std::string name) {
        std::FILE* const file = files_.at(name).release();
        files_.erase(name);
        return std::fclose(file) == 0 || failed(name);
    }
    bool failed(const std::string& name) {
        std::fprintf(stderr, "error: cannot write %s: %s\n", (folder_ / name).c_str(), std::strerror(errno));
        return false;
    }

    std::filesystem::path folder_;
    std::map<std::string, std::unique_ptr<std::FILE, int (*)(std::FILE*)>> files_;
};

exit_code to_standard_output(const synth_options& o) {
    const auto print = [](std::string_view text) {
        return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fputc('\n', stdout) != EOF;
    };
    make_cohort(o.cohort, [&](const member& m) {
        if (o.format == "bundles")
            return print(bundle_of(m.chart));
        for (const resource_text& r : m.chart)
            if (!print(r.json))
                return false;
        return true;
    });
    return exit_code::done; // what could not be written, the program tells at its end
}

exit_code to_folder(const synth_options& o) {
    namespace fs = std::filesystem;
    std::error_code problem;
    const fs::path records = fs::path(o.out) / "records";
    if (fs::exists(records) && !fs::is_empty(records, problem)) {
        std::fprintf(stderr, "error: %s is not empty: one cohort a folder\n", records.c_str());
        return exit_code::failed;
    }
    fs::create_directories(records, problem);
    if (problem) {
        std::fprintf(stderr, "error: cannot make %s: %s\n", records.c_str(), problem.message().c_str());
        return exit_code::failed;
    }
    output to(o.out);
    const std::string map = site_map_of(*o.cohort.in);
    bool fine = map.empty() || to.whole("site-map.json", map);
    if (fine)
        make_cohort(o.cohort, [&](const member& m) {
            fine = to.line("truth.ndjson", m.truth);
            if (o.format == "bundles")
                fine = fine && to.whole("records/" + m.id + ".json", bundle_of(m.chart));
            else
                for (const resource_text& r : m.chart)
                    fine = fine && to.line("records/" + std::string(r.type) + ".ndjson", r.json);
            return fine;
        });
    fine = fine && to.close_all();
    if (!fine)
        return exit_code::failed;
    std::fprintf(
        stderr, "%llu people in %s; the answers are in %s\n", static_cast<unsigned long long>(o.cohort.patients), records.c_str(),
        (fs::path(o.out) / "truth.ndjson").c_str()
    );
    std::fprintf(
        stderr, "Try: trialgate screen %s --as-of %s --trial %s@%s%s\n", records.c_str(), fhir::to_string(o.cohort.as_of).c_str(),
        std::string(truth_trial).c_str(), std::string(truth_version).c_str(),
        map.empty() ? "" : (" --map " + (fs::path(o.out) / "site-map.json").string()).c_str()
    );
    return exit_code::done;
}

exit_code make(synth_options& o) {
    o.cohort.in = find_dialect(o.dialect);
    o.cohort.shape = o.release.empty() ? o.cohort.in->shape : o.release == "R5" ? release::r5 : release::r4;
    const auto as_of = o.as_of.empty() ? today(machine_zone()) : fhir::parse_date(o.as_of);
    if (!as_of) {
        std::fprintf(stderr, "error: --as-of wants a date such as 2026-03-15, not '%s'\n", o.as_of.c_str());
        return exit_code::usage;
    }
    o.cohort.as_of = *as_of;
    return o.out.empty() ? to_standard_output(o) : to_folder(o);
}

} // namespace

void add_synth(CLI::App& program, verb& run) {
    auto chosen = std::make_shared<synth_options>();
    chosen->dialect = dialects().front().name;
    std::vector<std::string> names;
    std::string summaries;
    for (const dialect& d : dialects()) {
        names.emplace_back(d.name);
        summaries +=
            "\n  " + std::string(d.name) + std::string(12 - std::min<std::size_t>(11, d.name.size()), ' ') + std::string(d.summary);
    }
    CLI::App* verb_ = program.add_subcommand("synth", "Makes an invented cohort with known answers: the same seed, the same bytes");
    verb_->add_option("--patients", chosen->cohort.patients, "How many people")
        ->required()
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}));
    verb_->add_option("--seed", chosen->cohort.seed, "Which cohort")->required()->type_name("S");
    verb_->add_option("--dialect", chosen->dialect, "Whose codes, units and forms (default: " + chosen->dialect + ")")
        ->check(CLI::IsMember(names))
        ->type_name("NAME");
    verb_->add_option("--controls", chosen->cohort.controls, "How many of a hundred do not have the disease (default: 25)")
        ->check(CLI::Range(0, 100))
        ->type_name("SHARE");
    verb_->add_option("--format", chosen->format, "ndjson (a file a type) or bundles (a transaction a person)")
        ->check(CLI::IsMember({"ndjson", "bundles"}))
        ->type_name("FORMAT");
    verb_
        ->add_option(
            "--out", chosen->out,
            "Folder for records/, truth.ndjson and, where there are local codes, site-map.json (default: records alone, to standard output)"
        )
        ->type_name("DIR");
    verb_->add_option("--as-of", chosen->as_of, "The day on which the answers hold; nothing is dated later (default: today)")
        ->type_name("YYYY-MM-DD");
    verb_->add_option("--release", chosen->release, "FHIR release of the resources (default: the dialect's)")
        ->check(CLI::IsMember({"R4", "R5"}))
        ->type_name("RELEASE");
    verb_->footer("Dialects:" + summaries);
    verb_->callback([chosen, &run] { run = [chosen] { return make(*chosen); }; });
}

} // namespace trialgate::gateway
