#include "tests/net/jwk_support.hpp"
#include "tests/net/scripted_http.hpp"

#include "fhir/search.hpp"
#include "gateway/net/token_answer.hpp"

using namespace trialgate::tests;

namespace {

constexpr const char* token_url = "https://auth.example.org/token";
constexpr const char* base = "https://ehr.example.org/fhir";

/// Value of a form's field, decoded.
std::string field(const std::string& form, const std::string& name) {
    const std::size_t at = ("&" + form).find("&" + name + "=");
    if (at == std::string::npos)
        return {};
    const std::size_t begin = at + name.size() + 1;
    return trialgate::fhir::percent_decode(form.substr(begin, form.find('&', begin) - begin), true);
}

/// An authorisation server that grants "t1", "t2", ... and the client that asks it.
struct site {
    still_world world;
    std::shared_ptr<scripted_http> http = std::make_shared<scripted_http>();
    std::vector<std::string> warnings;
    oauth_options options;
    unsigned granted = 0;
    std::string extra = R"(,"expires_in":300)"; ///< of the answer, beside token and type

    site() {
        options.token_url = token_url;
        options.fhir_base = base;
        options.client_id = "trialgate";
        options.client_secret = "geheim";
        options.scope = "system/Observation.rs";
        grants();
    }
    void grants() {
        http->script = [this](const http_request&) -> scripted_http::answer {
            return response(200, R"({"token_type":"bearer","access_token":"t)" + std::to_string(++granted) + '"' + extra + "}");
        };
    }
    void answers(http_response with) {
        http->script = [with](const http_request&) -> scripted_http::answer { return with; };
    }
    void fails(net_errc code, std::string text) {
        http->script = [=](const http_request&) -> scripted_http::answer { return net_error{code, true, text}; };
    }
    std::shared_ptr<authorizer> client() {
        return make_oauth(options, http, world.time, [this](std::string text) { warnings.push_back(std::move(text)); });
    }
    std::string get(authorizer& from, bool refresh = false) {
        const auto value = world.run(from.authorization(refresh));
        return value ? *value : "error " + std::string(to_code(value.error().code)) + ": " + value.error().text;
    }
    std::size_t asked() const { return http->asked.size(); }
};

} // namespace

