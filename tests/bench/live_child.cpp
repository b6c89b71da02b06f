#include "tests/bench/live_child.hpp"

#include "gateway/store/store.hpp"

#include <arpa/inet.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <regex>
#include <spawn.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace trialgate::bench {

namespace {

using namespace trialgate::gateway;
using std::chrono::steady_clock;

[[noreturn]] void give_up(const std::string& why) {
    std::fprintf(stderr, "hook_bench: %s\n", why.c_str());
    std::exit(1);
}

double since(steady_clock::time_point start) { return std::chrono::duration<double>(steady_clock::now() - start).count(); }

/// Connections are accepted by the kernel; nobody ever reads.
int listen_silently(std::string& url) {
    const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (s < 0 || ::bind(s, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(s, 64) != 0 ||
        ::getsockname(s, reinterpret_cast<sockaddr*>(&at), &size) != 0)
        give_up("no socket");
    url = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/told";
    return s;
}

std::string lines_of(int n) {
    char p[16];
    std::snprintf(p, sizeof p, "c%06d", n);
    const std::string key = p, subject = R"("subject":{"reference":"Patient/)" + key + R"("})", day = day_before_today(30);
    // First what makes somebody considered: what comes before is dropped, as of anybody.
    std::string out = R"({"resourceType":"Condition","id":")" + key + R"(-sle","meta":{"versionId":"1"},)" + subject +
           R"(,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},)"
           R"("verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},)"
           R"("category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"problem-list-item"}]}],)"
           R"("code":{"coding":[{"system":"http://snomed.info/sct","code":"55464009"}]},"onsetDateTime":"2019-03"})" "\n";
    out += R"({"resourceType":"Patient","id":")" + key + R"(","meta":{"versionId":"1"},"gender":"female","birthDate":"1990-05-04","active":true})" "\n";
    out += R"({"resourceType":"MedicationStatement","id":")" + key + R"(-hcq","meta":{"versionId":"1"},"status":"active",)" + subject +
           R"(,"medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"5521"}]},)"
           R"("effectivePeriod":{"start":"2024-01-10"}})" "\n";
    out += R"({"resourceType":"Observation","id":")" + key + R"(-dsdna","meta":{"versionId":"1"},"status":"final",)" + subject +
           R"(,"code":{"coding":[{"system":"http://loinc.org","code":"5130-0"}]},"effectiveDateTime":")" + day +
           R"(","valueQuantity":{"value":55,"unit":"[IU]/mL","system":"http://unitsofmeasure.org","code":"[IU]/mL"},)"
           R"("referenceRange":[{"high":{"value":10,"unit":"[IU]/mL","system":"http://unitsofmeasure.org","code":"[IU]/mL"}}]})" "\n";
    out += R"({"resourceType":"Observation","id":")" + key + R"(-egfr","meta":{"versionId":"1"},"status":"final",)" + subject +
           R"(,"code":{"coding":[{"system":"http://loinc.org","code":"98979-8"}]},"effectiveDateTime":")" + day +
           R"(","valueQuantity":{"value":74,"unit":"mL/min/{1.73_m2}","system":"http://unitsofmeasure.org","code":"mL/min/{1.73_m2}"}})" "\n";
    return out;
}

} // namespace

std::string day_before_today(int days) {
    const std::time_t at = std::time(nullptr) - std::time_t{86'400} * days;
    std::tm parts{};
    gmtime_r(&at, &parts);
    char out[16];
    std::strftime(out, sizeof out, "%Y-%m-%d", &parts);
    return out;
}

live_child::live_child(std::string program, std::string folder, int considered) : program_(std::move(program)), folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    std::string silent;
    silent_ = listen_silently(silent);
    write("pseudonym.key", pseudonym_key);
    write("signing.key", "whsec_YmVuY2gtc2lnbmluZy1rZXktMDEyMzQ1Njc4OWFi");
    write("trialgate.json", R"({"data":"data","timeZone":"Europe/Berlin","trials":["sle-uc-msc","dapa-hf"],"pseudonymKey":{"file":"pseudonym.key"},
        "listen":{"address":"127.0.0.1:0"},"operations":{"address":"127.0.0.1:0"},
        "sources":[{"name":")" + std::string(source_name) + R"(","url":"http://127.0.0.1:9/fhir","delivery":"poll","firstLoad":"none"}],
        "sinks":[{"name":")" + sink_name + R"(","type":"webhook","url":")" + silent + R"(","deadline":"10m","signingSecret":{"file":"signing.key"}}]})");
    fill(considered);
}

