// Every way in which a configuration can be wrong is a file in config/bad: its last lines say what must be reported. Those in config/good are fine.
#include "config_folder.hpp"
#include "gateway/core/config_reader.hpp"
#include "gateway/core/pem_files.hpp"
#include "tests/support/source_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <sstream>

using namespace trialgate;
using namespace trialgate::gateway;
namespace fs = std::filesystem;
using tests::config_folder;
using tests::file_content;

namespace {

const fs::path files = fs::path(trialgate::test::source_folder()) / "tests/gateway/config";

std::vector<fs::path> json_in(const fs::path& folder) {
    std::vector<fs::path> out;
    for (const auto& entry : fs::directory_iterator(folder))
        out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

std::string expected_of(const std::string& name, const std::string& text) {
    std::string out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("// expect: "))
            out += name + ':' + line.substr(11) + '\n';
    return out;
}

const config_folder& folder() {
    static const config_folder once;
    return once;
}

/// Of one source with these members beside name and URL.
source_config source_with(const std::string& members, std::string& said) {
    const auto c = folder().read("one.json", R"({"data": "d", "timeZone": "UTC", "sources": [{"name": "a", "url": "http://localhost:1", )" + members + "}]}", said);
    return c.sources.empty() ? source_config{} : c.sources.front();
}

} // namespace

TEST_CASE("config: each bad file is refused with exactly the messages that it names") {
    for (const fs::path& file : json_in(files / "bad")) {
        DYNAMIC_SECTION(file.filename().string()) {
            const std::string text = file_content(file), name = file.filename().string();
            REQUIRE_FALSE(expected_of(name, text).empty());
            std::string said;
            folder().read(name, text, said);
            CHECK(said == expected_of(name, text));
            CHECK(said.find("do-not-repeat") == said.npos);
        }
    }
}

TEST_CASE("config: good files are read without a word") {
    for (const fs::path& file : json_in(files / "good")) {
        DYNAMIC_SECTION(file.filename().string()) {
            std::string said;
            folder().read(file.filename().string(), file_content(file), said);
            CHECK(said.empty());
        }
    }
}

TEST_CASE("config: what is not given has its default") {
    std::string said;
    const gateway_config c = folder().read("least.json", file_content(files / "good/least.json"), said);
    REQUIRE(c.sources.size() == 1);
    const source_config &s = c.sources.front(), d;
    CHECK(c.data == folder().at() / "data");
    CHECK(c.time_zone == "UTC");
    CHECK(s.url == "http://localhost:8080/fhir");
    CHECK(s.how == delivery::poll);
    CHECK(s.poll_every == d.poll_every);
    CHECK(s.page_size == d.page_size);
    CHECK(c.listen.address == "127.0.0.1:8443");
    CHECK(c.listen.public_url == "http://127.0.0.1:8443");
    CHECK_FALSE(c.listen.plain);
    CHECK(c.operations.address == "127.0.0.1:9464");
    CHECK(c.log_level == "info");
    CHECK(c.library.trials.empty());
}

TEST_CASE("config: every member reaches its field") {
    std::string said;
    const gateway_config c = folder().read("proxy.json", file_content(files / "good/proxy.json"), said);
    REQUIRE(c.sources.size() == 2);
    REQUIRE(c.sinks.size() == 1);
    CHECK(c.data == "/var/lib/trialgate");
    CHECK(c.pseudonym_key.value == "a-secret-long-enough-for-all");
    CHECK(c.pseudonym_key.from == "environment TRIALGATE_TEST_SECRET");
    CHECK(c.library.settings == std::map<std::string, std::string>{{"count", "4"}, {"codedFindings", "support"}, {"on", "true"}, {"list", "[\"a\",2]"}});
    CHECK(c.listen.plain);
    CHECK(c.listen.public_url == "https://gw.example.org");
    CHECK(c.listen.most_body_bytes == 65'536);
    CHECK(c.log_json);
    CHECK(c.log_level == "debug");
    const source_config& a = c.sources[0];
    CHECK(a.auth.how == auth_config::method::basic);
    CHECK(a.auth.client_id == "u");
    CHECK(a.auth.password.value == "a-secret-long-enough-for-all");
    CHECK(a.auth.password.from == "file secret");
    CHECK(a.how == delivery::rest_hook);
    CHECK(a.poll_every == 90'000);
    CHECK(a.overlap == 500);
    CHECK(a.heartbeat == hour_ms);
    CHECK(a.sweep_every == 0);
    CHECK(a.initial == source_config::first_load::bulk);
    CHECK(a.bulk_path == "Group/g/$export");
    CHECK(c.sources[1].tls.key == folder().at() / "key.pem");
    const sink_config& s = c.sinks[0];
    CHECK(s.kind == sink_config::type::webhook);
    CHECK(s.url == "https://study.example.org/in?x=1");
    CHECK(s.signing.value == "a-secret-long-enough-for-all");
    CHECK(s.subject == sink_config::identity::reference);
    CHECK_FALSE(s.read_back);
    CHECK(s.give_up_after == 48 * hour_ms);
}

TEST_CASE("config: the reference in the README is a configuration without a mistake, and names every member") {
    const std::string readme = file_content(fs::path(trialgate::test::source_folder()) / "gateway/core/README.md");
    const auto begin = readme.find("```jsonc\n"), end = readme.find("\n```", begin + 9);
    REQUIRE(end != readme.npos);
    ::setenv("TRIALGATE_METRICS_TOKEN", "a-secret-long-enough-for-all", 1);
    std::string said;
    const gateway_config c = folder().read("reference.json", readme.substr(begin + 9, end - begin - 9), said);
    CHECK(said.empty());
    CHECK(c.sources.size() == 1);
    CHECK(c.sinks.size() == 2);
    std::set<std::string> members;
    static const std::regex asked(R"re((?:take|need|text|texts|truth|span|number|one_of|file|member|useless|each)\("([A-Za-z]+)")re");
    for (const char* part : {"config.cpp", "config_parts.cpp", "config_sides.cpp", "config_people.cpp", "config_page.cpp"}) {
        const std::string source = file_content(fs::path(trialgate::test::source_folder()) / "gateway/core" / part);
        for (std::sregex_iterator at(source.begin(), source.end(), asked), none; at != none; ++at)
            members.insert((*at)[1]);
    }
    CHECK(members.size() > 70);
    for (const std::string& m : members) {
        INFO(m);
        CHECK((readme.find('"' + m + '"') != readme.npos || readme.find('`' + m + '`') != readme.npos));
    }
}

TEST_CASE("config: a file that is not there is one error") {
    std::vector<mappings::problem> problems;
    const gateway_config c = load_config(folder().at() / "nowhere.json", problems);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].code == "cannot-read");
    CHECK(c.data.empty());
}

TEST_CASE("config: any cut of a good file is refused or read, never more") {
    const std::string text = file_content(files / "good/proxy.json");
    for (std::size_t length = 0; length < text.size(); length += 7) {
        std::string said;
        folder().read("cut.json", text.substr(0, length), said);
        CHECK_FALSE(said.empty());
    }
}

TEST_CASE("config: durations have a unit") {
    CHECK(parse_duration("500ms") == 500);
    CHECK(parse_duration("90s") == 90'000);
    CHECK(parse_duration("5m") == 300'000);
    CHECK(parse_duration("24h") == 86'400'000);
    CHECK(parse_duration("3d") == 259'200'000);
    CHECK(parse_duration("0s") == 0);
    for (const char* wrong : {"", "5", "s", "5 m", "-5m", "+5m", "5M", "5min", "1.5h", "1h30m", "5000000000d", "99999999999999999999s"}) {
        INFO(wrong);
        CHECK_FALSE(parse_duration(wrong));
    }
}

TEST_CASE("config: addresses are an IP address or localhost, and a port") {
    CHECK(split_address("0.0.0.0:8443")->port == 8443);
    CHECK(split_address("[::]:0")->host == "::");
    CHECK(split_address("localhost:65535")->host == "localhost");
    for (const char* wrong : {"", ":8443", "8443", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536", "256.0.0.1:1", "::1:80", "[::1]", "[::1:80", "host:80", "1.2.3.4:-1", "1.2.3.4:80x"}) {
        INFO(wrong);
        CHECK_FALSE(split_address(wrong));
    }
}

TEST_CASE("config: certificates that end soon, have ended or are not yet valid are warnings") {
    const auto about = [](const std::string& certificate) {
        std::string said;
        source_with(R"("delivery": "poll", "tls": {"key": "key.pem", "certificate": ")" + certificate + "\"}", said);
        return said;
    };
    CHECK(about("chain.pem").empty());
    CHECK(std::regex_search(about("expired.pem"), std::regex(R"(warning: the certificate has expired on \d{4}-\d\d-\d\d\n)")));
    CHECK(std::regex_search(about("soon.pem"), std::regex(R"(warning: the certificate expires on \d{4}-\d\d-\d\d \()")));
    CHECK(std::regex_search(about("later.pem"), std::regex(R"(warning: the certificate is valid from \d{4}-\d\d-\d\d on only\n)")));
}

TEST_CASE("config: signing keys are EC on P-384 or long RSA") {
    CHECK_FALSE(signing_key_fault(tests::pem_of(tests::make_ec_key("P-384"))));
    CHECK_FALSE(signing_key_fault(tests::pem_of(tests::make_rsa_key(2048))));
    CHECK(signing_key_fault(tests::pem_of(tests::make_ec_key("P-256"))));
    CHECK(signing_key_fault(tests::pem_of(tests::make_rsa_key(1024))));
    CHECK(signing_key_fault(tests::pem_of(tests::make_ec_key("P-384"), "word")));
    CHECK(signing_key_fault(""));
}

TEST_CASE("config: a sink for a trial that is not loaded is an error with its place") {
    std::string said;
    const gateway_config c = folder().read("trials.json",
                                           "{\"data\": \"d\", \"timeZone\": \"UTC\", \"pseudonymKey\": {\"file\": \"secret\"},\n"
                                           " \"sinks\": [{\"name\": \"a\", \"url\": \"http://localhost:1\", \"trials\": [\"first\", \"secnd\"]}]}",
                                           said);
    library loaded;
    for (const char* id : {"first", "second"}) {
        auto t = std::make_shared<mappings::trial>();
        t->id = id;
        loaded.trials.push_back(std::move(t));
    }
    std::vector<mappings::problem> problems;
    check_trials(c, loaded, problems);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].line == 2);
    CHECK(problems[0].column == 75);
    CHECK(problems[0].text == "the trial 'secnd' is not loaded");
    CHECK(problems[0].hint == "did you mean 'second'?");
}
