#include "tests/outbox/outbox_support.hpp"

#include <random>

using namespace trialgate;
using namespace trialgate::tests;
using outcome = delivery_result::is;
using fault = small_fhir_server::fault;

namespace {

struct study_system : still_world {
    explicit study_system(bool client_ids = true, const char* version = "4.0") {
        server->client_ids = client_ids;
        sink_config config;
        config.name = "study";
        config.client_ids = client_ids;
        config.fhir_version = version;
        to = make_fhir_sink(config, std::make_unique<client_of_small_server>(server), time);
    }
    delivery_result deliver(const message& m) { return run(to->deliver(m)); }
    std::shared_ptr<small_fhir_server> server = std::make_shared<small_fhir_server>();
    std::unique_ptr<sink> to;
    std::string person() const { return server->key_of("ResearchSubject"); }
    std::string status_of(const char* type) { return std::string(server->at(server->key_of(type))["status"].text()); }
};

message contradiction_of(std::uint64_t number) {
    message m = change(number, "ineligible");
    m.kind = "contradiction";
    m.key += "-c";
    m.human = "on-study";
    m.text = "The record now shows a reason against the study.";
    return m;
}

/// Everything on the server by type, without ids and versions, so that servers with and without client ids compare.
std::string contents(small_fhir_server& server) {
    std::string out;
    for (const auto& [key, s] : server.all)
        out += server.text(key) + '\n';
    return out;
}

} // namespace

TEST_CASE("A change becomes a study, a person in it, a flag, a task and their provenance") {
    const bool client_ids = GENERATE(true, false);
    study_system world(client_ids, GENERATE("4.0", "4.3", "5.0"));
    CHECK(world.deliver(change(1, "possible")).what == outcome::delivered);
    for (const char* type : {"ResearchStudy", "ResearchSubject", "Flag", "Task", "Provenance"}) {
        INFO(type);
        CHECK(world.server->count(type) == 1);
        CHECK(has_tag(world.server->at(world.server->key_of(type)), tag_system, generated_tag));
    }
    CHECK(read_subject(world.server->at(world.person())).status == "potential-candidate");
    CHECK(world.status_of("Flag") == "active");
    CHECK(world.status_of("Task") == "requested");
    CHECK(world.server->at(world.server->key_of("Task"))["focus"]["reference"].text() == world.person());
    CHECK(world.server->at(world.person())["study"]["reference"].text() == world.server->key_of("ResearchStudy"));

    SECTION("the same message again changes nothing") {
        const int versions = world.server->versions();
        CHECK(world.deliver(change(1, "possible")).what == outcome::delivered);
        CHECK(world.server->versions() == versions);
    }
    SECTION("the next one is written over it") {
        CHECK(world.deliver(change(2, "ineligible")).what == outcome::delivered);
        CHECK(read_subject(world.server->at(world.person())).status == "ineligible");
        CHECK(world.status_of("Flag") == "inactive");
        CHECK(world.status_of("Task") == "cancelled");
        CHECK(world.server->count("Provenance") == 2);
        CHECK(world.server->count("ResearchSubject") == 1);
        const auto period = world.server->at(world.server->key_of("Flag"))["period"];
        CHECK(period["start"].text() == to_text(change(1, "").occurred));
        CHECK(period["end"].text() == to_text(change(2, "").occurred));

        SECTION("and a late repetition of the first changes nothing") {
            const std::string before = contents(*world.server);
            CHECK(world.deliver(change(1, "possible")).what == outcome::delivered);
            CHECK(contents(*world.server) == before);
        }
        SECTION("and a flag that comes back begins a new period") {
            CHECK(world.deliver(change(3, "likely")).what == outcome::delivered);
            CHECK(world.status_of("Flag") == "active");
            CHECK(world.status_of("Task") == "requested");
            const auto now = world.server->at(world.server->key_of("Flag"))["period"];
            CHECK(now["start"].text() == to_text(change(3, "").occurred));
            CHECK_FALSE(now["end"]);
        }
    }
    SECTION("numbers that begin again after a lost store do not count as old") {
        CHECK(world.deliver(change(9, "likely")).what == outcome::delivered);
        message again = change(1, "eligible");
        again.occurred = change(10, "").occurred;
        CHECK(world.deliver(again).what == outcome::delivered);
        CHECK(read_subject(world.server->at(world.person())).status == "eligible");
    }
}

