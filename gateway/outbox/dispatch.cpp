// run_outbox: the loop around delivery_fsm. Attempts are coroutines of their own, one a subject, so that no patient waits for another.
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/outbox/delivery_fsm.hpp"

#include <map>
#include <set>

namespace trialgate::gateway {

namespace {

constexpr duration_ms look_every = 10 * second_ms;       ///< another process (`outbox retry`) cannot ring the bell
constexpr duration_ms dead_letters_every = 5 * second_ms;
constexpr duration_ms pause_of_store = 10 * second_ms;   ///< after a commit or a read failed
constexpr std::chrono::seconds notice_clock{30};         ///< of real time: a wait until "ten o'clock" gets longer when the clock is set back
constexpr int requests_in_a_delivery = 4;                ///< an attempt as a whole may take so many times the deadline of one request
constexpr instant never_rung = std::numeric_limits<instant>::max();

std::string_view to_code(delivery_result::is what) noexcept {
    switch (what) {
    case delivery_result::is::delivered: return "delivered";
    case delivery_result::is::later: return "later";
    case delivery_result::is::never: return "never";
    case delivery_result::is::overruled: return "overruled";
    }
    return "";
}

/// Rows that wait for longer than they ever should, because the clock was ahead when they were put off, come due.
void bring_forward(store& into, const std::string& sink, instant now, instant latest) {
    constexpr std::size_t piece = 500;
    for (std::int64_t after = 0;;) {
        const std::vector<outbox_row> rows = into.outbox_list(sink, after, piece);
        for (const outbox_row& r : rows)
            if (r.state == outbox_state::waiting && r.not_before > latest)
                into.outbox_failed(r.id, r.attempts, now, outbox_state::waiting, r.error);
        if (rows.size() < piece)
            return;
        after = rows.back().id;
    }
}

class dispatcher {
public:
    dispatcher(outbox_services& with, sink_config config, sink& to, wake bell)
        : with_(with), config_(std::move(config)), to_(to), bell_(std::move(bell)), health_(config_), fault_("sink." + config_.name + '.') {}

    asio::awaitable<void> run() {
        co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
        std::exception_ptr trouble;
        try {
            co_await forever();
        } catch (const boost::system::system_error& e) {
            if (e.code() != asio::error::operation_aborted)
                trouble = std::current_exception();
        } catch (...) {
            trouble = std::current_exception();
        }
        // Attempts refer to this object, and what is begun is finished, until a second request to end (terminal) cuts it off: then it is made
        // again after the restart, and the receiver sees one effect.
        co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
        try {
            while (!busy_.empty())
                co_await bell_.wait(with_.time, never_rung);
        } catch (const boost::system::system_error&) {
            cut_off();
        }
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        while (!busy_.empty())
            co_await bell_.wait(with_.time, never_rung);
        if (trouble)
            std::rethrow_exception(trouble);
    }

private:
    asio::awaitable<void> forever() {
        const auto executor = co_await asio::this_coro::executor;
        for (instant seen = never_rung;;) {
            const instant now = with_.time.now();
            if (now < seen - minute_ms) { // also at the start
                health_.forget_times();
                retries_.clear();
                looked_at_ = 0;
                std::function<void(store&)> work = [sink = config_.name, now, latest = now + std::max(config_.longest_retry, longest_wait)](store& s) {
                    bring_forward(s, sink, now, latest);
                };
                const commit_outcome done = co_await committed(with_.writer, std::move(work));
                if (done)
                    stumble("bring-forward", *done, now);
            }
            seen = now;
            try {
                begin(executor, now);
                look_for_dead_letters(now);
            } catch (const store_error& e) {
                stumble("read", e, now);
            }
            co_await with_deadline(bell_.wait(with_.time, next_look(now)), notice_clock);
        }
    }

    void begin(const asio::any_io_executor& executor, instant now) {
        const std::size_t free = health_.may_begin(now, busy_.size(), std::max(config_.concurrency, 1u));
        if (free == 0)
            return;
        std::size_t begun = 0;
        // Rows under way are still due in the store.
        for (outbox_row& row : with_.reading.outbox_due(config_.name, now, free + busy_.size())) {
            if (begun == free)
                break;
            const auto [place, fresh] = busy_.try_emplace(row.subject, std::make_shared<asio::cancellation_signal>());
            if (!fresh)
                continue;
            ++begun;
            auto ended = [this, subject = row.subject](std::exception_ptr e) {
                if (e)
                    log_error("outbox.attempt-failed", {{"sink", config_.name}});
                busy_.erase(subject);
                bell_.ring();
            };
            asio::co_spawn(executor, attempt(std::move(row)), asio::bind_cancellation_slot(place->second->slot(), std::move(ended)));
        }
    }

    void cut_off() {
        const auto all = busy_; // an attempt that ends takes its signal out
        for (const auto& [subject, signal] : all)
            signal->emit(asio::cancellation_type::terminal);
    }

