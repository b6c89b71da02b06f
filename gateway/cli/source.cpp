// `source remove`: our Subscriptions are taken off the hospital's server, and what is kept of the source is forgotten.
#include "gateway/api/gateway_parts.hpp"
#include "gateway/cli/live.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/folder_lock.hpp"
#include "gateway/core/log.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>

namespace trialgate::gateway {

namespace {

/// Empty on success.
std::string remove_at_server(const gateway_config& config, const source_config& which, committer& writer, store& reading) {
    const auto time = system_clock();
    metrics figures;
    fault_board faults(time, {});
    intake_services services{writer, reading, *time, faults, figures, {}, [] { return 0.5; }, config.limits};
    source_state source;
    source.config = which;
    std::vector<std::shared_ptr<const signing_key>> keys;
    source.client = make_client(which.url, which.auth, which.tls, config.listen.public_url, keys, time, faults, "source " + which.name);
    asio::io_context io(1);
    std::string out = "interrupted";
    asio::co_spawn(io, remove_subscriptions(services, source), [&](std::exception_ptr e, std::string why) {
        try {
            if (e)
                std::rethrow_exception(e);
            out = std::move(why);
        } catch (const std::exception& s) {
            out = s.what();
        }
    });
    io.run();
    source.client.reset();
    return out;
}

exit_code remove(const std::string& file, const std::string& name, bool forget_only) {
    const std::optional<gateway_config> usable = usable_config(file);
    if (!usable)
        return exit_code::failed;
    const gateway_config& config = *usable;
    const auto which = std::find_if(config.sources.begin(), config.sources.end(), [&](const source_config& s) { return s.name == name; });
    if (which == config.sources.end() && !forget_only) {
        std::fprintf(stderr, "error: %s names no source '%s'; put it back to take its Subscriptions off the server, or use --forget-only\n",
                     file.c_str(), name.c_str());
        return exit_code::failed;
    }
    try {
        const folder_lock alone(config.data); // a running gateway would subscribe again
        const auto reading = open_sqlite(config.data);
        const auto writer = start_committer(open_sqlite(config.data), config.data);
        std::string why;
        if (!forget_only)
            why = remove_at_server(config, *which, *writer, *reading);
        if (why.empty())
            if (const auto failed = commit_and_wait(*writer, [&](store& s) { s.source_remove(name); }))
                why = failed->what();
        writer->stop();
        if (!why.empty()) {
            std::fprintf(stderr, "error: %s\n", why.c_str());
            return exit_code::failed;
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "error: %s\n", e.what());
        return exit_code::failed;
    }
    std::printf("Source '%s' is removed. Take it out of %s and reload the gateway (SIGHUP).\n", name.c_str(), file.c_str());
    return exit_code::done;
}

} // namespace

void add_source(CLI::App& program, verb& run) {
    CLI::App* const source = program.add_subcommand("source", "The hospitals' servers");
    source->require_subcommand(1);
    CLI::App* const it = source->add_subcommand("remove", "Takes our Subscriptions off the server and forgets everything kept of the source");
    struct given {
        std::string config, name;
        bool forget_only = false;
    };
    const auto o = std::make_shared<given>();
    add_config_option(*it, o->config);
    it->add_option("NAME", o->name, "Name of the source in the configuration")->required();
    it->add_flag("--forget-only", o->forget_only, "Do not ask the server (it is gone)");
    it->callback([&run, o] { run = [o] { return remove(config_file(o->config), o->name, o->forget_only); }; });
}

} // namespace trialgate::gateway
