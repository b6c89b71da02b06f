// `demo`: the main job, to watch. A simulated hospital, the gateway (over TLS with --certs) and a receiving study system in one process;
// results arrive one by one, flags go out.
#include "gateway/api/live_gateway.hpp"
#include "gateway/cli/live.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/folder_lock.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/terminal.hpp"
#include "gateway/core/zone.hpp"
#include "gateway/demo/participation.hpp"
#include "gateway/demo/story.hpp"
#include "gateway/store/sqlite_store.hpp"

#include <CLI/CLI.hpp>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace trialgate::gateway {

namespace fs = std::filesystem;

namespace {

constexpr instant demo_start = 1'773'561'600'000; ///< 2026-03-15T08:00:00Z: the cohort's results are of that time

struct demo_options {
    std::string folder, certs, cohort;
    int pace = 700;
    std::uint64_t people = 40;
    int days = 40;
    bool end = false, no_colour = false;
};

/// The machine's clock, as if it were the day of the story.
class story_clock final : public clock {
public:
    story_clock() : real_(system_clock()), shift_(demo_start - real_->now()) {}
    instant now() const noexcept override { return real_->now() + shift_; }
    /// Whoever waits for a time wakes as late as before; who looks at the date sees the new one.
    void advance(duration_ms by) noexcept { shift_ += by; }
    asio::awaitable<void> wait_until(instant at) override { return real_->wait_until(at - shift_); }

private:
    std::shared_ptr<clock> real_;
    std::atomic<instant> shift_;
};

class screen {
public:
    explicit screen(bool colours) : paint_(colours), start_(std::chrono::steady_clock::now()) {}
    void say(style s, std::string_view who, std::string_view what) {
        const std::lock_guard lock(guard_);
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        std::printf("%7.2f s  %s  %s\n", seconds, paint_(s, padded(std::string(who), 9)).c_str(), std::string(what).c_str());
        std::fflush(stdout);
    }

private:
    std::mutex guard_;
    painter paint_;
    std::chrono::steady_clock::time_point start_;
};

void write_file(const fs::path& file, std::string_view text, bool secret = false) {
    std::ofstream(file, std::ios::binary) << text;
    fs::permissions(file, secret ? fs::perms::owner_read | fs::perms::owner_write : fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
}

/// The configuration is written as a person would, so that `trialgate status --config` works beside the demo.
fs::path write_configuration(const fs::path& folder, const demo_options& o, const demo_server& hospital, const demo_server& study,
                             const std::string& hospital_token, const std::string& study_token, const std::string& api_token) {
    fs::create_directories(folder / "data");
    {
        // Both sides begin anew each time: a gateway that remembers the last run would have told everything already.
        const folder_lock alone((folder / "data").string());
        for (const char* part : {"", "-wal", "-shm"})
            fs::remove(store_file((folder / "data").string()) + part);
    }
    write_file(folder / "hospital.token", hospital_token, true);
    write_file(folder / "study.token", study_token, true);
    write_file(folder / "api.token", api_token, true);
    if (!fs::exists(folder / "pseudonym.key"))
        write_file(folder / "pseudonym.key", random_token(32), true);
    const auto tls = [&](json_text& t, bool server) {
        if (o.certs.empty())
            return;
        const fs::path certs = fs::absolute(o.certs);
        t.key("tls").begin_object();
        if (server)
            t.key("certificate").string((certs / "localhost.pem").string()).key("key").string((certs / "localhost.key").string());
        else
            t.key("ca").string((certs / "ca.pem").string());
        t.end_object();
    };
    const auto peer = [&](json_text& t, const char* name, const std::string& url, const char* token) {
        t.begin_object().key("name").string(name).key("url").string(url);
        t.key("auth").begin_object().key("method").string("token").key("secret").begin_object().key("file").string(token).end_object().end_object();
        tls(t, false);
    };
    json_text t;
    t.begin_object().key("data").string("data").key("timeZone").string("Europe/Berlin");
    t.key("pseudonymKey").begin_object().key("file").string("pseudonym.key").end_object();
    t.key("listen").begin_object().key("address").string("127.0.0.1:0");
    if (!o.certs.empty())
        tls(t, true);
    t.end_object();
    t.key("operations").begin_object().key("address").string("127.0.0.1:0").end_object();
    t.key("api").begin_array().begin_object().key("name").string("study");
    t.key("token").begin_object().key("file").string("api.token").end_object().end_object().end_array();
    t.key("sources").begin_array();
    peer(t, "hospital", hospital.base(), "hospital.token");
    t.key("overlap").string("2m").end_object().end_array();
    t.key("sinks").begin_array();
    peer(t, "study", study.base(), "study.token");
    t.key("type").string("fhir").end_object().end_array().end_object();
    write_file(folder / "trialgate.json", t.text());
    return folder / "trialgate.json";
}

/// What the study system is told of a participant: type, status and title.
void show_alert(screen& out, std::string_view type, fhir::json::value v) {
    std::string_view title = v["description"].text();
    if (type == "DetectedIssue")
        title = v["detail"].text();
    else if (type == "CommunicationRequest")
        title = v["payload"][0]["contentString"].text();
    const std::string_view status = v["status"].text();
    const bool over = status == "cancelled" || status == "revoked" || status == "entered-in-error";
    out.say(over ? style::dim : style::bad, "study", std::string(type) + ' ' + std::string(status) + ": " + printable(title.substr(0, title.find('\n'))));
}

void watch_study(screen& out, std::string_view method, std::string_view what, std::string_view text) {
    const std::string_view type = what.substr(0, what.find('/'));
    static constexpr std::string_view of_alerts[] = {"Appointment", "Task", "CommunicationRequest", "DetectedIssue"};
    const bool alert = std::find(std::begin(of_alerts), std::end(of_alerts), type) != std::end(of_alerts);
    if ((type != "Flag" && !alert) || method == "DELETE")
        return;
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(text);
    if (!tree)
        return;
    if (alert) {
        // The worklist of candidates is Tasks, too.
        if ((*tree)["identifier"][0]["system"].text() == "urn:trialgate:participant-alert")
            show_alert(out, type, *tree);
        return;
    }
    const bool active = (*tree)["status"].text() == "active";
    out.say(active ? style::good : style::bad, "study", std::string("Flag ") + std::string((*tree)["status"].text()) + ": " +
                                                            std::string((*tree)["code"]["text"].text()) + " for " +
                                                            std::string((*tree)["subject"]["identifier"]["value"].text().substr(0, 8)));
}

std::string title_of(const story_step& s) {
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(s.text);
    if (!tree)
        return {};
    const auto code = (*tree)["code"];
    const std::string_view text = code["text"] ? code["text"].text() : code["coding"][0]["display"].text();
    return printable(text.empty() ? code["coding"][0]["code"].text() : text);
}

/// A last message may still be on its way: the end is when the gateway had nothing to do for a while.
asio::awaitable<void> at_rest(const live_gateway& gateway) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (int looks = 0, quiet = 0; looks < 600 && quiet < 8; ++looks) {
        pause.expires_after(std::chrono::milliseconds(200));
        co_await pause.async_wait(asio::use_awaitable);
        quiet = gateway.settled() ? quiet + 1 : 0;
    }
}

asio::awaitable<void> tell_story(demo_server& hospital, std::vector<story_step> live, const demo_options& o, const live_gateway& gateway,
                                 screen& out) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    const auto wait = [&](std::chrono::milliseconds d) {
        pause.expires_after(d);
        return pause.async_wait(asio::use_awaitable);
    };
    // Until the gateway has subscribed: what comes before is found by its first load.
    for (int i = 0; i < 100; ++i) {
        std::vector<std::string> ignored;
        if (hospital.shelf().search("Subscription", "status=active", ignored).size() >= 2)
            break;
        co_await wait(std::chrono::milliseconds(100));
    }
    co_await wait(std::chrono::milliseconds(o.pace * 2));
    for (const story_step& s : live) {
        out.say(style::bold, "hospital", "new " + s.type + ": " + title_of(s));
        hospital.put(s.type, s.id, s.text);
        co_await wait(std::chrono::milliseconds(o.pace));
    }
    co_await at_rest(gateway);
}

