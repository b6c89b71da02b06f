#include "tests/support/source_folder.hpp"

namespace trialgate::test {

const std::string& source_folder() {
    static const std::string folder = TRIALGATE_SOURCE_DIR;
    return folder;
}

} // namespace trialgate::test
