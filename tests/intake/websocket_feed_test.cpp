#include "gateway/intake/websocket_feed.hpp"

#include "tests/intake/pull_support.hpp"

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

/// What the other side says and hears; outlives the socket.
struct line {
    std::deque<std::string> to_us;
    std::vector<std::string> from_us;
    wake said;
    bool hung_up = false;
    int closed = 0;
};

class scripted_socket final : public websocket {
public:
    scripted_socket(std::shared_ptr<line> l, gateway::clock& time) : line_(std::move(l)), time_(time) {}
    asio::awaitable<net_result<void>> send(std::string text) override {
        line_->from_us.push_back(std::move(text));
        co_return net_result<void>();
    }
    asio::awaitable<net_result<std::string>> receive(std::chrono::milliseconds idle) override {
        const instant until = time_.now() + idle.count();
        while (line_->to_us.empty() && !line_->hung_up) {
            const bool rung = co_await line_->said.wait(time_, until);
            if (!rung)
                co_return net_error{net_errc::timeout, false, ""};
        }
        if (line_->to_us.empty())
            co_return net_error{net_errc::closed, false, ""};
        std::string text = std::move(line_->to_us.front());
        line_->to_us.pop_front();
        co_return text;
    }
    asio::awaitable<void> close() override {
        ++line_->closed;
        co_return;
    }

private:
    std::shared_ptr<line> line_;
    gateway::clock& time_;
};

struct listening : pulling {
    std::vector<std::string> opened, taken;
    std::shared_ptr<line> wire = std::make_shared<line>();
    bool reachable = true, room = true;
    subscription_ports ports;
    std::shared_ptr<feed_slot> slot = std::make_shared<feed_slot>();

    listening() {
        source.can->websocket_url = "wss://ehr.example.org/ws";
        slot->name = "observation";
        slot->id = "7";
        subscription_row row;
        row.source = "ehr";
        row.name = "observation";
        kept->begin();
        kept->subscription_put(row);
        kept->commit();
        ports.open = [this](std::string url) -> asio::awaitable<net_result<std::unique_ptr<websocket>>> {
            opened.push_back(std::move(url));
            if (!reachable)
                co_return net_error{net_errc::connect, false, ""};
            std::unique_ptr<websocket> socket = std::make_unique<scripted_socket>(wire, *time);
            co_return socket;
        };
        ports.take = [this](std::string, std::string, std::string text) -> asio::awaitable<bool> {
            taken.push_back(std::move(text));
            co_return room;
        };
    }
    void listen() { start(feed_websocket(services, source, ports, slot)); }
    void say(std::string text) {
        wire->to_us.push_back(std::move(text));
        wire->said.ring();
        settle();
    }
    void hang_up() {
        const auto old = std::exchange(wire, std::make_shared<line>());
        old->hung_up = true;
        old->said.ring();
        settle();
    }
    std::int64_t reconciles() {
        const std::int64_t n = kept->job_count("ehr", job_kind::reconcile);
        kept->begin();
        for (const job& j : kept->jobs_due("ehr", job_kind::reconcile, time->now(), 10))
            kept->job_done(j.id, j.stamp);
        kept->commit();
        return n;
    }
};

} // namespace

TEST_CASE("An R4 WebSocket is bound by id, and each ping makes us ask what is new", "[websocket]") {
    listening t;
    t.listen();
    CHECK(t.opened == std::vector<std::string>{"wss://ehr.example.org/ws"});
    CHECK(t.wire->from_us == std::vector<std::string>{"bind 7"});
    CHECK(t.reconciles() == 0);
    t.say("bound 7");
    CHECK(t.reconciles() == 1);
    t.pass(second_ms);
    t.say("ping 7");
    CHECK(t.reconciles() == 1);
    CHECK(t.kept->subscription("ehr", "observation")->last_heard == t.time->now());
    t.say("something else");
    CHECK(t.reconciles() == 0);
    CHECK(t.taken.empty());
}

TEST_CASE("After a break it connects again, later each time, and asks for what it did not hear", "[websocket]") {
    listening t;
    t.listen();
    t.say("bound 7");
    t.reconciles();
    t.reachable = false;
    t.hang_up();
    CHECK(t.opened.size() == 1);
    t.pass(2 * second_ms);
    CHECK(t.opened.size() == 2);
    t.pass(2 * second_ms);
    CHECK(t.opened.size() == 3);
    t.pass(2 * second_ms);
    CHECK(t.opened.size() == 3);
    t.reachable = true;
    t.pass(10 * second_ms);
    CHECK(t.opened.size() == 4);
    CHECK(t.reconciles() == 0);
    t.say("bound 7");
    CHECK(t.reconciles() == 1);
}

TEST_CASE("Nothing is opened before the Subscription exists, and another id is bound anew", "[websocket]") {
    listening t;
    t.slot->id.clear();
    t.listen();
    CHECK(t.opened.empty());
    t.slot->id = "8";
    t.slot->changed.ring();
    t.settle();
    CHECK(t.wire->from_us == std::vector<std::string>{"bind 8"});
}

TEST_CASE("A topic WebSocket is bound by a token, its Bundles are journaled, and it is bound anew before the token ends", "[websocket]") {
    listening t;
    t.slot->topic = true;
    const std::string answer = R"({"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t0k"},
      {"name":"expiration","valueDateTime":"2026-03-15T10:03:00Z"},{"name":"websocket-url","valueUrl":"wss://ws.example.org/x"}]})";
    t.server->expect(ok("POST Subscription/7/$get-ws-binding-token", answer));
    t.listen();
    CHECK(t.opened == std::vector<std::string>{"wss://ws.example.org/x"});
    CHECK(t.wire->from_us == std::vector<std::string>{"bind-with-token t0k"});
    t.say(R"({"resourceType":"Bundle","type":"handshake"})");
    t.say(R"({"resourceType":"Bundle","type":"event"})");
    CHECK(t.taken.size() == 2);
    CHECK(t.reconciles() == 1);
    t.server->expect(ok("POST Subscription/7/$get-ws-binding-token", answer));
    t.pass(2 * minute_ms);
    CHECK(t.wire->closed == 1);
    t.pass(2 * second_ms);
    t.check_script();
}

TEST_CASE("A Bundle for which there is no room ends the connection, so that it is asked for later", "[websocket]") {
    listening t;
    t.slot->topic = true;
    t.server->any_order = true;
    for (int i = 0; i < 2; ++i)
        t.server->expect(ok("POST Subscription/7/$get-ws-binding-token",
                            R"({"resourceType":"Parameters","parameter":[{"name":"token","valueString":"t0k"}]})"));
    t.room = false;
    t.listen();
    t.say(R"({"resourceType":"Bundle"})");
    CHECK(t.wire->closed == 1);
    t.room = true;
    t.pass(2 * second_ms);
    CHECK(t.opened == std::vector<std::string>{"wss://ehr.example.org/ws", "wss://ehr.example.org/ws"});
    t.say(R"({"resourceType":"Bundle"})");
    CHECK(t.reconciles() == 1);
}
