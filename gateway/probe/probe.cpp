#include "gateway/probe/probe.hpp"

#include "fhir/instant.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/log.hpp"
#include "gateway/net/oauth.hpp"
#include "gateway/probe/ear.hpp"
#include "gateway/probe/tape.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace trialgate::gateway::probe {

std::string_view to_code(verdict v) noexcept {
    switch (v) {
    case verdict::works: return "works";
    case verdict::limited: return "limited";
    case verdict::fails: return "does-not-work";
    case verdict::untested: break;
    }
    return "not-tested";
}

std::string_view to_words(verdict v) noexcept {
    switch (v) {
    case verdict::fails: return "does not work";
    case verdict::untested: return "not tested";
    default: return to_code(v);
    }
}

std::vector<check> list_of_checks() {
    std::vector<check> all, out;
    for (auto group :
         {reach_checks(), search_checks(), paging_checks(), history_checks(), write_checks(), subscription_checks(), bulk_checks()})
        all.insert(all.end(), group.begin(), group.end());
    // Sections in the order in which a person reads them; within each as listed.
    constexpr std::string_view sections[] = {"reachability",
                                             "TLS",
                                             "FHIR version",
                                             "security and SMART",
                                             "types and search parameters",
                                             "_lastUpdated and paging",
                                             "history and deletes",
                                             "writes under concurrency",
                                             "subscriptions",
                                             "bulk export",
                                             "rates"};
    for (const std::string_view section : sections)
        for (const check& c : all)
            if (c.about.section == section)
                out.push_back(c);
    return out;
}

std::vector<check_info> all_checks() {
    std::vector<check_info> out;
    for (const check& c : list_of_checks())
        out.push_back(c.about);
    return out;
}

std::vector<capability_verdict> capabilities_of(std::span<const finding> all) {
    std::vector<capability_verdict> out;
    for (const finding& f : all) {
        if (f.about.capability.empty())
            continue;
        auto at = std::find_if(out.begin(), out.end(), [&](const capability_verdict& c) { return c.name == f.about.capability; });
        if (at == out.end())
            at = out.insert(out.end(), {std::string(f.about.capability), verdict::untested, {}, {}});
        // Of what was tested the worst decides; what was not tested only when nothing was.
        const auto rank = [](verdict v) { return v == verdict::untested ? -1 : static_cast<int>(v); };
        if (at->check.empty() || rank(f.ended.result) > rank(at->result))
            *at = {at->name, f.ended.result, f.ended.reason, std::string(f.about.id)};
    }
    return out;
}

bool probe_report::has_findings() const noexcept {
    return !left_behind.empty() || std::any_of(findings.begin(), findings.end(), [](const finding& f) { return f.is_finding(); });
}

namespace {

std::shared_ptr<authorizer> make_access(const probe_options& o, const std::shared_ptr<http_client>& http,
                                        const std::shared_ptr<clock>& time) {
    using method = auth_config::method;
    const auth_config& a = o.source.auth;
    switch (a.how) {
    case method::none: return nullptr;
    case method::basic: return make_basic_auth(a.client_id, a.password.value);
    case method::token: return make_static_token(a.password.value);
    case method::smart:
    case method::client_secret: break;
    }
    oauth_options out;
    out.fhir_base = o.source.url;
    out.token_url = a.token_url;
    out.client_id = a.client_id;
    out.scope = a.scope;
    for (const auto& key : a.keys)
        out.keys.push_back(std::make_shared<const signing_key>(key.file, key.id));
    if (a.how == method::smart && o.public_base.starts_with("https://"))
        out.jku = o.public_base + "/.well-known/jwks.json";
    out.client_secret = a.password.value;
    out.secret_in_header = a.secret_in_header;
    return make_oauth(std::move(out), http, time, [](std::string why) { log_warning("token.scope", {{"for", "probe"}, {"what", why}}); });
}

/// Empty: all that the check needs is there.
std::string missing(const bench& b, unsigned needs) {
    const auto wants = [&](need n) { return (needs & static_cast<unsigned>(n)) != 0; };
    if (wants(need::answer) && !b.answered)
        return "the server does not answer";
    if (wants(need::statement) && !b.can)
        return "there is no readable CapabilityStatement";
    if (wants(need::access) && !b.access)
        return b.no_access.empty() ? "no search is answered" : b.no_access;
    if (wants(need::samples) && std::none_of(b.samples.begin(), b.samples.end(), [](const auto& s) { return s.second.entries > 0; }))
        return "the server holds no resource of the types that the trials read";
    if (wants(need::write) && !b.options.write)
        return "writes need --write";
    if (wants(need::created) && !b.created)
        return "nothing could be created";
    return {};
}

asio::awaitable<outcome> run_one(bench& b, const check& c) {
    if (std::string why = missing(b, c.about.needs); !why.empty())
        co_return untested(std::move(why));
    outcome out = co_await c.run(b);
    co_return out;
}

asio::awaitable<void> run_all(bench& b, const std::vector<check>& all, std::vector<finding>& into) {
    for (const check::turn now : {check::turn::usual, check::turn::after_writes, check::turn::last})
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].when != now)
                continue;
            outcome ended = co_await run_one(b, all[i]);
            b.seen[std::string(all[i].about.id)] = ended.result;
            into[i].ended = std::move(ended);
        }
}

} // namespace

