#include "gateway/intake/websocket_feed.hpp"

#include "fhir/instant.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::gateway {

namespace {

constexpr duration_ms quiet_r4 = 10 * minute_ms, least_quiet = minute_ms, before_expiry = minute_ms;

struct binding {
    std::string url, text;
    instant expires = std::numeric_limits<instant>::max();
};

binding read_binding(std::string_view body) {
    binding out;
    fhir::json::parser parser;
    const auto parsed = parser.parse_copy(body);
    if (!parsed)
        return out;
    for (const fhir::json::value p : (*parsed)["parameter"].elements()) {
        const std::string_view name = p["name"].text();
        if (name == "token")
            out.text = "bind-with-token " + std::string(p["valueString"].text());
        else if (name == "expiration")
            out.expires = fhir::parse_instant(p["valueDateTime"] ? p["valueDateTime"].text() : p["valueInstant"].text()).value_or(out.expires);
        else if (name == "websocket-url")
            out.url = p["valueUrl"] ? p["valueUrl"].text() : p["valueUri"].text();
    }
    return out;
}

/// Empty URL: not to be had now.
asio::awaitable<binding> bind(intake_services& services, source_state& source, std::string id, bool topic) {
    binding out;
    if (source.can)
        out.url = source.can->websocket_url;
    out.text = "bind " + id;
    if (!topic)
        co_return out;
    fhir_request r;
    r.method = "POST"; // it changes state: GET need not be there (section 2.7)
    r.path = source.config.subscription_path + '/' + id + "/$get-ws-binding-token";
    const pull::asked a = co_await pull::ask(services, source, std::move(r));
    if (a.what != pull::meaning::ok)
        co_return binding{};
    binding told = read_binding(a.answer.body);
    if (told.url.empty())
        told.url = out.url;
    if (told.text.empty())
        told.url.clear();
    co_return told;
}

/// Listens to one connection. True when the server accepted the binding.
asio::awaitable<bool> listen_once(
    intake_services& services, source_state& source, const subscription_ports& ports, std::shared_ptr<feed_slot> slot
) {
    const std::string id = slot->id;
    const binding to = co_await bind(services, source, id, slot->topic);
    if (to.url.empty())
        co_return false;
    net_result<std::unique_ptr<websocket>> opened = co_await ports.open(to.url);
    if (opened.has_error()) {
        log_warning("websocket.not-open", {{"source", source.config.name}, {"subscription", slot->name}, {"reason", to_code(opened.error().code)}});
        co_return false;
    }
    const std::unique_ptr<websocket> socket = std::move(*opened);
    bool bound = false;
    const net_result<void> sent = co_await socket->send(to.text);
    while (sent.has_value() && slot->id == id) {
        const instant now = services.time.now();
        if (now >= to.expires - before_expiry)
            break;
        const duration_ms quiet = slot->topic ? std::max(least_quiet, source.config.heartbeat * 5 / 2) : quiet_r4;
        const std::chrono::milliseconds idle(std::min(quiet, to.expires - before_expiry - now));
        net_result<std::string> got = co_await socket->receive(idle);
        if (got.has_error())
            break;
        const std::string text = std::move(*got);
        // What happened before the binding nobody told us.
        const bool first = !std::exchange(bound, true);
        if (text.starts_with('{')) {
            const bool kept = co_await ports.take(source.config.name, slot->name, text);
            if (!kept)
                break; // no room: bound again later, everything since is asked for
            if (first)
                co_await ask_reconcile(services, source);
        } else if (first || text.starts_with("ping"))
            co_await ask_reconcile(services, source, slot->name);
    }
    co_await socket->close();
    co_return bound;
}

} // namespace

asio::awaitable<void> ask_reconcile(intake_services& services, source_state& source, std::string heard) {
    const job again{0, source.config.name, job_kind::reconcile, "", services.time.now(), 0, 0};
    const std::function<void(store&)> work = [again, heard = std::move(heard)](store& into) {
        into.job_add(again);
        if (heard.empty())
            return;
        if (auto row = into.subscription(again.source, heard)) {
            row->last_heard = again.not_before;
            into.subscription_put(*row);
        }
    };
    co_await pull::keep(services, {}, work);
    source.reconcile_bell.ring();
}

asio::awaitable<void> feed_websocket(
    intake_services& services, source_state& source, const subscription_ports& ports, std::shared_ptr<feed_slot> slot
) {
    for (std::uint32_t attempt = 0;;) {
        if (slot->id.empty()) {
            co_await slot->changed.wait(services.time, std::numeric_limits<instant>::max());
            continue;
        }
        const bool bound = co_await listen_once(services, source, ports, slot);
        attempt = bound ? 0 : attempt + 1;
        co_await slot->changed.wait(services.time, services.time.now() + pull::patience(services, attempt, 0));
    }
}

} // namespace trialgate::gateway
