#include "gateway/api/gateway_parts.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/log.hpp"
#include "gateway/people/people_desk.hpp"
#include "gateway/work/live_trials.hpp"

#include <atomic>
#include <limits>
#include <random>

namespace trialgate::gateway {

namespace {

std::shared_ptr<authorizer> make_authorizer(const std::string& url, const auth_config& auth, const http_client_options& http,
                                            const std::string& public_base, std::vector<std::shared_ptr<const signing_key>>& published,
                                            const std::shared_ptr<clock>& time, const std::string& who) {
    using method = auth_config::method;
    switch (auth.how) {
    case method::none: return nullptr;
    case method::basic: return make_basic_auth(auth.client_id, auth.password.value);
    case method::token: return make_static_token(auth.password.value);
    case method::smart:
    case method::client_secret: break;
    }
    oauth_options o;
    o.fhir_base = url;
    o.token_url = auth.token_url;
    o.client_id = auth.client_id;
    o.scope = auth.scope;
    o.http = http;
    if (auth.how == method::smart) {
        for (const auto& key : auth.keys) {
            o.keys.push_back(std::make_shared<const signing_key>(key.file, key.id));
            published.push_back(o.keys.back());
        }
        if (public_base.starts_with("https://"))
            o.jku = public_base + "/.well-known/jwks.json";
    } else {
        o.client_secret = auth.password.value;
        o.secret_in_header = auth.secret_in_header;
    }
    return make_oauth(std::move(o), time, [who](std::string why) { log_warning("token.scope", {{"for", who}, {"what", why}}); });
}

http_client_options client_options(const tls_files& tls, unsigned connections, const std::string& who, fault_board& faults) {
    http_client_options o;
    if (!tls.ca.empty() || !tls.certificate.empty()) {
        o.tls = std::make_shared<tls_context>(tls_context::role::client, tls);
        o.tls->on_renewal([&faults, who](const std::string& problem) { tell_renewal(faults, who, problem); });
    }
    o.connections_per_origin = std::max(2u, connections * 2);
    return o;
}

} // namespace

void tell_renewal(fault_board& faults, const std::string& whose, const std::string& problem) {
    const std::string key = "tls." + whose;
    if (problem.empty())
        faults.clear(key);
    else
        faults.raise(key, "the changed certificate files of " + whose + " cannot be used, the old ones stay in use: " + problem);
}

std::unique_ptr<fhir_client> make_client(const std::string& url, const auth_config& auth, const tls_files& tls, const std::string& public_base,
                                         std::vector<std::shared_ptr<const signing_key>>& published, std::shared_ptr<clock> time,
                                         fault_board& faults, const std::string& who, bool breaker) {
    fhir_client_options o;
    o.base = url;
    if (!breaker)
        o.breaker_after = std::numeric_limits<unsigned>::max();
    o.http = client_options(tls, 4, who, faults);
    o.auth = make_authorizer(url, auth, o.http, public_base, published, time, who);
    return make_fhir_client(std::move(o), std::move(time));
}

struct gateway_parts::state {
    gateway_config config;
    gateway_ground ground;
    live_trials trials;
    std::vector<std::shared_ptr<const signing_key>> keys;
    std::vector<std::unique_ptr<source_state>> sources;
    intake_services intake;
    std::unique_ptr<hook_endpoint> hook;
    struct running_sink {
        sink_config config;
        std::unique_ptr<sink> to;
        wake bell;
    };
    std::vector<std::unique_ptr<running_sink>> sinks;
    std::unique_ptr<outbox_services> outbox;
    std::unique_ptr<people_desk> desk;
    std::unique_ptr<worker> work; ///< after the desk: it pokes it
    std::unique_ptr<task_group> tasks;
    std::atomic<bool> hurried = false;

    state(gateway_config c, gateway_ground g)
        : config(std::move(c)), ground(std::move(g)),
          intake{ground.writer, ground.reading, *ground.time, ground.faults, ground.figures, {}, {}, ground.limits} {
        intake.random = [engine = std::mt19937_64(std::random_device{}())]() mutable {
            return std::uniform_real_distribution<double>(0, 1)(engine);
        };
    }

