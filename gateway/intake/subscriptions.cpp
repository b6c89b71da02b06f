#include "gateway/intake/subscription_driver.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/canary.hpp"
#include "gateway/intake/runners.hpp"

#include <algorithm>
#include <deque>

namespace trialgate::gateway {

namespace {

constexpr duration_ms plan_again = 24 * hour_ms;
constexpr duration_ms canary_look = 10 * second_ms;
constexpr std::size_t token_bytes = 24;

subscription_row new_row(const std::string& source, const wanted_subscription& wanted, instant now) {
    subscription_row row;
    row.source = source;
    row.name = wanted.name;
    row.token = random_token(token_bytes);
    row.secret = random_token(token_bytes);
    row.kind = wanted.kind;
    row.criteria = wanted.criteria;
    row.created = now;
    return row;
}

} // namespace

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

subscription_driver::subscription_driver(
    intake_services& services, source_state& source, const subscription_ports& ports, std::string public_url
)
    : services_(services), source_(source), ports_(ports), public_url_(std::move(public_url)), calls_(services, source) {}

asio::awaitable<std::vector<fhir::topic_view>> subscription_driver::offered_topics() {
    std::vector<fhir::topic_view> out;
    fhir::json::parser parser;
    for (const std::string& path : topic_searches(source_.config, *source_.can)) {
        const pull::asked a = co_await pull::get(services_, source_, path);
        if (a.what != pull::meaning::ok)
            continue;
        if (const auto parsed = parser.parse_copy(a.answer.body))
            for (fhir::topic_view& t : fhir::read_topics(*parsed))
                out.push_back(std::move(t));
    }
    co_return out;
}

asio::awaitable<subscription_plan> subscription_driver::make_plan() {
    while (!source_.can)
        co_await source_.subscription_bell.wait(services_.time, services_.time.now() + minute_ms);
    const std::vector<fhir::topic_view> offered = co_await offered_topics();
    co_return plan_subscriptions(source_.config, *source_.can, source_.types, offered);
}

asio::awaitable<void> subscription_driver::prepare(const subscription_plan& plan) {
    const std::string& source = source_.config.name;
    const std::string none = pull::fault_key(source_, "", "delivery");
    if (plan.why_none.empty())
        services_.faults.clear(none);
    else
        services_.faults.raise(none, plan.why_none + "; it is polled");
    std::vector<subscription_row> fresh;
    for (const wanted_subscription& w : plan.wanted)
        if (!services_.reading.subscription(source, w.name))
            fresh.push_back(new_row(source, w, services_.time.now()));
    for (subscription_row& row : fresh)
        if (row.kind != "websocket")
            row.endpoint = subscription_calls::endpoint_of(public_url_, row);
    if (!fresh.empty()) {
        const std::function<void(store&)> work = [fresh](store& into) {
            for (const subscription_row& row : fresh) {
                into.subscription_put(row);
                into.value_put(token_value(row.token), row.source);
            }
        };
        co_await pull::keep(services_, {}, work);
    }
    ports_.refresh();
    for (subscription_row& row : services_.reading.subscriptions(source)) {
        const auto wanted = std::find_if(plan.wanted.begin(), plan.wanted.end(), [&](const auto& w) { return w.name == row.name; });
        if (wanted != plan.wanted.end())
            add_machine(*wanted, std::move(row), false);
        else
            add_machine(wanted_of(row, source_.config, &*source_.can), row, true);
    }
    std::string names;
    for (const wanted_subscription& w : plan.wanted)
        names += (names.empty() ? "" : " ") + w.name;
    log_info("subscription.plan", {{"source", source}, {"wanted", names}, {"polled", plan.polled.size()}});
}

subscription_rules subscription_driver::rules_for(const wanted_subscription& wanted) const {
    subscription_rules r;
    r.silence = source_.config.silence;
    r.check_every = std::max<duration_ms>(minute_ms, source_.config.poll_every);
    if (wanted.topic()) {
        r.heartbeat = source_.config.heartbeat;
        r.status_operation = source_.can->status_operation;
    }
    const fhir::resource_capability* observation = source_.can->of("Observation");
    r.canary = source_.config.canary && observation && observation->create && canary_resource(wanted, 0);
    return r;
}

void subscription_driver::add_machine(wanted_subscription wanted, subscription_row row, bool drop) {
    const instant now = services_.time.now();
    const instant last = load_canary(services_.reading, row.source, row.name).written;
    const subscription_fsm::memory known{row.id, row.status, row.ends, row.last_heard, last};
    machine m{wanted, std::move(row), subscription_fsm(rules_for(wanted), known, now)};
    if (wanted.websocket && !drop) {
        m.feed = std::make_shared<feed_slot>();
        m.feed->name = wanted.name;
        m.feed->topic = wanted.topic();
        m.feed->id = m.row.id;
    }
    const std::string endpoint = wanted.websocket ? "" : subscription_calls::endpoint_of(public_url_, m.row);
    subscription_event e;
    e.what = subscription_event::kind::tick;
    if (drop)
        e.what = subscription_event::kind::drop;
    else if (m.row.endpoint != endpoint || m.row.criteria != wanted.criteria || m.row.kind != wanted.kind)
        e.what = subscription_event::kind::changed;
    const std::string name = wanted.name;
    machines_.insert_or_assign(name, std::move(m));
    pending_.emplace_back(name, e);
}

std::string subscription_driver::fault(const machine& m, std::string_view what) const {
    return "subscription." + source_.config.name + '.' + m.wanted.name + '.' + std::string(what);
}

void subscription_driver::read_rows() {
    for (const subscription_row& row : services_.reading.subscriptions(source_.config.name))
        if (const auto found = machines_.find(row.name); found != machines_.end()) {
            found->second.row.last_heard = row.last_heard;
            found->second.row.numbers = row.numbers;
        }
}

bool subscription_driver::canary_heard(const machine& m) const {
    const instant written = m.fsm.canary_pending();
    // A heartbeat is heard too; where events are numbered the numbers must have moved.
    return written != 0 && m.row.last_heard >= written && (m.row.numbers.empty() || m.row.numbers != m.numbers_at_canary);
}

asio::awaitable<void> subscription_driver::look_after(machine& m) {
    subscription_event e;
    e.what = subscription_event::kind::heard;
    e.at = m.row.last_heard;
    co_await perform(m, e);
    if (canary_heard(m)) {
        e.what = subscription_event::kind::canary_heard;
        co_await perform(m, e);
    }
    if (m.wanted.topic())
        co_await close_hole(m);
}

asio::awaitable<void> subscription_driver::perform(machine& m, subscription_event first) {
    std::deque<subscription_event> events{std::move(first)};
    while (!events.empty()) {
        const subscription_event e = std::move(events.front());
        events.pop_front();
        for (const subscription_action a : m.fsm.step(e, services_.time.now(), services_.random())) {
            if (act_at_once(m, a))
                continue;
            std::optional<subscription_event> answer = co_await act(m, a);
            if (answer)
                events.push_back(std::move(*answer));
        }
        co_await keep_row(m, e.what == subscription_event::kind::found);
    }
}

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
    if (answer && a != action::read && a != action::ask_status && a != action::write_canary)
        log_info("subscription.asked", {{"source", source_.config.name}, {"subscription", m.wanted.name}, {"what", static_cast<int>(a)},
                                        {"answer", answer->what == subscription_event::kind::failed ? "failed" : "answered"}});
    co_return answer;
}

