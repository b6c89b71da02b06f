#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/canary.hpp"
#include "gateway/core/event_numbers.hpp"
#include "gateway/intake/subscription_driver.hpp"

namespace trialgate::gateway {

namespace {

/// For the log; empty for what happens all the time.
std::string_view word_of(subscription_action a) noexcept {
    switch (a) {
    case subscription_action::find: return "find";
    case subscription_action::create: return "create";
    case subscription_action::update: return "update";
    case subscription_action::remove: return "remove";
    case subscription_action::switch_off: return "switch-off";
    default: return {};
    }
}
std::string_view word_of(subscription_event::kind k) noexcept {
    switch (k) {
    case subscription_event::kind::found: return "found";
    case subscription_event::kind::not_found: return "not-found";
    case subscription_event::kind::gone: return "gone";
    case subscription_event::kind::refused: return "refused";
    case subscription_event::kind::unsupported: return "unsupported";
    case subscription_event::kind::removed: return "removed";
    default: return "failed";
    }
}

} // namespace

bool subscription_driver::act_at_once(machine& m, subscription_action a) {
    using action = subscription_action;
    switch (a) {
    case action::raise_refused:
        services_.faults.raise(fault(m, "refused"), "the server refuses a Subscription; what it would tell is polled");
        return true;
    case action::raise_inactive:
        services_.faults.raise(fault(m, "inactive"), "the server does not keep a Subscription active; what it would tell is polled");
        return true;
    case action::raise_canary:
        services_.faults.raise(fault(m, "canary"), "a test resource was written and the Subscription did not tell; it is asked for anew");
        return true;
    case action::clear_refused: services_.faults.clear(fault(m, "refused")); return true;
    case action::clear_inactive: services_.faults.clear(fault(m, "inactive")); return true;
    case action::clear_canary: services_.faults.clear(fault(m, "canary")); return true;
    default: return false;
    }
}

asio::awaitable<std::optional<subscription_event>> subscription_driver::act(machine& m, subscription_action a) {
    using action = subscription_action;
    const std::string endpoint = m.wanted.websocket ? "" : subscription_calls::endpoint_of(public_url_, m.row);
    const instant end = services_.time.now() + rules_for(m.wanted).lifetime;
    std::optional<subscription_event> answer;
    switch (a) {
    case action::find: answer = co_await calls_.find(m.row, public_url_); break;
    case action::create: answer = co_await calls_.create(m.row, m.wanted, endpoint, end); break;
    case action::read: answer = co_await calls_.read(m.row.id); break;
    case action::ask_status: answer = co_await ask_status(m); break;
    case action::update: answer = co_await calls_.update(m.row, m.wanted, endpoint, end); break;
    case action::remove: answer = co_await calls_.remove(m.row.id); break;
    case action::switch_off: answer = co_await calls_.switch_off(m.row, m.wanted, endpoint); break;
    case action::reconcile: co_await ask_reconcile(services_, source_); break;
    case action::write_canary: answer = co_await try_canary(m); break;
    case action::remove_canary: co_await remove_canary(services_, source_, m.wanted.name); break;
    default: break;
    }
    const bool registered = answer && answer->what == subscription_event::kind::found && (a == action::create || a == action::update);
    if (registered) {
        m.row.endpoint = endpoint;
        m.row.criteria = m.wanted.criteria;
        m.row.kind = m.wanted.kind;
    }
    if (const std::string_view word = word_of(a); answer && !word.empty())
        log_info("subscription.asked", {{"source", source_.config.name}, {"subscription", m.wanted.name}, {"what", word},
                                        {"answer", word_of(answer->what)}});
    co_return answer;
}

asio::awaitable<subscription_event> subscription_driver::try_canary(machine& m) {
    // The canary's own notification must not fall into a pause in which the hook does not write last_heard.
    if (services_.time.now() - m.row.last_heard < heard_is_written_every)
        co_await services_.time.wait_for(heard_is_written_every);
    m.numbers_at_canary = m.row.numbers;
    std::string id;
    co_return co_await write_canary(services_, source_, m.wanted, id);
}

asio::awaitable<subscription_event> subscription_driver::ask_status(machine& m) {
    std::optional<std::int64_t> total;
    std::string answer;
    const subscription_event e = co_await calls_.ask_status(m.row.id, total, answer);
    // The worker reads numbers: it is told only of what it does not know.
    if (total && !m.row.numbers.empty() && *total > event_numbers(m.row.numbers).highest()) {
        journal_item item = pull::fetched(services_, source_, "", std::move(answer), arrival::hook);
        item.channel = m.wanted.name;
        item.method = "POST";
        std::vector<journal_item> rows{std::move(item)};
        co_await pull::keep(services_, std::move(rows));
    }
    co_return e;
}

asio::awaitable<void> subscription_driver::keep_row(machine& m, bool checked) {
    subscription_row& r = m.row;
    const bool changed = r.id != m.fsm.id() || r.status != m.fsm.status() || r.ends != m.fsm.ends();
    services_.figures.set("trialgate_subscription_up", {{"source", r.source}, {"subscription", r.name}},
                          m.fsm.state() == subscription_state::active ? 1 : 0);
    if (!changed && !checked)
        co_return;
    if (r.status != m.fsm.status())
        log_info("subscription.status", {{"source", r.source}, {"subscription", r.name}, {"status", to_code(m.fsm.state())}});
    r.id = m.fsm.id();
    r.status = m.fsm.status();
    r.ends = m.fsm.ends();
    r.last_checked = services_.time.now();
    if (m.feed && m.feed->id != r.id) {
        m.feed->id = r.id;
        m.feed->changed.ring();
    }
    // What hook and worker write into the row must not be lost: last_heard, numbers.
    const std::function<void(store&)> work = [mine = r](store& into) {
        auto row = into.subscription(mine.source, mine.name);
        if (!row)
            return;
        const bool anew = row->id != mine.id;
        row->id = mine.id;
        row->kind = mine.kind;
        row->criteria = mine.criteria;
        row->endpoint = mine.endpoint;
        row->status = mine.status;
        row->ends = mine.ends;
        row->last_checked = mine.last_checked;
        if (anew)
            row->numbers.clear(); // another Subscription counts from the beginning
        into.subscription_put(*row);
    };
    co_await pull::keep(services_, {}, work);
}

asio::awaitable<void> subscription_driver::close_hole(machine& m) {
    const auto hole = event_numbers(m.row.numbers).overdue(services_.time.now(), source_.config.gap_patience);
    if (!hole || m.row.id.empty())
        co_return;
    std::vector<journal_item> rows;
    if (source_.can->events_operation) {
        const std::string path = source_.config.subscription_path + '/' + m.row.id + "/$events?eventsSinceNumber=" +
                                 std::to_string(hole->first) + "&eventsUntilNumber=" + std::to_string(hole->last) + "&content=full-resource";
        pull::asked a = co_await pull::get(services_, source_, path);
        fhir::json::parser parser;
        const auto parsed = a.what == pull::meaning::ok ? parser.parse_copy(a.answer.body) : fhir::result<fhir::json::value>(fhir::issue{});
        if (parsed && (*parsed)["resourceType"].text() == "Bundle" && (*parsed)["entry"].size() > 0) {
            journal_item item = pull::fetched(services_, source_, "", std::move(a.answer.body), arrival::hook);
            item.channel = m.wanted.name;
            item.method = "POST";
            rows.push_back(std::move(item));
        }
    }
    const bool asked = rows.empty();
    const job again{0, source_.config.name, job_kind::reconcile, "", services_.time.now(), 0, 0};
    const std::function<void(store&)> work = [asked, again, name = m.wanted.name, last = hole->last](store& into) {
        if (asked)
            into.job_add(again);
        if (auto row = into.subscription(again.source, name)) {
            event_numbers seen(row->numbers);
            seen.closed_through(last);
            row->numbers = seen.text();
            into.subscription_put(*row);
        }
    };
    co_await pull::keep(services_, std::move(rows), work);
    services_.figures.count("trialgate_source_gaps_total", {{"source", source_.config.name}});
    if (asked)
        source_.reconcile_bell.ring();
}

} // namespace trialgate::gateway