live_child::~live_child() {
    stop();
    ::close(silent_);
}

void live_child::write(const std::string& name, const std::string& text) const {
    const std::string file = folder_ + '/' + name;
    const int to = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0 || ::write(to, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        give_up("cannot write " + file);
    ::close(to);
}

/// The considered people go the way of everything: through the journal. Only the jobs that would fetch them again are taken away.
void live_child::fill(int considered) {
    {
        const auto into = open_sqlite(data());
        into->begin();
        subscription_row s;
        s.source = source_name;
        s.name = hook_name;
        s.token = hook_token;
        s.secret = hook_secret;
        s.kind = "rest-hook";
        s.criteria = "Observation?";
        s.status = "active";
        into->subscription_put(s);
        const instant now = static_cast<instant>(std::time(nullptr)) * second_ms;
        for (int n = 0; n < considered; ++n) {
            journal_item item;
            item.source = source_name;
            item.received = now;
            item.kind = arrival::lines;
            item.body = lines_of(n);
            into->journal_append(item);
            item.kind = arrival::hydrated;
            item.body = "Patient/" + item.body.substr(item.body.find("\"id\":\"") + 6, 7);
            into->journal_append(item);
        }
        into->commit();
    }
    start();
    drain();
    stop();
    const auto into = open_sqlite(data());
    into->begin();
    for (const job& j : into->jobs_due(source_name, job_kind::hydrate, std::numeric_limits<instant>::max(), static_cast<std::size_t>(considered)))
        into->job_done(j.id, j.stamp);
    into->commit();
}

double live_child::start() {
    const std::string log = folder_ + "/serve.log", config = folder_ + "/trialgate.json";
    std::filesystem::remove(log);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const char* const arguments[] = {program_.c_str(), "serve", "--config", config.c_str(), nullptr};
    const auto begin = steady_clock::now();
    if (::posix_spawn(&pid_, program_.c_str(), &actions, nullptr, const_cast<char* const*>(arguments), environ) != 0)
        give_up("cannot run " + program_);
    posix_spawn_file_actions_destroy(&actions);
    static const std::regex ready(" ready port=([0-9]+)");
    for (;;) {
        std::ifstream in(log);
        std::stringstream text;
        text << in.rdbuf();
        const std::string all = text.str();
        std::smatch found;
        if (std::regex_search(all, found, ready)) {
            const double took = since(begin);
            port_ = static_cast<unsigned short>(std::stoul(found[1]));
            return took;
        }
        if (since(begin) > 30 || ::waitpid(pid_, nullptr, WNOHANG) == pid_)
            give_up("the gateway did not start:\n" + all);
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void live_child::stop() {
    if (pid_ < 0)
        return;
    ::kill(pid_, SIGKILL); // whatever was answered is in the store; SIGTERM would wait for the webhook that never answers
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

double live_child::drain() const {
    const auto begin = steady_clock::now();
    const auto reading = open_sqlite(data(), true);
    while (reading->journal_count().rows > 0) {
        if (since(begin) > 300)
            give_up("the journal does not become empty");
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return since(begin);
}

long live_child::memory(const std::string& what) const {
    std::ifstream in("/proc/" + std::to_string(pid_) + "/status");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(what + ':'))
            return std::strtol(line.c_str() + what.size() + 1, nullptr, 10);
    return 0;
}

} // namespace trialgate::bench