asio::awaitable<probe_report> run_probe(probe_options o) {
    const auto executor = co_await asio::this_coro::executor;
    const auto time = system_clock();
    std::optional<replayer> tape;
    if (!o.replay.empty()) {
        tape.emplace(o.replay);
        const tape_head& h = tape->head();
        o.source.url = h.url;
        o.source.auth = {};
        if (h.authorized) {
            o.source.auth.how = auth_config::method::token;
            o.source.auth.password.value = "replayed";
        }
        o.source.subscription_path = h.subscription_path;
        o.source.subscription_status = h.subscription_status;
        o.source.bulk_path = h.bulk_path;
        o.types = h.types;
        o.how.write = h.write;
        o.manners.paced = false;
    }
    o.how.recording = tape || !o.record.empty();
    const auto book = std::make_shared<ledger>(o.manners);
    bench b(o.how, book);
    b.source = o.source;
    b.types = o.types;
    b.started = tape ? fhir::parse_instant(tape->head().at).value_or(0) : time->now();
    b.run = tape ? tape->head().run : to_hex(sha256(random_token(18))).substr(0, 10);

    http_client_options http;
    if (!o.source.tls.ca.empty() || !o.source.tls.certificate.empty())
        http.tls = std::make_shared<tls_context>(tls_context::role::client, o.source.tls);
    http.connections_per_origin = 10;
    b.trust = http.tls;
    std::shared_ptr<http_client> wire = tape ? tape->client() : std::shared_ptr<http_client>(make_http_client(http));
    const auto access = make_access(o, make_polite_http(book, wire), time);
    std::optional<recorder> to;
    if (!o.record.empty()) {
        tape_head h{o.source.url,
                    o.source.fhir_version,
                    to_text(b.started),
                    b.run,
                    o.how.write,
                    !o.listen.empty(),
                    access != nullptr,
                    o.types,
                    o.source.subscription_path,
                    o.source.subscription_status,
                    o.source.bulk_path};
        int shift = 0;
        for (const unsigned char c : sha256(random_token(18)).substr(0, 2))
            shift = shift * 256 + c;
        to.emplace(o.record, std::move(h), scrubber(o.source.url, o.systems, random_token(32), -400 - shift % 3000, b.run));
        wire = to->wrap(wire); // token requests went by the other: they are not recorded
    }
    fhir_client_options client;
    client.base = o.source.url;
    client.breaker_after = std::numeric_limits<unsigned>::max(); // a probe wants to see every failure
    const auto polite = make_polite_http(book, wire);
    if (access)
        b.stranger = make_fhir_client(client, time, polite);
    client.auth = access;
    b.client = make_fhir_client(std::move(client), time, polite);

    std::unique_ptr<ear> listener;
    if (tape && tape->head().listened)
        listener = tape->notifications();
    else if (!tape && !o.listen.empty())
        listener = make_listener(executor, o.listen, o.public_url,
                                 o.listen_tls.certificate.empty() ? nullptr
                                                                  : std::make_shared<tls_context>(tls_context::role::server, o.listen_tls),
                                 random_token(18));
    b.listener = listener.get();

    const std::vector<check> all = list_of_checks();
    probe_report out;
    for (const check& c : all)
        out.findings.push_back({c.about, {}});
    std::exception_ptr failed;
    try {
        co_await run_all(b, all, out.findings);
    } catch (...) {
        failed = std::current_exception();
    }
    // Also after a failure or Ctrl-C: nothing of ours stays.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    out.left_behind = co_await b.clean();
    if (to) {
        std::map<std::string, std::vector<heard>> notifications;
        if (b.listener)
            for (const char* name : {"topic", "rest-hook", "rest-hook-empty"})
                notifications[name] = b.listener->of(name);
        to->finish(notifications);
    }
    if (listener)
        co_await listener->stop();
    if (failed)
        std::rethrow_exception(failed);
    out.url = b.client->base();
    out.at = to_text(b.started);
    out.run = b.run;
    if (b.can) {
        out.software = b.can->software + (b.can->software_version.empty() ? "" : ' ' + b.can->software_version);
        out.fhir_version = b.can->fhir_version;
    }
    out.requests = book->sent();
    out.wrote = b.options.write;
    out.listened = listener != nullptr;
    out.replayed = tape.has_value();
    out.capabilities = capabilities_of(out.findings);
    out.recommended = recommend(b);
    co_return out;
}

} // namespace trialgate::gateway::probe
