#include "gateway/cli/verbs.hpp"

#include "gateway/core/json_text.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace trialgate::gateway {

int run_program(int argc, char** argv) {
    CLI::App program{"trialgate finds hospital patients for clinical trials in their FHIR records and says why.", "trialgate"};
    program.set_version_flag("--version", "trialgate " TRIALGATE_VERSION);
    program.require_subcommand(1);
    program.footer("Exit codes: 0 done, 1 failed, 2 wrong command line, 3 done with findings.\n"
                   "Try: trialgate screen --help");
    verb run;
    add_screen(program, run);
    add_explain(program, run);
    add_trial(program, run);
    add_serve(program, run);
    add_check(program, run);
    add_status(program, run);
    add_outbox(program, run);
    add_quarantine(program, run);
    add_source(program, run);
    add_subject(program, run);
    add_schedule(program, run);
    add_calendar(program, run);
    add_alerts(program, run);
    add_page(program, run);
    add_demo(program, run);
    add_probe(program, run);
    add_synth(program, run);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        // CLI11 answers help and version by an exception with code 0.
        return program.exit(e) == 0 ? static_cast<int>(exit_code::done) : static_cast<int>(exit_code::usage);
    }
    const exit_code ended = run ? run() : exit_code::usage;
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) {
        std::fprintf(stderr, "error: the output could not be written\n");
        return static_cast<int>(exit_code::failed);
    }
    return static_cast<int>(ended);
}

void add_library_options(CLI::App& to, screening_options& o) {
    to.add_option("--trial", o.library.trials, "Folder of a trial, or its id, with @VERSION for another protocol version (repeatable; default: all)")
        ->type_name("DIR")
        ->allow_extra_args(false);
    to.add_option("--mappings", o.library.mappings, "Folder with library/ and trials/")->type_name("DIR");
    to.add_option("--map", o.library.site_maps, "ConceptMap of the site's local codes (repeatable)")->type_name("FILE")
        ->allow_extra_args(false);
    to.add_option("--set", o.settings, "A setting of a trial, as name=value (repeatable)")->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    to.add_flag("--unverified-codes", o.library.unverified_codes, "Also use codes that nobody has verified yet");
}

void add_screening_options(CLI::App& to, screening_options& o) {
    add_library_options(to, o);
    to.add_option("--as-of", o.as_of, "Date of the decision (default: today at the site)")->type_name("YYYY-MM-DD");
    to.add_option("--time-zone", o.zone, "Zone of the site, e.g. Europe/Berlin or UTC+3 (default: the machine's)")->type_name("ZONE");
    to.add_flag("--all", o.all, "Also people who are not listed, with the reason");
    to.add_flag("--strict", o.strict, "Exit code 1 when something could not be read");
    to.add_flag("-v,--verbose", o.verbose, "Name every element that could not be used");
    to.add_flag("--unmapped", o.unmapped, "List the local codes that a ConceptMap (--map) could map; reads everything, slower");
    to.add_flag("-q,--quiet", o.quiet, "No summary and no progress on standard error");
    to.add_flag("--no-color", o.no_colour, "No colours");
}

bool split_settings(screening_options& o) {
    for (const std::string& s : o.settings) {
        const auto equals = s.find('=');
        if (equals == s.npos || equals == 0) {
            std::fprintf(stderr, "error: --set wants name=value, not '%s'\n", s.c_str());
            return false;
        }
        o.library.settings[s.substr(0, equals)] = s.substr(equals + 1);
    }
    return true;
}

bool print_problems(const library& loaded) {
    for (const mappings::problem& p : loaded.problems)
        std::fprintf(stderr, "%s\n", to_string(p).c_str());
    return loaded.has_errors();
}

std::string problem_json(const mappings::problem& p) {
    json_text out;
    out.begin_object().key("level").string(p.level_ == mappings::problem::level::error ? "error" : "warning");
    out.key("code").string(p.code).key("file").string(p.file).key("line").number(p.line).key("column").number(p.column);
    out.key("text").string(p.text).key("hint").string(p.hint).end_object();
    return std::string(out.text());
}

} // namespace trialgate::gateway