TEST_CASE("A key signs an assertion for the token endpoint") {
    const key_folder folder;
    for (const char* algorithm : {"ES384", "RS384"}) {
        site s;
        const auto key = folder.key("key.pem", algorithm == std::string_view("ES384") ? new_ec_key() : new_rsa_key(), "k1");
        s.options.keys = {key};
        s.options.jku = "https://gw.example.org/.well-known/jwks.json";
        s.options.scope = "system/Observation.rs system/Patient.rs";
        s.extra = R"(,"expires_in":10)";
        const auto client = s.client();
        CHECK(s.get(*client) == "Bearer t1");
        s.world.pass(20 * second_ms);
        CHECK(s.get(*client) == "Bearer t2");
        REQUIRE(s.asked() == 2);
        std::vector<std::string> ids;
        for (std::size_t i = 0; i < 2; ++i) {
            const http_request& r = s.http->asked[i];
            CHECK(r.method == "POST");
            CHECK(r.target == token_url);
            CHECK(r.headers["Content-Type"] == "application/x-www-form-urlencoded");
            CHECK(r.headers["Accept"] == "application/json");
            CHECK_FALSE(r.headers.has("Authorization"));
            CHECK(field(r.body, "grant_type") == "client_credentials");
            CHECK(field(r.body, "scope") == s.options.scope);
            CHECK(r.body.find("scope=system%2FObservation.rs%20system%2FPatient.rs&") != std::string::npos);
            CHECK(field(r.body, "client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            CHECK(field(r.body, "client_secret").empty());
            const std::string jwt = field(r.body, "client_assertion");
            CHECK(verifies(jwt, jwks(s.options.keys)));
            const read_jwt parts = split_jwt(jwt);
            CHECK(parts.header == R"({"alg":")" + std::string(algorithm) + R"(","kid":"k1","typ":"JWT","jku":")" + s.options.jku + "\"}");
            json::parser parser;
            const json::value claims = parser.parse_copy(parts.claims).value();
            CHECK(claims["iss"].text() == "trialgate");
            CHECK(claims["sub"].text() == "trialgate");
            CHECK(claims["aud"].text() == token_url);
            const instant now = start_of_test / 1000 + (i == 0 ? 0 : 20);
            CHECK(std::stoll(std::string(claims["iat"].text())) == now - 5);
            CHECK(std::stoll(std::string(claims["exp"].text())) == now + 295);
            CHECK(claims["jti"].text().size() >= 22);
            ids.emplace_back(claims["jti"].text());
        }
        CHECK(ids[0] != ids[1]);
    }
}

TEST_CASE("The first key signs and all are published, so that keys can rotate") {
    const key_folder folder;
    const auto fresh = folder.key("new.pem", new_ec_key(), "2026"), old = folder.key("old.pem", new_rsa_key(), "2025");
    site s;
    s.options.keys = {fresh, old};
    s.get(*s.client());
    const std::string jwt = field(s.http->asked.at(0).body, "client_assertion");
    CHECK(split_jwt(jwt).header.find(R"("kid":"2026")") != std::string::npos);
    CHECK(verifies(jwt, jwks({fresh, old})));
    CHECK(verifies(jwt, jwks({old, fresh})));
    CHECK_FALSE(verifies(jwt, jwks({old})));
}

TEST_CASE("A client secret goes into the header or into the form") {
    site s;
    s.options.client_id = "trial gate";
    s.options.client_secret = "a:b%/ü";
    CHECK(s.get(*s.client()) == "Bearer t1");
    CHECK(s.http->asked[0].headers["Authorization"] == "Basic " + to_base64("trial%20gate:a%3Ab%25%2F%C3%BC"));
    CHECK(s.http->asked[0].body == "grant_type=client_credentials&scope=system%2FObservation.rs");

    s.options.secret_in_header = false;
    s.options.scope.clear();
    CHECK(s.get(*s.client()) == "Bearer t2");
    CHECK_FALSE(s.http->asked[1].headers.has("Authorization"));
    CHECK(s.http->asked[1].body == "grant_type=client_credentials&client_id=trial%20gate&client_secret=a%3Ab%25%2F%C3%BC");
}

TEST_CASE("The token endpoint is discovered once, without a token") {
    struct row {
        const char *endpoint, *resolved;
    };
    const row rows[] = {{"https://Auth.Example.org:443/a/../token?x=1", "https://Auth.Example.org:443/a/../token?x=1"}, // verbatim: it is the audience
                        {"token", "https://ehr.example.org/fhir/token"},
                        {"/oauth/token", "https://ehr.example.org/oauth/token"},
                        {"//auth.example.org/token", "https://auth.example.org/token"}};
    const key_folder folder;
    for (const row& r : rows) {
        CAPTURE(r.endpoint);
        site s;
        s.options.token_url.clear();
        s.options.fhir_base = "https://ehr.example.org/fhir/";
        s.options.keys = {folder.key("key.pem", new_ec_key())};
        s.extra = R"(,"expires_in":10)";
        const auto grant = s.http->script;
        s.http->script = [&](const http_request& request) -> scripted_http::answer {
            return request.method == "GET" ? response(200, R"({"token_endpoint":")" + std::string(r.endpoint) + "\"}") : grant(request);
        };
        const auto client = s.client();
        CHECK(s.get(*client) == "Bearer t1");
        s.world.pass(minute_ms);
        CHECK(s.get(*client) == "Bearer t2");
        REQUIRE(s.asked() == 3);
        CHECK(s.http->asked[0].target == "https://ehr.example.org/fhir/.well-known/smart-configuration");
        CHECK(s.http->asked[0].headers["Accept"] == "application/json");
        CHECK_FALSE(s.http->asked[0].headers.has("Authorization"));
        CHECK(s.http->asked[1].target == r.resolved);
        CHECK(s.http->asked[2].target == r.resolved);
        json::parser parser;
        const std::string claims = split_jwt(field(s.http->asked[1].body, "client_assertion")).claims;
        CHECK(parser.parse_copy(claims).value()["aud"].text() == r.resolved);
    }
}

