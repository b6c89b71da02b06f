#include "tests/outbox/outbox_support.hpp"
#include "tests/store/store_support.hpp"

#include <set>

using namespace trialgate;
using namespace trialgate::tests;
using outcome = delivery_result::is;

namespace {

/// Commits at once, on the caller's thread.
class prompt_committer final : public committer {
public:
    explicit prompt_committer(store& s) : store_(s) {}
    bool full = false;
    void submit(std::function<void(store&)> work, std::function<void(commit_outcome)> done) override {
        commit_outcome out;
        if (full)
            out = store_error(store_error::kind::full, "no space");
        else {
            store_.begin();
            work(store_);
            store_.commit();
        }
        if (done)
            done(std::move(out));
    }
    std::size_t waiting() const noexcept override { return 0; }
    figures counted() const override { return {}; }
    void stop() override {}

private:
    store& store_;
};

class scripted_sink final : public sink {
public:
    explicit scripted_sink(asio::io_context& io) : io_(io) {}
    std::function<delivery_result(const message&)> script = [](const message&) {
        delivery_result out;
        out.what = outcome::delivered;
        return out;
    };
    std::vector<std::string> delivered; ///< keys
    std::map<std::string, int> tries;
    int attempts = 0, running = 0, most_running = 0;
    std::set<std::string> slow;         ///< subjects whose attempts wait for `release`

    void release() {
        slow.clear();
        for (const auto& t : held_)
            t->expires_at(asio::steady_timer::time_point::min());
        held_.clear();
    }

    asio::awaitable<delivery_result> deliver(const message& m) override {
        ++attempts;
        ++tries[m.key];
        most_running = std::max(most_running, ++running);
        co_await asio::post(io_, asio::use_awaitable);
        if (slow.count(m.subject)) {
            const auto timer = held_.emplace_back(std::make_shared<asio::steady_timer>(io_, asio::steady_timer::time_point::max()));
            boost::system::error_code ended;
            co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ended));
        }
        --running;
        delivery_result out = script(m);
        if (out.what == outcome::delivered)
            delivered.push_back(m.key);
        co_return out;
    }
    asio::awaitable<std::vector<human_decision>> read_back() override { co_return std::exchange(decisions, {}); }
    std::vector<human_decision> decisions;

private:
    asio::io_context& io_;
    std::vector<std::shared_ptr<asio::steady_timer>> held_;
};

struct outbox_world : still_world {
    scratch_folder folder;
    std::unique_ptr<store> rows = open_sqlite(folder.path().string());
    prompt_committer writer{*rows};
    std::vector<std::string> alerts;
    fault_board faults{time, [this](const fault_row& f, bool over) { alerts.push_back((over ? "-" : "+") + f.key); }};
    metrics figures;
    std::vector<sink::human_decision> decided;
    outbox_services services{writer, *rows, *time, faults, figures, [] { return 0.5; }, [this](const sink::human_decision& d) { decided.push_back(d); }};
    scripted_sink to{io};
    sink_config config;
    wake bell;
    asio::cancellation_signal stop;
    bool ended = false;

    outbox_world() {
        config.name = "study";
        config.concurrency = 4;
    }
    ~outbox_world() {
        to.release();
        stop.emit(asio::cancellation_type::total);
        settle();
    }
    void start() {
        asio::co_spawn(io, run_outbox(services, config, to, bell), asio::bind_cancellation_slot(stop.slot(), [this](std::exception_ptr) { ended = true; }));
        settle();
    }
    void add(const message& m) {
        outbox_row row;
        row.sink = "study";
        row.subject = m.subject;
        row.trial = m.trial;
        row.kind = m.kind;
        row.key = m.key;
        row.body = encode(m);
        row.created = time->now();
        rows->outbox_add(row);
    }
    void ring() {
        bell.ring();
        settle();
    }
    void pass_in_steps(duration_ms all, duration_ms step) {
        for (duration_ms done = 0; done < all; done += step)
            pass(step);
    }
    std::vector<std::string> delivered_of(const std::string& subject) const {
        std::vector<std::string> out;
        for (const std::string& k : to.delivered)
            if (k.starts_with(subject + '-'))
                out.push_back(k);
        return out;
    }
};

