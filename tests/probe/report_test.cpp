#include "gateway/core/json_text.hpp"
#include "gateway/probe/probe.hpp"
#include "tests/support/source_folder.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

using namespace trialgate;
using namespace trialgate::gateway::probe;

namespace {

finding make(const char* id, verdict v, bool needed = true, const char* capability = "") {
    finding f;
    f.about = {id, "a <section>", "Title & more", capability, 0, needed};
    f.ended.result = v;
    f.ended.reason = std::string("reason of ") + id;
    return f;
}

probe_report report() {
    probe_report r;
    r.url = "https://h/fhir";
    r.at = "2026-03-15T10:00:00.000Z";
    r.findings = {make("a.works", verdict::works), make("b.limited", verdict::limited), make("c.fails", verdict::fails),
                  make("d.optional", verdict::fails, false), make("e.untested", verdict::untested)};
    r.findings[2].ended.evidence = {"GET <x>: 200"};
    r.capabilities = capabilities_of(r.findings);
    return r;
}

std::string page(const check_info& c) { return trialgate::test::source_folder() + "/gateway/probe/checks/" + std::string(c.id) + ".md"; }

} // namespace

TEST_CASE("checks: ids are stable names, each once, and each has its page") {
    std::set<std::string_view> ids;
    std::string_view section;
    std::set<std::string_view> sections;
    for (const check_info& c : all_checks()) {
        INFO(c.id);
        CHECK(ids.insert(c.id).second);
        CHECK(c.id.find('.') != c.id.npos);
        if (c.section != section)
            CHECK(sections.insert(c.section).second); // a section is in one piece
        section = c.section;
        std::ifstream in(page(c));
        std::stringstream text;
        text << in.rdbuf();
        CHECK(text.str().find("# " + std::string(c.id)) == 0);
        CHECK(text.str().find(c.title) != std::string::npos);
    }
    CHECK(ids.size() > 40);
    for (const auto& file : std::filesystem::directory_iterator(trialgate::test::source_folder() + "/gateway/probe/checks"))
        CHECK(ids.contains(file.path().stem().string()));
}

TEST_CASE("verdicts: what trialgate does not need is no finding") {
    CHECK(make("x", verdict::fails).is_finding());
    CHECK(make("x", verdict::limited).is_finding());
    CHECK_FALSE(make("x", verdict::fails, false).is_finding());
    CHECK_FALSE(make("x", verdict::untested).is_finding());
    finding lie = make("x", verdict::fails, false);
    lie.ended.finding = true;
    CHECK(lie.is_finding());
    CHECK(report().has_findings());
    probe_report left;
    CHECK_FALSE(left.has_findings());
    left.left_behind = {"Observation"};
    CHECK(left.has_findings());
}

TEST_CASE("capabilities: the worst of what was tested decides") {
    const std::vector<finding> all{make("a", verdict::works, true, "paging"), make("b", verdict::untested, true, "paging"),
                                   make("c", verdict::limited, true, "paging"), make("d", verdict::untested, true, "bulk"),
                                   make("e", verdict::works, true, "")};
    const auto got = capabilities_of(all);
    REQUIRE(got.size() == 2);
    CHECK(got[0].name == "paging");
    CHECK(got[0].result == verdict::limited);
    CHECK(got[0].check == "c");
    CHECK(got[1].result == verdict::untested);
}

TEST_CASE("formats: JSON") {
    fhir::json::parser parser;
    const std::string text = as_json(report());
    const auto tree = parser.parse_copy(text);
    REQUIRE(tree.has_value());
    CHECK((*tree)["counts"]["works"].text() == "1");
    CHECK((*tree)["counts"]["does-not-work"].text() == "2");
    CHECK((*tree)["counts"]["findings"].text() == "2");
    CHECK((*tree)["checks"][2]["verdict"].text() == "does-not-work");
    CHECK((*tree)["checks"][2]["page"].text() == "gateway/probe/checks/c.fails.md");
    CHECK((*tree)["recommended"].is_null());
}

TEST_CASE("formats: FHIR TestReport") {
    fhir::json::parser parser;
    const std::string text = as_test_report(report());
    const auto tree = parser.parse_copy(text);
    REQUIRE(tree.has_value());
    CHECK((*tree)["resourceType"].text() == "TestReport");
    CHECK((*tree)["status"].text() == "completed");
    CHECK((*tree)["result"].text() == "fail");
    CHECK((*tree)["score"].text() == "25");
    const char* expected[] = {"pass", "warning", "fail", "warning", "skip"};
    for (std::size_t i = 0; i < 5; ++i)
        CHECK((*tree)["test"][i]["action"][0]["assert"]["result"].text() == expected[i]);
}

TEST_CASE("formats: JUnit and HTML escape what servers say") {
    const std::string junit = as_junit(report()), html = as_html(report());
    CHECK(junit.find("tests=\"5\" failures=\"2\" skipped=\"1\"") != junit.npos);
    for (const std::string& text : {junit, html}) {
        CHECK(text.find("GET &lt;x&gt;: 200") != text.npos);
        CHECK(text.find("<section>") == text.npos);
    }
    CHECK(html.find("Title &amp; more") != html.npos);
}

TEST_CASE("recommendation: JSON without comments, reasons with them") {
    const std::vector<recommended_member> members{{"name", "\"ehr\"", ""}, {"delivery", "\"poll\"", "because"}, {"pageSize", "50", ""}};
    fhir::json::parser parser;
    const std::string plain = source_text(members, false, 0);
    const auto tree = parser.parse_copy(plain);
    REQUIRE(tree.has_value());
    CHECK((*tree)["pageSize"].text() == "50");
    const std::string told = source_text(members, true, 2);
    CHECK(told.find("\"delivery\": \"poll\", // because\n") != told.npos);
    CHECK(parser.parse_copy(told, fhir::json::dialect::with_comments).has_value());
}
