// check: everything that can be said about a configuration without the network.
#include "gateway/cli/live.hpp"
#include "gateway/core/terminal.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

namespace trialgate::gateway {

using mappings::problem;

namespace {

std::string_view word(delivery how) noexcept {
    switch (how) {
    case delivery::automatic: return "auto";
    case delivery::topic: return "topic";
    case delivery::rest_hook: return "rest-hook";
    case delivery::websocket: return "websocket";
    case delivery::poll: return "poll";
    }
    return "";
}

std::string_view word(auth_config::method how) noexcept {
    switch (how) {
    case auth_config::method::none: return "none";
    case auth_config::method::smart: return "smart";
    case auth_config::method::client_secret: return "client-secret";
    case auth_config::method::basic: return "basic";
    case auth_config::method::token: return "token";
    }
    return "";
}

void print_summary(const gateway_config& c, const library& loaded) {
    const std::string reach = c.listen.public_url.empty() || c.listen.public_url.ends_with(c.listen.address) ? "" : " as " + c.listen.public_url;
    const char* tls = !c.listen.tls.certificate.empty() ? "TLS" : c.listen.plain ? "TLS in a proxy" : "plain";
    text_table whole;
    whole.row({"file", c.file});
    whole.row({"store", c.data});
    whole.row({"listens", c.listen.address + reach + ", " + tls});
    whole.row({"operations", c.operations.address + (c.operations.token.value.empty() ? "" : ", with a token")});
    for (const auto& t : loaded.trials)
        whole.row({"trial", t->id + ", protocol " + t->version + ", " + std::to_string(t->criteria.size()) + " criteria"});
    for (const source_config& s : c.sources)
        whole.row({"source", s.name + "  " + s.url + "  delivery " + std::string(word(s.how)) + ", access " + std::string(word(s.auth.how))});
    for (const sink_config& s : c.sinks)
        whole.row({"sink", s.name + "  " + s.url + "  " + (s.kind == sink_config::type::fhir ? "fhir " + s.fhir_version : "webhook") + ", access " +
                               std::string(word(s.auth.how))});
    if (c.sinks.empty())
        whole.row({"sink", "none: decisions are kept, and nobody is told"});
    whole.print(0);
}

exit_code check(const std::string& given, bool json) {
    std::vector<problem> problems;
    const gateway_config config = load_config(config_file(given), problems);
    library loaded;
    // Without a readable file nobody said which library.
    if (std::none_of(problems.begin(), problems.end(), [](const problem& p) { return p.code == "cannot-read" && p.line == 0; })) {
        loaded = load_library(config.library);
        problems.insert(problems.end(), loaded.problems.begin(), loaded.problems.end());
        check_trials(config, loaded, problems);
    }
    const auto errors = std::count_if(problems.begin(), problems.end(), [](const problem& p) { return p.level_ == problem::level::error; });
    for (const problem& p : problems)
        std::printf("%s\n", (json ? problem_json(p) : printable(to_string(p))).c_str());
    if (!json) {
        if (errors == 0)
            print_summary(config, loaded);
        const auto warnings = static_cast<std::ptrdiff_t>(problems.size()) - errors;
        std::printf("%s, %s\n", counted(errors, "error").c_str(), counted(warnings, "warning").c_str());
    }
    return errors ? exit_code::failed : problems.empty() ? exit_code::done : exit_code::findings;
}

} // namespace

void add_check(CLI::App& program, verb& run) {
    struct options {
        std::string config;
        bool json = false;
    };
    auto chosen = std::make_shared<options>();
    CLI::App* verb_ = program.add_subcommand("check", "Names every mistake of the gateway's configuration, its keys and its trials; touches no network");
    add_config_option(*verb_, chosen->config);
    verb_->add_flag("--json", chosen->json, "One JSON object a problem");
    verb_->footer("Exit codes: 0 fine, 1 errors, 3 warnings only.");
    verb_->callback([chosen, &run] { run = [chosen] { return check(chosen->config, chosen->json); }; });
}

} // namespace trialgate::gateway
