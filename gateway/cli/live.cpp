#include "gateway/cli/live.hpp"

#include "gateway/core/terminal.hpp"
#include "gateway/work/outlook.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

namespace trialgate::gateway {

CLI::Option* add_config_option(CLI::App& to, std::string& into) {
    const char* what = "Configuration of the gateway (default: TRIALGATE_CONFIG, ./trialgate.json, /etc/trialgate/trialgate.json)";
    return to.add_option("--config", into, what)->type_name("FILE");
}

std::string config_file(const std::string& given) {
    if (!given.empty())
        return given;
    if (const char* set = std::getenv("TRIALGATE_CONFIG"); set && *set)
        return set;
    std::error_code none;
    for (const char* usual : {"trialgate.json", "/etc/trialgate/trialgate.json"})
        if (std::filesystem::exists(usual, none))
            return usual;
    return "trialgate.json";
}

std::optional<gateway_config> usable_config(const std::string& file) {
    std::vector<mappings::problem> problems;
    std::optional<gateway_config> out = load_config(file, problems);
    for (const mappings::problem& p : problems) {
        std::fprintf(stderr, "%s\n", printable(to_string(p)).c_str());
        if (p.level_ == mappings::problem::level::error)
            out.reset();
    }
    return out;
}

std::optional<live_trials> usable_trials(const gateway_config& config) {
    try {
        return load_trials(config);
    } catch (const std::runtime_error& e) {
        std::fprintf(stderr, "%s\n", printable(e.what()).c_str());
        return std::nullopt;
    }
}

exit_code with_store(const std::string& given_config, access how, const std::function<exit_code(store&, const gateway_config&)>& action) {
    std::vector<mappings::problem> problems;
    const gateway_config config = load_config(config_file(given_config), problems);
    if (config.data.empty()) {
        for (const mappings::problem& p : problems)
            std::fprintf(stderr, "%s\n", printable(to_string(p)).c_str());
        return exit_code::failed;
    }
    std::error_code none;
    if (!std::filesystem::exists(std::filesystem::path(config.data) / "trialgate.db", none)) {
        const char* why = none ? "it cannot be looked at: " : "the gateway has not run with this configuration";
        std::fprintf(stderr, "error: there is no store in %s yet: %s%s\n", config.data.c_str(), why, none ? none.message().c_str() : "");
        return exit_code::failed;
    }
    try {
        const auto rows = open_sqlite(config.data, how == access::look);
        return action(*rows, config);
    } catch (const store_error& e) {
        std::fprintf(stderr, "error: %s\n", printable(e.what()).c_str());
        if (e.what_kind() == store_error::kind::busy)
            std::fprintf(stderr, "the gateway is writing just now; try again\n");
        return exit_code::failed;
    }
}

CLI::App* add_store_verb(CLI::App& to, const char* name, const char* what, std::string& config, access how,
                         std::function<exit_code(store&, const gateway_config&)> action, verb& run) {
    CLI::App* verb_ = to.add_subcommand(name, what);
    add_config_option(*verb_, config);
    verb_->callback([&config, how, action = std::move(action), &run] { run = [&config, how, action] { return with_store(config, how, action); }; });
    return verb_;
}

void print_page_link(const std::string& link, const std::string& address) {
    if (!link.empty())
        std::printf("page: %s   opens once, within 15 minutes\n", link.c_str());
    else if (!address.empty())
        std::printf("page: %s/\n", address.c_str());
    std::fflush(stdout);
}

std::string acting_user() {
    const ::uid_t id = ::getuid();
    char space[4096];
    ::passwd entry{}, *found = nullptr;
    const bool known = ::getpwuid_r(id, &entry, space, sizeof space, &found) == 0 && found;
    return "user " + (known ? std::string(entry.pw_name) : std::to_string(id));
}

std::optional<participant_row> find_participant(store& rows, const std::string& trial, const std::string& number) {
    std::vector<participant_row> found;
    if (!trial.empty()) {
        if (auto row = rows.participant(trial, number))
            found.push_back(*std::move(row));
    } else {
        each_participant(rows, [&](const participant_row& row) {
            if (row.number == number)
                found.push_back(row);
        });
    }
    if (found.size() == 1)
        return found.front();
    if (found.empty())
        std::fprintf(stderr, "error: no participant %s%s\n", number.c_str(), trial.empty() ? "" : (" in " + trial).c_str());
    else
        std::fprintf(stderr, "error: several trials have a participant %s: add --trial\n", number.c_str());
    return std::nullopt;
}

void in_transaction(store& rows, const std::function<void()>& change) {
    rows.begin();
    try {
        change();
        rows.commit();
    } catch (...) {
        rows.rollback();
        throw;
    }
}

std::string age_text(duration_ms age) {
    age = std::max<duration_ms>(age, 0);
    if (age < minute_ms)
        return std::to_string(age / second_ms) + " s";
    if (age < hour_ms)
        return std::to_string(age / minute_ms) + " min";
    if (age < 48 * hour_ms)
        return std::to_string(age / hour_ms) + " h";
    return std::to_string(age / (24 * hour_ms)) + " d";
}

std::string size_text(std::int64_t bytes) {
    if (bytes < 10'000)
        return counted(bytes, "byte");
    if (bytes < 10'000'000)
        return std::to_string(bytes / 1'000) + " kB";
    return std::to_string(bytes / 1'000'000) + " MB";
}

std::string counted(std::int64_t n, std::string_view one) { return std::to_string(n) + ' ' + std::string(one) + (n == 1 ? "" : "s"); }

void text_table::print(std::size_t indent) const {
    std::vector<std::size_t> widths;
    for (const auto& r : rows_)
        for (std::size_t n = 0; n < r.size(); ++n) {
            widths.resize(std::max(widths.size(), n + 1));
            widths[n] = std::max(widths[n], columns(r[n]));
        }
    for (const auto& r : rows_) {
        std::string line(indent, ' ');
        for (std::size_t n = 0; n < r.size(); ++n)
            line += n + 1 == r.size() ? printable(r[n]) : padded(printable(r[n]), widths[n] + 2);
        std::printf("%s\n", line.c_str());
    }
}

} // namespace trialgate::gateway