TEST_CASE("Nobody is flagged or asked to look when there is nothing to look at") {
    study_system world;
    CHECK(world.deliver(change(1, "ineligible")).what == outcome::delivered);
    CHECK(world.server->count("ResearchSubject") == 1);
    CHECK(world.server->count("Flag") == 0);
    CHECK(world.server->count("Task") == 0);
}

TEST_CASE("A study that is there already is used and never changed") {
    study_system world;
    world.server->put("ResearchStudy/t-1", R"({"resourceType":"ResearchStudy","status":"in-review","title":"Theirs"})");
    CHECK(world.deliver(change(1, "likely")).what == outcome::delivered);
    CHECK(world.server->all.at("ResearchStudy/t-1").version == 1);
    CHECK(std::count(world.server->asked.begin(), world.server->asked.end(), "GET ResearchStudy/t-1") == 1);
    CHECK(world.deliver(change(2, "possible")).what == outcome::delivered);
    CHECK(std::count(world.server->asked.begin(), world.server->asked.end(), "GET ResearchStudy/t-1") == 1);
}

TEST_CASE("What a person decided is never overwritten") {
    study_system world(GENERATE(true, false));
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    const auto [from, to, human] = GENERATE(table<std::string, std::string, std::string>({
        {R"("status":"candidate")", R"("status":"screening")", "screening"},
        {R"("status":"candidate")", R"("status":"withdrawn")", "withdrawn"},
        {R"("status":"candidate")", R"("status":"ineligible")", "ineligible"},   // our word, and not what we wrote
        {R"("code":"generated")", R"("code":"other")", "candidate"},             // saved by a program that drops our tag
        {R"("code":"generated")", R"("code":"generated"},{"system":"urn:trialgate:tag","code":"human")", "candidate"},
    }));
    world.server->edit(world.person(), from, to);
    const std::string before = contents(*world.server);
    for (const char* status : {"eligible", "ineligible", "possible"}) {
        const delivery_result r = world.deliver(change(2, status));
        CHECK(r.what == outcome::overruled);
        CHECK(r.human == human);
    }
    CHECK(contents(*world.server) == before);

    SECTION("and evidence against it becomes one task for the coordinator") {
        CHECK(world.deliver(contradiction_of(3)).what == outcome::delivered);
        CHECK(world.deliver(contradiction_of(3)).what == outcome::delivered);
        CHECK(world.server->count("Task") == 2);
        CHECK(read_subject(world.server->at(world.person())).status == human);
        int alerts = 0;
        for (const auto& [key, s] : world.server->all)
            alerts += s.text.find("contradicts the study's decision") != std::string::npos && s.text.find("a reason against the study") != std::string::npos;
        CHECK(alerts == 1);
    }
}

TEST_CASE("What a person marked at the gateway stands in the study system as ours, and can be taken back") {
    study_system world(GENERATE(true, false), GENERATE("4.0.1", "5.0"));
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    const std::string word = GENERATE("withdrawn", "screening", "on-study", "ineligible");
    message mark = change(2, "likely");
    mark.flag = false;
    mark.subject_status = mark.human = word;
    CHECK(world.deliver(mark).what == outcome::delivered);
    const auto there = read_subject(world.server->at(world.person()));
    CHECK(there.status == word);
    CHECK_FALSE(there.by_person);
    CHECK(world.status_of("Flag") == "inactive");
    CHECK(world.deliver(change(3, "likely")).what == outcome::delivered);
    CHECK(read_subject(world.server->at(world.person())).status == "candidate");
    CHECK(world.status_of("Flag") == "active");
}

