// The verbs of the command line; one file each. A verb adds itself to the parser and sets `run` when it was chosen.
#pragma once

#include "gateway/core/exit_code.hpp"
#include "gateway/core/library.hpp"

#include <functional>

namespace CLI {
class App;
class Option;
}

namespace trialgate::gateway {

using verb = std::function<exit_code()>;

void add_screen(CLI::App& program, verb& run);
void add_explain(CLI::App& program, verb& run);
void add_trial(CLI::App& program, verb& run);
void add_trial_plans(CLI::App& trial, verb& run); ///< of the verb trial
void add_check(CLI::App& program, verb& run);
void add_status(CLI::App& program, verb& run);
void add_outbox(CLI::App& program, verb& run);
void add_quarantine(CLI::App& program, verb& run);
void add_serve(CLI::App& program, verb& run);
void add_source(CLI::App& program, verb& run);
void add_demo(CLI::App& program, verb& run);
void add_probe(CLI::App& program, verb& run);
void add_synth(CLI::App& program, verb& run);
void add_subject(CLI::App& program, verb& run);
void add_schedule(CLI::App& program, verb& run);
void add_calendar(CLI::App& program, verb& run);
void add_alerts(CLI::App& program, verb& run);
void add_page(CLI::App& program, verb& run);

/// The whole program: parses, runs, answers the exit code.
int run_program(int argc, char** argv);

// ---- shared by the verbs ---------------------------------------------------------------------------------------------

/// What screen and explain have in common.
struct screening_options {
    library_options library;
    std::vector<std::string> settings; ///< "name=value"
    std::string as_of, zone;
    bool all = false, strict = false, quiet = false, verbose = false, no_colour = false, unmapped = false;
    std::vector<std::string> inputs;
};
void add_screening_options(CLI::App& to, screening_options& options);
void add_library_options(CLI::App& to, screening_options& options);

/// Splits "name=value" settings into library.settings; false (and a message) for anything else.
bool split_settings(screening_options& options);

/// Prints problems to standard error; true when there is an error among them.
bool print_problems(const library& loaded);

/// {"level":"error","code":...,"file":...,"line":...,"column":...,"text":...,"hint":...}
std::string problem_json(const mappings::problem& p);

} // namespace trialgate::gateway
