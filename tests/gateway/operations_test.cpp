#include "fhir/json.hpp"
#include "gateway/api/operations.hpp"
#include "gateway/core/async.hpp"
#include "scratch.hpp"
#include "tests/support/source_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>

using namespace trialgate::gateway;
namespace json = trialgate::fhir::json;

namespace {

operations_callbacks callbacks(std::string token = {}) {
    operations_callbacks c;
    c.ready = [] { return std::vector<readiness_check>{{"store", true}, {"source.ehr", true}}; };
    c.metrics_text = [] { return std::string("trialgate_patients 3\n"); };
    c.jwks = [] { return std::string(R"({"keys":[{"kid":"1"}]})"); };
    c.token = std::move(token);
    return c;
}

http_response ask(const http_handler& handler, std::string target, std::string method = "GET", std::string authorization = {}) {
    http_request request;
    request.method = std::move(method);
    request.target = std::move(target);
    if (!authorization.empty())
        request.headers.add("authorization", std::move(authorization));
    http_response out;
    boost::asio::io_context io;
    auto task = [&]() -> boost::asio::awaitable<void> { out = co_await handler(std::move(request)); };
    boost::asio::co_spawn(io, task(), [](std::exception_ptr e) {
        if (e)
            std::rethrow_exception(e);
    });
    io.run();
    return out;
}

} // namespace

TEST_CASE("operations: the process lives, without a token") {
    const http_handler handler = make_operations_handler(callbacks("a-token"));
    const http_response r = ask(handler, "/livez");
    CHECK(r.status == 200);
    CHECK(r.body == "ok\n");
    CHECK(ask(handler, "/livez?x=1").status == 200);
    CHECK(ask(handler, "/livez", "HEAD").body.empty());
}

TEST_CASE("operations: ready only when every check is") {
    operations_callbacks c = callbacks();
    bool up = true;
    c.ready = [&] { return std::vector<readiness_check>{{"store", true}, {"source.ehr", up}}; };
    const http_handler handler = make_operations_handler(std::move(c));
    CHECK(ask(handler, "/readyz").status == 200);
    CHECK(ask(handler, "/readyz").body == "{\"ready\":true,\"checks\":[{\"name\":\"store\",\"ok\":true},{\"name\":\"source.ehr\",\"ok\":true}]}\n");
    up = false;
    CHECK(ask(handler, "/readyz").status == 503);
    CHECK(ask(handler, "/readyz").body == "{\"ready\":false,\"checks\":[{\"name\":\"store\",\"ok\":true},{\"name\":\"source.ehr\",\"ok\":false}]}\n");
}

TEST_CASE("operations: who has no token learns whether the gateway is ready, not what it is made of") {
    const http_handler handler = make_operations_handler(callbacks("a-token"));
    CHECK(ask(handler, "/readyz").status == 200);
    CHECK(ask(handler, "/readyz").body == "{\"ready\":true}\n");
    CHECK(ask(handler, "/readyz", "GET", "Bearer a-token").body.find("source.ehr") != std::string::npos);
}

TEST_CASE("operations: metrics need the token where there is one") {
    const http_handler open = make_operations_handler(callbacks()), closed = make_operations_handler(callbacks("a-token"));
    CHECK(ask(open, "/metrics").status == 200);
    const http_response refused = ask(closed, "/metrics");
    CHECK(refused.status == 401);
    CHECK(refused.headers["WWW-Authenticate"] == "Bearer");
    CHECK(refused.body.find("trialgate_") == std::string::npos);
    for (const char* wrong : {"Bearer a-toke", "Bearer a-token2", "Bearer", "Bearer ", "Basic a-token", "a-token", "Bearer  a-token", "Bearer_a-token", "Bearera-token"}) {
        INFO(wrong);
        CHECK(ask(closed, "/metrics", "GET", wrong).status == 401);
    }
    const http_response given = ask(closed, "/metrics", "GET", "Bearer a-token");
    CHECK(given.status == 200);
    CHECK(given.body == "trialgate_patients 3\n");
    CHECK(given.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8");
    CHECK(ask(closed, "/metrics", "GET", "bearer a-token").status == 200);
    CHECK(ask(closed, "/metrics", "HEAD", "Bearer a-token").body.empty());
}

TEST_CASE("operations: public keys are published, also for the public listener") {
    const http_handler handler = make_operations_handler(callbacks("a-token"));
    const http_response r = ask(handler, "/.well-known/jwks.json");
    CHECK(r.status == 200);
    CHECK(r.body == R"({"keys":[{"kid":"1"}]})");
    CHECK(r.headers["Content-Type"] == "application/json");
    CHECK(r.headers["Cache-Control"] == "public, max-age=300");
    http_request request;
    request.target = "/.well-known/jwks.json?v=1";
    CHECK(answer_published_keys(request, {})->body == R"({"keys":[]})");
    request.method = "POST";
    CHECK_FALSE(answer_published_keys(request, {}));
    request.method = "GET";
    request.target = "/in/x";
    CHECK_FALSE(answer_published_keys(request, {}));
}

TEST_CASE("operations: anything else is not there, and only GET is answered") {
    const http_handler handler = make_operations_handler(callbacks());
    for (const char* path : {"/", "/livez/", "/metrics/x", "/.well-known/", "//livez", "", "/LIVEZ", "/in/token/name"}) {
        INFO(path);
        CHECK(ask(handler, path).status == 404);
    }
    CHECK(ask(handler, "/metrics", "POST").status == 405);
    CHECK(ask(handler, "/metrics", "POST").headers["Allow"] == "GET, HEAD");
    CHECK(ask(handler, "/livez", "DELETE").status == 405);
}

TEST_CASE("operations: answers are not stored, sniffed or framed") {
    const http_handler handler = make_operations_handler(callbacks("a-token"));
    for (const char* path : {"/livez", "/readyz", "/metrics", "/nothing"}) {
        INFO(path);
        const http_response r = ask(handler, path);
        CHECK(r.headers["Cache-Control"] == "no-store");
        CHECK(r.headers["X-Content-Type-Options"] == "nosniff");
        CHECK(r.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'");
    }
}

TEST_CASE("operations: without callbacks nothing breaks") {
    const http_handler handler = make_operations_handler({});
    CHECK(ask(handler, "/readyz").status == 200);
    CHECK(ask(handler, "/metrics").status == 200);
    CHECK(ask(handler, "/.well-known/jwks.json").status == 200);
}

TEST_CASE("service: the systemd unit has no mistake") {
    if (std::system("command -v systemd-analyze >/dev/null 2>&1") != 0) {
        std::fprintf(stderr, "skipped: systemd-analyze verify (not installed)\n");
        return;
    }
    std::string unit = trialgate::tests::file_content(std::filesystem::path(trialgate::test::source_folder()) / "gateway/trialgate.service");
    const std::string program = "/usr/bin/trialgate serve";
    REQUIRE(unit.find(program) != unit.npos);
    unit.replace(unit.find(program), program.size(), "/bin/true"); // ours is not installed where the test runs
    const trialgate::tests::scratch_folder folder;
    const std::string file = folder.write("trialgate.service", unit), said = folder / "said";
    const int ended = std::system(("systemd-analyze verify " + file + " >" + said + " 2>&1").c_str());
    INFO(trialgate::tests::file_content(said));
    CHECK(ended == 0);
    CHECK(trialgate::tests::file_content(said).find("trialgate.service") == std::string::npos);
}
