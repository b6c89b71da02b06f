#include "gateway/core/metrics.hpp"
#include "scratch.hpp"
#include "tests/support/source_folder.hpp"

#include <catch2/catch.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

using trialgate::gateway::metrics;
namespace fs = std::filesystem;
using trialgate::tests::file_content;

namespace {

struct listed {
    std::string name, kind, labels;
};

std::vector<listed> golden() {
    std::vector<listed> out;
    std::ifstream in(fs::path(trialgate::test::source_folder()) / "tests/gateway/metrics.txt");
    for (std::string line; std::getline(in, line);) {
        std::istringstream words(line);
        listed one;
        words >> one.name >> one.kind >> one.labels;
        out.push_back(one);
    }
    return out;
}

std::set<std::string> names_in(const fs::path& file) {
    const std::string text = file_content(file);
    static const std::regex name("\"(trialgate_[a-z_]+)\"");
    std::set<std::string> out;
    for (std::sregex_iterator at(text.begin(), text.end(), name), end; at != end; ++at)
        out.insert((*at)[1]);
    return out;
}

/// Sets a metric with the labels of the list, two at most.
void touch(metrics& to, const listed& one) {
    const auto comma = one.labels.find(',');
    const std::string first = one.labels.substr(0, comma), second = comma == std::string::npos ? "" : one.labels.substr(comma + 1);
    const auto with = [&](auto&& act) {
        if (first.empty())
            act(trialgate::gateway::metric_labels{});
        else if (second.empty())
            act(trialgate::gateway::metric_labels{{first, "x"}});
        else
            act(trialgate::gateway::metric_labels{{first, "x"}, {second, "y"}});
    };
    if (one.kind == "counter")
        with([&](auto labels) { to.count(one.name, labels); });
    else if (one.kind == "gauge")
        with([&](auto labels) { to.set(one.name, labels, 1); });
    else
        with([&](auto labels) { to.observe(one.name, labels, 0.2); });
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

} // namespace

TEST_CASE("metrics: names, kinds and labels are those of the list") {
    metrics m;
    std::set<std::string> names;
    for (const listed& one : golden()) {
        INFO(one.name);
        REQUIRE_NOTHROW(touch(m, one));
        names.insert(one.name);
        CHECK(has(m.text(), "# TYPE " + one.name + ' ' + one.kind + '\n'));
        CHECK(has(m.text(), "# HELP " + one.name + ' '));
        CHECK((one.kind == "counter") == (one.name.ends_with("_total")));
    }
    CHECK(names == names_in(fs::path(trialgate::test::source_folder()) / "gateway/core/metrics.cpp"));
}

TEST_CASE("metrics: no source file uses a name that is not listed") {
    std::set<std::string> names;
    for (const listed& one : golden())
        names.insert(one.name);
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(trialgate::test::source_folder()) / "gateway"))
        if (entry.path().extension() == ".cpp")
            for (const std::string& used : names_in(entry.path())) {
                INFO(entry.path().filename() << ' ' << used);
                CHECK(names.contains(used));
            }
}

TEST_CASE("metrics: a name, kind or label that is not described is a mistake of the program") {
    metrics m;
    CHECK_THROWS_AS(m.count("trialgate_nothing_total"), std::logic_error);
    CHECK_THROWS_AS(m.count("trialgate_patients"), std::logic_error);
    CHECK_THROWS_AS(m.set("trialgate_delivery_seconds", {{"sink", "x"}}, 1), std::logic_error);
    CHECK_THROWS_AS(m.observe("trialgate_patients", {}, 1), std::logic_error);
    CHECK_THROWS_AS(m.set("trialgate_patients", {{"patient", "x"}}, 1), std::logic_error);
    CHECK_THROWS_AS(m.count("trialgate_source_gaps_total"), std::logic_error);
    CHECK_THROWS_AS(m.count("trialgate_events_total", {{"source", "a"}, {"result", "b"}}), std::logic_error);
}

TEST_CASE("metrics: counters add, gauges keep the last value, histograms have buckets") {
    metrics m;
    CHECK(has(m.text(), "\ntrialgate_commits_total 0\n"));
    m.count("trialgate_commits_total");
    m.count("trialgate_commits_total", {}, 2);
    m.set("trialgate_http_refused_total", {{"listener", "public"}}, 9);
    m.set("trialgate_http_refused_total", {{"listener", "public"}}, 4);
    m.set("trialgate_patients", {}, 7);
    m.set("trialgate_patients", {}, 5);
    m.observe("trialgate_delivery_seconds", {{"sink", "study"}}, 0.03);
    m.observe("trialgate_delivery_seconds", {{"sink", "study"}}, 7);
    const std::string text = m.text();
    CHECK(has(text, "\ntrialgate_commits_total 3\n"));
    CHECK(has(text, "\ntrialgate_patients 5\n"));
    CHECK(has(text, "trialgate_http_refused_total{listener=\"public\"} 9\n"));
    CHECK(has(text, "trialgate_delivery_seconds_bucket{sink=\"study\",le=\"0.025\"} 0\n"));
    CHECK(has(text, "trialgate_delivery_seconds_bucket{sink=\"study\",le=\"0.05\"} 1\n"));
    CHECK(has(text, "trialgate_delivery_seconds_bucket{sink=\"study\",le=\"+Inf\"} 2\n"));
    CHECK(std::regex_search(text, std::regex(R"(trialgate_build_info\{version="\d+\.\d+\.\d+"\} 1\n)")));
}

TEST_CASE("metrics: series differ by labels whatever these hold") {
    metrics m;
    m.count("trialgate_events_total", {{"source", "a"}, {"outcome", "applied"}});
    m.count("trialgate_events_total", {{"outcome", "applied"}, {"source", "a"}});
    m.count("trialgate_events_total", {{"source", "b"}, {"outcome", "applied"}});
    m.count("trialgate_events_total", {{"source", "a\"\n\\"}, {"outcome", "applied"}});
    const std::string text = m.text();
    CHECK(has(text, "trialgate_events_total{outcome=\"applied\",source=\"a\"} 2\n"));
    CHECK(has(text, "trialgate_events_total{outcome=\"applied\",source=\"b\"} 1\n"));
    CHECK(has(text, R"(trialgate_events_total{outcome="applied",source="a\"\n\\"} 1)"));
}

TEST_CASE("metrics: threads count together") {
    metrics m;
    std::vector<std::thread> threads;
    for (int n = 0; n < 4; ++n)
        threads.emplace_back([&] {
            for (int i = 0; i < 1'000; ++i)
                m.count("trialgate_source_gaps_total", {{"source", i % 2 ? "a" : "b"}});
        });
    for (std::thread& t : threads)
        t.join();
    CHECK(has(m.text(), "trialgate_source_gaps_total{source=\"a\"} 2000\n"));
    CHECK(has(m.text(), "trialgate_source_gaps_total{source=\"b\"} 2000\n"));
}
