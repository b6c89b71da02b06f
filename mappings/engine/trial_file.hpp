// Reads trial.json and the score files it uses. Reports every problem at once, with line, column and a hint.
#pragma once

#include "mappings/engine/criterion.hpp"

#include <map>

namespace trialgate::mappings {

struct trial_options {
    std::string version;                          ///< empty = the file's default
    std::map<std::string, std::string> settings;  ///< overrides by name, as written in JSON ("6 months", "180 days", "support")
};

/// Reads one trial. `scores` are the files of library/scores. Nothing is returned when a problem of level error was found; warnings
/// (unreachable criterion, unused setting) do not prevent it.
/// Problem codes, each with a file in tests/mappings/bad-trials: bad-json, wrong-type, missing-member, unknown-member, unknown-concept, unknown-setting,
/// unknown-version, unknown-score, unknown-test, unknown-note, bad-check-digit, unit-does-not-fit, window-without-unit, bad-number, bad-duration,
/// duplicate-id, duplicate-key, unreachable-criterion, impossible-count, empty-list, visit-window, unknown-visit, unknown-grading, unknown-tier,
/// unused-setting.
std::optional<trial> read_trial(const source_file& file, std::span<const source_file> scores, const catalog& codes,
                                const trial_options& chosen, std::vector<problem>& problems);

/// "6 months", "90 days", "12 weeks" (84 days), "1 year" (12 months); nothing for other text.
std::optional<window> parse_duration(std::string_view text) noexcept;

} // namespace trialgate::mappings
