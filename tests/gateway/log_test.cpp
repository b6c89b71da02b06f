#include "fhir/json.hpp"
#include "gateway/core/log.hpp"
#include "scratch.hpp"

#include <catch2/catch.hpp>
#include <algorithm>
#include <limits>
#include <regex>
#include <sstream>
#include <thread>

using namespace trialgate::gateway;
using trialgate::tests::written_to;
namespace json = trialgate::fhir::json;

namespace {

/// Standard error of `action` with the given settings; afterwards everything is as it was.
std::string logged(log_level least, bool as_json, const std::function<void()>& action) {
    set_log(least, as_json);
    const std::string out = written_to(STDERR_FILENO, [&] {
        action();
        flush_log();
    });
    set_log(log_level::info, false);
    return out;
}

std::string without_time(const std::string& line) {
    static const std::regex shape(R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z )");
    std::smatch found;
    REQUIRE(std::regex_search(line, found, shape));
    return found.suffix();
}

} // namespace

TEST_CASE("log: a line has time, level, event and fields") {
    const std::string out = logged(log_level::info, false, [] {
        log_info("source.ready", {{"source", "ehr"}, {"pages", 3}, {"share", 0.5}, {"ok", true}, {"why", "two words"}, {"none", ""}});
    });
    CHECK(without_time(out) == "info source.ready source=ehr pages=3 share=0.500000 ok=true why=\"two words\" none=\"\"\n");
}

TEST_CASE("log: what is below the level is not written") {
    const auto all = [] {
        log_debug("a");
        log_info("b");
        log_warning("c");
        log_error("d");
    };
    const auto lines = [](const std::string& text) { return std::count(text.begin(), text.end(), '\n'); };
    CHECK(lines(logged(log_level::debug, false, all)) == 4);
    CHECK(lines(logged(log_level::info, false, all)) == 3);
    CHECK(lines(logged(log_level::warning, false, all)) == 2);
    CHECK(without_time(logged(log_level::error, false, all)) == "error d\n");
}

TEST_CASE("log: no value can begin a line, steer a terminal or look like another field") {
    const std::string evil = "a\nb\r\x1b[31m\x7f\xc2\x9b" "31m \xe2\x80\xae" "x\xff\" level=error";
    for (const bool as_json : {false, true}) {
        const std::string out = logged(log_level::info, as_json, [&] { log_info("e", {{"v", evil}}); });
        CHECK(std::count(out.begin(), out.end(), '\n') == 1);
        CHECK(out.back() == '\n');
        CHECK(std::none_of(out.begin(), out.end() - 1, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }));
        CHECK(out.find("\xc2\x9b") == out.npos);
        CHECK(out.find("\xe2\x80\xae") == out.npos);
        CHECK(out.find("\xff") == out.npos);
        CHECK(out.find(R"(a\nb\r\u001b[31m\u007f\u009b31m \u202ex)") != out.npos);
        CHECK(out.find("\" level=error") != out.npos);
        CHECK(out.find("\\\" level=error") != out.npos);
    }
}

TEST_CASE("log: as JSON each line is one object, numbers are numbers") {
    const std::string out = logged(log_level::info, true, [] {
        log_warning("sink.slow", {{"sink", "study"}, {"n", -5}, {"digits", "7"}, {"ok", false}, {"nan", std::numeric_limits<double>::quiet_NaN()}});
    });
    json::parser parser;
    const auto line = parser.parse_copy(out);
    REQUIRE(line.has_value());
    CHECK((*line)["level"].text() == "warning");
    CHECK((*line)["event"].text() == "sink.slow");
    CHECK(without_time(std::string((*line)["time"].text()) + ' ').empty());
    CHECK((*line)["n"].is_number());
    CHECK((*line)["n"].text() == "-5");
    CHECK((*line)["digits"].is_string());
    CHECK((*line)["ok"].is_boolean());
    CHECK((*line)["nan"].is_string());
}

TEST_CASE("log: a value that is too long is cut") {
    const std::string out = logged(log_level::info, false, [] { log_info("e", {{"v", std::string(1'000'000, 'x')}}); });
    CHECK(out.size() < 2'100);
}

TEST_CASE("log: lines of many threads stay whole") {
    const std::string out = logged(log_level::info, false, [] {
        std::vector<std::thread> threads;
        for (int n = 0; n < 8; ++n)
            threads.emplace_back([n] {
                for (int i = 0; i < 200; ++i)
                    log_info("thread.line", {{"thread", n}, {"fill", std::string(300, 'x')}});
            });
        for (std::thread& t : threads)
            t.join();
    });
    CHECK(std::count(out.begin(), out.end(), '\n') == 1'600);
    std::size_t whole = 0;
    const std::regex shape(R"(^\d{4}-\d\d-\d\dT[\d:.]+Z info thread\.line thread=\d fill=x{300}$)");
    std::istringstream lines(out);
    for (std::string line; std::getline(lines, line);)
        whole += std::regex_match(line, shape) ? 1 : 0;
    CHECK(whole == 1'600);
}
