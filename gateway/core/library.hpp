// Finds and loads the library and the trials: the files of mappings/.
#pragma once

#include "mappings/engine/network.hpp"
#include "mappings/engine/trial_file.hpp"

#include <filesystem>

namespace trialgate::gateway {

struct library_options {
    std::filesystem::path mappings;               ///< the folder with library/ and trials/; empty = look for it
    std::vector<std::string> trials;              ///< DIR or DIR@VERSION; empty = all in mappings/trials
    std::vector<std::filesystem::path> site_maps; ///< ConceptMap files of the site
    std::map<std::string, std::string> settings;  ///< overrides, applied to every trial that has the setting
    bool unverified_codes = false;
};

struct library {
    std::filesystem::path mappings;
    std::shared_ptr<const mappings::catalog> codes;
    std::vector<std::shared_ptr<const mappings::trial>> trials;
    std::vector<std::filesystem::path> trial_folders; ///< as trials
    std::vector<mappings::problem> problems;          ///< of all files, in the order of files and lines
    bool has_errors() const noexcept;
};

/// Where mappings/ is: the environment variable TRIALGATE_MAPPINGS, beside the program (../../mappings of a build tree, ../share/trialgate),
/// or ./mappings. Empty when nowhere.
std::filesystem::path find_mappings();

/// Reads everything; problems are collected, never thrown. A file that cannot be opened is a problem too.
library load_library(const library_options& chosen);

/// Files of library/scores, for reading trials.
std::vector<mappings::source_file> score_files(const std::filesystem::path& mappings);

/// All .json files in and below a folder, sorted; none when it cannot be read.
std::vector<std::filesystem::path> json_below(const std::filesystem::path& folder);

/// The whole file; nothing when it cannot be read.
std::optional<std::string> read_file(const std::filesystem::path& file);

} // namespace trialgate::gateway
