#include "gateway/probe/bench.hpp"
#include "gateway/probe/ledger.hpp"

#include <boost/asio/io_context.hpp>

#include "../net/scripted_http.hpp"

using namespace trialgate::tests;
using namespace trialgate::gateway::probe;
using std::chrono::milliseconds;

namespace {

struct polite_world {
    asio::io_context io{1};
    std::shared_ptr<scripted_http> server = std::make_shared<scripted_http>();
    std::shared_ptr<ledger> book;
    std::shared_ptr<http_client> client;

    explicit polite_world(politeness rules) : book(std::make_shared<ledger>(rules)), client(make_polite_http(book, server)) {
        server->script = [](const http_request&) { return response(200, "{}", {{"Content-Type", "application/fhir+json"}}); };
    }
    net_result<http_response> ask(const std::string& url = "http://localhost/fhir/metadata") {
        std::optional<net_result<http_response>> out;
        http_request r;
        r.target = url;
        asio::co_spawn(io, client->send(std::move(r), milliseconds(1000)),
                       [&](std::exception_ptr, net_result<http_response> got) { out = std::move(got); });
        io.restart();
        io.run();
        REQUIRE(out);
        return std::move(*out);
    }
};

} // namespace

TEST_CASE("ledger: no more requests than allowed, but cleaning up goes on") {
    politeness rules;
    rules.most_requests = 3;
    rules.per_second = 10'000;
    polite_world w(rules);
    for (int i = 0; i < 3; ++i)
        CHECK(w.ask().has_value());
    const auto fourth = w.ask();
    REQUIRE_FALSE(fourth.has_value());
    CHECK(fourth.error().code == net_errc::refused);
    CHECK(w.server->asked.size() == 3);
    w.book->begin_cleaning();
    CHECK(w.ask().has_value());
    CHECK(w.book->sent() == 4);
}

TEST_CASE("ledger: after a burst requests are spaced") {
    politeness rules;
    rules.per_second = 100;
    rules.burst = 5;
    polite_world w(rules);
    const auto since = std::chrono::steady_clock::now();
    for (int i = 0; i < 15; ++i)
        CHECK(w.ask().has_value());
    // Five at once, ten more at 10 ms each: never faster.
    CHECK(std::chrono::steady_clock::now() - since >= milliseconds(95));
}

TEST_CASE("ledger: nothing is asked after the time") {
    politeness rules;
    rules.most_time = milliseconds(-1);
    polite_world w(rules);
    const auto got = w.ask();
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().text == "the probe's time is over");
}

TEST_CASE("ledger: requests carry our name and are noted") {
    politeness rules;
    rules.user_agent = "trialgate-probe/9";
    polite_world w(rules);
    w.server->script = [](const http_request&) { return response(200, "  <html>", {{"Content-Type", "text/html"}}); };
    CHECK(w.ask().has_value());
    CHECK(w.server->asked[0].headers["User-Agent"] == "trialgate-probe/9");
    REQUIRE(w.book->notes().size() == 1);
    CHECK(w.book->notes()[0].status == 200);
    CHECK(w.book->notes()[0].body == exchange_note::kind::html);
    w.server->script = [](const http_request&) -> scripted_http::answer { return net_error{net_errc::timeout, true, "x"}; };
    CHECK_FALSE(w.ask().has_value());
    CHECK(w.book->notes()[1].error == net_errc::timeout);
}

TEST_CASE("evidence: ids and values that tell of a person are not shown") {
    const std::string base = "https://h/fhir";
    CHECK(shown("GET", "Patient/mrn-1", base) == "GET Patient/{id}");
    CHECK(shown("GET", "https://h/fhir/Patient/mrn-1/_history/2", base) == "GET Patient/{id}/_history/2");
    CHECK(shown("GET", "https://h/fhir?_getpages=abc", base) == "GET ?_getpages={value}");
    CHECK(shown("GET", "Observation?patient=mrn-1&_count=2&_lastUpdated=ge2026", base) ==
          "GET Observation?patient={value}&_count=2&_lastUpdated=ge2026");
    CHECK(shown("GET", "https://other/x/Erfunden/y", base).find("other") == std::string::npos);
    CHECK(shown("GET", "Patient/$export?_type=Patient", base) == "GET Patient/$export?_type=Patient");
}
