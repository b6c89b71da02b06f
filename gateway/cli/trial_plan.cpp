// trial export-plan | import-plan: the visit schedule of a trial as a FHIR PlanDefinition (Vulcan schedule of activities), both ways.
#include "gateway/cli/verbs.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/terminal.hpp"
#include "mappings/followup/plan_definition.hpp"

#include <CLI/CLI.hpp>

namespace trialgate::gateway {

namespace {

using mappings::visit, mappings::visit_kind, mappings::visit_window;

struct plan_options {
    screening_options common;
    std::string trial, url, file;
    mappings::plan_reading reading;
};

exit_code export_plan(plan_options& o) {
    if (!split_settings(o.common))
        return exit_code::usage;
    o.common.library.trials = {o.trial};
    const library loaded = load_library(o.common.library);
    if (print_problems(loaded) || loaded.trials.empty())
        return exit_code::failed;
    std::printf("%s\n", mappings::write_plan_definition(*loaded.trials.front(), o.url).c_str());
    return exit_code::done;
}

void write_window(json_text& out, const visit_window& w) {
    const auto days = [&](const char* name, int n) { out.key(name).string(std::to_string(n) + " days"); };
    out.key("anchor").string(w.anchor);
    days("earliest", w.earliest);
    days("target", w.target);
    days("latest", w.latest);
}

/// As a trial file has it.
std::string visit_json(const visit& v) {
    json_text out;
    out.begin_object().key("id").string(v.id).key("title").string(v.title);
    if (v.kind == visit_kind::unscheduled) {
        out.key("kind").string("unscheduled");
    } else {
        if (v.kind == visit_kind::early_termination)
            out.key("kind").string("early-termination");
        write_window(out, v);
        if (v.while_unknown) {
            out.key("whileUnknown").begin_object();
            write_window(out, *v.while_unknown);
            out.end_object();
        }
    }
    if (v.assumed)
        out.key("assumed").boolean(true);
    if (!v.procedures.empty()) {
        out.key("procedures").begin_array();
        for (const std::string& p : v.procedures)
            out.string(p);
        out.end_array();
    }
    out.end_object();
    return std::string(out.text());
}

void print_issue(const std::string& file, const std::string& text, const fhir::issue& i) {
    const auto [line, column] = fhir::locate(text, i.offset);
    const std::string place = i.offset ? ':' + std::to_string(line) + ':' + std::to_string(column) : "";
    std::fprintf(stderr, "%s%s: %s: %s\n", file.c_str(), place.c_str(), std::string(to_code(i.severity_)).c_str(),
                 printable((i.path.empty() ? "" : i.path + ": ") + i.text).c_str());
}

exit_code import_plan(const plan_options& o) {
    const auto text = read_file(o.file);
    if (!text) {
        std::fprintf(stderr, "%s: error: the file cannot be read\n", o.file.c_str());
        return exit_code::failed;
    }
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(*text);
    if (!tree) {
        print_issue(o.file, *text, tree.error());
        return exit_code::failed;
    }
    fhir::issue_list found;
    const auto visits = mappings::read_plan_definition(*tree, o.reading, found);
    for (const fhir::issue& i : found.issues)
        print_issue(o.file, *text, i);
    if (!visits) {
        std::fprintf(stderr, "%s: error: this is no PlanDefinition with actions\n", o.file.c_str());
        return exit_code::failed;
    }
    std::printf("[");
    const char* between = "\n  ";
    for (const visit& v : *visits) {
        std::printf("%s%s", between, visit_json(v).c_str());
        between = ",\n  ";
    }
    std::printf("\n]\n");
    return found.has(fhir::severity::error) ? exit_code::findings : exit_code::done;
}

} // namespace

void add_trial_plans(CLI::App& trial, verb& run) {
    auto o = std::make_shared<plan_options>();
    CLI::App* out = trial.add_subcommand("export-plan", "The visits of a trial as a FHIR PlanDefinition (R4, Vulcan schedule of activities)");
    out->add_option("trial", o->trial, "Folder or id, with @VERSION for another protocol version")->required()->type_name("DIR");
    out->add_option("--url", o->url, "Canonical URL (default: urn:trialgate:plan:TRIAL)")->type_name("URL");
    out->add_option("--mappings", o->common.library.mappings, "Folder with library/ and trials/")->type_name("DIR");
    out->add_option("--set", o->common.settings, "A setting of the trial, as name=value (repeatable)")->type_name("NAME=VALUE")->allow_extra_args(false);
    out->callback([o, &run] { run = [o] { return export_plan(*o); }; });

    CLI::App* in = trial.add_subcommand("import-plan", "The visits of a PlanDefinition as a trial file has them; what cannot be read is named and left out");
    in->add_option("FILE", o->file, "PlanDefinition as JSON")->required();
    in->add_option("--anchor", o->reading.anchor, "What the day of the index action is called (default: dosing)")->type_name("NAME");
    in->callback([o, &run] { run = [o] { return import_plan(*o); }; });
}

} // namespace trialgate::gateway
