// One gateway a data folder: two would deliver everything twice.
#pragma once

#include <string>

namespace trialgate::gateway {

class folder_lock {
public:
    /// Takes `folder`/lock for as long as this lives (flock: gone with the process, however it ends). Throws std::runtime_error with a sentence when
    /// another process has it or the folder cannot be written.
    explicit folder_lock(const std::string& folder);
    ~folder_lock();
    folder_lock(const folder_lock&) = delete;
    folder_lock& operator=(const folder_lock&) = delete;

private:
    int descriptor_;
};

} // namespace trialgate::gateway
