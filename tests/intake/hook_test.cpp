#include "gateway/intake/hook.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

using namespace trialgate::gateway;

namespace {

constexpr instant start = 1'768'473'000'000;
const std::string token = "7f3c0a1b2c3d4e5f6a7b8c9d";
const std::string resource = R"({"resourceType":"Observation","id":"o1"})";
const std::string bundle = R"({"id":"b","type":"history","entry":[{"resource":{"resourceType":"Parameters"}}],"resourceType" : "Bundle"})";

/// Passes on to a real one, holds back, or fails.
class watched_committer final : public committer {
public:
    explicit watched_committer(std::unique_ptr<committer> real) : real_(std::move(real)) {}
    void submit(std::function<void(store&)> work, std::function<void(commit_outcome)> done) override {
        ++works;
        if (fails)
            return done(store_error(*fails, "test"));
        real_->submit(std::move(work), std::move(done));
    }
    std::size_t waiting() const noexcept override { return pretended; }
    figures counted() const override { return real_->counted(); }
    void stop() override { real_->stop(); }

    std::optional<store_error::kind> fails;
    std::size_t pretended = 0, works = 0;

private:
    std::unique_ptr<committer> real_;
};

struct hospital_hook {
    hospital_hook() {
        auto writing = open_sqlite(folder.path().string());
        reading = open_sqlite(folder.path().string());
        commits = std::make_unique<watched_committer>(start_committer(std::move(writing), folder.path().string()));
        subscribe("lab", token, "s3cr3t");
    }
    ~hospital_hook() {
        commits->stop();
        hook.reset();
        reading.reset();
        commits.reset();
    }
    hospital_hook(const hospital_hook&) = delete;

    void subscribe(const std::string& name, const std::string& with_token, const std::string& secret, const std::string& source = "ehr") {
        subscription_row row;
        row.source = source;
        row.name = name;
        row.token = with_token;
        row.secret = secret;
        row.numbers = "n1";
        REQUIRE_FALSE(commit_and_wait(*commits, [row](store& s) { s.subscription_put(row); }));
    }

    void begin(std::map<std::string, std::string> hmac = {{"ehr", ""}}, limits_config limits = {}) {
        intake_services services{*commits, *reading, *time, faults, figures, bell, [] { return 0.5; }, limits};
        hook = std::make_unique<hook_endpoint>(std::move(services));
        hook->refresh(std::move(hmac));
    }

    template <class T>
    T run(boost::asio::awaitable<T> task) {
        std::optional<T> out;
        boost::asio::io_context context;
        const auto keep = [&](std::exception_ptr failed, T value) {
            if (failed)
                std::rethrow_exception(failed);
            out.emplace(std::move(value));
        };
        boost::asio::co_spawn(context, std::move(task), keep);
        // What resumes comes from the committing thread.
        auto work = boost::asio::make_work_guard(context);
        while (!out)
            context.run_one();
        return std::move(*out);
    }

    http_response send(http_request request) { return run(hook->answer(std::move(request))); }
    http_response send(std::string method, std::string body, std::string tail = "", std::string authorization = "Bearer s3cr3t") {
        http_request r;
        r.method = std::move(method);
        r.target = "/in/" + token + "/lab" + tail;
        r.body = std::move(body);
        if (!authorization.empty())
            r.headers.add("authorization", std::move(authorization));
        return send(std::move(r));
    }
    std::vector<journal_row> journal() { return reading->journal_after(0, 1'000'000, std::size_t{1} << 30); }
    instant heard() { return reading->subscription("ehr", "lab").value().last_heard; }
    double counted(const std::string& outcome) {
        const std::string text = figures.text();
        for (std::size_t at = 0; (at = text.find("trialgate_notifications_total{", at)) != std::string::npos; ++at) {
            const std::string line = text.substr(at, text.find('\n', at) - at);
            if (line.find("outcome=\"" + outcome + "\"") != std::string::npos)
                return std::stod(line.substr(line.find("} ") + 2));
        }
        return 0;
    }
    bool rung() {
        return run(bell.wait(*time, time->now()));
    }

    trialgate::tests::scratch_folder folder;
    std::shared_ptr<manual_clock> time = make_manual_clock(start);
    fault_board faults{time, [](const fault_row&, bool) {}};
    metrics figures;
    wake bell;
    std::unique_ptr<store> reading;
    std::unique_ptr<watched_committer> commits;
    std::unique_ptr<hook_endpoint> hook;
};

} // namespace