    void make_sources();
    void make_sinks();
    void start_over_if_trials_changed();
    source_state* find(std::string_view name) {
        for (const auto& s : sources)
            if (s->config.name == name)
                return s.get();
        return nullptr;
    }
};

void gateway_parts::state::make_sources() {
    for (const source_config& c : config.sources) {
        auto s = std::make_unique<source_state>();
        s->config = c;
        s->client = make_client(c.url, c.auth, c.tls, ground.public_url, keys, ground.time, ground.faults, "source " + c.name);
        s->types = c.types.empty() ? types_read(*trials.net) : std::set<std::string>(c.types.begin(), c.types.end());
        s->consider_codes = consider_codes(*trials.net);
        sources.push_back(std::move(s));
    }
}

void gateway_parts::state::make_sinks() {
    for (const sink_config& c : config.sinks) {
        auto s = std::make_unique<running_sink>();
        s->config = c;
        if (c.kind == sink_config::type::fhir) {
            // The outbox has a breaker of its own: behind a second one, which reading back keeps open, messages would never be tried.
            s->to = make_fhir_sink(c, make_client(c.url, c.auth, c.tls, ground.public_url, keys, ground.time, ground.faults, "sink " + c.name, false), ground.time);
        } else {
            http_client_options o = client_options(c.tls, c.concurrency, "sink " + c.name, ground.faults);
            auto auth = make_authorizer(c.url, c.auth, o, ground.public_url, keys, ground.time, "sink " + c.name);
            s->to = make_webhook_sink(c, std::shared_ptr<http_client>(make_http_client(std::move(o))), std::move(auth), ground.time);
        }
        sinks.push_back(std::move(s));
    }
}

void gateway_parts::state::start_over_if_trials_changed() {
    store& reading = ground.reading;
    const auto before = reading.value("trials");
    if (before == trials.fingerprint)
        return;
    // Other trials may read other facts: what was dropped has to come again. Everybody known is fetched again, and the first load is repeated.
    std::vector<std::pair<std::string, std::string>> people;
    std::string source, key;
    for (auto some = reading.patients_after(source, key, 1000); before && !some.empty(); some = reading.patients_after(source, key, 1000)) {
        people.insert(people.end(), some.begin(), some.end());
        std::tie(source, key) = some.back();
    }
    const instant now = ground.time->now();
    const auto failed = commit_and_wait(ground.writer, [&](store& s) {
        for (const auto& [from, who] : people) {
            if (auto row = s.patient(from, who)) {
                row->changes_on = fhir::date::lowest();
                s.patient_put(*row);
            }
            s.job_add({0, from, job_kind::hydrate, who, now, 0, 0});
        }
        if (before)
            for (const auto& one : sources) {
                for (const std::string& type : one->types)
                    s.value_remove("cursor/" + one->config.name + "/" + type);
                s.value_remove("bulk/" + one->config.name);
            }
        s.value_put("trials", trials.fingerprint);
    });
    if (failed)
        throw std::runtime_error(failed->what());
    if (before)
        log_info("trials.changed", {{"people", people.size()}});
}

gateway_parts::gateway_parts(gateway_config config, gateway_ground ground)
    : state_(std::make_unique<state>(std::move(config), std::move(ground))) {
    state_->trials = load_trials(state_->config);
    state_->make_sources();
    state_->make_sinks();
    state_->hook = std::make_unique<hook_endpoint>(state_->intake);
}

gateway_parts::~gateway_parts() = default;

void gateway_parts::start(asio::any_io_executor on) {
    state& s = *state_;
    s.start_over_if_trials_changed();
    s.tasks = std::make_unique<task_group>(on);
    worker_signals signals;
    // Called on the worker's thread; bells may be rung from anywhere.
    signals.job_added = [&s](const std::string& source, job_kind kind) {
        if (source_state* to = s.find(source))
            (kind == job_kind::fetch ? to->fetch_bell : kind == job_kind::hydrate ? to->hydrate_bell : to->reconcile_bell).ring();
    };
    signals.outbox_grew = [&s] {
        for (const auto& sink : s.sinks)
            sink->bell.ring();
    };
    signals.told = s.ground.watch;
    const worker_options options = options_for_worker(s.config, s.trials.net, s.trials.fingerprint);
    if (const people_config& people = s.config.people; !people.relay.host.empty() && !people.subscribers.empty())
        s.desk = std::make_unique<people_desk>(people, options.site, s.ground.writer, open_sqlite(s.ground.data, true), s.ground.time,
                                               s.ground.faults, s.ground.figures, make_smtp_carrier(people.relay));
    signals.decisions_changed = s.ground.decisions_changed;
    signals.alerts_changed = [&s] {
        if (s.desk)
            s.desk->poke();
        if (s.ground.alerts_changed)
            s.ground.alerts_changed();
    };
    s.work = std::make_unique<worker>(options, s.ground.writer, open_sqlite(s.ground.data), *s.ground.time, s.ground.faults,
                                      s.ground.figures, std::move(signals));
    s.outbox = std::make_unique<outbox_services>(outbox_services{
        s.ground.writer, s.ground.reading, *s.ground.time, s.ground.faults, s.ground.figures, s.intake.random,
        [&s](const sink::human_decision& d) { s.work->decided({d.subject, d.trial, d.status, d.at, d.number, d.since}); }});

    std::map<std::string, std::string> hmac;
    for (const auto& source : s.sources)
        hmac[source->config.name] = source->config.hmac.value; // a source that is not named has no hooks
    s.hook->refresh(std::move(hmac));

    const auto run = [&s](const std::string& name, asio::awaitable<void> task) {
        s.tasks->spawn(std::move(task), [name, &s](std::string why) {
            log_error("task.ended", {{"task", name}, {"why", why}});
            s.ground.faults.raise("task." + name, "a part of the gateway ended by an internal error; restart it");
        });
    };
    const auto poke = [](state& st) -> asio::awaitable<void> {
        for (;;) {
            co_await st.intake.journal_grew.wait(*st.ground.time, std::numeric_limits<instant>::max());
            st.work->poke();
        }
    };
    run("work", hearing_total(poke(s)));
    // Everything in intake can be cut off anywhere: what it fetched is durable or is fetched again. The outbox finishes what it began.
    for (const auto& source : s.sources) {
        const std::string& name = source->config.name;
        run("discovery." + name, hearing_total(run_discovery(s.intake, *source)));
        run("fetch." + name, hearing_total(run_fetch(s.intake, *source)));
        run("hydrate." + name, hearing_total(run_hydrate(s.intake, *source)));
        if (source->config.initial == source_config::first_load::bulk)
            run("bulk." + name, hearing_total(run_bulk(s.intake, *source)));
        run("reconcile." + name, hearing_total(run_reconcile(s.intake, *source)));
        run("subscriptions." + name, hearing_total(run_subscriptions(s.intake, *source, *s.hook, s.ground.public_url)));
    }
    for (const auto& sink : s.sinks) {
        run("outbox." + sink->config.name, run_outbox(*s.outbox, sink->config, *sink->to, sink->bell));
        if (sink->config.kind == sink_config::type::fhir && sink->config.read_back)
            run("read-back." + sink->config.name, run_read_back(*s.outbox, sink->config, *sink->to));
    }
}

asio::awaitable<void> gateway_parts::stop(duration_ms grace) {
    if (state_->tasks)
        co_await state_->tasks->stop(std::chrono::milliseconds(state_->hurried ? 0 : grace));
    if (state_->work)
        state_->work->stop();
    if (state_->desk)
        state_->desk->stop();
}

void gateway_parts::hurry() {
    state_->hurried = true;
    if (state_->tasks)
        state_->tasks->cut();
}

asio::awaitable<http_response> gateway_parts::answer_hook(http_request request) { return state_->hook->answer(std::move(request)); }

std::string gateway_parts::jwks() const { return gateway::jwks(state_->keys); }

void gateway_parts::tell_fault(const fault_row& fault, bool over) {
    std::vector<outbox_row> rows;
    for (const auto& sink : state_->sinks) {
        if (!sink->config.faults)
            continue;
        message m;
        m.kind = "fault";
        m.occurred = state_->ground.time->now();
        m.subject = "operator";
        m.status = over ? "over" : "begun";
        m.text = fault.key + ": " + fault.text;
        m.key = to_hex(sha256(fault.key + '|' + std::to_string(fault.since) + '|' + m.status)).substr(0, 32);
        outbox_row o;
        o.sink = sink->config.name;
        o.subject = m.subject;
        o.kind = m.kind;
        o.key = m.key;
        o.body = encode(m);
        o.created = o.not_before = m.occurred;
        rows.push_back(std::move(o));
    }
    if (rows.empty())
        return;
    std::vector<wake> bells;
    for (const auto& sink : state_->sinks)
        bells.push_back(sink->bell);
    state_->ground.writer.submit(
        [rows = std::move(rows)](store& s) {
            for (const outbox_row& o : rows)
                s.outbox_add(o);
        },
        [bells = std::move(bells)](commit_outcome) {
            for (const wake& b : bells)
                b.ring();
        });
}

void gateway_parts::clock_was_set() {
    if (state_->work)
        state_->work->poke();
    if (state_->desk)
        state_->desk->poke();
}

void gateway_parts::look_at_participants() {
    if (state_->work)
        state_->work->poke();
}

void gateway_parts::look_at_outbox() {
    for (const auto& sink : state_->sinks)
        sink->bell.ring();
}

void gateway_parts::look_at_alerts() {
    if (state_->desk)
        state_->desk->poke();
}

std::shared_ptr<const page_setting> gateway_parts::setting_of_page() const {
    const state& s = *state_;
    return std::make_shared<const page_setting>(page_setting{std::make_shared<const gateway_config>(s.config), s.trials.net,
                                                             options_for_worker(s.config, s.trials.net), site_of(s.config), s.trials.fingerprint});
}

const gateway_config& gateway_parts::config() const noexcept { return state_->config; }
const mappings::network& gateway_parts::trials() const noexcept { return *state_->trials.net; }
const std::vector<std::unique_ptr<source_state>>& gateway_parts::sources() const noexcept { return state_->sources; }
bool gateway_parts::worker_is_idle() const noexcept { return state_->work && state_->work->idle(); }

} // namespace trialgate::gateway