delivery_result failure(outcome what = outcome::later, const char* why = "503") {
    delivery_result out;
    out.what = what;
    out.why = why;
    return out;
}

} // namespace

TEST_CASE("Messages go out in order for each patient, many patients at a time") {
    outbox_world world;
    for (std::uint64_t n = 1; n <= 5; ++n)
        for (int p = 0; p < 10; ++p)
            world.add(change(n, "likely", "p" + std::to_string(p)));
    world.start();
    CHECK(world.to.delivered.size() == 50);
    CHECK(world.to.most_running == 4);
    for (int p = 0; p < 10; ++p) {
        const std::string s = "p" + std::to_string(p);
        CHECK(world.delivered_of(s) == std::vector<std::string>{s + "-t-1-1", s + "-t-1-2", s + "-t-1-3", s + "-t-1-4", s + "-t-1-5"});
    }
    CHECK(world.rows->outbox_count("study").waiting == 0);
    world.add(change(6, "likely", "p0"));
    world.ring();
    CHECK(world.to.delivered.back() == "p0-t-1-6");
    CHECK(world.alerts.empty());
    CHECK(world.figures.text().find(R"(trialgate_deliveries_total{outcome="delivered",sink="study"} 51)") != std::string::npos);
}

TEST_CASE("One slow patient delays no other, and neither does one that fails") {
    outbox_world world;
    world.to.slow = {"slow"};
    world.to.script = [](const message& m) {
        delivery_result conflict = failure(outcome::later, "409");
        conflict.because = delivery_result::cause::message;
        delivery_result fine;
        fine.what = outcome::delivered;
        return m.subject == "bad" ? conflict : fine;
    };
    world.add(change(1, "likely", "slow"));
    world.add(change(1, "likely", "bad"));
    for (std::uint64_t n = 1; n <= 3; ++n)
        for (int p = 0; p < 8; ++p)
            world.add(change(n, "likely", "p" + std::to_string(p)));
    world.start();
    CHECK(world.to.delivered.size() == 24);
    world.pass_in_steps(10 * minute_ms, 5 * second_ms);
    CHECK(world.to.tries["bad-t-1-1"] > 3);
    CHECK(world.to.tries["slow-t-1-1"] == 1);
    world.add(change(4, "likely", "p3"));
    world.ring();
    CHECK(world.to.delivered.back() == "p3-t-1-4");
    CHECK(world.alerts.empty());
    world.to.release();
    world.settle();
    CHECK(world.to.delivered.back() == "slow-t-1-1");
}

TEST_CASE("A sink that is dead for an hour is one fault, few attempts, and then everything in order") {
    outbox_world world;
    world.to.script = [](const message&) { return failure(); };
    for (std::uint64_t n = 1; n <= 3; ++n)
        for (int p = 0; p < 40; ++p)
            world.add(change(n, "likely", "p" + std::to_string(100 + p)));
    world.start();
    world.pass_in_steps(hour_ms, 5 * second_ms);
    CHECK(world.alerts == std::vector<std::string>{"+sink.study.unreachable"});
    CHECK(world.to.attempts < 60);
    CHECK(world.to.delivered.empty());
    int untried = 0;
    for (const outbox_row& r : world.rows->outbox_list("study", 0, 1000)) {
        CHECK(static_cast<int>(r.attempts) == world.to.tries[r.key]);
        untried += r.attempts == 0;
    }
    CHECK(untried >= 80);

    world.to.script = [](const message&) {
        delivery_result out;
        out.what = outcome::delivered;
        return out;
    };
    world.pass_in_steps(11 * minute_ms, 5 * second_ms);
    CHECK(world.to.delivered.size() == 120);
    for (int p = 100; p < 140; ++p) {
        const std::string s = "p" + std::to_string(p);
        CHECK(world.delivered_of(s) == std::vector<std::string>{s + "-t-1-1", s + "-t-1-2", s + "-t-1-3"});
    }
    CHECK(world.alerts == std::vector<std::string>{"+sink.study.unreachable", "-sink.study.unreachable"});
    CHECK(world.rows->outbox_count("study").dead == 0);
}

