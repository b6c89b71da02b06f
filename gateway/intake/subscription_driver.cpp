#include "gateway/intake/subscription_driver.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/canary.hpp"
#include "gateway/core/event_numbers.hpp"

#include <algorithm>
#include <deque>

namespace trialgate::gateway {

namespace {

constexpr duration_ms plan_again = 24 * hour_ms;
constexpr std::size_t token_bytes = 24;

subscription_row new_row(const std::string& source, const wanted_subscription& wanted, instant now) {
    subscription_row row;
    row.source = source;
    row.name = wanted.name;
    row.token = random_token(token_bytes);
    if (wanted.header)
        row.secret = random_token(token_bytes);
    row.kind = wanted.kind;
    row.criteria = wanted.criteria;
    row.created = now;
    return row;
}

} // namespace

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
        const std::vector<subscription_action> actions = m.fsm.step(e, services_.time.now(), services_.random());
        co_await keep_row(m, e.what == subscription_event::kind::found); // before anything is built upon it
        for (const subscription_action a : actions) {
            if (act_at_once(m, a))
                continue;
            std::optional<subscription_event> answer = co_await act(m, a);
            if (answer)
                events.push_back(std::move(*answer));
        }
    }
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
            next = std::min(next, now + heard_is_written_every);
        if (const auto due = event_numbers(m.row.numbers).due(source_.config.gap_patience); due && m.wanted.topic())
            next = std::min(next, *due);
        else if (m.wanted.topic())
            next = std::min(next, now + std::max(second_ms, source_.config.gap_patience));
    }
    return std::max(next, now + second_ms);
}

asio::awaitable<void> subscription_driver::loop(subscription_plan plan) {
    for (const auto& [name, e] : pending_) {
        co_await remove_canary(services_, source_, name); // of an earlier run
        co_await perform(machines_.at(name), e);
    }
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

} // namespace trialgate::gateway
