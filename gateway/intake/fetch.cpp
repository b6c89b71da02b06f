#include "gateway/intake/runners.hpp"

#include "fhir/types.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/pull_tools.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

using namespace pull;

constexpr duration_ms denied_pause = 15 * minute_ms;

class fetcher {
public:
    fetcher(intake_services& services, source_state& source) : services_(services), source_(source) {}
    asio::awaitable<void> one(job mine);

private:
    asio::awaitable<void> end(job mine, std::string type, std::string body);
    asio::awaitable<void> drop(job mine, std::string type, std::string_view what, std::string_view text);

    intake_services& services_;
    source_state& source_;
    second_look looks_;
};

/// The job ends in the transaction that journals what it brought.
asio::awaitable<void> fetcher::end(job mine, std::string type, std::string body) {
    looks_.forget(mine.target);
    std::vector<journal_item> rows;
    if (!body.empty())
        rows.push_back(fetched(services_, source_, std::move(type), std::move(body)));
    const std::function<void(store&)> done = [id = mine.id, stamp = mine.stamp](store& into) { into.job_done(id, stamp); };
    co_await keep(services_, std::move(rows), done);
}

asio::awaitable<void> fetcher::drop(job mine, std::string type, std::string_view what, std::string_view text) {
    services_.faults.raise(fault_key(source_, type, what), type + " at source " + source_.config.name + ": " + std::string(text));
    co_await end(std::move(mine), std::move(type), {});
}

asio::awaitable<void> fetcher::one(job mine) {
    const std::string type(fhir::parse_reference(mine.target).type), id(fhir::parse_reference(mine.target).id);
    if (type.empty() || !usable_id(id) || mine.target != type + '/' + id) {
        log_warning("pull.no-reference", {{"source", source_.config.name}});
        co_await end(std::move(mine), {}, {});
        co_return;
    }
    co_await room(services_);
    asked got = co_await get(services_, source_, mine.target);
    const gone_resource gone[] = {gone_as_of(type, id, got.answer)};
    switch (got.what) {
    case meaning::ok:
        services_.faults.clear(fault_key(source_, type, "denied"));
        co_await end(std::move(mine), type, std::move(got.answer.body));
        break;
    case meaning::gone: co_await end(std::move(mine), type, deletions_bundle(gone)); break;
    case meaning::missing:
        if (looks_.confirmed(mine.target, services_.time.now()))
            co_await end(std::move(mine), type, deletions_bundle(gone));
        else
            co_await postpone(services_, std::move(mine), minute_ms);
        break;
    case meaning::denied:
        services_.faults.raise(fault_key(source_, type, "denied"),
                               type + " at source " + source_.config.name + ": the server denies access; look at the scopes of our client");
        co_await postpone(services_, std::move(mine), denied_pause);
        break;
    case meaning::rejected: co_await drop(std::move(mine), type, "not-readable", "the server refuses to be asked for one resource"); break;
    case meaning::later: {
        const duration_ms by = patience(services_, mine.attempts, got.retry_after);
        co_await postpone(services_, std::move(mine), by);
        break;
    }
    }
}

} // namespace

asio::awaitable<void> run_fetch(intake_services& services, source_state& source) {
    fetcher mine(services, source);
    const std::function<asio::awaitable<void>(job)> one = [&mine](job j) { return mine.one(std::move(j)); };
    const std::function<asio::awaitable<void>()> all = [&]() { return work_off(services, source, job_kind::fetch, source.fetch_bell, one); };
    co_await forever(services, source, "fetch", all);
}

} // namespace trialgate::gateway