TEST_CASE("hook: what arrives is in the journal before the answer") {
    hospital_hook h;
    h.begin();
    http_request r;
    r.method = "PUT";
    r.target = "/in/" + token + "/lab//Observation/o%31?_format=json#x";
    r.body = resource;
    for (const auto& [name, value] : {std::pair{"Authorization", "Bearer s3cr3t"}, std::pair{"content-type", "application/fhir+json;charset=utf-8"},
                                      std::pair{"X-Medplum-Interaction", "update"}, std::pair{"X-Patient-Name", "Erika"}})
        r.headers.add(name, value);
    const http_response answer = h.send(r);
    CHECK(answer.status == 200);
    const auto rows = h.journal();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].kind == arrival::hook);
    CHECK(rows[0].source == "ehr");
    CHECK(rows[0].channel == "lab");
    CHECK(rows[0].method == "PUT");
    CHECK(rows[0].tail == "Observation/o%31");
    CHECK(rows[0].headers == "X-Medplum-Interaction: update\nContent-Type: application/fhir+json;charset=utf-8\n");
    CHECK(rows[0].body == resource);
    CHECK(rows[0].received == start);
    CHECK(h.rung());
    CHECK_FALSE(h.rung());
    CHECK(h.counted("accepted") == 1);
}

TEST_CASE("hook: each sender gets the body that it takes for success") {
    hospital_hook h;
    h.begin();
    const auto json = [](const http_response& r) { return r.headers["Content-Type"] == "application/fhir+json"; };
    const std::string outcome = R"({"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]})";
    for (const std::string& body : {bundle, std::string(R"({"resourceType":"Bundle"})"), std::string("\xEF\xBB\xBF {\n \"meta\":{\"a\":[\"}\"]},\"n\":-1.5e3 , \"resourceType\":\"Bundle\", cut")}) {
        CAPTURE(body);
        const http_response r = h.send("POST", body);
        CHECK(r.status == 200);
        CHECK(json(r));
        CHECK(r.body == R"({"resourceType":"Bundle","type":"transaction-response"})");
    }
    for (const std::string& body : {resource, std::string("no json"), std::string("{"), std::string(R"({"a":"Bundle","entry":[{"resourceType":"Bundle"}]})"),
                                    std::string(R"({"a")"), std::string(R"({"a":"x)"), std::string(R"({"a":)"), std::string("{}")}) {
        CAPTURE(body);
        const http_response r = h.send("POST", body);
        CHECK(r.status == 200);
        CHECK(json(r));
        CHECK(r.body == outcome);
    }
    CHECK(h.send("PUT", bundle, "/Bundle/b").body == outcome);
    for (const auto& [method, body] : {std::pair{"POST", ""}, std::pair{"POST", " \r\n"}, std::pair{"DELETE", ""}, std::pair{"DELETE", "{}"}}) {
        const http_response r = h.send(method, body, "/Observation/o1");
        CHECK(r.status == 200);
        CHECK(r.body.empty());
        CHECK_FALSE(r.headers.has("Content-Type"));
    }
    CHECK(h.journal().size() == 16);
}

TEST_CASE("hook: a path that is no hook of ours is 404 without words") {
    hospital_hook h;
    h.begin();
    const std::string target = GENERATE("/", "/in", "/in/", "/in//lab", "/in/7f3c0a1b2c3d4e5f6a7b8c9/lab", "/in/7f3c0a1b2c3d4e5f6a7b8c9d", "/in/7f3c0a1b2c3d4e5f6a7b8c9d/",
                                        "/in/7f3c0a1b2c3d4e5f6a7b8c9d/other", "/in/7f3c0a1b2c3d4e5f6a7b8c9dx/lab", "/IN/7f3c0a1b2c3d4e5f6a7b8c9d/lab", "", "/in/?x");
    const std::string method = GENERATE("POST", "GET");
    CAPTURE(target, method);
    http_request r;
    r.method = method;
    r.target = target;
    r.headers.add("Authorization", "Bearer s3cr3t");
    r.body = resource;
    const http_response answer = h.send(r);
    CHECK(answer.status == 404);
    CHECK(answer.body.empty());
    CHECK(h.commits->works == 1); // the subscription of this test
}

TEST_CASE("hook: without its secret a hook refuses") {
    hospital_hook h;
    h.begin();
    const std::string given = GENERATE("", "Bearer", "Bearer s3cr3", "Bearer s3cr3t ", "s3cr3t", "Basic s3cr3t", "bearer s3cr3t");
    CAPTURE(given);
    const http_response answer = h.send(GENERATE("POST", "GET"), resource, "", given);
    CHECK(answer.status == 401);
    CHECK(answer.body.empty());
    CHECK(answer.headers["WWW-Authenticate"] == "Bearer");
    CHECK(h.journal().empty());
    CHECK(h.counted("unauthenticated") == 1);
}

TEST_CASE("hook: where no secret was agreed the path counts alone") {
    hospital_hook h;
    h.subscribe("lab", token, "");
    h.begin();
    CHECK(h.send("POST", resource, "", "").status == 200);
    CHECK(h.send("POST", resource, "", "Bearer whatever").status == 200);
}

TEST_CASE("hook: other methods are refused once it is known who asks") {
    hospital_hook h;
    h.begin();
    const http_response answer = h.send(GENERATE("GET", "HEAD", "PATCH", "OPTIONS"), "");
    CHECK(answer.status == 405);
    CHECK(answer.headers["Allow"] == "POST, PUT, DELETE");
    CHECK(h.counted("refused") == 1);
    CHECK(h.journal().empty());
}

TEST_CASE("hook: bodies of a source with a key are signed") {
    hospital_hook h;
    h.begin({{"ehr", "hub-key"}});
    const auto status = [&](const char* name, std::string value, std::string body = resource) {
        http_request r;
        r.method = "POST";
        r.target = "/in/" + token + "/lab";
        r.body = std::move(body);
        r.headers.add("Authorization", "Bearer s3cr3t");
        if (name)
            r.headers.add(name, std::move(value));
        return h.send(std::move(r)).status;
    };
    const std::string right = to_hex(hmac_sha256("hub-key", resource)), wrong = to_hex(hmac_sha256("other", resource));
    std::string upper = right;
    for (char& c : upper)
        c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
    CHECK(status("X-Signature", right) == 200);
    CHECK(status("X-Signature", upper) == 200);
    CHECK(status("X-Hub-Signature", "sha256=" + right) == 200);
    CHECK(status("X-Signature", to_hex(hmac_sha256("hub-key", "")), "") == 200);
    CHECK(status(nullptr, "") == 401);
    CHECK(status("X-Signature", "") == 401);
    CHECK(status("X-Signature", wrong) == 401);
    CHECK(status("X-Signature", right, resource + " ") == 401);
    CHECK(status("X-Signature", right.substr(2)) == 401);
    CHECK(status("X-Signature", "not hex") == 401);
    CHECK(status("X-Hub-Signature", "sha1=" + right) == 401);
    CHECK(h.journal().size() == 4);
}

TEST_CASE("hook: overload is told before anything is kept") {
    hospital_hook h;
    limits_config limits;
    SECTION("too much waits for the disk") {
        limits.commits_waiting = 10;
        h.begin({{"ehr", ""}}, limits);
        h.commits->pretended = 9;
        CHECK(h.send("POST", resource).status == 200);
        h.commits->pretended = 10;
    }
    SECTION("too many rows in the journal") {
        limits.journal_rows = 2;
        h.begin({{"ehr", ""}}, limits);
        CHECK(h.send("POST", resource).status == 200);
        CHECK(h.send("POST", resource).status == 200);
    }
    SECTION("too many bytes in the journal") {
        limits.journal_bytes = 60;
        h.begin({{"ehr", ""}}, limits);
        CHECK(h.send("POST", resource).status == 200);
        CHECK(h.send("POST", resource).status == 200);
    }
    const std::size_t before = h.journal().size();
    const http_response answer = h.send("POST", resource);
    CHECK(answer.status == 503);
    CHECK(answer.headers["Retry-After"] == "5");
    CHECK(answer.headers["Content-Type"] == "application/fhir+json");
    CHECK(answer.body.find(R"("code":"throttled")") != std::string::npos);
    CHECK(h.journal().size() == before);
    CHECK(h.counted("overload") == 1);

    // The journal was worked off: seen at the next count.
    h.commits->pretended = 0;
    for (const auto& row : h.journal())
        REQUIRE_FALSE(commit_and_wait(*h.commits, [seq = row.seq](store& s) { s.journal_done(seq); }));
    h.time->set(start + 100);
    CHECK(h.send("POST", resource).status == 200);
}

TEST_CASE("hook: a full disk is one fault, and over with the next success") {
    hospital_hook h;
    h.begin();
    REQUIRE(h.send("POST", resource).status == 200);
    h.commits->fails = store_error::kind::full;
    for (int i = 0; i < 3; ++i) {
        const http_response answer = h.send("POST", resource);
        CHECK(answer.status == 503);
        CHECK(answer.headers["Retry-After"] == "30");
        CHECK(answer.body.find("OperationOutcome") != std::string::npos);
    }
    REQUIRE(h.faults.current().size() == 1);
    CHECK(h.faults.current()[0].key == "store.full");
    CHECK(h.counted("failed") == 3);
    h.commits->fails.reset();
    CHECK(h.send("POST", resource).status == 200);
    CHECK(h.faults.current().empty());
    CHECK(h.journal().size() == 2);
}

TEST_CASE("hook: a fault of an earlier run is over with the first success") {
    hospital_hook h;
    h.faults.raise("store.full", "from before");
    h.begin();
    CHECK(h.send("POST", resource).status == 200);
    CHECK(h.faults.current().empty());
}

TEST_CASE("hook: what cannot be made durable is not accepted") {
    hospital_hook h;
    h.begin();
    struct failing {
        store_error::kind kind;
        const char* after;
    };
    const auto f = GENERATE(values<failing>({{store_error::kind::busy, "5"}, {store_error::kind::closed, "5"}, {store_error::kind::io, "30"}, {store_error::kind::broken, "30"}}));
    h.commits->fails = f.kind;
    const http_response answer = h.send("POST", resource);
    CHECK(answer.status == 503);
    CHECK(answer.headers["Retry-After"] == f.after);
    CHECK(h.faults.current().empty());
    CHECK_FALSE(h.rung());
}

TEST_CASE("hook: the time of the last notification is written once in ten seconds") {
    hospital_hook h;
    h.begin();
    CHECK(h.heard() == 0);
    CHECK(h.send("POST", "").status == 200);
    CHECK(h.heard() == start);
    h.time->set(start + 9'999);
    CHECK(h.send("POST", "").status == 200);
    CHECK(h.heard() == start);
    h.time->set(start + 10'000);
    h.commits->fails = store_error::kind::io;
    CHECK(h.send("POST", "").status == 503);
    h.commits->fails.reset();
    CHECK(h.send("POST", "").status == 200);
    CHECK(h.heard() == start + 10'000);
    h.hook->refresh({});
    h.time->set(start + 15'000);
    CHECK(h.send("POST", "").status == 200);
    CHECK(h.heard() == start + 10'000);
    const auto row = h.reading->subscription("ehr", "lab").value();
    CHECK(row.secret == "s3cr3t");
    CHECK(row.numbers == "n1");
}

TEST_CASE("hook: refresh sees new, changed and removed subscriptions, and forgets no source") {
    hospital_hook h;
    h.subscribe("lab", "another-token", "", "clinic");
    h.begin();
    const auto status = [&](const std::string& path) {
        http_request r;
        r.method = "POST";
        r.target = path;
        r.headers.add("Authorization", "Bearer s3cr3t");
        return h.send(std::move(r)).status;
    };
    CHECK(status("/in/another-token/lab") == 404);
    h.hook->refresh({{"clinic", ""}});
    CHECK(status("/in/another-token/lab") == 200);
    CHECK(status("/in/" + token + "/lab") == 200);
    CHECK(h.journal().at(0).source == "clinic");

    h.subscribe("lab", "a-new-token", "s3cr3t");
    CHECK(status("/in/" + token + "/lab") == 200);
    h.hook->refresh({});
    CHECK(status("/in/" + token + "/lab") == 404);
    CHECK(status("/in/a-new-token/lab") == 200);
    REQUIRE_FALSE(commit_and_wait(*h.commits, [](store& s) { s.subscription_remove("clinic", "lab"); }));
    h.hook->refresh({{"ehr", ""}});
    CHECK(status("/in/another-token/lab") == 404);
}

TEST_CASE("hook: a WebSocket feed takes the same way") {
    hospital_hook h;
    h.begin();
    CHECK(h.run(h.hook->take("ehr", "lab", bundle)));
    const auto rows = h.journal();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].kind == arrival::hook);
    CHECK(rows[0].channel == "lab");
    CHECK(rows[0].method == "POST");
    CHECK(rows[0].tail.empty());
    CHECK(rows[0].body == bundle);
    CHECK(h.heard() == start);
    CHECK(h.rung());
    h.commits->fails = store_error::kind::full;
    CHECK_FALSE(h.run(h.hook->take("ehr", "lab", bundle)));
    h.commits->fails.reset();
    h.commits->pretended = 1'000'000;
    CHECK_FALSE(h.run(h.hook->take("ehr", "lab", bundle)));
    CHECK(h.journal().size() == 1);
}
