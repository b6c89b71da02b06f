#include "gateway/cli/batch.hpp"
#include "gateway/cli/report_writer.hpp"
#include "gateway/core/terminal.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace trialgate::gateway {

namespace {

std::unique_ptr<report_writer> make_writer(const std::string& format, const batch& run, bool brief) {
    if (format == "json")
        return make_json_writer(stdout);
    if (format == "csv")
        return make_csv_writer(stdout);
    if (format == "fhir")
        return make_fhir_writer(stdout);
    report_options options;
    options.colours = !run.options().no_colour && wants_colours(STDOUT_FILENO);
    options.width = terminal_width(STDOUT_FILENO);
    options.details = !brief;
    options.zone_name = run.site().name();
    options.trials = run.loaded().trials;
    return make_text_writer(stdout, std::move(options));
}

} // namespace

void add_screen(CLI::App& program, verb& run) {
    struct options {
        screening_options common;
        std::string format = "text";
        bool brief = false;
    };
    auto chosen = std::make_shared<options>();
    CLI::App* verb_ = program.add_subcommand("screen", "Screen records: Bundles, NDJSON, single resources, folders, gzip, standard input (-)");
    verb_->add_option("input", chosen->common.inputs, "Files or folders of FHIR records; - for standard input")->required()->type_name("PATH");
    verb_->add_option("--format", chosen->format, "text, json (NDJSON), csv or fhir (a Bundle)")
        ->check(CLI::IsMember({"text", "json", "csv", "fhir"}))
        ->type_name("FORMAT");
    verb_->add_flag("--brief", chosen->brief, "Text: the table alone");
    add_screening_options(*verb_, chosen->common);
    verb_->callback([chosen, &run] {
        run = [chosen] {
            batch b(chosen->common);
            if (const auto ended = b.prepare())
                return *ended;
            const auto writer = make_writer(chosen->format, b, chosen->brief);
            b.each_report("", [&](mappings::trial_report r) { writer->add(std::move(r)); });
            writer->finish();
            return b.finish();
        };
    });
}

} // namespace trialgate::gateway