asio::awaitable<void> follow_weeks(participation_act act, const live_gateway& gateway) {
    co_await play_participation(std::move(act));
    co_await at_rest(gateway);
}

asio::awaitable<void> run_demo(asio::io_context& io, const demo_options& o, screen& out, exit_code& code) {
    const fs::path folder = o.folder;
    fs::create_directories(folder);
    const auto time = std::make_shared<story_clock>();
    const std::string hospital_token = random_token(18), study_token = random_token(18), api_token = random_token(18);
    std::shared_ptr<tls_context> server_tls, trust;
    if (!o.certs.empty()) {
        const fs::path certs = o.certs;
        server_tls = std::make_shared<tls_context>(tls_context::role::server,
                                                   tls_files{"", (certs / "localhost.pem").string(), (certs / "localhost.key").string()});
        trust = std::make_shared<tls_context>(tls_context::role::client, tls_files{(certs / "ca.pem").string(), "", ""});
    }
    demo_server hospital(io.get_executor(), {"Simulated hospital", hospital_token, server_tls, trust, {}}, time);
    demo_server study(io.get_executor(),
                      {"Receiving study system", study_token, server_tls, trust,
                       [&out](std::string_view method, std::string_view what, std::string_view text) { watch_study(out, method, what, text); }},
                      time);
    story told = read_story(o.cohort);
    add_people(told, o.people, fhir::time_zone::fixed(0).date_of(demo_start / 1000));
    for (const story_step& s : told.before)
        s.text.empty() ? hospital.remove(s.type, s.id) : hospital.put(s.type, s.id, s.text);
    const fs::path file = write_configuration(folder, o, hospital, study, hospital_token, study_token, api_token);
    std::vector<mappings::problem> problems;
    gateway_config config = load_config(file.string(), problems);
    for (const mappings::problem& p : problems)
        if (p.level_ == mappings::problem::level::error)
            throw std::runtime_error(to_string(p));
    live_gateway gateway(io, std::move(config), time, [&out](std::string_view event, std::string_view what) {
        out.say(event.starts_with("fault") ? style::bad : style::open, "gateway", std::string(event) + ": " + std::string(what));
    });
    out.say(style::bold, "hospital", hospital.base() + " holds " + std::to_string(told.before.size()) + " resources; " +
                                         std::to_string(told.live.size()) + " results will arrive");
    out.say(style::bold, "study", study.base());
    co_await gateway.start();
    out.say(style::bold, "gateway", gateway.public_url() + ", operations on http://127.0.0.1:" + std::to_string(gateway.operations_port()));
    print_page_link(co_await gateway.new_page_link(), gateway.page_url());
    out.say(style::dim, "look", "build/release/trialgate status --config " + file.string());
    out.say(style::dim, "look", "curl http://127.0.0.1:" + std::to_string(gateway.operations_port()) + "/metrics");
    out.say(style::dim, "look", "Ctrl-C ends it");

    using namespace asio::experimental::awaitable_operators;
    asio::signal_set ending(io, SIGINT, SIGTERM);
    const auto ended = co_await (ending.async_wait(asio::use_awaitable) || tell_story(hospital, std::move(told.live), o, gateway, out));
    bool goes_on = ended.index() == 1;
    if (goes_on) {
        std::vector<std::string> ignored;
        out.say(style::bold, "hospital", "all results have arrived");
        out.say(style::bold, "study", std::to_string(study.shelf().search("Flag", "status=active", ignored).size()) + " active flags");
    }
    if (goes_on && o.days > 0) {
        participation_act act{hospital, gateway.public_url(), api_token, trust, o.days, std::chrono::milliseconds(o.pace), {}, {}, {}, {}};
        act.settled = [&gateway] { return gateway.settled(); };
        act.next_day = [time, &gateway] {
            time->advance(24 * hour_ms);
            gateway.clock_was_set();
        };
        act.today = [time, zone = find_zone("Europe/Berlin").value_or(fhir::time_zone::fixed(0))] { return zone.date_of(time->now() / second_ms); };
        act.say = [&out](std::string_view who, std::string_view what) { out.say(style::bold, who, what); };
        auto weeks = follow_weeks(std::move(act), gateway);
        const auto played = co_await (ending.async_wait(asio::use_awaitable) || std::move(weeks));
        goes_on = played.index() == 1;
    }
    if (goes_on && !o.end)
        co_await ending.async_wait(asio::use_awaitable);
    out.say(style::dim, "gateway", "stopping");
    co_await gateway.stop(5 * second_ms);
    co_await hospital.stop();
    co_await study.stop();
    out.say(style::dim, "look", "the demo's files are in " + folder.string() + "; trialgate calendar --as-of 2026-04-01 --config " + file.string());
    code = exit_code::done;
    io.stop();
}

} // namespace