TEST_CASE("Without SMART configuration the CapabilityStatement tells the token endpoint") {
    const std::string uris = R"({"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris","extension":[
        {"url":"authorize","valueUri":"https://a.example.org/authorize"},{"url":"token","valueUri":"https://a.example.org/token"}]})";
    const std::string statement = R"({"resourceType":"CapabilityStatement","rest":[{"mode":"server","security":{"extension":[{"url":"urn:x"},)" +
                                  uris + "]}}]}";
    for (const http_response& configuration : {response(404), response(200, "<html>"), response(200, "{}"), response(302, "")}) {
        site s;
        s.options.token_url.clear();
        const auto grant = s.http->script;
        s.http->script = [&](const http_request& r) -> scripted_http::answer {
            if (r.method == "POST")
                return grant(r);
            return r.target.ends_with("/metadata") ? response(200, statement) : configuration;
        };
        CHECK(s.get(*s.client()) == "Bearer t1");
        REQUIRE(s.asked() == 3);
        CHECK(s.http->asked[1].target == std::string(base) + "/metadata");
        CHECK(s.http->asked[1].headers["Accept"] == "application/fhir+json");
        CHECK_FALSE(s.http->asked[1].headers.has("Authorization"));
        CHECK(s.http->asked[2].target == "https://a.example.org/token");
    }
}

TEST_CASE("A server that names no token endpoint is an error that says what to do") {
    site s;
    s.options.token_url.clear();
    s.answers(response(200, R"({"resourceType":"CapabilityStatement","rest":[{}]})"));
    CHECK(s.get(*s.client()) == "error auth: access token: ehr.example.org:443 names no token endpoint; configure the token URL");
}