TEST_CASE("What a receiver refuses for good becomes a dead letter, one alert for all, and the patient's next message goes on") {
    outbox_world world;
    world.to.script = [](const message& m) {
        delivery_result out = failure(outcome::never, "422");
        if (m.number != 1)
            out.what = outcome::delivered;
        return out;
    };
    for (int p = 0; p < 5; ++p)
        for (std::uint64_t n = 1; n <= 2; ++n)
            world.add(change(n, "likely", "p" + std::to_string(p)));
    world.start();
    CHECK(world.to.delivered.size() == 5);
    CHECK(world.alerts == std::vector<std::string>{"+sink.study.dead-letters"});
    const auto left = world.rows->outbox_list("study", 0, 100);
    REQUIRE(left.size() == 5);
    CHECK(left[0].state == outbox_state::dead);
    CHECK(left[0].error == "422");
    for (const outbox_row& r : left)
        world.rows->outbox_remove(r.id);
    world.pass(minute_ms);
    CHECK(world.alerts.back() == "-sink.study.dead-letters");
}

TEST_CASE("Retries end") {
    outbox_world world;
    world.config.give_up_after = hour_ms;
    world.to.script = [](const message&) { return failure(); };
    world.add(change(1, "likely"));
    world.start();
    world.pass_in_steps(2 * hour_ms, 5 * second_ms);
    CHECK(world.rows->outbox_count("study").dead == 1);
    CHECK(world.rows->outbox_count("study").waiting == 0);
    CHECK(world.alerts == std::vector<std::string>{"+sink.study.unreachable", "+sink.study.dead-letters"});
    const int attempts = world.to.attempts;
    world.pass_in_steps(hour_ms, minute_ms);
    CHECK(world.to.attempts == attempts);
}

TEST_CASE("A row that is no message, and a sink that throws, are failures of one row") {
    outbox_world world;
    outbox_row row;
    row.sink = "study";
    row.subject = row.key = "x";
    row.body = "garbage";
    row.created = start_of_test;
    world.rows->outbox_add(row);
    world.add(change(1, "likely", "thrower"));
    world.add(change(1, "likely", "fine"));
    world.to.script = [](const message& m) {
        if (m.subject == "thrower")
            throw std::runtime_error("a defect");
        delivery_result out;
        out.what = outcome::delivered;
        return out;
    };
    world.start();
    CHECK(world.to.delivered == std::vector<std::string>{"fine-t-1-1"});
    const auto left = world.rows->outbox_list("study", 0, 10);
    REQUIRE(left.size() == 2);
    CHECK(left[0].state == outbox_state::dead);
    CHECK(left[1].state == outbox_state::waiting);
    CHECK(left[1].error == "internal");
}

TEST_CASE("A person's decision that was met on the way is passed on") {
    outbox_world world;
    world.to.script = [](const message&) {
        delivery_result out;
        out.what = outcome::overruled;
        out.human = "on-study";
        out.human_at = start_of_test - hour_ms;
        return out;
    };
    world.add(change(1, "likely"));
    world.start();
    REQUIRE(world.decided.size() == 1);
    CHECK(world.decided[0].subject == "aa11");
    CHECK(world.decided[0].trial == "t-1");
    CHECK(world.decided[0].status == "on-study");
    CHECK(world.decided[0].at == start_of_test - hour_ms); // when it was decided, not when it was met
    CHECK(world.rows->outbox_count("study").waiting == 0);
}