exit_code demo(demo_options o) {
    if (o.cohort.empty())
        o.cohort = (find_mappings().parent_path() / "gateway" / "demo" / "cohort").string();
    if (o.folder.empty())
        o.folder = (fs::temp_directory_path() / ("trialgate-demo-" + std::to_string(::getpid()))).string();
    set_log(log_level::error, false);
    screen out(!o.no_colour && wants_colours(STDOUT_FILENO));
    exit_code code = exit_code::failed;
    asio::io_context io(1);
    asio::co_spawn(io, run_demo(io, o, out, code), [&io](std::exception_ptr e) {
        try {
            if (e)
                std::rethrow_exception(e);
        } catch (const std::exception& why) {
            std::fprintf(stderr, "error: %s\n", why.what());
            io.stop();
        }
    });
    io.run();
    return code;
}

void add_demo(CLI::App& program, verb& run_it) {
    CLI::App* const it = program.add_subcommand("demo", "Shows the main job: a simulated hospital, the gateway and a receiving study system");
    const auto o = std::make_shared<demo_options>();
    it->add_option("--folder", o->folder, "Where its configuration and data are written (default: a temporary folder)")->type_name("DIR");
    it->add_option("--certs", o->certs, "Certificates made by certs/make.sh: then everything speaks TLS")->type_name("DIR");
    it->add_option("--cohort", o->cohort, "Other people than the shipped ones")->type_name("DIR");
    it->add_option("--people", o->people, "So many more, made by synth (default: 40)")->check(CLI::Range(0, 100'000));
    it->add_option("--days", o->days, "Days after Day 0 through which somebody's visits are followed (default: 40; 0: nobody takes part)")
        ->check(CLI::Range(0, 400));
    it->add_option("--pace", o->pace, "Milliseconds between two results, and of a day")->check(CLI::Range(1, 60'000));
    it->add_flag("--end", o->end, "Ends by itself when everything has happened");
    it->add_flag("--no-color", o->no_colour, "No colours");
    it->callback([&run_it, o] { run_it = [o] { return demo(*o); }; });
}

} // namespace trialgate::gateway
