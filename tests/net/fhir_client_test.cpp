#include "gateway/net/fhir_client.hpp"

#include "gateway/net/breaker.hpp"
#include "gateway/net/oauth.hpp"
#include "tests/net/scripted_http.hpp"

using namespace trialgate::tests;

namespace {

/// Gives "Bearer t1" and after each refusal the next; counts.
class counted_tokens final : public authorizer {
public:
    unsigned current = 1, refreshes = 0;
    bool fixed = false;
    std::optional<net_error> failing;
    asio::awaitable<net_result<std::string>> authorization(bool refresh) override {
        if (refresh)
            ++refreshes;
        if (refresh && !fixed)
            ++current;
        if (failing)
            co_return *failing;
        co_return "Bearer t" + std::to_string(current);
    }
};

struct ehr {
    still_world world;
    std::shared_ptr<scripted_http> http = std::make_shared<scripted_http>();
    std::shared_ptr<counted_tokens> tokens = std::make_shared<counted_tokens>();
    fhir_client_options options;
    std::unique_ptr<fhir_client> client;

    ehr() {
        options.base = "https://ehr.example.org/fhir/";
        options.auth = tokens;
        answers(response(200, "{}"));
        renew();
    }
    void renew() { client = make_fhir_client(options, world.time, http); }
    void answers(http_response with) {
        http->script = [with](const http_request&) -> scripted_http::answer { return with; };
    }
    void fails(net_errc code) {
        http->script = [code](const http_request&) -> scripted_http::answer { return net_error{code, false, "x"}; };
    }
    static fhir_request get(std::string path) {
        fhir_request r;
        r.path = std::move(path);
        return r;
    }
    net_result<fhir_answer> ask(std::string path) { return world.run(client->send(get(std::move(path)))); }
    /// Status, or the code of the error.
    std::string outcome(std::string path = "Patient/p1") {
        const auto a = ask(std::move(path));
        return a ? std::to_string(a->status) : std::string(to_code(a.error().code));
    }
    const http_request& last() const { return http->asked.back(); }
};

} // namespace

TEST_CASE("Paths are resolved against the base, and the token stays at its origin") {
    struct row {
        const char *path, *url;
        bool token;
    };
    const row rows[] = {
        {"Patient/p1", "https://ehr.example.org/fhir/Patient/p1", true},
        {"Observation?patient=p1&code=http://loinc.org|1-8", "https://ehr.example.org/fhir/Observation?patient=p1&code=http://loinc.org|1-8", true},
        {"", "https://ehr.example.org/fhir", true},
        {"?_getpages=1", "https://ehr.example.org/fhir/?_getpages=1", true},
        {"/fhir?_getpages=1", "https://ehr.example.org/fhir?_getpages=1", true},
        {"/other/Patient/p1", "https://ehr.example.org/other/Patient/p1", true},
        {"https://ehr.example.org/fhir/Patient?page=2", "https://ehr.example.org/fhir/Patient?page=2", true},
        {"https://ehr.example.org:443/fhir/Patient?page=2", "https://ehr.example.org:443/fhir/Patient?page=2", true},
        {"HTTPS://EHR.example.org/fhir/Patient?page=2", nullptr, true},
        {"//ehr.example.org/fhir/Patient", "https://ehr.example.org/fhir/Patient", true},
        {"Patient/p1#name", "https://ehr.example.org/fhir/Patient/p1", true},
        {"https://files.example.org/1.ndjson", "https://files.example.org/1.ndjson", false},
        {"//files.example.org/1.ndjson", "https://files.example.org/1.ndjson", false},
        {"http://ehr.example.org/fhir/Patient", "http://ehr.example.org/fhir/Patient", false},
        {"https://ehr.example.org:8443/fhir/Patient", "https://ehr.example.org:8443/fhir/Patient", false},
        {"https://ehr.example.org.evil.org/fhir/Patient", "https://ehr.example.org.evil.org/fhir/Patient", false},
        {"https://evil.org/https://ehr.example.org/fhir", "https://evil.org/https://ehr.example.org/fhir", false},
    };
    for (const row& r : rows) {
        CAPTURE(r.path);
        ehr e;
        const auto a = e.ask(r.path);
        REQUIRE(a.has_value());
        REQUIRE(e.http->asked.size() == 1);
        if (r.url) {
            CHECK(e.last().target == r.url);
            CHECK(a->url == r.url);
        }
        CHECK(e.last().headers["Authorization"] == (r.token ? "Bearer t1" : ""));
        CHECK(e.client->same_origin(r.path) == r.token);
    }
}

