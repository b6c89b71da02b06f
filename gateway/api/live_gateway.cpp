#include "gateway/api/live_gateway.hpp"

#include "gateway/api/gateway_parts.hpp"
#include "gateway/api/operations.hpp"
#include "gateway/api/participants_api.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/folder_lock.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/wake.hpp"
#include "gateway/page/page.hpp"
#include "gateway/work/live_trials.hpp"

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>

namespace trialgate::gateway {

namespace {

http_response busy() {
    http_response out;
    out.status = 503;
    out.headers.set("Retry-After", "2");
    return out;
}

std::shared_ptr<tls_context> server_tls(const tls_files& files, const std::string& listener, fault_board& faults) {
    if (files.certificate.empty())
        return nullptr;
    auto out = std::make_shared<tls_context>(tls_context::role::server, files);
    out->on_renewal([&faults, listener](const std::string& problem) { tell_renewal(faults, listener, problem); });
    return out;
}

bool listens_elsewhere(const page_config& a, const page_config& b) {
    return a.enabled != b.enabled || a.address != b.address || a.public_url != b.public_url || a.plain != b.plain || !(a.tls == b.tls);
}

} // namespace

struct live_gateway::state {
    asio::io_context& io;
    gateway_config config;
    std::shared_ptr<clock> time;
    std::function<void(std::string_view, std::string_view)> watch;
    std::optional<folder_lock> lock;
    metrics figures;
    std::unique_ptr<fault_board> faults;
    std::unique_ptr<committer> writer;
    std::unique_ptr<store> reading;
    std::shared_ptr<tls_context> tls, operations_tls;
    std::unique_ptr<http_server> listener, operations;
    std::string public_url;
    std::unique_ptr<page> front; ///< the coordinator's page; empty: switched off
    std::unique_ptr<gateway_parts> parts;
    bool hurried = false;
    unsigned asked = 0; ///< requests that the parts are answering
    wake answered;      ///< the last of them

    state(asio::io_context& on, gateway_config c, std::shared_ptr<clock> t, std::function<void(std::string_view, std::string_view)> w)
        : io(on), config(std::move(c)), time(std::move(t)), watch(std::move(w)) {}

