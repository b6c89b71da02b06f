#include "gateway/cli/batch.hpp"
#include "gateway/cli/report_writer.hpp"
#include "gateway/core/terminal.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace trialgate::gateway {

void add_explain(CLI::App& program, verb& run) {
    struct options {
        screening_options common;
        std::string patient;
        bool json = false;
    };
    auto chosen = std::make_shared<options>();
    CLI::App* verb_ = program.add_subcommand("explain", "One patient in full: every criterion, its evidence, what is missing and until when it holds");
    verb_->add_option("patient", chosen->patient, "Patient/ID, or the id alone")->required()->type_name("PATIENT");
    verb_->add_option("input", chosen->common.inputs, "Files or folders of FHIR records; - for standard input")->required()->type_name("PATH");
    verb_->add_flag("--json", chosen->json, "As screen --format json");
    add_screening_options(*verb_, chosen->common);
    verb_->callback([chosen, &run] {
        run = [chosen] {
            std::string key = chosen->patient;
            if (key.find('/') == key.npos && !key.starts_with("urn:"))
                key = "Patient/" + key;
            chosen->common.all = true;
            batch b(chosen->common);
            if (const auto ended = b.prepare())
                return *ended;
            report_options how;
            how.colours = !chosen->common.no_colour && wants_colours(STDOUT_FILENO);
            how.width = terminal_width(STDOUT_FILENO);
            const auto json = make_json_writer(stdout);
            b.each_report(key, [&](mappings::trial_report r) {
                if (chosen->json)
                    json->add(std::move(r));
                else
                    std::printf("%s\n", explain_text(r, how).c_str());
            });
            if (b.patients() == 0) {
                std::fprintf(stderr, "error: no such patient in these records\n");
                return exit_code::failed;
            }
            return b.finish();
        };
    });
}

} // namespace trialgate::gateway
