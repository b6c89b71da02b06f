#include "gateway/core/config.hpp"

#include "gateway/core/config_reader.hpp"
#include "gateway/core/zone.hpp"

#include <algorithm>
#include <filesystem>

namespace trialgate::gateway {

namespace fs = std::filesystem;
using mappings::problem;

namespace {

bool everywhere(std::string_view host) noexcept { return host == "0.0.0.0" || host == "::"; }

} // namespace

config_reader::config_reader(const mappings::source_file& source, std::vector<problem>& problems)
    : source_(source), folder_(fs::absolute(fs::path(source.name)).parent_path().string()), file_(source_, problems) {}

gateway_config config_reader::read() {
    gateway_config out;
    out.file = source_.name;
    const value v = file_.root();
    if (!v)
        return out;
    object root(*this, v, "the configuration");
    if (!v.is_object())
        return out;
    root.take("$schema");
    if (const auto data = text(root.need("data"))) {
        out.data = path(*data);
        std::error_code none;
        if (fs::exists(out.data, none) && !fs::is_directory(out.data, none))
            error("bad-folder", v["data"], "'" + out.data + "' is not a folder");
    }
    if (const auto zone = text(root.need("timeZone"))) {
        out.time_zone = *zone;
        if (!find_zone(*zone))
            error("unknown-zone", v["timeZone"], "'" + *zone + "' is no time zone", "a name of the zone database, e.g. \"Europe/Berlin\", or \"UTC\"");
    }
    read_calendar(root.take("calendar"), out.calendar);
    read_library(root, out);
    read_listen(root.take("listen"), out.listen);
    read_operations(root.take("operations"), out.operations);
    read_page(root.take("page"), out);
    read_limits(root.take("limits"), out.limits);
    read_log(root.take("log"), out);
    const auto each = [&](std::string_view name, auto&& read) {
        const value list = root.take(name);
        if (list && !list.is_array())
            wrong_type(list, "a list of " + std::string(name));
        for (const value& one : list.elements())
            read(one);
    };
    each("api", [&](value one) { out.api_clients.push_back(read_api_client(one)); });
    each("sources", [&](value one) { out.sources.push_back(read_source(one)); });
    each("sinks", [&](value one) { out.sinks.push_back(read_sink(one)); });
    read_people(root.take("people"), out.people);
    read_secret(root.take("pseudonymKey"), out.pseudonym_key, 16, level::error);
    root.finish();
    if (!v["sources"] || (v["sources"].is_array() && v["sources"].size() == 0))
        warn("no-source", v["sources"] ? v["sources"] : v, "there is no source: nothing will arrive");
    if (!out.sinks.empty() && !v["pseudonymKey"])
        error("missing-member", v, "sinks need 'pseudonymKey': study systems know people by a pseudonym", R"(e.g. {"file": "pseudonym.key"}, made by openssl rand -base64 32)");
    check_reachable(v["sources"], v["listen"], out);
    return out;
}

void config_reader::read_library(object& root, gateway_config& into) {
    std::error_code none;
    library_options& l = into.library;
    if (const value at = root.take("mappings"); const auto written = text(at)) {
        l.mappings = path(*written);
        if (!fs::is_directory(l.mappings / "library", none))
            error("no-library", at, "'" + l.mappings.string() + "' has no folder 'library'", "name the folder that holds library/ and trials/");
    }
    root.texts("trials", l.trials);
    const value trials = root.whole()["trials"];
    if (trials.is_array() && trials.size() == 0)
        error("empty-list", trials, "without trials there is nothing to decide", "leave 'trials' out for all of the library");
    for (std::string& trial : l.trials) // a bare name is a trial of the library, DIR@VERSION a folder
        if (trial.find('/') != trial.npos || fs::exists(path(trial) + "/trial.json", none))
            trial = path(trial);
    std::vector<std::string> maps;
    root.texts("maps", maps);
    for (const value& at : root.whole()["maps"].elements())
        if (at.is_string() && !at.text().empty() && file_text(at, path(at.text())))
            l.site_maps.emplace_back(path(at.text()));
    read_settings(root.take("settings"), l);
    root.truth("unverifiedCodes", l.unverified_codes);
}

void config_reader::read_settings(value v, library_options& into) const {
    if (v && !v.is_object())
        return wrong_type(v, "an object of settings");
    for (const fhir::json::member& m : v.members()) {
        // As on the command line: text as it is, anything else as JSON.
        std::string written;
        if (m.content.is_string() || m.content.is_number()) {
            written = m.content.text();
        } else if (m.content.is_boolean()) {
            written = m.content.as_bool() ? "true" : "false";
        } else if (m.content.is_array()) {
            for (const value& one : m.content.elements())
                written += (written.empty() ? "[" : ",") + (one.is_number() ? std::string(one.text()) : fhir::json::quote(one.text()));
            written += written.empty() ? "[]" : "]";
        } else {
            wrong_type(m.content, "a string, a number, true, false or a list");
            continue;
        }
        into.settings[std::string(m.name)] = std::move(written);
    }
}

void config_reader::read_limits(value v, limits_config& into) {
    object m(*this, v, "'limits'");
    m.number("journalRows", into.journal_rows, 100, 100'000'000);
    m.number("journalBytes", into.journal_bytes, std::int64_t{1} << 20, std::int64_t{1} << 40);
    m.number("commitsWaiting", into.commits_waiting, 16, 1'000'000);
    m.finish();
}

void config_reader::read_log(value v, gateway_config& into) {
    object m(*this, v, "'log'");
    m.one_of("level", into.log_level,
             {{"debug", std::string("debug")}, {"info", std::string("info")}, {"warning", std::string("warning")}, {"error", std::string("error")}});
    m.one_of("format", into.log_json, {{"text", false}, {"json", true}});
    m.finish();
}

void config_reader::read_calendar(value v, mappings::site_calendar& into) {
    if (!v)
        return;
    object m(*this, v, "'calendar'");
    if (const value closed = m.take("closed"); closed.is_array()) {
        into.works.fill(true);
        for (const value& day : closed.elements()) {
            mappings::nearest_name near(day.text());
            const auto is_named = [&](std::string_view name) {
                near.consider(name);
                return day.is_string() && day.text() == name;
            };
            const auto at = std::find_if(mappings::weekdays.begin(), mappings::weekdays.end(), is_named);
            if (at == mappings::weekdays.end())
                error("unknown-weekday", day, "expected a day of the week, Monday to Sunday", near.hint());
            else
                into.works[static_cast<std::size_t>(at - mappings::weekdays.begin())] = false;
        }
        if (std::none_of(into.works.begin(), into.works.end(), [](bool works) { return works; }))
            error("never-open", closed, "the site would never be open");
    } else if (closed) {
        wrong_type(closed, "a list of days of the week", R"(e.g. ["Saturday", "Sunday"])");
    }
    const value holidays = m.take("holidays");
    if (holidays && !holidays.is_object())
        wrong_type(holidays, "an object of days and their names", R"(e.g. {"2026-12-25": "Christmas Day"})");
    for (const fhir::json::member& one : holidays.members()) {
        const auto day = fhir::parse_date(one.name);
        if (!day)
            error("bad-date", one.content, "'" + std::string(one.name) + "' is no day", "YYYY-MM-DD");
        else if (one.content.is_string())
            into.holidays.insert_or_assign(*day, std::string(one.content.text()));
        else
            wrong_type(one.content, "the holiday's name");
    }
    m.finish();
}

/// How sources reach us: whoever calls our hooks must know where they are.
void config_reader::check_reachable(value sources, value listen, gateway_config& whole) const {
    const auto here = split_address(whole.listen.address);
    const auto operations = split_address(whole.operations.address);
    if (here && operations && here->port != 0 && here->port == operations->port && here->host == operations->host)
        error("same-address", file_.root()["operations"]["address"] ? file_.root()["operations"]["address"] : listen["address"],
              "'listen' and 'operations' have the same address");
    const bool named = !whole.listen.public_url.empty();
    if (!named && here && here->port != 0 && !everywhere(here->host))
        whole.listen.public_url = (whole.listen.tls.certificate.empty() ? "http://" : "https://") + whole.listen.address;
    for (const value& at : sources.elements()) {
        const std::string_view how = at["delivery"].text();
        if (how == "poll" || how == "websocket" || !at.is_object())
            continue;
        if (!named && here && everywhere(here->host)) {
            error("missing-member", listen, "'listen' needs 'publicUrl': sources are told where to send", "e.g. \"https://gw.example.org:8443\"");
            return;
        }
        const web_url from = split_url(at["url"].text()), to = split_url(whole.listen.public_url);
        if (from.fault.empty() && to.fault.empty() && !is_loopback(from.host) && is_loopback(to.host))
            warn("unreachable", at["url"], "this server cannot reach " + whole.listen.public_url,
                 "set listen.address and listen.publicUrl, or \"delivery\": \"poll\"");
    }
}

gateway_config load_config(const std::string& file, std::vector<problem>& problems) {
    const std::size_t first = problems.size();
    auto text = read_file(file);
    if (!text) {
        problems.push_back({problem::level::error, "cannot-read", file, 0, 0, "the file cannot be read", ""});
        gateway_config nothing;
        nothing.file = file;
        return nothing;
    }
    config_reader reader({file, std::move(*text)}, problems);
    gateway_config out = reader.read();
    sort_problems(problems, first);
    return out;
}

void check_trials(const gateway_config& config, const library& loaded, std::vector<problem>& problems) {
    std::vector<std::string> ids;
    for (const auto& t : loaded.trials)
        ids.push_back(t->id);
    std::vector<problem> said_before;
    const mappings::source_file source{config.file, read_file(config.file).value_or("{}")};
    const mappings::json_file file(source, said_before);
    const auto unknown = [&](fhir::json::value trial) {
        file.report_to(problems, "unknown-trial", trial, "the trial '" + std::string(trial.text()) + "' is not loaded",
                       mappings::nearest_hint(trial.text(), ids));
    };
    for (const auto& sink : file.root()["sinks"].elements())
        for (const auto& trial : sink["trials"].elements())
            if (trial.is_string() && std::find(ids.begin(), ids.end(), trial.text()) == ids.end())
                unknown(trial);
    for (const auto& person : file.root()["people"]["subscribers"].elements())
        for (const auto& trial : person["trials"].elements())
            if (trial.is_string() && std::find(ids.begin(), ids.end(), trial.text()) == ids.end())
                unknown(trial);
    for (const auto& entry : file.root()["page"]["access"].elements())
        for (const auto& trial : entry["trials"].elements())
            if (trial.is_string() && std::find(ids.begin(), ids.end(), trial.text()) == ids.end())
                unknown(trial);
}

} // namespace trialgate::gateway
