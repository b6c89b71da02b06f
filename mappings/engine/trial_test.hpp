// Runs trial.test.json: a trial coordinator's own proof of a trial. Dated facts in, expected verdicts at
// dates out; the facts go through the reader and the extraction like those of a hospital, so that a test
// exercises the whole way.
//
//   {"trial": "sle-uc-msc", "zone": "+03:00", "asOf": "2026-03-15",
//    "patients": {"base": [{"patient": {"birthDate": "1986-01-01"}}, ...]},
//    "tests": [{"name": "S08 ANA at the boundary", "from": "base",
//               "given": [{"lab": "http://loinc.org|5048-4", "on": "2026-01-10", "value": "1:160"}],
//               "expect": {"status": "likely", "serology": {"verdict": "met", "changesOn": "2026-07-11"}},
//               "then": [{"given": [...], "asOf": "2026-04-01", "expect": {...}}]}]}
#pragma once

#include "fhir/datetime.hpp"
#include "mappings/engine/record.hpp"
#include "mappings/engine/trial_file.hpp"

#include <functional>

namespace trialgate::mappings {

/// What was decided, in the words of the public contract (design.md, section 5).
struct seen_criterion {
    std::string id, verdict;              ///< "met", "not-met", "unknown"
    std::string reason;                   ///< empty = null
    std::optional<fhir::date> changes_on; ///< nothing = never
    std::vector<std::string> notes;
    std::vector<seen_criterion> parts;
};
struct seen_patient {
    std::optional<std::string> status; ///< nothing = null
    std::optional<fhir::date> changes_on;
    std::vector<std::string> notes;
    std::vector<seen_criterion> criteria;
};

/// Decides about the one patient of a test. The records come in the order in which they were given, deletions
/// and older versions included; `version.read` counts up.
using evaluate_patient = std::function<seen_patient(
    std::shared_ptr<const trial> of, std::span<const record> records, const fhir::time_zone& site,
    fhir::date as_of
)>;

struct trial_test_result {
    std::string name;
    std::uint32_t line = 0;
    std::vector<problem> differences; ///< each at the expectation that was not met
    bool passed() const noexcept { return differences.empty(); }
};

/// Everything that a run needs beside the test file.
struct trial_test_setting {
    const source_file& trial;
    std::span<const source_file> scores;
    std::shared_ptr<const catalog> codes;
    evaluate_patient evaluate;
    std::string only; ///< when not empty: only tests whose name holds this
};

/// Runs the tests in order. Mistakes in the test file (and in the trial, for the version and settings that a
/// test asks) go to `problems`; the tests that they touch are not run. Members of `expect` that are not given
/// are not compared; notes that are given must be there, others may be. A part is found by its id anywhere
/// below its criterion.
std::vector<trial_test_result>
run_trial_tests(const source_file& file, const trial_test_setting& with, std::vector<problem>& problems);

/// "+03:00", "-05:30", "Z", "UTC".
std::optional<fhir::time_zone> parse_fixed_zone(std::string_view text);

} // namespace trialgate::mappings
