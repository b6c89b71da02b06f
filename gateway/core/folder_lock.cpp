#include "gateway/core/folder_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdexcept>
#include <sys/file.h>
#include <unistd.h>

namespace trialgate::gateway {

folder_lock::folder_lock(const std::string& folder) {
    const std::string file = folder + "/lock";
    descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor_ < 0)
        throw std::runtime_error(file + ": " + std::strerror(errno));
    if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
        ::close(descriptor_);
        throw std::runtime_error("another gateway uses " + folder + " (it holds " + file + ")");
    }
}

folder_lock::~folder_lock() { ::close(descriptor_); }

} // namespace trialgate::gateway