TEST_CASE("A clock that was ahead does not hold messages back") {
    outbox_world world;
    const bool running = GENERATE(true, false);
    world.to.script = [](const message&) { return failure(); };
    world.add(change(1, "likely"));
    world.time->set(start_of_test + 1000 * hour_ms);
    if (running) {
        world.start();
        world.pass(minute_ms);
    } else {
        const auto rows = world.rows->outbox_list("study", 0, 10);
        world.rows->outbox_failed(rows[0].id, 3, world.time->now(), outbox_state::waiting, "503");
    }
    world.to.script = [](const message&) {
        delivery_result out;
        out.what = outcome::delivered;
        return out;
    };
    world.time->set(start_of_test);
    running ? world.ring() : world.start();
    world.pass(minute_ms);
    CHECK(world.to.delivered.size() == 1);
}

TEST_CASE("What is under way is finished before the outbox ends") {
    outbox_world world;
    world.to.slow = {"p0", "p1"};
    for (int p = 0; p < 2; ++p)
        for (std::uint64_t n = 1; n <= 2; ++n)
            world.add(change(n, "likely", "p" + std::to_string(p)));
    world.start();
    CHECK(world.to.running == 2);
    world.stop.emit(asio::cancellation_type::total);
    world.settle();
    CHECK_FALSE(world.ended);
    world.to.release();
    world.settle();
    CHECK(world.ended);
    CHECK(world.to.delivered.size() == 2);
    CHECK(world.rows->outbox_count("study").waiting == 2);
}

TEST_CASE("What never ends is cut off by the second request to end, and stays to be delivered") {
    outbox_world world;
    world.to.slow = {"p0"};
    world.add(change(1, "likely", "p0"));
    world.start();
    CHECK(world.to.running == 1);
    world.stop.emit(asio::cancellation_type::total);
    world.settle();
    CHECK_FALSE(world.ended);
    world.stop.emit(asio::cancellation_type::terminal);
    world.settle();
    CHECK(world.ended);
    CHECK(world.rows->outbox_count("study").waiting == 1);
}

TEST_CASE("A store that cannot save an outcome pauses the sink, the message is delivered again") {
    outbox_world world;
    world.start();
    world.add(change(1, "likely"));
    world.writer.full = true;
    world.ring();
    CHECK(world.to.attempts == 1);
    world.ring();
    CHECK(world.to.attempts == 1);
    world.writer.full = false;
    world.pass(11 * second_ms);
    CHECK(world.to.attempts == 2);
    CHECK(world.rows->outbox_count("study").waiting == 0);
}

TEST_CASE("An operator's retry is noticed without a bell") {
    outbox_world world;
    world.to.script = [](const message&) { return failure(outcome::never, "422"); };
    world.add(change(1, "likely"));
    world.start();
    const auto rows = world.rows->outbox_list("study", 0, 10);
    REQUIRE(rows.size() == 1);
    world.to.script = [](const message&) {
        delivery_result out;
        out.what = outcome::delivered;
        return out;
    };
    world.rows->outbox_failed(rows[0].id, 0, 0, outbox_state::waiting, "");
    world.pass(11 * second_ms);
    CHECK(world.to.delivered.size() == 1);
}

TEST_CASE("Decisions are read back at their interval until the end") {
    outbox_world world;
    world.config.read_back_every = 5 * minute_ms;
    world.to.decisions = {{"aa11", "t-1", "on-study", start_of_test}};
    bool ended = false;
    asio::cancellation_signal stop;
    asio::co_spawn(world.io, run_read_back(world.services, world.config, world.to),
                   asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr) { ended = true; }));
    world.settle();
    CHECK(world.decided.size() == 1);
    world.to.decisions = {{"aa11", "t-1", "withdrawn", start_of_test}};
    world.pass(4 * minute_ms);
    CHECK(world.decided.size() == 1);
    world.pass(minute_ms);
    REQUIRE(world.decided.size() == 2);
    CHECK(world.decided[1].status == "withdrawn");
    stop.emit(asio::cancellation_type::total);
    world.settle();
    CHECK(ended);
}
