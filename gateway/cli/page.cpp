// page: a new link to log in to the page of a gateway that runs. Who may write its store may log in.
#include "gateway/cli/live.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/page/local_link.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

namespace trialgate::gateway {

namespace {

exit_code print_new_link(store& rows, const gateway_config& config) {
    const std::string url = page_url(rows);
    if (url.empty() || !config.page.enabled) {
        std::fprintf(stderr, "error: no page is open: %s\n", config.page.enabled ? "the gateway does not run" : "the configuration switches it off");
        return exit_code::failed;
    }
    if (!config.page.local_login) {
        print_page_link("", url);
        std::fprintf(stderr, "the configuration has no local login: log in there\n");
        return exit_code::done;
    }
    const std::string token = random_token(32);
    in_transaction(rows, [&] { put_link(rows, token, system_clock()->now()); });
    print_page_link(link_text(url, token), url);
    return exit_code::done;
}

} // namespace

void add_page(CLI::App& program, verb& run) {
    const auto config = std::make_shared<std::string>();
    CLI::App* const it = program.add_subcommand("page", "Prints a new link to log in to the page of the gateway that runs here");
    add_config_option(*it, *config);
    it->callback([config, &run] { run = [config] { return with_store(*config, access::change, print_new_link); }; });
}

} // namespace trialgate::gateway
