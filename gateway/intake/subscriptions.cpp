#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/canary.hpp"
#include "gateway/intake/runners.hpp"
#include "gateway/intake/subscription_driver.hpp"

namespace trialgate::gateway {

namespace {

constexpr std::chrono::milliseconds open_deadline{30'000};

asio::awaitable<net_result<std::unique_ptr<websocket>>> open_socket(const source_state& source, std::string url) {
    http_client_options options;
    std::string wrong;
    try {
        if (source.config.tls != tls_files{})
            options.tls = std::make_shared<tls_context>(tls_context::role::client, source.config.tls);
    } catch (const std::runtime_error& e) {
        wrong = e.what();
    }
    if (!wrong.empty())
        co_return net_error{net_errc::tls, false, wrong};
    const std::size_t most = options.most_answer_bytes;
    net_result<std::string> token = co_await source.client->handshake_authorization(url, open_deadline);
    if (!token)
        co_return token.error();
    http_headers headers;
    if (!token->empty())
        headers.set("Authorization", std::move(*token));
    co_return co_await open_websocket(std::move(url), std::move(headers), std::move(options), open_deadline, most);
}

/// The address in front of "/in/token/name".
std::string public_url_of(const subscription_row& row) {
    const std::size_t at = row.endpoint.rfind("/in/" + row.token);
    return at == std::string::npos ? std::string() : row.endpoint.substr(0, at);
}

/// Empty when it is gone, else why not.
asio::awaitable<std::string> remove_one(source_state& source, subscription_calls& calls, subscription_row row) {
    if (row.id.empty()) { // perhaps a create whose answer we did not live to see
        const subscription_event found = co_await calls.find(row, public_url_of(row));
        if (found.what == subscription_event::kind::not_found)
            co_return std::string();
        row.id = found.id;
    }
    if (!pull::usable_id(row.id))
        co_return row.name + " (the server does not answer)";
    subscription_event e = co_await calls.remove(row.id);
    if (e.what != subscription_event::kind::removed) {
        wanted_subscription wanted = wanted_of(row, source.config, source.can ? &*source.can : nullptr);
        e = co_await calls.switch_off(row, std::move(wanted), row.endpoint);
    }
    if (e.what == subscription_event::kind::removed)
        co_return std::string();
    co_return row.name + (e.what == subscription_event::kind::failed ? " (the server does not answer)" : " (the server refuses)");
}

} // namespace

void forget_row(store& into, const subscription_row& row) {
    into.subscription_remove(row.source, row.name);
    into.value_remove(token_value(row.token));
    into.value_remove(canary_value(row.source, row.name));
}

wanted_subscription wanted_of(const subscription_row& row, const source_config& config, const fhir::capability* can) {
    wanted_subscription w;
    w.name = row.name;
    w.kind = row.kind;
    w.criteria = row.criteria;
    w.websocket = row.kind == "websocket";
    w.content = "id-only";
    const bool criteria = row.kind == "rest-hook" || (w.websocket && row.criteria.find('?') != std::string::npos);
    const fhir::release release = release_of(config, can);
    if (row.kind == "topic-r5" || (!criteria && w.websocket && release == fhir::release::r5))
        w.style = fhir::subscription_style::r5;
    else if (!criteria)
        w.style = row.kind == "topic-r4b" ? fhir::subscription_style::backport_r4b : fhir::subscription_style::backport_r4;
    return w;
}

asio::awaitable<void> drive_subscriptions(intake_services& services, source_state& source, subscription_ports ports, std::string public_url) {
    const std::function<asio::awaitable<void>()> body = [&]() -> asio::awaitable<void> {
        for (;;) {
            subscription_driver driver(services, source, ports, public_url);
            try {
                try {
                    co_await driver.run();
                } catch (const asio::multiple_exceptions& several) { // the first cancelled the others
                    std::rethrow_exception(several.first_exception());
                }
            } catch (const subscription_driver::plan_changed&) {
                log_info("subscription.plan-changed", {{"source", source.config.name}});
            }
        }
    };
    co_await pull::forever(services, source, "subscriptions", body);
}

asio::awaitable<void> run_subscriptions(intake_services& services, source_state& source, hook_endpoint& hook, std::string public_url) {
    subscription_ports ports;
    ports.refresh = [&hook, &source] { hook.refresh({{source.config.name, source.config.hmac.value}}); };
    ports.take = [&hook](std::string from, std::string subscription, std::string text) {
        return hook.take(std::move(from), std::move(subscription), std::move(text));
    };
    ports.open = [&source](std::string url) { return open_socket(source, std::move(url)); };
    co_await drive_subscriptions(services, source, std::move(ports), std::move(public_url));
}

asio::awaitable<std::string> remove_subscriptions(intake_services& services, source_state& source) {
    subscription_calls calls(services, source);
    std::string left;
    const std::vector<subscription_row> rows = services.reading.subscriptions(source.config.name);
    for (const subscription_row& row : rows) {
        const std::string wrong = co_await remove_one(source, calls, row);
        co_await remove_canary(services, source, row.name);
        if (!wrong.empty()) {
            left += (left.empty() ? "" : ", ") + wrong;
            continue;
        }
        const std::function<void(store&)> work = [row](store& into) { forget_row(into, row); };
        co_await pull::keep(services, {}, work);
    }
    co_return left.empty() ? left : "could not be removed: " + left;
}

} // namespace trialgate::gateway
