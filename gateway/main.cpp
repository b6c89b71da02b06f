#include "gateway/cli/verbs.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    // The last safety net: everything expected is a value, so what arrives here is a fault of the program.
    try {
        return trialgate::gateway::run_program(argc, argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "trialgate: internal error: %s\n", e.what());
    }
    return static_cast<int>(trialgate::gateway::exit_code::failed);
}
