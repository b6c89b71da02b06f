// Finds the reference material that is not part of the project (../shared). Tests that need it are skipped, with a
// message, where it is absent: the project builds and passes without it.
#pragma once

#include "tests/support/source_folder.hpp"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

namespace trialgate::tests {

/// The folder of reference material, or nothing (and a line on standard error that says what is skipped).
inline std::optional<std::filesystem::path> shared_folder(const char* skipped) {
    std::filesystem::path at = std::filesystem::path(trialgate::test::source_folder()).parent_path() / "shared";
    if (const char* set = std::getenv("TRIALGATE_SHARED"))
        at = set;
    std::error_code ignored;
    if (std::filesystem::is_directory(at, ignored))
        return at;
    std::cerr << "skipped: " << skipped << " (no ../shared; set TRIALGATE_SHARED)\n";
    return std::nullopt;
}

} // namespace trialgate::tests
