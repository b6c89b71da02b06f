#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/pull_tools.hpp"
#include "gateway/intake/runners.hpp"

namespace trialgate::gateway {

namespace {

constexpr duration_ms read_again = 24 * hour_ms, look_every = 30 * second_ms;

/// What is wrong with the answer; empty: it was read into source.can.
std::string take(source_state& source, const pull::asked& a) {
    if (a.answer.status == 0)
        return a.what == pull::meaning::denied ? "no access token could be had" : "the server does not answer";
    if (a.what != pull::meaning::ok)
        return "the server answers " + std::to_string(a.answer.status) + " when asked for its CapabilityStatement";
    fhir::json::parser parser;
    const auto parsed = parser.parse_copy(a.answer.body);
    if (!parsed)
        return "what is at the address is no FHIR server: metadata is not JSON";
    auto can = fhir::read_capability(*parsed);
    if (!can)
        return "what is at the address is no FHIR server: metadata is " + can.error().text;
    source.can = std::move(*can);
    return {};
}

void announce(const source_state& source) {
    log_info("source.ready", {{"source", source.config.name}, {"fhir", source.can->fhir_version}, {"types", source.can->resources.size()},
                              {"topics", source.can->topics.size()}});
    for (const wake& bell : {source.subscription_bell, source.reconcile_bell, source.hydrate_bell, source.fetch_bell})
        bell.ring();
}

/// Returns when the statement should be read again: after a day, or as soon as the server stops answering others.
asio::awaitable<void> rest(intake_services& services, source_state& source) {
    const instant until = services.time.now() + read_again;
    while (services.time.now() < until && source.client->breaker() == fhir_client::breaker_state::closed)
        co_await services.time.wait_until(std::min(until, services.time.now() + look_every));
}

} // namespace

// "source.NAME.unreachable" is kept by whoever asks (pull::ask); a server that answers with something else than a statement is another fault, which an
// answer to somebody else's question must not clear.
asio::awaitable<void> run_discovery(intake_services& services, source_state& source) {
    const std::string fault = pull::fault_key(source, "", "metadata");
    const std::string& name = source.config.name;
    for (std::uint32_t attempt = 0;;) {
        const pull::asked a = co_await pull::get(services, source, "metadata");
        const std::string wrong = take(source, a);
        services.figures.set("trialgate_source_up", {{"source", name}}, wrong.empty() ? 1 : 0);
        if (wrong.empty()) {
            attempt = 0;
            services.faults.clear(fault);
            announce(source);
            co_await rest(services, source);
            continue;
        }
        if (a.what != pull::meaning::later && a.answer.status != 0)
            services.faults.raise(fault, wrong);
        log_warning("source.not-ready", {{"source", name}, {"reason", wrong}});
        co_await services.time.wait_for(pull::patience(services, attempt++, a.retry_after));
    }
}

} // namespace trialgate::gateway