TEST_CASE("A person at the gateway and one in the study system: nothing is overwritten, and those in the study system are told once") {
    study_system world(GENERATE(true, false));
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    world.server->edit(world.person(), R"("status":"candidate")", R"("status":"screening")");
    message mark = change(2, "likely");
    mark.flag = false;
    mark.subject_status = mark.human = "ineligible";
    mark.text = "A person marked this patient as 'excluded'.";
    for (int twice = 0; twice < 2; ++twice) {
        const delivery_result r = world.deliver(mark);
        CHECK(r.what == outcome::overruled);
        CHECK(r.human == "screening");
    }
    CHECK(world.status_of("ResearchSubject") == "screening");
    int told = 0;
    for (const auto& [key, s] : world.server->all)
        told += s.text.find("Another person decided otherwise") != std::string::npos && s.text.find("'excluded'") != std::string::npos;
    CHECK(told == 1);
    mark.human = "screening"; // both say the same
    mark.key = "other";
    CHECK(world.deliver(mark).what == outcome::overruled);
    CHECK(world.server->count("Task") == 2);
}

TEST_CASE("A decision in an R5 study system is a further progress") {
    study_system world(true, "5.0");
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    world.server->edit(world.person(), R"("progress":[)", R"("progress":[{"subjectState":{"coding":[{"code":"on-study"}]},"startDate":"2026-04-01"},)");
    const delivery_result r = world.deliver(change(2, "possible"));
    CHECK(r.what == outcome::overruled);
    CHECK(r.human == "on-study");
}

TEST_CASE("A decision made while we write is noticed by its version") {
    study_system world;
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    bool once = true;
    world.server->trouble = [&](const fhir_request& r) {
        if (r.method == "PUT" && r.path.starts_with("ResearchSubject/") && std::exchange(once, false))
            world.server->edit(world.person(), R"("status":"candidate")", R"("status":"screening")");
        return fault::none;
    };
    CHECK(world.deliver(change(2, "possible")).what == outcome::overruled);
    CHECK(world.status_of("ResearchSubject") == "screening");
}

TEST_CASE("A creation that comes late overwrites nothing") {
    study_system world;
    bool once = true;
    world.server->trouble = [&](const fhir_request& r) {
        if (r.method == "PUT" && r.path.starts_with("Flag/") && std::exchange(once, false))
            world.server->put(r.path, r.body); // by a process that was killed after it had asked for this
        return fault::none;
    };
    CHECK(world.deliver(change(1, "likely")).what == outcome::delivered);
    CHECK(world.server->all.at(world.server->key_of("Flag")).version == 1);
}

TEST_CASE("A task or a flag that a person moved on stays as it is") {
    study_system world;
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    world.server->edit(world.server->key_of("Task"), R"("status":"requested")", R"("status":"in-progress")");
    world.server->edit(world.server->key_of("Flag"), R"("status":"active")", R"("status":"inactive")");
    const int task = world.server->all.at(world.server->key_of("Task")).version, flag = world.server->all.at(world.server->key_of("Flag")).version;
    CHECK(world.deliver(change(2, "eligible")).what == outcome::delivered);
    CHECK(world.deliver(change(3, "ineligible")).what == outcome::delivered);
    CHECK(world.server->all.at(world.server->key_of("Task")).version == task);
    CHECK(world.server->all.at(world.server->key_of("Flag")).version == flag);
    CHECK(world.status_of("ResearchSubject") == "ineligible");
}