TEST_CASE("Links that readers of URLs could understand differently are not asked") {
    for (const char* path : {"https://ehr.example.org@evil.org/x", "https://ehr.example.org\\@evil.org/x", "https://evil.org\\@ehr.example.org/x",
                             "https://user:pass@ehr.example.org/fhir/Patient", "urn:uuid:1", "ftp://ehr.example.org/x", "https://",
                             "https:///x", "Patient/p1\r\nX-Evil: 1", "Patient?name=a b", "https://ehr.example.org:99999/x"}) {
        CAPTURE(path);
        ehr e;
        const auto a = e.ask(path);
        REQUIRE(!a);
        CHECK(a.error().code == net_errc::bad_url);
        CHECK(a.error().text == "a link that is no http or https URL");
        CHECK(e.http->asked.empty());
        CHECK_FALSE(e.client->same_origin(path));
    }
}

TEST_CASE("A WebSocket's handshake carries the token where it is of the base's origin, and nowhere else") {
    struct row {
        const char* url;
        bool token;
    };
    const row rows[] = {
        {"wss://ehr.example.org/websocket", true},       {"WSS://EHR.example.org:443/websocket", true},      {"ws://ehr.example.org/websocket", false},
        {"wss://ehr.example.org:8443/websocket", false}, {"wss://evil.org/websocket", false},                {"https://ehr.example.org/fhir", false},
        {"wss://ehr.example.org@evil.org/", false},      {"wss://ehr.example.org\\@evil.org/", false},
    };
    for (const row& r : rows) {
        CAPTURE(r.url);
        ehr e;
        const auto value = e.world.run(e.client->handshake_authorization(r.url, std::chrono::seconds(5)));
        REQUIRE(value.has_value());
        CHECK(*value == (r.token ? "Bearer t1" : ""));
    }
}

TEST_CASE("A base loses its slashes, and what is no base is refused") {
    ehr e;
    CHECK(e.client->base() == "https://ehr.example.org/fhir");
    e.options.base = "http://localhost:8080///";
    e.renew();
    CHECK(e.client->base() == "http://localhost:8080");
    e.ask("Patient/p1");
    CHECK(e.last().target == "http://localhost:8080/Patient/p1");
    for (const char* bad : {"https://h/fhir?tenant=1", "https://h/fhir#x", "ehr.example.org", "ftp://h", "wss://h/fhir", "https://u:p@h/fhir", ""}) {
        e.options.base = bad;
        CHECK_THROWS_AS(e.renew(), std::invalid_argument);
    }
}

TEST_CASE("Headers have defaults that a request can replace") {
    ehr e;
    e.ask("Patient/p1");
    CHECK(e.last().method == "GET");
    CHECK(e.last().headers["Accept"] == "application/fhir+json");
    CHECK_FALSE(e.last().headers.has("Content-Type"));
    CHECK_FALSE(e.last().headers.has("Cache-Control"));
    e.ask("Patient?_id=p1");
    CHECK(e.last().headers["Cache-Control"] == "no-cache");

    fhir_request put = ehr::get("Patient/p1");
    put.method = "PUT";
    put.body = "{}";
    e.world.run(e.client->send(put));
    CHECK(e.last().method == "PUT");
    CHECK(e.last().body == "{}");
    CHECK(e.last().headers["Content-Type"] == "application/fhir+json");

    fhir_request search = ehr::get("Patient/_search?_count=1");
    search.method = "POST";
    search.body = "_id=p1";
    search.headers = {{"content-type", "application/x-www-form-urlencoded"}, {"accept", "application/json"}};
    search.deadline = std::chrono::seconds(7);
    e.world.run(e.client->send(search));
    CHECK(e.last().headers["Content-Type"] == "application/x-www-form-urlencoded");
    CHECK(e.last().headers["Accept"] == "application/json");
    CHECK_FALSE(e.last().headers.has("Cache-Control"));
    CHECK(e.http->limits.back() <= std::chrono::seconds(7));
    CHECK(e.http->limits.back() > std::chrono::seconds(5));
}

