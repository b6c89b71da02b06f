// What the verbs around a live gateway share: which configuration file, and the store of that configuration.
#pragma once

#include "gateway/cli/verbs.hpp"
#include "gateway/core/config.hpp"
#include "gateway/store/store.hpp"
#include "gateway/work/live_trials.hpp"

namespace trialgate::gateway {

CLI::Option* add_config_option(CLI::App& to, std::string& into);

/// `given`, else TRIALGATE_CONFIG, ./trialgate.json, /etc/trialgate/trialgate.json: the first that is set or there. When none is there,
/// "trialgate.json".
std::string config_file(const std::string& given);

/// The configuration of a file. Problems are printed on standard error; nothing when there is an error among them.
std::optional<gateway_config> usable_config(const std::string& file);

/// The trials of a configuration; nothing, and the reason on standard error, when one cannot be used.
std::optional<live_trials> usable_trials(const gateway_config& config);

enum class access : std::uint8_t { look, change };

/// Opens the store of a configuration and runs `action`; also beside a running gateway. Only `data` of the configuration must be right: an
/// operator's shell does not see the secrets of the service. Whatever hinders is printed on standard error, and the answer is `failed`.
exit_code with_store(const std::string& given_config, access how, const std::function<exit_code(store&, const gateway_config&)>& action);

/// A verb that does `action` by `with_store`. `config` lives as long as what `action` holds.
CLI::App* add_store_verb(CLI::App& to, const char* name, const char* what, std::string& config, access how,
                         std::function<exit_code(store&, const gateway_config&)> action, verb& run);

/// The participation of that number: of the only trial that knows it, unless `trial` says which. Nothing, and why on standard error.
std::optional<participant_row> find_participant(store& rows, const std::string& trial, const std::string& number);

/// One line of its own on standard output: the link that logs in once, or only the address where there is none. Nothing without a page.
void print_page_link(const std::string& link, const std::string& address);

/// "user alice": who runs this program, for trails.
std::string acting_user();

/// All or nothing.
void in_transaction(store& rows, const std::function<void()>& change);

/// "4 s", "12 min", "3 h", "5 d"; rounded down, "0 s" for what lies in the future.
std::string age_text(duration_ms age);
/// "812 bytes", "12 kB", "3 MB".
std::string size_text(std::int64_t bytes);
/// How many and of what: "1 message", "3 messages".
std::string counted(std::int64_t n, std::string_view one);

/// One column a cell, as wide as its widest; the last one is not padded. Control characters are taken out.
class text_table {
public:
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    bool empty() const noexcept { return rows_.empty(); }
    /// To standard output, each line indented.
    void print(std::size_t indent) const;

private:
    std::vector<std::vector<std::string>> rows_;
};

} // namespace trialgate::gateway
