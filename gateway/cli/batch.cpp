#include "gateway/cli/batch.hpp"

#include "gateway/core/terminal.hpp"
#include "gateway/core/zone.hpp"

#include <cstdio>
#include <numeric>

namespace trialgate::gateway {

using namespace mappings;

namespace {

constexpr int most_messages = 50; ///< of one kind; the rest is counted

} // namespace

std::optional<fhir::date> as_of_date(const std::string& text, const fhir::time_zone& site) {
    if (text.empty())
        return today(site);
    const auto parsed = fhir::parse_date_time(text);
    if (parsed && parsed->precise >= fhir::precision::day)
        return parsed->days(site).first;
    std::fprintf(stderr, "error: --as-of wants a date such as 2026-03-15, not '%s'\n", text.c_str());
    return std::nullopt;
}

std::optional<exit_code> batch::prepare() {
    if (!split_settings(options_))
        return exit_code::usage;
    site_ = options_.zone.empty() ? machine_zone() : find_zone(options_.zone);
    if (!site_) {
        std::fprintf(stderr, "error: unknown time zone '%s' (try Europe/Berlin, UTC or UTC+3)\n", options_.zone.c_str());
        return exit_code::usage;
    }
    const auto as_of = as_of_date(options_.as_of, *site_);
    if (!as_of)
        return exit_code::usage;
    as_of_ = *as_of;
    library_ = load_library(options_.library);
    if (print_problems(library_) || library_.trials.empty()) {
        if (library_.trials.empty() && !library_.has_errors())
            std::fprintf(stderr, "error: no trial found (name one with --trial)\n");
        return exit_code::failed;
    }
    net_ = network::compile(library_.trials, library_.codes);
    people_.emplace(library_.codes.get());

    std::vector<input_problem> missing;
    const std::vector<input_file> files = list_inputs(options_.inputs, missing);
    for (const input_problem& p : missing)
        std::fprintf(stderr, "error: %s\n", to_string(p).c_str());
    if (!missing.empty())
        return exit_code::failed;
    int told = 0, doubts = 0;
    population_taker taker(*people_);
    reader from(
        *net_, *site_, taker,
        [&](input_problem p) {
            if (told++ < most_messages)
                std::fprintf(stderr, "error: %s\n", to_string(p).c_str());
        },
        [&](input_problem p) {
            if (options_.verbose && doubts++ < most_messages * 20)
                std::fprintf(stderr, "warning: %s\n", to_string(p).c_str());
        });
    from.thorough(options_.unmapped);
    const std::uint64_t total =
        std::accumulate(files.begin(), files.end(), std::uint64_t{0}, [](std::uint64_t n, const input_file& f) { return n + f.bytes; });
    {
        std::optional<progress> bar;
        if (!options_.quiet)
            bar.emplace(total);
        for (const input_file& f : files)
            from.file(f.name, [&](std::uint64_t bytes) {
                if (bar)
                    bar->advance(bytes);
            });
    }
    if (told > most_messages)
        std::fprintf(stderr, "error: and %d more\n", told - most_messages);
    read_ = from.so_far();
    people_->finish();
    return std::nullopt;
}

void batch::each_report(const std::string& only, const std::function<void(trial_report)>& use) {
    people_->for_each_patient([&](const patient_data& p) {
        if (!only.empty() && p.key != only)
            return;
        ++patients_;
        const patient_screen screen = screen_patient(net_, p, as_of_);
        const patient_context about = context_of(p);
        bool listed = false;
        for (trial_index t = 0; t < net_->trials().size(); ++t) {
            const auto considered = screen.considered();
            const bool hidden = !withheld(screen, about).empty() || !std::binary_search(considered.begin(), considered.end(), t);
            if (hidden && !options_.all)
                continue;
            trial_report r = report(screen, t, about);
            listed |= r.status.has_value();
            use(std::move(r));
        }
        listed_ += listed;
    });
}

exit_code batch::finish() {
    if (!options_.quiet) {
        std::fprintf(stderr, "%llu resources seen, %llu read; %llu people, %llu listed",
                     static_cast<unsigned long long>(read_.resources), static_cast<unsigned long long>(read_.read),
                     static_cast<unsigned long long>(patients_), static_cast<unsigned long long>(listed_));
        if (read_.unreadable)
            std::fprintf(stderr, "; %llu unreadable", static_cast<unsigned long long>(read_.unreadable));
        if (read_.doubtful)
            std::fprintf(stderr, "; %llu elements not usable%s", static_cast<unsigned long long>(read_.doubtful),
                         options_.verbose ? "" : " (--verbose names them)");
        if (!read_.unmapped.empty())
            std::fprintf(stderr, "; unmapped local codes%s: %zu", options_.unmapped ? "" : " (--unmapped lists all)", read_.unmapped.size());
        std::fputc('\n', stderr);
        if (options_.unmapped)
            for (const auto& [code, times] : read_.unmapped)
                std::fprintf(stderr, "unmapped: %s (%llu times)\n", printable(code).c_str(), static_cast<unsigned long long>(times));
    }
    if (read_.unreadable)
        return options_.strict ? exit_code::failed : exit_code::findings;
    return exit_code::done;
}

} // namespace trialgate::gateway
