// A folder that goes away with the test, and what the program wrote while something ran.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace trialgate::tests {

class scratch_folder {
public:
    scratch_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "trialgate-XXXXXX").string();
        if (!::mkdtemp(name.data()))
            throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~scratch_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;
    const std::filesystem::path& path() const noexcept { return path_; }
    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    /// Readable by the owner alone, as a secret should be.
    std::string write(const std::string& name, const std::string& text) const {
        const std::filesystem::path file = path_ / name;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file, std::ios::binary) << text;
        std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
        return file.string();
    }

private:
    std::filesystem::path path_;
};

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