TEST_CASE("A discovered endpoint that is gone is looked for again, one that refuses us is not") {
    for (const int status : {404, 503, 400, 401}) {
        site s;
        s.options.token_url.clear();
        s.http->script = [&](const http_request& r) -> scripted_http::answer {
            return r.method == "GET" ? response(200, R"({"token_endpoint":"https://auth.example.org/token"})") : response(status);
        };
        const auto client = s.client();
        s.get(*client);
        s.world.pass(second_ms);
        s.get(*client);
        CHECK(s.asked() == (status == 400 || status == 401 ? 3 : 4));
    }
}

TEST_CASE("An algorithm that the server does not list is reported once") {
    const key_folder folder;
    site s;
    s.options.keys = {folder.key("key.pem", new_ec_key())};
    s.options.token_url.clear();
    s.http->script = [&](const http_request& r) -> scripted_http::answer {
        if (r.method == "GET")
            return response(200, R"({"token_endpoint":"https://auth.example.org/token","token_endpoint_auth_signing_alg_values_supported":["RS384"]})");
        return response(500);
    };
    const auto client = s.client();
    s.get(*client);
    s.world.pass(minute_ms);
    s.get(*client);
    CHECK(s.warnings == std::vector<std::string>{"the authorisation server does not list ES384, with which the first key signs"});
}

TEST_CASE("Token answers are read leniently in form and strictly in what becomes a header") {
    struct row {
        const char* body;
        const char* token; ///< empty: refused
        duration_ms lifetime;
    };
    const row rows[] = {
        {R"({"access_token":"a","token_type":"bearer","expires_in":300})", "a", 300'000},
        {R"({"access_token":"a","token_type":"Bearer","expires_in":"600"})", "a", 600'000},
        {R"({"access_token":"a.b-c_d~+/=","token_type":"BEARER","expires_in":3599.5})", "a.b-c_d~+/=", 3'599'500},
        {R"({"access_token":"a","token_type":"bearer"})", "a", 300'000},
        {R"({"access_token":"a"})", "a", 300'000},
        {R"({"access_token":"a","token_type":"bearer","expires_in":null})", "a", 300'000},
        {R"({"access_token":"a","token_type":"bearer","expires_in":"soon"})", "a", 300'000},
        {R"({"access_token":"a","token_type":"bearer","expires_in":"60 s"})", "a", 300'000},
        {R"({"access_token":"a","token_type":"bearer","expires_in":0})", "a", 300'000},
        {R"({"access_token":"a","token_type":"bearer","expires_in":-5})", "a", 300'000},
        {R"({"access_token":"a","token_type":"bearer","expires_in":1e300})", "a", 366LL * 24 * hour_ms},
        {R"({"access_token":"a","token_type":"mac"})", "", 0},
        {R"({"access_token":"a","token_type":"bearers"})", "", 0},
        {R"({"access_token":"a","token_type":5})", "", 0},
        {R"({"access_token":"","token_type":"bearer"})", "", 0},
        {R"({"access_token":5,"token_type":"bearer"})", "", 0},
        {R"({"access_token":"a\r\nX-Evil: 1","token_type":"bearer"})", "", 0},
        {R"({"access_token":"a b","token_type":"bearer"})", "", 0},
        {R"({"access_token":"ä","token_type":"bearer"})", "", 0},
        {R"({"token_type":"bearer"})", "", 0},
        {R"([])", "", 0},
        {"", "", 0},
        {"<html>", "", 0},
    };
    for (const row& r : rows) {
        CAPTURE(r.body);
        const auto grant = read_token_answer(response(200, r.body));
        REQUIRE(grant.has_value() == (*r.token != '\0'));
        if (!grant) {
            CHECK(grant.error().code == net_errc::auth);
            continue;
        }
        CHECK(grant->token == r.token);
        CHECK(grant->lifetime == r.lifetime);
    }
}

TEST_CASE("An error tells the OAuth code and nothing else that the server wrote") {
    struct row {
        int status;
        const char *body, *text;
    };
    const row rows[] = {
        {400, R"({"error":"invalid_client","error_description":"secret geheim of Anna"})", "answered 400 invalid_client"},
        {401, R"({"error":"invalid_client"})", "answered 401 invalid_client"},
        {400, R"({"error":"invalid_scope"})", "answered 400 invalid_scope"},
        {400, R"({"error":"no token for Anna"})", "answered 400"},
        {400, R"({"error":""})", "answered 400"},
        {400, R"({"error":{"code":"x"}})", "answered 400"},
        {500, "<html>Anna</html>", "answered 500"},
        {302, "", "answered 302: redirects of a token endpoint are not followed"},
        {307, R"({"access_token":"a","token_type":"bearer"})", "answered 307: redirects of a token endpoint are not followed"},
        {200, R"({"access_token":"Anna Anna","token_type":"bearer"})", "answered 200 without a usable access_token"},
        {200, R"({"access_token":"Anna","token_type":"Anna"})", "answered 200 with a token that is no bearer token"},
        {200, "Anna", "answered 200 without a JSON object"},
    };
    for (const row& r : rows) {
        CAPTURE(r.status, r.body);
        site s;
        s.answers(response(r.status, r.body, {{"Location", "https://evil.example.org/token"}}));
        const auto client = s.client();
        const auto value = s.world.run(client->authorization(false));
        REQUIRE(!value);
        CHECK(value.error().code == net_errc::auth);
        CHECK_FALSE(value.error().maybe_sent);
        CHECK(value.error().text == "access token: auth.example.org:443 " + std::string(r.text));
        CHECK(s.asked() == 1);
    }
}

TEST_CASE("A token endpoint that cannot be reached is an error of authorisation") {
    site s;
    s.fails(net_errc::timeout, "auth.example.org:443 did not answer in time");
    const auto client = s.client();
    const auto value = s.world.run(client->authorization(false));
    REQUIRE(!value);
    CHECK(value.error().code == net_errc::auth);
    CHECK_FALSE(value.error().maybe_sent);
    CHECK(value.error().text == "access token: auth.example.org:443 did not answer in time");
}

TEST_CASE("A token is kept until 80 % of its life") {
    site s;
    const auto client = s.client();
    CHECK(s.get(*client) == "Bearer t1");
    s.world.pass(239'999);
    CHECK(s.get(*client) == "Bearer t1");
    CHECK(s.asked() == 1);
    s.world.pass(1);
    CHECK(s.get(*client) == "Bearer t2");
    s.world.pass(239'999);
    CHECK(s.get(*client) == "Bearer t2");
    CHECK(s.asked() == 2);
}

TEST_CASE("A renewal that fails leaves the old token until it ends") {
    site s;
    const auto client = s.client();
    s.get(*client);
    s.world.pass(240'000);
    s.answers(response(503));
    CHECK(s.get(*client) == "Bearer t1");
    CHECK(s.get(*client) == "Bearer t1");
    CHECK(s.asked() == 2);
    s.world.pass(59'999);
    CHECK(s.get(*client) == "Bearer t1");
    CHECK(s.asked() == 3);
    s.world.pass(1);
    CHECK(s.get(*client) == "error auth: access token: auth.example.org:443 answered 503");
    s.world.pass(minute_ms);
    s.grants();
    CHECK(s.get(*client) == "Bearer t2");
}

TEST_CASE("All who need a token wait for the one request that is under way") {
    site s;
    s.http->holding = true;
    const auto client = s.client();
    std::vector<std::shared_ptr<still_world::pending<net_result<std::string>>>> waiting;
    for (int i = 0; i < 10; ++i)
        waiting.push_back(s.world.start(client->authorization(false)));
    CHECK(s.asked() == 1);
    s.http->release();
    s.world.settle();
    for (const auto& w : waiting) {
        REQUIRE(w->value);
        CHECK(w->value->value() == "Bearer t1");
    }
    CHECK(s.asked() == 1);
}

TEST_CASE("All who wait share the failure too") {
    site s;
    s.http->holding = true;
    s.answers(response(400, R"({"error":"invalid_client"})"));
    const auto client = s.client();
    std::vector<std::shared_ptr<still_world::pending<net_result<std::string>>>> waiting;
    for (int i = 0; i < 10; ++i)
        waiting.push_back(s.world.start(client->authorization(i % 2 == 0)));
    s.http->release();
    s.world.settle();
    for (const auto& w : waiting) {
        REQUIRE(w->value);
        CHECK(w->value->error().code == net_errc::auth);
    }
    CHECK(s.asked() == 1);
}

TEST_CASE("While a token is renewed others go on with the old one, unless it was refused") {
    site s;
    const auto client = s.client();
    s.get(*client);
    s.world.pass(240'000);
    s.http->holding = true;
    const auto first = s.world.start(client->authorization(false));
    CHECK_FALSE(first->done());
    CHECK(s.get(*client) == "Bearer t1");
    const auto refused = s.world.start(client->authorization(true));
    CHECK_FALSE(refused->done());
    s.http->release();
    s.world.settle();
    REQUIRE(first->value);
    REQUIRE(refused->value);
    CHECK(first->value->value() == "Bearer t2");
    CHECK(refused->value->value() == "Bearer t2");
    CHECK(s.asked() == 2);
}

TEST_CASE("A request for a token goes on when those who waited have no more time") {
    site s;
    s.http->holding = true;
    const auto client = s.client();
    const auto first = s.world.start(client->authorization(false));
    const auto second = s.world.start(client->authorization(false));
    first->cancel.emit(asio::cancellation_type::terminal);
    s.world.settle();
    CHECK(first->failed);
    CHECK_FALSE(second->done());
    s.http->release();
    s.world.settle();
    REQUIRE(second->value);
    CHECK(second->value->value() == "Bearer t1");
    s.world.pass(hour_ms);
    s.http->holding = true;
    const auto third = s.world.start(client->authorization(false));
    third->cancel.emit(asio::cancellation_type::terminal);
    s.world.settle();
    CHECK(third->failed);
    s.http->release();
    s.world.settle();
    CHECK(s.get(*client) == "Bearer t2");
    CHECK(s.asked() == 2);
}

TEST_CASE("A request for a token ends with the client") {
    site s;
    s.http->holding = true;
    auto client = s.client();
    const auto waiting = s.world.start(client->authorization(false));
    client.reset();
    s.world.settle();
    REQUIRE(waiting->value);
    CHECK(waiting->value->error().code == net_errc::cancelled);
    CHECK(s.http.use_count() == 1);
}

TEST_CASE("A client that throws is a failure like others") {
    site s;
    s.http->script = [](const http_request&) -> scripted_http::answer { throw std::runtime_error("x"); };
    const auto client = s.client();
    CHECK(s.get(*client) == "error auth: access token: a request for it cannot be made");
    s.grants();
    CHECK(s.get(*client) == "error auth: access token: a request for it cannot be made");
    s.world.pass(second_ms);
    CHECK(s.get(*client) == "Bearer t1");
}

TEST_CASE("Nothing is left behind when the world ends during a request for a token") {
    std::optional<still_world> world(std::in_place);
    {
        const auto http = std::make_shared<scripted_http>();
        http->holding = true;
        oauth_options options;
        options.token_url = token_url;
        options.client_secret = "geheim";
        const auto client = make_oauth(options, http, world->time, {});
        CHECK_FALSE(world->start(client->authorization(false))->done());
        CHECK_FALSE(world->start(client->authorization(false))->done());
    }
    world.reset();
}

TEST_CASE("After a failure there is a pause that doubles up to a minute and ends with a success") {
    site s;
    s.answers(response(500));
    const auto client = s.client();
    std::size_t asked = 0;
    for (const duration_ms pause : {1, 2, 4, 8, 16, 32, 60, 60}) {
        CAPTURE(pause);
        s.get(*client);
        CHECK(s.asked() == ++asked);
        s.world.pass(pause * second_ms - 1);
        CHECK(s.get(*client) == "error auth: access token: auth.example.org:443 answered 500");
        CHECK(s.get(*client, true) == "error auth: access token: auth.example.org:443 answered 500");
        CHECK(s.asked() == asked);
        s.world.pass(1);
    }
    s.grants();
    CHECK(s.get(*client) == "Bearer t1");
    s.world.pass(hour_ms);
    s.answers(response(500));
    s.get(*client);
    s.world.pass(second_ms);
    asked = s.asked();
    s.get(*client);
    CHECK(s.asked() == asked + 1);
}

TEST_CASE("A token endpoint that asks for patience gets it, a minute at most") {
    for (const auto& [said, pause] : {std::pair("10", 10), std::pair("86400", 60), std::pair("0", 1), std::pair("soon", 1)}) {
        CAPTURE(said);
        site s;
        s.answers(response(429, "", {{"Retry-After", said}}));
        const auto client = s.client();
        s.get(*client);
        s.world.pass(pause * second_ms - 1);
        s.get(*client);
        CHECK(s.asked() == 1);
        s.world.pass(1);
        s.get(*client);
        CHECK(s.asked() == 2);
    }
}

TEST_CASE("A refused token is replaced at once, but not again and again") {
    site s;
    const auto client = s.client();
    CHECK(s.get(*client) == "Bearer t1");
    CHECK(s.get(*client, true) == "Bearer t2");
    CHECK(s.get(*client) == "Bearer t2");
    CHECK(s.get(*client, true) == "Bearer t2");
    s.world.pass(4'999);
    CHECK(s.get(*client, true) == "Bearer t2");
    s.world.pass(1);
    CHECK(s.get(*client, true) == "Bearer t3");
    CHECK(s.asked() == 3);
}

TEST_CASE("A scope that was not granted is reported once, without secrets") {
    site s;
    s.options.scope = "system/Observation.rs system/Patient.rs";
    s.extra = R"(,"expires_in":10,"scope":"system/Patient.rs")";
    const auto client = s.client();
    CHECK(s.get(*client) == "Bearer t1");
    s.world.pass(minute_ms);
    CHECK(s.get(*client) == "Bearer t2");
    CHECK(s.warnings == std::vector<std::string>{"the authorisation server did not grant: system/Observation.rs"});
    site silent; // does not say what it granted: all of it (RFC 6749, section 5.1)
    silent.get(*silent.client());
    CHECK(silent.warnings.empty());
}

TEST_CASE("Scopes are compared by meaning") {
    struct row {
        const char *asked, *granted;
        std::vector<std::string> missing;
    };
    const row rows[] = {
        {"system/Observation.rs", "system/Observation.rs", {}},
        {"system/Observation.rs", "system/Observation.cruds", {}},
        {"system/Observation.rs", "system/Observation.read", {}},
        {"system/Observation.read", "system/Observation.rs", {}},
        {"system/Subscription.cruds", "system/Subscription.read system/Subscription.write", {}},
        {"system/Subscription.*", "system/*.rs system/Subscription.cud", {}},
        {"system/Observation.rs", "system/*.read", {}},
        {"system/*.rs", "system/Observation.rs", {"system/*.rs"}},
        {"system/Observation.rs", "system/Observation.r", {"system/Observation.rs"}},
        {"system/Observation.rs", "user/Observation.rs", {"system/Observation.rs"}},
        {"system/Observation.rs", "system/Observation.rs?category=laboratory", {"system/Observation.rs"}},
        {"system/Observation.rs?category=laboratory", "system/Observation.rs", {}},
        {"system/Observation.rs?category=laboratory", "system/Observation.rs?category=vital-signs", {"system/Observation.rs?category=laboratory"}},
        {"a  b system/X.rs", "b", {"a", "system/X.rs"}},
        {"fhir", "", {"fhir"}},
        {"", "anything", {}},
    };
    for (const row& r : rows) {
        CAPTURE(r.asked, r.granted);
        CHECK(missing_scopes(r.asked, r.granted) == r.missing);
    }
}

TEST_CASE("Basic and static tokens are the same after a refusal") {
    still_world world;
    const auto basic = make_basic_auth("Aladdin", "open sesame"); // RFC 7617, section 2
    CHECK(world.run(basic->authorization(false)).value() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    CHECK(world.run(basic->authorization(true)).value() == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    const auto fixed = make_static_token("abc");
    CHECK(world.run(fixed->authorization(false)).value() == "Bearer abc");
    CHECK(world.run(fixed->authorization(true)).value() == "Bearer abc");
    CHECK_THROWS_AS(make_static_token("abc\r\nX-Evil: 1"), std::invalid_argument);
}

TEST_CASE("A client that can prove nothing or ask nowhere is refused") {
    site s;
    s.options.client_secret.clear();
    CHECK_THROWS_AS(s.client(), std::invalid_argument);
    s.options.client_secret = "geheim";
    s.options.token_url.clear();
    s.options.fhir_base.clear();
    CHECK_THROWS_AS(s.client(), std::invalid_argument);
}
