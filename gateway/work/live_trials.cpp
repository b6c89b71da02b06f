#include "gateway/work/live_trials.hpp"

#include "gateway/core/crypto.hpp"
#include "gateway/core/zone.hpp"
#include "mappings/followup/watch.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace fs = std::filesystem;

namespace {

std::string fingerprint(const library_options& options, const library& loaded) {
    std::vector<fs::path> files = options.site_maps;
    for (fs::path& file : json_below(loaded.mappings / "library"))
        files.push_back(std::move(file));
    for (const fs::path& folder : loaded.trial_folders)
        files.push_back(folder / "trial.json");
    std::sort(files.begin(), files.end());
    std::string all;
    for (const fs::path& file : files)
        all += sha256(read_file(file).value_or(""));
    for (const std::string& trial : options.trials)
        all += trial + '\n';
    for (const auto& [name, value] : options.settings)
        all += name + '=' + value + '\n';
    all += options.unverified_codes ? "u" : "";
    return to_hex(sha256(all));
}

} // namespace

live_trials load_trials(const gateway_config& config) {
    library_options options = config.library;
    const bool complete = !config.sources.empty() && std::all_of(config.sources.begin(), config.sources.end(),
                                                                 [](const source_config& s) { return s.complete_medication_history; });
    if (complete)
        options.settings.try_emplace("historyComplete", "true");
    live_trials out;
    out.loaded = load_library(options);
    for (const mappings::problem& p : out.loaded.problems)
        if (p.level_ == mappings::problem::level::error)
            throw std::runtime_error(to_string(p));
    if (out.loaded.trials.empty())
        throw std::runtime_error("no trial found: name one in \"trials\"");
    out.net = mappings::network::compile(out.loaded.trials, out.loaded.codes);
    out.fingerprint = fingerprint(options, out.loaded);
    return out;
}

fhir::time_zone site_of(const gateway_config& config) {
    return config.time_zone.empty() ? machine_zone() : find_zone(config.time_zone).value_or(machine_zone());
}

worker_options options_for_worker(const gateway_config& config, std::shared_ptr<const mappings::network> net, std::string fingerprint) {
    const fhir::time_zone zone = site_of(config);
    worker_options out{std::move(net), zone, config.sources, config.sinks, config.pseudonym_key.value, std::move(fingerprint)};
    out.after_enrolment.compute = [net = out.net, zone, working_days = config.calendar](const mappings::trial& t, const mappings::participant& who,
                                                                      const mappings::patient_data& data, fhir::date today) {
        return mappings::watch_participant({t, who, data, net->codes(), today, zone}, working_days);
    };
    out.after_enrolment.completed_from = [working_days = config.calendar](const mappings::trial& t, const mappings::participant& who) {
        return mappings::completed_from(t, who, working_days);
    };
    return out;
}

} // namespace trialgate::gateway
