#include "gateway/outbox/standard_webhook.hpp"
#include "tests/outbox/outbox_support.hpp"

using namespace trialgate;
using namespace trialgate::tests;
using outcome = delivery_result::is;

namespace {

struct receiver : still_world {
    std::shared_ptr<scripted_http> http = std::make_shared<scripted_http>();
    sink_config config;
    receiver() {
        config.name = "hook";
        config.kind = sink_config::type::webhook;
        config.url = "https://study.example/hook";
        config.signing.value = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        answer(204);
    }
    void answer(int status, http_headers headers = {}) {
        http->script = [=](const http_request&) { return response(status, {}, headers); };
    }
    delivery_result deliver(const message& m, std::shared_ptr<authorizer> auth = {}) {
        const auto to = make_webhook_sink(config, http, std::move(auth), time);
        return run(to->deliver(m));
    }
};

message full() {
    message m = change(1, "likely");
    m.report_with_references = R"({"criteria":[{"evidence":[{"reference":"Observation/o1"}]}]})";
    return m;
}

struct two_tokens final : authorizer {
    asio::awaitable<net_result<std::string>> authorization(bool refresh) override { co_return refresh ? "Bearer new" : "Bearer old"; }
};

} // namespace

TEST_CASE("A signature is what the standard's example says") {
    CHECK(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1'614'265'330, R"({"test": 2432232314})") ==
          "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    CHECK(webhook_key("a plain secret") == "a plain secret");
    CHECK(webhook_key("whsec_not base64!") == "whsec_not base64!");
}

TEST_CASE("A message is posted as signed JSON, with a new time and the same id at every attempt") {
    receiver world;
    const message m = full();
    CHECK(world.deliver(m).what == outcome::delivered);
    world.pass(minute_ms);
    CHECK(world.deliver(m).what == outcome::delivered);
    REQUIRE(world.http->asked.size() == 2);
    const instant at[] = {start_of_test / 1000, start_of_test / 1000 + 60};
    for (int i = 0; i < 2; ++i) {
        const http_request& r = world.http->asked[static_cast<std::size_t>(i)];
        CHECK(r.method == "POST");
        CHECK(r.target == "https://study.example/hook");
        CHECK(r.headers["content-type"] == "application/json");
        CHECK(r.headers["webhook-id"] == m.key);
        CHECK(r.headers["webhook-timestamp"] == std::to_string(at[i]));
        CHECK(r.headers["webhook-signature"] == webhook_signature(world.config.signing.value, m.key, at[i], r.body));
        CHECK_FALSE(r.headers.has("Authorization"));
    }
}

TEST_CASE("A receiver learns who the patient is only when it is configured so") {
    receiver world;
    CHECK(world.deliver(full()).what == outcome::delivered);
    CHECK(world.http->asked[0].body.find("Patient/p1") == std::string::npos);
    CHECK(world.http->asked[0].body.find("Observation/o1") == std::string::npos);
    const auto sent = decode_message(world.http->asked[0].body);
    REQUIRE(sent);
    CHECK(sent->subject == "aa11");
    CHECK(sent->status == "likely");
    CHECK_FALSE(sent->report.empty());

    world.config.subject = sink_config::identity::reference;
    CHECK(world.deliver(full()).what == outcome::delivered);
    CHECK(world.http->asked[1].body == encode(full()));
}

TEST_CASE("Answers of a receiver become outcomes") {
    receiver world;
    const auto [status, expected] = GENERATE(table<int, outcome>({
        {200, outcome::delivered}, {202, outcome::delivered}, {301, outcome::later}, {400, outcome::never}, {401, outcome::later},
        {403, outcome::later}, {404, outcome::never}, {408, outcome::later}, {410, outcome::never}, {422, outcome::never},
        {425, outcome::later}, {429, outcome::later}, {500, outcome::later}, {503, outcome::later},
    }));
    CAPTURE(status);
    world.answer(status, {{"Retry-After", "30"}});
    const delivery_result r = world.deliver(full());
    CHECK(r.what == expected);
    CHECK(r.why == std::to_string(status));
    if (expected == outcome::later)
        CHECK(r.wait == 30 * second_ms);
}

TEST_CASE("A token that is refused is renewed once") {
    receiver world;
    world.http->script = [](const http_request& r) { return response(r.headers["Authorization"] == "Bearer new" ? 200 : 401); };
    CHECK(world.deliver(full(), std::make_shared<two_tokens>()).what == outcome::delivered);
    CHECK(world.http->asked.size() == 2);
    world.answer(401);
    CHECK(world.deliver(full(), std::make_shared<two_tokens>()).what == outcome::later);
    CHECK(world.http->asked.size() == 4);
}
