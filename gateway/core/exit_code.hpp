#pragma once

namespace trialgate::gateway {

/// What the program's exit code means to a script; part of the interface (README, "Exit codes").
enum class exit_code : int {
    done = 0,
    failed = 1,   ///< could not do what was asked
    usage = 2,    ///< the command line is wrong
    findings = 3, ///< done, and something was found that a person should look at
};

} // namespace trialgate::gateway
