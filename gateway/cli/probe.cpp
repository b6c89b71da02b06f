// `probe`: whether and how a FHIR server works with trialgate, and what to fix.
#include "gateway/probe/probe.hpp"
#include "gateway/cli/live.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/terminal.hpp"
#include "gateway/intake/runners.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <unistd.h>

namespace trialgate::gateway {

namespace {

struct given {
    probe::probe_options probe;
    screening_options library;
    std::string url, config, source, token_file, format = "text", output;
    unsigned patience = 20, deadline = 30, most_time = 180;
    bool verbose = false, no_colour = false;
};

bool complain(const std::string& what) {
    std::fprintf(stderr, "error: %s\n", printable(what).c_str());
    return false;
}

/// The server and our access to it: of a source of the configuration, or of the command line.
bool choose_server(given& g) {
    probe::probe_options& o = g.probe;
    if (!g.source.empty()) {
        std::vector<mappings::problem> problems;
        const gateway_config config = load_config(config_file(g.config), problems);
        const auto which =
            std::find_if(config.sources.begin(), config.sources.end(), [&](const source_config& s) { return s.name == g.source; });
        if (which == config.sources.end())
            return complain(config_file(g.config) + " names no source '" + g.source + "'");
        const tls_files given_tls = o.source.tls;
        o.source = *which;
        if (!given_tls.ca.empty())
            o.source.tls.ca = given_tls.ca;
        o.public_base = config.listen.public_url;
        if (g.library.library.trials.empty())
            g.library.library = config.library;
    }
    if (!g.url.empty())
        o.source.url = g.url;
    if (!g.token_file.empty()) {
        auto text = read_file(g.token_file);
        if (!text)
            return complain("'" + g.token_file + "' cannot be read");
        while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back())))
            text->pop_back();
        o.source.auth.how = auth_config::method::token;
        o.source.auth.password = {*text, "file " + g.token_file};
    }
    if (o.replay.empty() && o.source.url.empty())
        return complain("give the base URL of a FHIR server, or --source of the configuration");
    if (!o.replay.empty() && !g.url.empty())
        return complain("a recording names its server: leave the URL out");
    if (!o.replay.empty() && !o.record.empty())
        return complain("--record and --replay exclude each other");
    return true;
}

bool load_needs(given& g) {
    if (!g.probe.replay.empty())
        return true; // asks for what was asked
    const library loaded = load_library(g.library.library);
    if (print_problems(loaded))
        return false;
    if (loaded.trials.empty())
        return complain("no trial found: name one with --trial");
    const auto net = mappings::network::compile(loaded.trials, loaded.codes);
    g.probe.types =
        g.probe.source.types.empty() ? types_read(*net) : std::set<std::string>(g.probe.source.types.begin(), g.probe.source.types.end());
    loaded.codes->for_each_code([&](std::string_view system, std::string_view, mappings::concept_id) { g.probe.systems.emplace(system); });
    return true;
}

std::string report_text(const given& g, const probe::probe_report& r) {
    if (g.format == "json")
        return as_json(r);
    if (g.format == "html")
        return as_html(r);
    if (g.format == "junit")
        return as_junit(r);
    if (g.format == "testreport")
        return as_test_report(r);
    const bool terminal = g.output.empty() && !g.no_colour && wants_colours(STDOUT_FILENO);
    return as_text(r, {terminal, g.verbose, terminal_width(STDOUT_FILENO)});
}

exit_code run_it(given g) {
    if (!choose_server(g))
        return exit_code::usage;
    if (!load_needs(g))
        return exit_code::failed;
    set_log(log_level::error, false);
    g.probe.how.patience = std::chrono::seconds(g.patience);
    g.probe.how.request_deadline = std::chrono::seconds(g.deadline);
    g.probe.manners.most_time = std::chrono::seconds(g.most_time);
    g.probe.manners.user_agent = "trialgate-probe/" TRIALGATE_VERSION;
    asio::io_context io(1);
    std::optional<probe::probe_report> report;
    exit_code code = exit_code::failed;
    asio::cancellation_signal stop;
    asio::signal_set ending(io, SIGINT, SIGTERM);
    ending.async_wait([&](boost::system::error_code e, int) {
        if (!e)
            stop.emit(asio::cancellation_type::terminal); // what was written is still removed
    });
    asio::co_spawn(io, run_probe(g.probe), asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, probe::probe_report r) {
                       ending.cancel();
                       try {
                           if (e)
                               std::rethrow_exception(e);
                           report = std::move(r);
                       } catch (const std::exception& why) {
                           complain(why.what());
                       }
                   }));
    io.run();
    if (!report)
        return code;
    code = report->has_findings() ? exit_code::findings : exit_code::done;
    const std::string text = report_text(g, *report);
    if (g.output.empty()) {
        std::fwrite(text.data(), 1, text.size(), stdout);
        return code;
    }
    std::FILE* const to = std::fopen(g.output.c_str(), "wb");
    const bool written = to && std::fwrite(text.data(), 1, text.size(), to) == text.size();
    if (!to || std::fclose(to) != 0 || !written) {
        complain("'" + g.output + "' cannot be written");
        return exit_code::failed;
    }
    return code;
}