asio::awaitable<subscription_event> subscription_driver::try_canary(machine& m) {
    // The hook writes last_heard at most every ten seconds: the canary's own notification must not fall into such a pause.
    if (services_.time.now() - m.row.last_heard < canary_look)
        co_await services_.time.wait_for(canary_look);
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

asio::awaitable<void> subscription_driver::forget_removed() {
    std::vector<std::string> gone;
    for (const auto& [name, m] : machines_)
        if (m.fsm.state() == subscription_state::removed)
            gone.push_back(name);
    for (const std::string& name : gone) {
        machine& m = machines_.at(name);
        for (const char* what : {"refused", "inactive", "canary"})
            services_.faults.clear(fault(m, what));
        const std::function<void(store&)> work = [row = m.row](store& into) { forget_row(into, row); };
        co_await pull::keep(services_, {}, work);
        machines_.erase(name);
    }
    if (!gone.empty())
        ports_.refresh();
}

instant subscription_driver::next_look() const {
    const instant now = services_.time.now();
    instant next = now + plan_again;
    for (const auto& [name, m] : machines_) {
        next = std::min(next, m.fsm.due());
        if (m.fsm.canary_pending() != 0)
            next = std::min(next, now + canary_look);
        if (const auto due = event_numbers(m.row.numbers).due(source_.config.gap_patience); due && m.wanted.topic())
            next = std::min(next, *due);
        else if (m.wanted.topic())
            next = std::min(next, now + std::max(second_ms, source_.config.gap_patience));
    }
    return std::max(next, now + second_ms);
}

asio::awaitable<void> subscription_driver::loop(subscription_plan plan) {
    for (const auto& [name, e] : pending_)
        co_await perform(machines_.at(name), e);
    for (instant replan = services_.time.now() + plan_again;;) {
        co_await forget_removed();
        read_rows();
        for (auto& [name, m] : machines_)
            co_await look_after(m);
        co_await forget_removed();
        const instant until = std::min(replan, next_look());
        const bool rung = co_await source_.subscription_bell.wait(services_.time, until);
        if (!rung && services_.time.now() < replan)
            continue;
        replan = services_.time.now() + plan_again;
        const subscription_plan now = co_await make_plan();
        if (now.wanted != plan.wanted || now.why_none != plan.why_none)
            throw plan_changed{};
    }
}

asio::awaitable<void> subscription_driver::run() {
    const subscription_plan plan = co_await make_plan();
    co_await prepare(plan);
    std::vector<asio::awaitable<void>> all;
    all.push_back(loop(plan));
    for (auto& [name, m] : machines_)
        if (m.feed)
            all.push_back(feed_websocket(services_, source_, ports_, m.feed));
    co_await pull::together(std::move(all));
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

} // namespace trialgate::gateway
