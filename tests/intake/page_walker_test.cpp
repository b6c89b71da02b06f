#include "gateway/intake/page_walker.hpp"

#include "tests/intake/pull_support.hpp"

using namespace trialgate::gateway;
using pull::step;
using strings = std::vector<std::string>;

namespace {

const std::string t1 = "2026-03-15T09:00:00.000Z", t2 = "2026-03-15T09:00:01.000Z";

struct walk {
    std::vector<step> steps;
    std::vector<pull::page_facts> pages;
    bool ascending = true;
};

asio::awaitable<void> follow(pulling& p, std::string first, walk& out, std::size_t most) {
    pull::page_walker walker(p.services, p.source, "search", first);
    for (;;) {
        const step s = co_await walker.next();
        out.steps.push_back(s);
        if (s == step::page)
            out.pages.push_back(std::move(walker.page()));
        out.ascending = walker.ascending();
        if ((s != step::page && s != step::later) || out.steps.size() >= most)
            co_return;
    }
}

walk walked(pulling& p, std::string first, std::size_t most = 20) {
    walk out;
    p.start(follow(p, std::move(first), out, most));
    return out;
}

std::string observations(const std::string& id, const std::string& next = {}) {
    return searchset({resource("Observation", id, t1)}, next, "Observation?_count=1");
}

} // namespace

TEST_CASE("next links are followed as they are, whatever they look like") {
    const auto [link, asked] = GENERATE(table<std::string, std::string>({
        {"https://ehr.example.org/fhir?_getpages=u-1&_getpagesoffset=20&_bundletype=searchset",
         "https://ehr.example.org/fhir?_getpages=u-1&_getpagesoffset=20&_bundletype=searchset"},        // HAPI: no type
        {"https://ehr.example.org/fhir/Observation?sessionID=9-AB%2F7", "Observation?sessionID=9-AB%2F7"},  // Epic
        {"https://ehr.example.org/fhir/Observation?-pageContext=c&-pageDirection=NEXT", "Observation?-pageContext=c&-pageDirection=NEXT"}, // Oracle
        {"https://ehr.example.org:443/fhir/Observation?continue=VS.1", "https://ehr.example.org:443/fhir/Observation?continue=VS.1"}, // MEDITECH
        {"?_page=2", "Observation?_page=2"},
        {"Observation?_cursor=2", "Observation?_cursor=2"},
        {"/fhir/Observation?_cursor=3", "Observation?_cursor=3"},
        {"//ehr.example.org/fhir/Observation?_cursor=4", "Observation?_cursor=4"},
    }));
    pulling p;
    p.server->expect(ok("GET Observation?_count=1", observations("o1", link)));
    p.server->expect(ok("GET " + asked, observations("o2")));
    const walk w = walked(p, "Observation?_count=1");
    CHECK(w.steps == std::vector<step>{step::page, step::page, step::end});
    p.check_script();
}

TEST_CASE("a link to another origin is not followed") {
    const std::string link = GENERATE("https://evil.example.net/fhir/Observation?p=2", "http://ehr.example.org/fhir/Observation?p=2",
                                      "https://ehr.example.org:8443/fhir/Observation?p=2");
    pulling p;
    p.server->expect(ok("GET Observation", observations("o1", link)));
    CHECK(walked(p, "Observation").steps == std::vector<step>{step::page, step::foreign});
    p.check_script();
}

TEST_CASE("a chain that leads back ends") {
    pulling p;
    p.server->expect(ok("GET Observation", observations("o1", "Observation?p=2")));
    p.server->expect(ok("GET Observation?p=2", observations("o2", "Observation?p=3")));
    p.server->expect(ok("GET Observation?p=3", observations("o3", "Observation?p=2")));
    CHECK(walked(p, "Observation").steps == std::vector<step>{step::page, step::page, step::page, step::repeated});
    p.check_script();
}

TEST_CASE("a forgotten search is told apart from a type that is not there") {
    const int status = GENERATE(410, 404, 400);
    pulling p;
    p.server->expect(ok("GET Observation", observations("o1", "?_getpages=u")));
    p.server->expect(answered("GET Observation?_getpages=u", status));
    CHECK(walked(p, "Observation").steps == std::vector<step>{step::page, step::expired});
    pulling q;
    q.server->expect(answered("GET Observation", status));
    CHECK(walked(q, "Observation").steps == std::vector<step>{status == 400 ? step::rejected : step::missing});
}

TEST_CASE("the same page is asked for again after a server that had no time") {
    pulling p;
    p.server->expect(ok("GET Observation", observations("o1", "Observation?p=2")));
    p.server->expect(answered("GET Observation?p=2", 503));
    p.server->expect(failed("GET Observation?p=2", net_errc::timeout));
    p.server->expect(ok("GET Observation?p=2", R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"throttled"}]})"));
    p.server->expect(ok("GET Observation?p=2", observations("o2")));
    CHECK(walked(p, "Observation").steps == std::vector<step>{step::page, step::later, step::later, step::later, step::page, step::end});
    p.check_script();
}

TEST_CASE("what is no Bundle ends the walk without a crash") {
    const std::string body = GENERATE("", "<html>Login</html>", "{", "[]", R"({"resourceType":"Patient","id":"p"})",
                                      R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"invalid"}]})");
    pulling p;
    p.server->expect(ok("GET Observation", body));
    CHECK(walked(p, "Observation").steps == std::vector<step>{step::unreadable});
}

TEST_CASE("of a page, times and completeness are seen") {
    pulling p;
    p.server->expect(ok("GET Observation", searchset({resource("Observation", "o1", t2), resource("Observation", "o2", t1),
                                                      R"({"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]})"})));
    const walk w = walked(p, "Observation");
    REQUIRE(w.pages.size() == 1);
    CHECK(w.pages[0].entries == 2);
    CHECK(w.pages[0].newest == at(t2));
    CHECK(w.pages[0].oldest == at(t1));
    CHECK(w.pages[0].incomplete);
    CHECK(w.pages[0].timed);
    CHECK(w.pages[0].server_time == at("2026-03-15T10:00:00Z"));
    CHECK_FALSE(w.ascending);
}

TEST_CASE("the empty answer of a server that explains itself has no entries") {
    pulling p;
    p.server->expect(ok("GET Observation", R"({"resourceType":"Bundle","type":"searchset","total":0,"entry":[{"search":{"mode":"outcome"},"resource":
        {"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]}}]})"));
    const walk w = walked(p, "Observation");
    REQUIRE(w.pages.size() == 1);
    CHECK(w.pages[0].entries == 0);
    CHECK_FALSE(w.pages[0].incomplete);
}

TEST_CASE("every page is asked for past caches") {
    pulling p;
    p.server->expect(ok("GET Observation", observations("o1")));
    walked(p, "Observation");
    REQUIRE(p.server->headers.size() == 1);
    CHECK(p.server->headers[0]["Cache-Control"] == "no-cache");
}

