// What the program wrote while something ran.
#pragma once

#include "tests/support/scratch_folder.hpp"

#include <cstdio>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace trialgate::tests {

inline std::string file_content(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// What `action` writes to a descriptor (1 or 2), which is a file meanwhile.
inline std::string written_to(int descriptor, const std::function<void()>& action) {
    const scratch_folder folder;
    const std::string file = folder / "out";
    std::FILE* const stream = descriptor == STDOUT_FILENO ? stdout : stderr;
    std::fflush(stream);
    const int kept = ::dup(descriptor);
    std::FILE* const to = std::fopen(file.c_str(), "wb");
    if (kept < 0 || !to)
        throw std::runtime_error("cannot redirect");
    ::dup2(::fileno(to), descriptor);
    action();
    std::fflush(stream);
    ::dup2(kept, descriptor);
    ::close(kept);
    std::fclose(to);
    return file_content(file);
}

} // namespace trialgate::tests
