// `serve`: check, then run until told to stop. SIGHUP reads the configuration again; SIGTERM and SIGINT end it, a second one at once.
#include "gateway/api/live_gateway.hpp"
#include "gateway/cli/live.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace trialgate::gateway {

namespace {

constexpr duration_ms grace = 10 * second_ms;

/// What an operator's signals wait in while the gateway cannot take them: without these, SIGHUP would end a process that is starting.
struct signals {
    explicit signals(asio::io_context& io) : hangup(io, SIGHUP), ending(io, SIGINT, SIGTERM) {}
    asio::signal_set hangup, ending;
};

asio::awaitable<void> handle_reload(live_gateway& gateway, asio::signal_set& hangup, const std::string& file) {
    for (;;) {
        co_await hangup.async_wait(asio::use_awaitable);
        std::optional<gateway_config> config = usable_config(file);
        if (!config) {
            log_error("reload.refused", {{"why", "the configuration has errors; the old one stays"}});
            continue;
        }
        if (const std::string why = co_await gateway.reload(std::move(*config)); !why.empty())
            log_error("reload.refused", {{"why", why}});
    }
}

asio::awaitable<void> run(live_gateway& gateway, asio::io_context& io, signals& from_outside, const std::string& file, exit_code& code) {
    bool running = true;
    try {
        co_await gateway.start();
        print_page_link(co_await gateway.new_page_link(), gateway.page_url());
    } catch (const std::exception& e) {
        std::fprintf(stderr, "error: %s\n", e.what());
        code = exit_code::failed;
        running = false;
    }
    if (running) {
        asio::co_spawn(io, handle_reload(gateway, from_outside.hangup, file), asio::detached);
        asio::signal_set& ending = from_outside.ending;
        co_await ending.async_wait(asio::use_awaitable);
        log_info("stopping");
        ending.async_wait([&gateway](boost::system::error_code e, int) {
            if (!e)
                gateway.hurry();
        });
        co_await gateway.stop(grace);
    } else {
        co_await gateway.stop(0);
    }
    io.stop();
}

} // namespace

exit_code serve(const std::string& file) {
    asio::io_context io(1);
    signals from_outside(io);
    std::optional<gateway_config> config = usable_config(file);
    if (!config)
        return exit_code::failed;
    const std::string& level = config->log_level;
    set_log(level == "debug" ? log_level::debug : level == "warning" ? log_level::warning : level == "error" ? log_level::error : log_level::info,
            config->log_json);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a limit on the size of files is a full disk: writing fails
    exit_code code = exit_code::done;
    {
        live_gateway gateway(io, std::move(*config), system_clock(), {});
        asio::co_spawn(io, run(gateway, io, from_outside, file, code), asio::detached);
        io.run();
    }
    return code;
}

void add_serve(CLI::App& program, verb& run_it) {
    CLI::App* const it = program.add_subcommand("serve", "Runs the live gateway: listens to the hospitals' servers and tells the study systems");
    const auto file = std::make_shared<std::string>();
    add_config_option(*it, *file);
    it->callback([&run_it, file] { run_it = [file] { return serve(config_file(*file)); }; });
}

} // namespace trialgate::gateway