    instant next_look(instant now) {
        instant next = now + look_every;
        const auto sooner = [&](instant at) {
            if (at > now)
                next = std::min(next, at);
        };
        retries_.erase(retries_.begin(), retries_.upper_bound(now));
        if (!retries_.empty())
            sooner(*retries_.begin());
        sooner(health_.opens_at(now));
        return next;
    }

    asio::awaitable<void> attempt(outbox_row row) {
        const auto began = std::chrono::steady_clock::now();
        delivery_result result;
        const std::optional<message> content = decode_message(row.body);
        if (content) {
            try {
                auto work = to_.deliver(*content);
                auto done = co_await with_deadline(std::move(work), std::chrono::milliseconds(requests_in_a_delivery * config_.deadline));
                if (done)
                    result = std::move(*done);
                else
                    result.why = "timeout";
            } catch (const std::exception&) {
                result.why = "internal";
            }
        } else {
            result.what = delivery_result::is::never;
            result.why = "unreadable message";
        }
        const instant now = with_.time.now();
        with_.figures.count("trialgate_deliveries_total", {{"sink", config_.name}, {"outcome", to_code(result.what)}});
        with_.figures.observe("trialgate_delivery_seconds", {{"sink", config_.name}},
                              std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
        const delivery_step next = after_attempt(row, result, config_, now, with_.random());
        react(result, next, now);
        std::function<void(store&)> work = [id = row.id, next](store& s) {
            if (next.what == delivery_step::is::delivered)
                s.outbox_delivered(id);
            else
                s.outbox_failed(id, next.attempts, next.not_before,
                                next.what == delivery_step::is::dead ? outbox_state::dead : outbox_state::waiting, next.error);
        };
        const commit_outcome saved = co_await committed(with_.writer, std::move(work));
        if (saved) {
            stumble("save", *saved, now); // it is due again and will be delivered again: receivers see one effect
            co_return;
        }
        if (next.what == delivery_step::is::retry)
            retries_.insert(next.not_before);
        if (next.what == delivery_step::is::delivered)
            with_.figures.observe("trialgate_event_to_delivery_seconds", {{"sink", config_.name}}, static_cast<double>(now - row.created) / 1000);
        if (next.what == delivery_step::is::dead) {
            dead_known_ = true;
            with_.faults.raise(fault_ + "dead-letters", "messages to " + config_.name + " were given up and wait for an operator: trialgate outbox list");
        }
        if (result.what == delivery_result::is::overruled && with_.decided)
            with_.decided({content->subject, content->trial, result.human, std::min(now, result.human_at.value_or(now)), result.human_number,
                           result.human_since});
    }

    void react(const delivery_result& result, const delivery_step& next, instant now) {
        const sink_health::change change = health_.saw(result, now, with_.random());
        const bool alive = result.what != delivery_result::is::later || result.because == delivery_result::cause::message;
        if (change == sink_health::change::opened) {
            reached_ = false;
            log_warning("outbox.sink-unreachable", {{"sink", config_.name}, {"reason", result.why}});
            with_.faults.raise(fault_ + "unreachable", config_.name + " does not take messages: " + result.why);
        } else if (alive && !std::exchange(reached_, true)) { // a fault may also have been left by an earlier run
            log_info("outbox.sink-reached", {{"sink", config_.name}});
            with_.faults.clear(fault_ + "unreachable");
        }
        if (next.what != delivery_step::is::delivered)
            log_event(next.what == delivery_step::is::dead ? log_level::warning : log_level::debug, "outbox.not-delivered",
                      {{"sink", config_.name}, {"reason", result.why}, {"attempts", next.attempts}});
    }

    void look_for_dead_letters(instant now) {
        if (now < looked_at_ + dead_letters_every)
            return;
        looked_at_ = now;
        if (dead_known_ && with_.reading.outbox_count(config_.name).dead == 0) {
            dead_known_ = false;
            with_.faults.clear(fault_ + "dead-letters");
        }
    }

    void stumble(std::string_view where, const store_error& e, instant now) {
        log_error("outbox.store", {{"sink", config_.name}, {"where", where}, {"error", e.what()}});
        health_.hold(now + pause_of_store);
    }

    outbox_services& with_;
    const sink_config config_;
    sink& to_;
    const wake bell_;
    sink_health health_;
    const std::string fault_;
    std::map<std::string, std::shared_ptr<asio::cancellation_signal>> busy_; ///< subjects with an attempt under way, to cut it off
    std::set<instant> retries_;               ///< when rows that failed come due
    instant looked_at_ = 0;
    bool reached_ = false;
    bool dead_known_ = true; ///< also of an earlier run
};

} // namespace

asio::awaitable<void> run_outbox(outbox_services& services, sink_config config, sink& to, wake bell) {
    dispatcher all(services, std::move(config), to, std::move(bell));
    co_await all.run();
}

} // namespace trialgate::gateway