    void open_store();
    void listen_all();
    void open_page();
    gateway_ground ground();
    /// Something for the parts of then, from any thread.
    std::function<void()> later(void (gateway_parts::*what)());
    std::map<std::string, std::string> live_sources() const;
    asio::awaitable<http_response> answer(http_request request);
    asio::awaitable<http_response> answer_operations(http_request request, http_handler usual);
    std::vector<readiness_check> ready();
    std::string figures_text();
    void set_figures_of_parts(instant now);
};

live_gateway::live_gateway(asio::io_context& on, gateway_config config, std::shared_ptr<clock> time,
                           std::function<void(std::string_view, std::string_view)> watch)
    : state_(std::make_unique<state>(on, std::move(config), std::move(time), std::move(watch))) {}

live_gateway::~live_gateway() = default;

void live_gateway::state::open_store() {
    std::filesystem::create_directories(config.data);
    lock.emplace(config.data);
    auto writing = open_sqlite(config.data);
    reading = open_sqlite(config.data);
    faults = std::make_unique<fault_board>(time, [this](const fault_row& f, bool over) {
        over ? log_info("fault.over", {{"fault", f.key}}) : log_warning("fault.began", {{"fault", f.key}, {"what", f.text}});
        if (watch)
            watch(over ? "fault over" : "fault", f.key + ": " + f.text);
        // Faults are raised on any thread; the parts live on this one.
        asio::post(io, [this, f, over] {
            if (parts)
                parts->tell_fault(f, over);
            if (front)
                front->operations_changed();
        });
    });
    writer = start_committer(std::move(writing), config.data);
    faults->attach(*reading, writer.get());
}

gateway_ground live_gateway::state::ground() {
    gateway_ground out{config.data, *writer, *reading, time, *faults, figures, config.limits, public_url, watch, {}, {}};
    if (front) { // the worker ends before the page goes
        out.decisions_changed = [&page = *front] { page.decisions_changed(); };
        out.alerts_changed = [&page = *front] { page.alerts_changed(); };
    }
    return out;
}

std::function<void()> live_gateway::state::later(void (gateway_parts::*what)()) {
    return [this, what] {
        asio::post(io, [this, what] {
            if (parts)
                (*parts.*what)();
        });
    };
}

std::map<std::string, std::string> live_gateway::state::live_sources() const {
    std::map<std::string, std::string> out;
    if (parts)
        for (const auto& s : parts->sources()) {
            json_text members;
            members.begin_object().key("answers").boolean(s->can.has_value()).key("lastHeard");
            s->last_heard ? members.number(s->last_heard) : members.null();
            members.end_object();
            const std::string_view text = members.text();
            out[s->config.name] = text.substr(1, text.size() - 2); // members of a larger object
        }
    return out;
}

/// A test's clock holds for sessions, too; a demo's does not: it jumps by days, and browsers live in the present.
void live_gateway::state::open_page() {
    if (!config.page.enabled)
        return;
    const std::shared_ptr<clock> sessions = dynamic_cast<manual_clock*>(time.get()) ? time : system_clock();
    front = std::make_unique<page>(io.get_executor(), config.page,
                                   page_ground{config.data, *writer, time, sessions, *faults, later(&gateway_parts::look_at_participants),
                                               later(&gateway_parts::look_at_outbox), later(&gateway_parts::look_at_alerts), [this] { return live_sources(); }});
}

asio::awaitable<http_response> live_gateway::state::answer(http_request request) {
    if (auto keys = answer_published_keys(request, [this] { return parts ? parts->jwks() : std::string(R"({"keys":[]})"); }))
        co_return std::move(*keys);
    if (request.target == "/livez") {
        http_response out;
        out.body = "ok\n";
        co_return out;
    }
    if (!parts)
        co_return busy();
    struct counted {
        state& s;
        explicit counted(state& in) : s(in) { ++s.asked; }
        ~counted() {
            if (--s.asked == 0)
                s.answered.ring();
        }
    };
    const counted one(*this);
    if (is_participants_target(request.target)) {
        gateway_parts& here = *parts; // a reload takes them away, and waits for this request before they go
        const participants_ground ground{*reading, *writer, *time, here.config(), here.trials(), site_of(here.config()), [&here] { here.look_at_participants(); }};
        http_response out = co_await answer_participants(ground, std::move(request));
        co_return out;
    }
    co_return co_await parts->answer_hook(std::move(request));
}

asio::awaitable<http_response> live_gateway::state::answer_operations(http_request request, http_handler usual) {
    // Only for tests, and only with a manual clock (TRIALGATE_TEST_CLOCK): time goes where the test says.
    if (auto* manual = dynamic_cast<manual_clock*>(time.get()); manual && request.target == "/test/clock" && request.method == "PUT") {
        manual->set(std::strtoll(request.body.c_str(), nullptr, 10));
        if (parts)
            parts->clock_was_set();
        co_return http_response{};
    }
    if (dynamic_cast<manual_clock*>(time.get()) && request.target == "/test/idle") {
        http_response out;
        out.body = parts && parts->worker_is_idle() ? "idle" : "busy";
        co_return out;
    }
    co_return co_await usual(std::move(request));
}

std::vector<readiness_check> live_gateway::state::ready() {
    std::vector<readiness_check> out{{"store", true}, {"parts", parts != nullptr}};
    for (const fault_row& f : faults->current())
        if (f.key.starts_with("store.") || f.key.starts_with("task."))
            out.front().ok = false;
    if (parts)
        for (const auto& s : parts->sources())
            out.push_back({"source." + s->config.name, s->can.has_value()});
    return out;
}

void live_gateway::state::set_figures_of_parts(instant now) {
    for (const auto& s : parts->sources()) {
        const std::string& name = s->config.name;
        figures.set("trialgate_source_last_heard_seconds", {{"source", name}}, static_cast<double>(s->last_heard) / 1000);
        for (const auto& [kind, word] : {std::pair{job_kind::fetch, "fetch"}, {job_kind::hydrate, "hydrate"}, {job_kind::reconcile, "reconcile"}})
            figures.set("trialgate_source_jobs", {{"source", name}, {"kind", word}}, static_cast<double>(reading->job_count(name, kind)));
    }
    for (const sink_config& s : parts->config().sinks) {
        const outbox_counts waiting = reading->outbox_count(s.name);
        figures.set("trialgate_outbox_waiting", {{"sink", s.name}}, static_cast<double>(waiting.waiting));
        figures.set("trialgate_outbox_dead", {{"sink", s.name}}, static_cast<double>(waiting.dead));
        figures.set("trialgate_outbox_age_seconds", {{"sink", s.name}}, waiting.oldest ? static_cast<double>(now - waiting.oldest) / 1000 : 0);
    }
}

std::string live_gateway::state::figures_text() {
    try {
        const journal_counts journal = reading->journal_count();
        const instant now = time->now();
        figures.set("trialgate_journal_rows", {}, static_cast<double>(journal.rows));
        figures.set("trialgate_journal_oldest_seconds", {}, journal.oldest ? static_cast<double>(now - journal.oldest) / 1000 : 0);
        figures.set("trialgate_quarantine_rows", {}, static_cast<double>(reading->quarantine_count()));
        figures.set("trialgate_patients", {}, static_cast<double>(reading->patient_count()));
        figures.set("trialgate_faults", {}, static_cast<double>(faults->current().size()));
        const committer::figures commits = writer->counted();
        figures.set("trialgate_wal_bytes", {}, static_cast<double>(commits.wal_bytes));
        figures.set("trialgate_commits_total", {}, static_cast<double>(commits.commits));
        if (parts)
            set_figures_of_parts(now);
        const auto of_listener = [this](std::string_view name, const http_server::figures& counted, const std::shared_ptr<tls_context>& files) {
            figures.set("trialgate_http_connections", {{"listener", name}}, static_cast<double>(counted.open));
            figures.set("trialgate_http_refused_total", {{"listener", name}}, static_cast<double>(counted.refused));
            if (files)
                figures.set("trialgate_certificate_expires_seconds", {{"listener", name}}, static_cast<double>(files->expires()) / 1000);
        };
        if (listener)
            of_listener("public", listener->counted(), tls);
        if (operations)
            of_listener("operations", operations->counted(), operations_tls);
        if (front)
            of_listener("page", front->counted(), front->tls());
    } catch (const store_error&) {
        faults->raise("store.unreadable", "the store cannot be read");
    }
    return figures.text();
}

void live_gateway::state::listen_all() {
    tls = server_tls(config.listen.tls, "listen", *faults);
    http_server_options o;
    o.address = config.listen.address;
    o.tls = tls;
    o.allow_plain_remote = config.listen.plain;
    o.most_body_bytes = config.listen.most_body_bytes;
    listener = listen(io.get_executor(), o, [this](http_request r) { return answer(std::move(r)); });
    public_url = config.listen.public_url;
    if (public_url.empty()) {
        const std::string host = o.address.substr(0, o.address.rfind(':'));
        public_url = std::string(tls ? "https://" : "http://") + (host == "0.0.0.0" || host.empty() ? "localhost" : host) + ':' +
                     std::to_string(listener->port());
    }

    operations_tls = server_tls(config.operations.tls, "operations", *faults);
    http_server_options p;
    p.address = config.operations.address;
    p.tls = operations_tls;
    const http_handler usual = make_operations_handler({[this] { return ready(); }, [this] { return figures_text(); },
                                                        [this] { return parts ? parts->jwks() : std::string(R"({"keys":[]})"); },
                                                        config.operations.token.value});
    operations = listen(io.get_executor(), p, [this, usual](http_request r) { return answer_operations(std::move(r), usual); });
}

asio::awaitable<void> live_gateway::start() {
    state& s = *state_;
    s.open_store();
    s.listen_all();
    s.open_page();
    auto parts = std::make_unique<gateway_parts>(s.config, s.ground());
    parts->start(s.io.get_executor());
    s.parts = std::move(parts);
    if (s.front) {
        s.front->use(s.parts->setting_of_page());
        log_info("page", {{"address", s.front->url()}});
    }
    log_info("ready", {{"port", s.listener->port()}, {"operations", s.operations->port()}, {"url", s.public_url}, {"sources", s.config.sources.size()},
                       {"sinks", s.config.sinks.size()}});
    co_return;
}

asio::awaitable<std::string> live_gateway::reload(gateway_config config) {
    state& s = *state_;
    if (config.data != s.config.data || config.listen.address != s.config.listen.address || config.operations.address != s.config.operations.address ||
        !(config.listen.tls == s.config.listen.tls) || listens_elsewhere(config.page, s.config.page))
        log_warning("reload.restart-needed", {{"what", "data, listen, operations or page changed: they stay as they are until a restart"}});
    config.data = s.config.data;
    for (const auto& files : {s.tls, s.operations_tls, s.front ? s.front->tls() : nullptr})
        if (files)
            if (const std::string why = files->reload(); !why.empty())
                log_warning("reload.certificate", {{"why", why}});
    std::unique_ptr<gateway_parts> next;
    std::shared_ptr<const page_setting> setting;
    try {
        next = std::make_unique<gateway_parts>(config, s.ground());
        setting = next->setting_of_page();
    } catch (const std::exception& e) {
        co_return e.what();
    }
    auto old = std::move(s.parts);
    // Requests that wait for their commit use the old parts; and what they journal the new ones must find.
    while (s.asked > 0)
        co_await s.answered.wait(*s.time, std::numeric_limits<instant>::max());
    co_await old->stop(10 * second_ms);
    old.reset();
    std::string why;
    try {
        next->start(s.io.get_executor());
    } catch (const std::exception& e) {
        why = e.what();
    }
    s.parts = std::move(next);
    try {
        if (s.front)
            s.front->use(std::move(setting));
    } catch (const std::exception& e) {
        why += (why.empty() ? "the page stays as it was: " : "; the page stays as it was: ") + std::string(e.what());
    }
    s.config = std::move(config);
    log_info("reloaded", {{"sources", s.config.sources.size()}, {"sinks", s.config.sinks.size()}});
    co_return why;
}

asio::awaitable<void> live_gateway::stop(duration_ms grace) {
    state& s = *state_;
    if (s.listener)
        co_await s.listener->stop(std::chrono::milliseconds(s.hurried ? 0 : grace));
    if (s.front)
        co_await s.front->stop(std::chrono::milliseconds(s.hurried ? 0 : grace));
    if (s.parts) {
        if (s.hurried)
            s.parts->hurry();
        co_await s.parts->stop(s.hurried ? 0 : grace);
        s.parts.reset();
    }
    if (s.operations)
        co_await s.operations->stop(std::chrono::milliseconds(0));
    if (s.writer)
        s.writer->stop();
    s.reading.reset();
    log_info("stopped");
    flush_log();
}

void live_gateway::hurry() {
    state_->hurried = true;
    if (state_->parts)
        state_->parts->hurry();
}

void live_gateway::clock_was_set() {
    if (state_->parts)
        state_->parts->clock_was_set();
}

bool live_gateway::settled() const {
    const state& s = *state_;
    if (!s.parts || !s.parts->worker_is_idle() || s.reading->journal_count().rows > 0)
        return false;
    const gateway_config& config = s.parts->config();
    const auto fetched = [&](const source_config& from) {
        return s.reading->job_count(from.name, job_kind::fetch) + s.reading->job_count(from.name, job_kind::hydrate) == 0;
    };
    const auto delivered = [&](const sink_config& to) { return s.reading->outbox_count(to.name).waiting == 0; };
    return std::all_of(config.sources.begin(), config.sources.end(), fetched) &&
           std::all_of(config.sinks.begin(), config.sinks.end(), delivered);
}

asio::awaitable<std::string> live_gateway::new_page_link() {
    std::string out;
    if (state_->front)
        if (auto link = co_await state_->front->new_link())
            out = *std::move(link);
    co_return out;
}

std::string live_gateway::page_url() const { return state_->front ? state_->front->url() : ""; }

unsigned short live_gateway::port() const noexcept { return state_->listener ? state_->listener->port() : 0; }
unsigned short live_gateway::operations_port() const noexcept { return state_->operations ? state_->operations->port() : 0; }
const std::string& live_gateway::public_url() const noexcept { return state_->public_url; }

} // namespace trialgate::gateway
