#include "gateway/core/folder_lock.hpp"
#include "tests/gateway/scratch.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace trialgate;
using namespace trialgate::gateway;

TEST_CASE("folder lock: a second gateway on one data folder is refused, and admitted when the first is gone") {
    const tests::scratch_folder folder;
    {
        const folder_lock first(folder.path().string());
        CHECK_THROWS_AS(folder_lock(folder.path().string()), std::runtime_error);
    }
    CHECK_NOTHROW(folder_lock(folder.path().string()));
}

TEST_CASE("folder lock: a folder that is not there is an error that names it") {
    const tests::scratch_folder folder;
    const std::string missing = (folder.path() / "missing").string();
    CHECK_THROWS_WITH(folder_lock(missing), Catch::Contains(missing));
}