TEST_CASE("A caller's own credentials do not go to another origin either") {
    ehr e;
    fhir_request r = ehr::get("https://files.example.org/1");
    r.headers = {{"authorization", "Basic x"}, {"Cookie", "y"}, {"X-Request-Id", "1"}};
    e.world.run(e.client->send(r));
    CHECK_FALSE(e.last().headers.has("Authorization"));
    CHECK_FALSE(e.last().headers.has("Cookie"));
    CHECK(e.last().headers["X-Request-Id"] == "1");
}

TEST_CASE("An answer carries the server's time and patience") {
    ehr e;
    e.answers(response(202, "x", {{"date", "Sun, 15 Mar 2026 11:00:00 GMT"}, {"retry-after", "Sun, 15 Mar 2026 11:00:30 GMT"}, {"ETag", "W/\"3\""}}));
    const auto a = e.ask("Patient/$export");
    REQUIRE(a.has_value());
    CHECK(a->status == 202);
    CHECK(a->body == "x");
    CHECK(a->headers["etag"] == "W/\"3\"");
    CHECK(a->date == start_of_test + hour_ms);
    CHECK(a->retry_after == 30 * second_ms); // by the server's clock, which goes an hour ahead of ours
    CHECK(a->ok());
    CHECK_FALSE(a->transient());
    CHECK(e.outcome() == "202"); // a Retry-After on 202 holds nothing back
    e.answers(response(200));
    CHECK_FALSE(e.ask("x")->date);
    CHECK_FALSE(e.ask("x")->retry_after);
    for (const auto& [status, transient] : {std::pair(408, true), {425, true}, {429, true}, {500, true}, {502, true}, {503, true}, {504, true},
                                            {400, false}, {401, false}, {404, false}, {409, false}, {412, false}, {422, false}, {501, false}}) {
        fhir_answer b;
        b.status = status;
        CHECK(b.transient() == transient);
        CHECK_FALSE(b.ok());
    }
}

TEST_CASE("After a 401 the token is refreshed once and the request asked once more") {
    ehr e;
    e.http->script = [](const http_request& r) -> scripted_http::answer { return response(r.headers["Authorization"] == "Bearer t1" ? 401 : 201); };
    fhir_request create = ehr::get("Flag");
    create.method = "POST";
    create.body = "{\"x\":1}";
    const auto a = e.world.run(e.client->send(create));
    REQUIRE(a.has_value());
    CHECK(a->status == 201);
    REQUIRE(e.http->asked.size() == 2);
    CHECK(e.http->asked[1].headers["Authorization"] == "Bearer t2");
    CHECK(e.http->asked[1].body == create.body);
    CHECK(e.http->asked[1].method == "POST");
    CHECK(e.tokens->refreshes == 1);

    e.answers(response(401, "no"));
    CHECK(e.ask("Patient/p1")->status == 401);
    CHECK(e.http->asked.size() == 4);
    CHECK(e.tokens->refreshes == 2);
}

TEST_CASE("Many requests that were refused with one token cost one new token") {
    ehr e;
    const auto tokens = std::make_shared<scripted_http>();
    tokens->script = [&](const http_request&) -> scripted_http::answer {
        return response(200, R"({"token_type":"bearer","access_token":"t)" + std::to_string(tokens->asked.size()) + "\"}");
    };
    oauth_options options;
    options.token_url = "https://auth.example.org/token";
    options.client_secret = "geheim";
    e.options.auth = make_oauth(options, tokens, e.world.time, {});
    e.renew();
    e.http->holding = true;
    e.http->script = [](const http_request& r) -> scripted_http::answer { return response(r.headers["Authorization"] == "Bearer t1" ? 401 : 200); };
    std::vector<std::shared_ptr<still_world::pending<net_result<fhir_answer>>>> all;
    for (int i = 0; i < 10; ++i)
        all.push_back(e.world.start(e.client->send(ehr::get("Patient/p1"))));
    tokens->holding = true;
    e.http->release();
    e.world.settle();
    tokens->release();
    e.world.settle();
    for (const auto& one : all) {
        REQUIRE(one->value);
        CHECK(one->value->value().status == 200);
    }
    CHECK(tokens->asked.size() == 2);
    CHECK(e.http->asked.size() == 20);
}

