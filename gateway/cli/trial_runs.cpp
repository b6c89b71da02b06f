#include "gateway/cli/trial_runs.hpp"

#include "mappings/engine/screening.hpp"
#include "mappings/engine/trial_test.hpp"

#include <cstdio>

namespace trialgate::gateway {

using namespace mappings;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> ids_of(const std::vector<shown_note>& notes) {
    std::vector<std::string> out;
    for (const shown_note& n : notes)
        out.push_back(n.id);
    return out;
}

seen_criterion seen(const criterion_report& c) {
    seen_criterion out{c.id, std::string(to_code(c.is.is)), c.is.is == verdict::unknown ? std::string(to_code(c.is.why)) : "",
                       c.changes_on, ids_of(c.notes), {}};
    for (const criterion_report& p : c.parts)
        out.parts.push_back(seen(p));
    return out;
}

/// The whole way of `screen`, for the one patient of a test.
seen_patient decide(const std::shared_ptr<const catalog>& codes, std::shared_ptr<const trial> of, std::span<const record> records, fhir::date as_of) {
    const auto net = network::compile(std::vector{std::move(of)}, codes);
    population people(codes.get());
    for (const record& r : records)
        people.add(r);
    people.finish();
    seen_patient out;
    bool seen_person = false;
    people.for_each_patient([&](const patient_data& p) {
        // The survivor of a merge speaks for both; somebody who is known by a reference only, for nobody when there is a Patient.
        if (p.merged_away || (seen_person && !p.person))
            return;
        seen_person |= p.person.has_value();
        const patient_screen screen = screen_patient(net, p, as_of);
        const patient_context about = context_of(p);
        const trial_report r = report(screen, 0, about);
        out = {};
        if (r.status)
            out.status = std::string(to_code(*r.status));
        out.changes_on = r.changes_on;
        out.notes = ids_of(r.notes);
        for (const criterion_report& c : r.criteria)
            out.criteria.push_back(seen(c));
    });
    return out;
}

} // namespace

exit_code run_trial_tests(const library& loaded, const library_options&) {
    const std::vector<source_file> scores = score_files(loaded.mappings);
    std::size_t passed = 0, failed = 0, files = 0, broken = 0;
    for (const fs::path& folder : loaded.trial_folders) {
        const fs::path tests = folder / "trial.test.json";
        auto text = read_file(tests);
        auto trial_text = read_file(folder / "trial.json");
        if (!text || !trial_text) {
            std::printf("%s: no trial.test.json\n", folder.string().c_str());
            continue;
        }
        ++files;
        const source_file trial_file{(folder / "trial.json").string(), std::move(*trial_text)};
        const source_file file{tests.string(), std::move(*text)};
        const trial_test_setting with{trial_file, scores, loaded.codes,
                                      [&](std::shared_ptr<const trial> of, std::span<const record> records, const fhir::time_zone&, fhir::date as_of) {
                                          return decide(loaded.codes, std::move(of), records, as_of);
                                      },
                                      ""};
        std::vector<problem> problems;
        for (const trial_test_result& r : mappings::run_trial_tests(file, with, problems)) {
            r.passed() ? ++passed : ++failed;
            std::printf("%s %s\n", r.passed() ? "ok    " : "FAILED", r.name.c_str());
            for (const problem& d : r.differences)
                std::printf("       %s\n", to_string(d).c_str());
        }
        for (const problem& p : problems) {
            std::printf("%s\n", to_string(p).c_str());
            broken += p.level_ == problem::level::error;
        }
    }
    std::printf("%zu passed, %zu failed\n", passed, failed);
    if (files == 0)
        return exit_code::failed;
    return failed == 0 && broken == 0 ? exit_code::done : exit_code::findings;
}

} // namespace trialgate::gateway