void add_options(CLI::App& it, given& g) {
    probe::probe_options& o = g.probe;
    it.add_option("URL", g.url, "Base of the FHIR server, e.g. https://ehr.example.org/fhir");
    add_config_option(it, g.config);
    it.add_option("--source", g.source, "URL, access and certificates of this source of the configuration")->type_name("NAME");
    it.add_option("--token-file", g.token_file, "File with an access token, sent as Bearer")->type_name("FILE");
    it.add_option("--ca", o.source.tls.ca, "Certificates to believe instead of the system's")->type_name("FILE");
    it.add_option("--subscription-path", o.source.subscription_path, "Where Subscriptions are created")->type_name("PATH");
    it.add_option("--subscription-status", o.source.subscription_status, "Status of a Subscription when it is created")
        ->check(CLI::IsMember({"requested", "active"}));
    it.add_option("--bulk-path", o.source.bulk_path, "What is exported, e.g. Group/trial/$export")->type_name("PATH");
    it.add_flag("--write", o.how.write, "Also try writes, with tagged synthetic resources that are removed again");
    it.add_option("--listen", o.listen, "Address at which notifications are heard, e.g. 127.0.0.1:0 (for Subscriptions, with --write)")
        ->type_name("HOST:PORT");
    it.add_option("--public-url", o.public_url, "How the server reaches that address")->type_name("URL");
    it.add_option("--listen-certificate", o.listen_tls.certificate, "Certificate of the listener")->type_name("FILE");
    it.add_option("--listen-key", o.listen_tls.key, "Its key")->type_name("FILE");
    it.add_option("--requests", o.manners.most_requests, "At most so many requests in total (default 300)")
        ->check(CLI::Range(1, 100'000))
        ->type_name("N");
    it.add_option("--rate", o.manners.per_second, "At most so many requests a second on average (default 5)")
        ->check(CLI::Range(1, 10'000))
        ->type_name("N");
    it.add_option("--time", g.most_time, "Seconds after which nothing more is asked (default 180)")
        ->check(CLI::Range(1, 86'400))
        ->type_name("N");
    it.add_option("--deadline", g.deadline, "Seconds for one request (default 30)")->check(CLI::Range(1, 600))->type_name("N");
    it.add_option("--patience", g.patience, "Seconds to wait for a notification or a status (default 20)")
        ->check(CLI::Range(1, 3'600))
        ->type_name("N");
    it.add_option("--record", o.record, "Write every exchange there, scrubbed of what tells of people")->type_name("DIR");
    it.add_option("--replay", o.replay, "Answers come from a recording; no network")->type_name("DIR");
    it.add_option("--format", g.format, "text, json, html, junit or testreport (FHIR)")
        ->check(CLI::IsMember({"text", "json", "html", "junit", "testreport"}));
    it.add_option("--output", g.output, "File for the report (default: standard output)")->type_name("FILE");
    it.add_flag("-v,--verbose", g.verbose, "Evidence of every check, not only of findings");
    it.add_flag("--no-color", g.no_colour, "No colours");
    add_library_options(it, g.library);
}

} // namespace

void add_probe(CLI::App& program, verb& run) {
    CLI::App* const it = program.add_subcommand("probe", "Tells whether and how a FHIR server works with trialgate, and what to fix");
    const auto g = std::make_shared<given>();
    add_options(*it, *g);
    it->footer("Read-only without --write. Exit codes: 0 no findings, 1 failed, 2 wrong command line, 3 findings.\n"
               "What each check means: gateway/probe/checks/ID.md");
    it->callback([&run, g] {
        run = [g] {
            if (!split_settings(g->library))
                return exit_code::usage;
            return run_it(*g);
        };
    });
}

} // namespace trialgate::gateway