TEST_CASE("What others added to our resources is kept") {
    study_system world;
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    world.server->edit(world.person(), R"("study":)", R"("assignedArm":"A","study":)");
    world.server->edit(world.person(), R"("identifier":[)", R"("identifier":[{"system":"https://study.example/number","value":"S-7"},)");
    CHECK(world.deliver(change(2, "possible")).what == outcome::delivered);
    CHECK(world.server->at(world.person())["assignedArm"].text() == "A");
    CHECK(world.server->at(world.person())["identifier"].size() == 2);
    CHECK(world.status_of("ResearchSubject") == "potential-candidate");
}

TEST_CASE("Answers of the study system become outcomes") {
    study_system world;
    const auto check = [&](int status, const char* code, outcome expected, const std::string& why) {
        // The server's own answers cannot say this: a sink over a client that can.
        struct refusing final : fhir_client {
            fhir_answer answer;
            std::string base_ = "https://study.example/fhir";
            asio::awaitable<net_result<fhir_answer>> send(fhir_request) override { co_return answer; }
            asio::awaitable<net_result<fhir_answer>> stream(std::string, bool, std::chrono::milliseconds,
                                                            std::function<asio::awaitable<bool>(std::string_view)>) override {
                co_return answer;
            }
            const std::string& base() const noexcept override { return base_; }
            bool same_origin(std::string_view) const override { return true; }
            breaker_state breaker() const noexcept override { return breaker_state::closed; }
            unsigned failures() const noexcept override { return 0; }
        };
        auto client = std::make_unique<refusing>();
        client->answer = small_fhir_server::error(status, code);
        client->answer.retry_after = 5'000;
        auto to = make_fhir_sink({}, std::move(client), world.time);
        const delivery_result r = world.run(to->deliver(change(1, "likely")));
        CAPTURE(status, code);
        CHECK(r.what == expected);
        CHECK(r.why == why);
        if (expected == outcome::later && status != 200)
            CHECK(r.wait == 5'000);
    };
    check(422, "business-rule", outcome::never, "422 error business-rule");
    check(400, "invalid", outcome::never, "400 error invalid");
    check(400, "lock-error", outcome::later, "400 error lock-error");
    check(401, "login", outcome::later, "401 error login");
    check(403, "forbidden", outcome::later, "403 error forbidden");
    check(429, "throttled", outcome::later, "429 error throttled");
    check(503, "transient", outcome::later, "503 error transient");
    check(200, "informational", outcome::later, "unreadable answer"); // something else than what was asked for
}

TEST_CASE("A sink ignores faults of the gateway and refuses what it does not know") {
    study_system world;
    message m;
    m.kind = "fault";
    CHECK(world.deliver(m).what == outcome::delivered);
    m.kind = "visit";
    CHECK(world.deliver(m).what == outcome::never);
    CHECK(world.server->asked.empty());
}

TEST_CASE("A server that gives ids itself but does not name them is searched") {
    study_system world(false);
    world.server->says_where = false;
    CHECK(world.deliver(change(1, "likely")).what == outcome::delivered);
    CHECK(world.deliver(change(2, "possible")).what == outcome::delivered);
    CHECK(world.server->count("ResearchSubject") == 1);
    CHECK(world.server->at(world.server->key_of("Task"))["focus"]["reference"].text() == world.person());
}

TEST_CASE("Of duplicates the same one is used every time, and one that a person touched first of all") {
    study_system world(false);
    REQUIRE(world.deliver(change(1, "likely")).what == outcome::delivered);
    world.server->put("ResearchSubject/7", world.server->all.at(world.person()).text);
    CHECK(world.deliver(change(2, "possible")).what == outcome::delivered);
    CHECK(world.server->all.at("ResearchSubject/7").version == 2);
    world.server->edit("ResearchSubject/102", R"("status":"candidate")", R"("status":"on-study")");
    CHECK(world.deliver(change(3, "likely")).human == "on-study");
}

TEST_CASE("Under random faults the study system ends with exactly what was last said") {
    const bool client_ids = GENERATE(true, false);
    const auto seed = GENERATE(range(1u, 31u));
    CAPTURE(client_ids, seed);
    const char* words[] = {"possible", "likely", "eligible", "ineligible", "not-now"};
    std::mt19937 random(seed);
    std::vector<message> all;
    for (std::uint64_t n = 1; n <= 6; ++n)
        all.push_back(change(n, words[random() % 5]));

    study_system calm(client_ids);
    for (const message& m : all)
        REQUIRE(calm.deliver(m).what == outcome::delivered);

    study_system world(client_ids);
    world.server->trouble = [&](const fhir_request&) {
        const auto dice = random() % 12;
        return dice == 0 ? fault::lost : dice == 1 ? fault::lost_after : dice == 2 ? fault::unavailable : dice == 3 ? fault::conflict : fault::none;
    };
    for (const message& m : all) {
        int attempts = 0;
        while (world.deliver(m).what != outcome::delivered)
            REQUIRE(++attempts < 200);
        if (random() % 2 == 0) // the answer to us was lost, or we were restarted
            for (int again = 0; again < 3; ++again)
                world.deliver(m);
    }
    // With ids of the server's the same order of creation gives the same ids; only the number of the last may differ after lost answers.
    if (client_ids)
        CHECK(contents(*world.server) == contents(*calm.server));
    CHECK(world.server->all.size() == calm.server->all.size());
    CHECK(world.server->versions() == calm.server->versions());
    CHECK(world.server->text(world.person()) == calm.server->text(calm.person()));
}

TEST_CASE("Under random faults and a person at work no decision is ever overwritten") {
    const auto seed = GENERATE(range(1u, 31u));
    CAPTURE(seed);
    std::mt19937 random(seed);
    study_system world(seed % 2 == 0);
    bool decided = false;
    const auto decide = [&] {
        const std::string key = world.person();
        if (decided || key.empty())
            return;
        const std::string status = "\"status\":\"" + std::string(world.server->at(key)["status"].text()) + '"';
        world.server->edit(key, status, R"("status":"on-study")");
        decided = true;
    };
    world.server->trouble = [&](const fhir_request&) {
        const auto dice = random() % 20;
        if (dice == 0)
            decide();
        return dice == 1 ? fault::lost : dice == 2 ? fault::lost_after : dice == 3 ? fault::conflict : fault::none;
    };
    const char* words[] = {"possible", "likely", "eligible", "ineligible"};
    for (std::uint64_t n = 1; n <= 8; ++n) {
        const message m = change(n, words[random() % 4]);
        for (int attempts = 0; attempts < 200; ++attempts) {
            const delivery_result r = world.deliver(m);
            if (r.what == outcome::overruled)
                CHECK(r.human == "on-study");
            if (r.what == outcome::delivered || r.what == outcome::overruled)
                break;
            REQUIRE(r.what == outcome::later);
        }
        if (decided)
            REQUIRE(world.status_of("ResearchSubject") == "on-study");
    }
}

TEST_CASE("What people decided is read back once, page by page") {
    study_system world;
    world.server->page_size = 3;
    world.server->identifier_search = GENERATE(true, false);
    for (int i = 0; i < 10; ++i)
        REQUIRE(world.deliver(change(1, "likely", "a" + std::to_string(i))).what == outcome::delivered);
    CHECK(world.run(world.to->read_back()).empty());

    const std::string key = "ResearchSubject/" + id_of("tg-rs", {"a7", "t-1"});
    world.server->now += hour_ms;
    world.server->edit(key, R"("status":"candidate")", R"("status":"on-study")");
    world.server->put("ResearchSubject/other", R"({"resourceType":"ResearchSubject","status":"on-study","meta":{"tag":[{"system":"urn:trialgate:tag","code":"generated"}]}})");
    const auto first = world.run(world.to->read_back());
    REQUIRE(first.size() == 1);
    CHECK(first[0].subject == "a7");
    CHECK(first[0].trial == "t-1");
    CHECK(first[0].status == "on-study");
    CHECK(world.run(world.to->read_back()).empty());

    world.server->now += hour_ms;
    world.server->edit(key, R"("status":"on-study")", R"("status":"withdrawn")");
    world.server->trouble = [](const fhir_request&) { return fault::unavailable; };
    CHECK(world.run(world.to->read_back()).empty());
    world.server->trouble = [](const fhir_request&) { return fault::none; };
    const auto second = world.run(world.to->read_back());
    REQUIRE(second.size() == 1);
    CHECK(second[0].status == "withdrawn");
}
