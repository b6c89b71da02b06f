#include "gateway/cli/batch.hpp"
#include "gateway/cli/live.hpp"
#include "gateway/cli/report_writer.hpp"
#include "gateway/core/terminal.hpp"
#include "gateway/work/batch.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace trialgate::gateway {

namespace {

struct explain_options {
    screening_options common;
    std::string patient, config;
    bool json = false;
};

class printer {
public:
    explicit printer(const explain_options& chosen) : json_(chosen.json ? make_json_writer(stdout) : nullptr) {
        how_.colours = !chosen.common.no_colour && wants_colours(STDOUT_FILENO);
        how_.width = terminal_width(STDOUT_FILENO);
    }
    void print(mappings::trial_report r) {
        if (json_)
            json_->add(std::move(r));
        else
            std::printf("%s\n", explain_text(r, how_).c_str());
    }

private:
    std::unique_ptr<report_writer> json_;
    report_options how_;
};

exit_code from_records(const explain_options& chosen, const std::string& key) {
    batch b(chosen.common);
    if (const auto ended = b.prepare())
        return *ended;
    printer out(chosen);
    b.each_report(key, [&](mappings::trial_report r) { out.print(std::move(r)); });
    if (b.patients() == 0) {
        std::fprintf(stderr, "error: no such patient in these records\n");
        return exit_code::failed;
    }
    return b.finish();
}

/// The patient as the live gateway knows it, by the trials of its configuration.
exit_code from_store(const explain_options& chosen, const std::string& key, store& rows, const gateway_config& config) {
    const auto trials = usable_trials(config);
    if (!trials)
        return exit_code::failed;
    const worker_options options = options_for_worker(config, trials->net);
    const auto as_of = as_of_date(chosen.common.as_of, options.site);
    if (!as_of)
        return exit_code::usage;
    if (rows.value("trials") != trials->fingerprint)
        std::fprintf(stderr, "warning: the trials have changed since the gateway took them up; "
                             "reload it (SIGHUP) so that it fetches what they need\n");
    known_people known(rows);
    printer out(chosen);
    bool found = false;
    for (const source_config& source : config.sources)
        for (mappings::trial_report& r : work_batch(options, rows, known, system_clock()->now(), *as_of).reports_of(source.name, key)) {
            if (!found && config.sources.size() > 1 && !chosen.json)
                std::printf("source %s\n", source.name.c_str());
            found = true;
            out.print(std::move(r));
        }
    if (found)
        return exit_code::done;
    std::fprintf(stderr, "error: the gateway keeps nothing of such a patient: no trial considers them, or their record has not come yet\n");
    return exit_code::failed;
}

} // namespace

void add_explain(CLI::App& program, verb& run) {
    auto chosen = std::make_shared<explain_options>();
    CLI::App* verb_ = program.add_subcommand(
        "explain", "One patient in full: every criterion, its evidence, what is missing and until when it holds");
    verb_->add_option("patient", chosen->patient, "Patient/ID, or the id alone")->required()->type_name("PATIENT");
    CLI::Option* inputs = verb_->add_option("input", chosen->common.inputs,
                                            "Files or folders of FHIR records; - for standard input. None: what the live gateway has");
    inputs->type_name("PATH");
    verb_->add_flag("--json", chosen->json, "As screen --format json");
    add_screening_options(*verb_, chosen->common);
    add_config_option(*verb_, chosen->config)->excludes(inputs);
    verb_->callback([chosen, verb_, &run] {
        const bool live = chosen->common.inputs.empty();
        for (const char* of_records : {"--trial", "--set", "--time-zone", "--mappings", "--map", "--unverified-codes"})
            if (live && verb_->count(of_records) > 0)
                throw CLI::ValidationError(of_records, "is for records that are named; a live gateway has it in its configuration");
        run = [chosen, live] {
            std::string key = chosen->patient;
            if (key.find('/') == key.npos && !key.starts_with("urn:"))
                key = "Patient/" + key;
            chosen->common.all = true;
            if (!live)
                return from_records(*chosen, key);
            return with_store(chosen->config, access::look,
                              [&](store& rows, const gateway_config& config) { return from_store(*chosen, key, rows, config); });
        };
    });
}

} // namespace trialgate::gateway