TEST_CASE("A 401 is final where there is no other token to try") {
    ehr e;
    e.answers(response(401));
    e.tokens->fixed = true;
    CHECK(e.outcome() == "401");
    CHECK(e.http->asked.size() == 1);
    CHECK(e.outcome("https://files.example.org/1") == "401");
    CHECK(e.http->asked.size() == 2);
    e.options.auth.reset();
    e.renew();
    CHECK(e.outcome() == "401");
    CHECK(e.http->asked.size() == 3);
    CHECK_FALSE(e.last().headers.has("Authorization"));
}

TEST_CASE("Without a token nothing is sent, and the breaker takes no note") {
    ehr e;
    e.tokens->failing = net_error{net_errc::auth, false, "access token: auth.example.org:443 answered 400 invalid_client"};
    for (int i = 0; i < 10; ++i) {
        const auto a = e.ask("Patient/p1");
        REQUIRE(!a);
        CHECK(a.error().code == net_errc::auth);
        CHECK(a.error().text == e.tokens->failing->text);
    }
    CHECK(e.http->asked.empty());
    CHECK(e.client->failures() == 0);
    CHECK(e.outcome("https://files.example.org/1") == "200");
}

TEST_CASE("Retry-After of 429 and 503 holds back all requests to the server") {
    for (const int status : {429, 503}) {
        ehr e;
        e.answers(response(status, "", {{"Retry-After", "20"}}));
        CHECK(e.outcome() == std::to_string(status));
        e.answers(response(200));
        const auto held = e.world.start(e.client->send(ehr::get("Patient/p1")));
        const auto stream = e.world.start(e.client->stream("https://ehr.example.org/f", true, std::chrono::seconds(30), {}));
        CHECK(e.http->asked.size() == 1);
        CHECK(e.outcome("https://files.example.org/1") == "200"); // another server
        fhir_request hurried = ehr::get("Patient/p1");
        hurried.deadline = std::chrono::milliseconds(19'999);
        const auto refused = e.world.run(e.client->send(hurried));
        REQUIRE(!refused);
        CHECK(refused.error().code == net_errc::refused);
        CHECK_FALSE(refused.error().maybe_sent);
        CHECK(refused.error().text == "ehr.example.org:443 asked us to wait another 20 s");
        e.world.pass(19'999);
        CHECK_FALSE(held->done());
        CHECK(e.http->asked.size() == 2);
        e.http->script = [](const http_request&) -> scripted_http::answer { return response(404); };
        e.world.pass(1);
        REQUIRE(held->value);
        CHECK(held->value->value().status == 404);
        REQUIRE(stream->value);
        CHECK(stream->value->value().status == 404);
        CHECK(e.http->asked.size() == 4);
        CHECK(e.http->limits[2] <= std::chrono::seconds(10)); // the hold counts towards the deadline
        CHECK(e.http->limits[2] > std::chrono::seconds(5));
        CHECK(e.outcome() == "404");
    }
}

TEST_CASE("A hold can be a date, does not shrink, and lasts an hour at most") {
    ehr e;
    e.answers(response(429, "", {{"Retry-After", "Sun, 15 Mar 2026 10:00:25 GMT"}}));
    const auto first = e.world.start(e.client->send(ehr::get("a")));
    CHECK(first->value->value().retry_after == 25 * second_ms);
    const auto held = e.world.start(e.client->send(ehr::get("b")));
    e.world.pass(24'999);
    CHECK_FALSE(held->done());
    e.answers(response(429, "", {{"Retry-After", "999999999"}}));
    e.world.pass(1);
    REQUIRE(held->value);
    CHECK(e.outcome() == "refused");
    e.answers(response(200));
    e.world.pass(hour_ms - 1);
    fhir_request r = ehr::get("c");
    const auto last = e.world.start(e.client->send(r));
    CHECK_FALSE(last->done());
    e.world.pass(1);
    CHECK(last->done());
}

TEST_CASE("A 429 without a usable Retry-After holds nothing back") {
    for (const char* said : {"", "soon", "-5", "0", "1.5"}) {
        ehr e;
        e.answers(response(429, "", {{"Retry-After", said}}));
        CHECK(e.outcome() == "429");
        CHECK(e.outcome() == "429");
        CHECK(e.client->failures() == 0);
    }
}

TEST_CASE("A request that is cancelled while it is held back ends") {
    ehr e;
    e.answers(response(429, "", {{"Retry-After", "20"}}));
    e.outcome();
    const auto held = e.world.start(e.client->send(ehr::get("x")));
    held->cancel.emit(asio::cancellation_type::terminal);
    e.world.settle();
    CHECK(held->failed);
    CHECK(e.http->asked.size() == 1);
}

TEST_CASE("The breaker opens after failures in a row and lets one request through after a pause") {
    using state = fhir_client::breaker_state;
    ehr e;
    e.fails(net_errc::connect);
    for (unsigned i = 0; i < 5; ++i) {
        CHECK(e.client->breaker() == state::closed);
        CHECK(e.client->failures() == i);
        CHECK(e.outcome() == "connect");
    }
    CHECK(e.client->breaker() == state::open);
    const auto refused = e.ask("Patient/p1");
    REQUIRE(!refused);
    CHECK(refused.error().code == net_errc::refused);
    CHECK(refused.error().text == "ehr.example.org:443 failed 5 times in a row; not asked for another 10 s");
    CHECK(e.http->asked.size() == 5);
    CHECK(e.outcome("https://files.example.org/1") == "connect"); // another server's failures are not this one's
    CHECK(e.client->failures() == 5);
    e.world.pass(9'999);
    CHECK(e.outcome() == "refused");
    e.world.pass(1);
    CHECK(e.client->breaker() == state::half_open);
    e.http->holding = true;
    const auto probe = e.world.start(e.client->send(ehr::get("Patient/p1")));
    CHECK_FALSE(probe->done());
    CHECK(e.outcome() == "refused");
    CHECK(e.client->breaker() == state::half_open);
    e.http->release();
    e.world.settle();
    REQUIRE(probe->done());
    CHECK(e.client->breaker() == state::open);
    CHECK(e.client->failures() == 6);
    e.world.pass(19'999); // doubled
    CHECK(e.outcome() == "refused");
    e.world.pass(1);
    e.answers(response(404));
    CHECK(e.outcome() == "404");
    CHECK(e.client->breaker() == state::closed);
    CHECK(e.client->failures() == 0);
}

TEST_CASE("The breaker's pause doubles up to five minutes and begins anew after a success") {
    ehr e;
    e.answers(response(500));
    for (int i = 0; i < 5; ++i)
        e.outcome();
    for (const duration_ms pause : {10, 20, 40, 80, 160, 300, 300}) {
        e.world.pass(pause * second_ms - 1);
        CHECK(e.outcome() == "refused");
        e.world.pass(1);
        CHECK(e.outcome() == "500");
    }
    e.world.pass(300 * second_ms);
    e.answers(response(200));
    CHECK(e.outcome() == "200");
    e.answers(response(500));
    for (int i = 0; i < 5; ++i)
        CHECK(e.outcome() == "500");
    e.world.pass(10 * second_ms);
    CHECK(e.outcome() == "500");
}

TEST_CASE("What counts as a failure of the server, and what as its success") {
    struct row {
        int status;
        net_errc code;
        char counts; ///< + - or 0 for neither
    };
    const row rows[] = {{200, {}, '+'}, {304, {}, '+'}, {400, {}, '+'}, {404, {}, '+'}, {429, {}, '+'}, {501, {}, '+'},
                        {500, {}, '-'}, {502, {}, '-'}, {503, {}, '-'}, {504, {}, '-'},
                        {0, net_errc::resolve, '-'}, {0, net_errc::connect, '-'}, {0, net_errc::tls, '-'}, {0, net_errc::timeout, '-'},
                        {0, net_errc::closed, '-'}, {0, net_errc::protocol, '-'},
                        {0, net_errc::too_large, '0'}, {0, net_errc::bad_url, '0'}, {0, net_errc::cancelled, '0'}};
    for (const row& r : rows) {
        CAPTURE(r.status, to_code(r.code));
        ehr e;
        e.answers(response(500));
        e.outcome();
        if (r.status)
            e.answers(response(r.status));
        else
            e.fails(r.code);
        e.outcome();
        CHECK(e.client->failures() == (r.counts == '+' ? 0u : r.counts == '-' ? 2u : 1u));
    }
}

TEST_CASE("A probe that ends without an answer about the server makes room for the next") {
    ehr e;
    e.options.breaker_after = 1;
    e.renew();
    e.fails(net_errc::closed);
    e.outcome();
    e.world.pass(10 * second_ms);
    e.fails(net_errc::too_large);
    CHECK(e.outcome() == "too-large");
    e.tokens->failing = net_error{net_errc::auth, false, "x"};
    CHECK(e.outcome() == "auth");
    e.tokens->failing.reset();
    e.http->holding = true;
    const auto probe = e.world.start(e.client->send(ehr::get("x")));
    CHECK(e.outcome() == "refused");
    probe->cancel.emit(asio::cancellation_type::terminal);
    e.world.settle();
    CHECK(probe->failed);
    e.http->release();
    e.answers(response(200));
    CHECK(e.outcome() == "200");
    CHECK(e.client->breaker() == fhir_client::breaker_state::closed);
}

TEST_CASE("Requests from before the breaker opened do not prolong its pause") {
    circuit_breaker b(2, 10, 100);
    const auto a = b.admit(0), c = b.admit(0), d = b.admit(0), f = b.admit(0);
    b.failed(a, 0);
    b.failed(c, 0);
    CHECK(b.at(0) == circuit_breaker::state::open);
    CHECK(b.until() == 10);
    b.failed(d, 5);
    CHECK(b.until() == 10);
    CHECK(b.failures() == 2);
    CHECK(b.admit(10) == circuit_breaker::pass::probe);
    b.failed(f, 11);
    CHECK(b.admit(11) == circuit_breaker::pass::none);
    b.abandoned(f);
    CHECK(b.admit(11) == circuit_breaker::pass::none);
    b.failed(circuit_breaker::pass::probe, 12);
    CHECK(b.until() == 32);
    b.succeeded();
    CHECK(b.at(12) == circuit_breaker::state::closed);
}

TEST_CASE("Requests may outlive their client when all is torn down") {
    std::optional<ehr> e(std::in_place);
    e->http->holding = true;
    const auto one = e->world.start(e->client->send(ehr::get("x"))), two = e->world.start(e->client->stream("y", true, std::chrono::seconds(1), {}));
    CHECK(e->http->asked.size() == 2);
    CHECK_FALSE(one->done());
    CHECK_FALSE(two->done());
    e->client.reset();
    e.reset();
    CHECK_FALSE(one->done());
}

TEST_CASE("A stream passes its pieces on, with the token only where it belongs and is wanted") {
    struct row {
        const char* url;
        bool with_token, sent;
    };
    const row rows[] = {{"https://ehr.example.org/bulk/1", true, true},
                        {"https://ehr.example.org/bulk/1", false, false},
                        {"https://files.example.org/1", true, false},
                        {"https://files.example.org/1", false, false},
                        {"bulk/1", true, true}};
    for (const row& r : rows) {
        CAPTURE(r.url, r.with_token);
        ehr e;
        e.answers(response(200, "{}\n{}\n"));
        std::string got;
        const std::function<asio::awaitable<bool>(std::string_view)> chunk = [&got](std::string_view piece) -> asio::awaitable<bool> {
            got += piece;
            co_return true;
        };
        const auto a = e.world.run(e.client->stream(r.url, r.with_token, std::chrono::seconds(9), chunk));
        REQUIRE(a.has_value());
        CHECK(a->status == 200);
        CHECK(a->body.empty());
        CHECK(got == "{}\n{}\n");
        CHECK(e.last().headers["Accept"] == "application/fhir+ndjson");
        CHECK(e.last().headers.has("Authorization") == r.sent);
        CHECK(e.http->limits.back() == std::chrono::seconds(9));
    }
}

TEST_CASE("A stream whose token has expired begins again with a new one") {
    ehr e;
    e.http->script = [](const http_request& r) -> scripted_http::answer {
        return r.headers["Authorization"] == "Bearer t1" ? response(401, "no") : response(200, "yes");
    };
    std::string got;
    const std::function<asio::awaitable<bool>(std::string_view)> chunk = [&got](std::string_view piece) -> asio::awaitable<bool> {
        got += piece;
        co_return false;
    };
    const auto a = e.world.run(e.client->stream("bulk/1", true, std::chrono::seconds(9), chunk));
    CHECK(got == "yes");
    REQUIRE(!a);
    CHECK(a.error().code == net_errc::cancelled);
    CHECK(e.client->failures() == 0);
}

TEST_CASE("HTTP dates are read in the three forms of RFC 9110") {
    for (const char* text : {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", " Sun, 06 Nov 1994 08:49:37 GMT "})
        CHECK(parse_http_date(text) == 784111777000);
    CHECK(parse_http_date("Sun Nov 16 08:49:37 1994") == 784111777000 + 10 * 24 * hour_ms);
    CHECK(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT") == 0);
    CHECK(parse_http_date("Tuesday, 29-Feb-28 23:59:59 GMT") == 1835481599000);
    CHECK(parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == parse_http_date("Sun, 01 Jan 2017 00:00:00 GMT"));
    for (const char* bad : {"", "now", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 6 Nov 1994 08:49:37 GMT",
                            "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                            "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Xyz, 06 Nov 1994 08:49:37 GMT",
                            "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT+1", "Wed, 29 Feb 2023 00:00:00 GMT",
                            "1994-11-06T08:49:37Z", "Sun, 06 Nov -994 08:49:37 GMT"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_http_date(bad));
    }
}

TEST_CASE("Retry-After is seconds or a date") {
    CHECK(parse_retry_after("120", 0) == 120 * second_ms);
    CHECK(parse_retry_after(" 0 ", 0) == 0);
    CHECK(parse_retry_after("Sun, 15 Mar 2026 10:01:00 GMT", start_of_test) == minute_ms);
    CHECK(parse_retry_after("Sun, 15 Mar 2026 09:00:00 GMT", start_of_test) == 0);
    CHECK(parse_retry_after("99999999999999999999999999", 0) == 3653LL * 24 * hour_ms);
    CHECK(parse_retry_after("9223372036854775807", 0) == 3653LL * 24 * hour_ms);
    for (const char* bad : {"", " ", "-1", "+1", "1.5", "soon", "1 s", "0x10"})
        CHECK_FALSE(parse_retry_after(bad, 0));
}

TEST_CASE("Backing off doubles up to the cap, with full jitter") {
    CHECK(backoff(0, 1000, 300'000, 0.5) == 500);
    CHECK(backoff(3, 1000, 300'000, 0.5) == 4000);
    CHECK(backoff(9, 1000, 300'000, 0.5) == 150'000);
    CHECK(backoff(4'000'000'000u, 1000, 300'000, 0.5) == 150'000);
    CHECK(backoff(5, 1000, 300'000, 0.0) == 0);
    CHECK(backoff(5, 1000, 300'000, 0.999999) < 32'000);
    CHECK(backoff(0, 500'000, 300'000, 0.5) == 150'000);
    CHECK(backoff(63, std::numeric_limits<duration_ms>::max() / 2, std::numeric_limits<duration_ms>::max(), 0.25) > 0);
    CHECK(backoff(3, 0, 300'000, 0.5) == 0);
}
