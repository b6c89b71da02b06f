// Every way in which a trial file can be wrong is a file in bad-trials: its first lines say what must be reported, and where.
#include "mappings/engine/trial_file.hpp"
#include "small_library.hpp"
#include "tests/support/source_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

// As listed in trial_file.hpp.
const std::set<std::string> documented{
    "bad-json",        "wrong-type",      "missing-member",        "unknown-member",      "unknown-concept", "unknown-setting",
    "unknown-version", "unknown-score",   "unknown-test",          "unknown-note",        "bad-check-digit", "unit-does-not-fit",
    "bad-number",      "bad-duration",    "window-without-unit",   "duplicate-id",        "duplicate-key",   "unreachable-criterion",
    "empty-list",      "visit-window",    "unknown-visit",      "impossible-count",      "unused-setting",      "unknown-grading", "unknown-tier"};

struct expectation {
    std::string code;
    std::uint32_t line = 0, column = 0;
    auto operator<=>(const expectation&) const = default;
};
std::ostream& operator<<(std::ostream& out, const expectation& e) {
    return out << e.code << ' ' << e.line << ':' << e.column;
}

struct bad_file {
    source_file source;
    std::vector<expectation> expected;
};

std::vector<bad_file> bad_files() {
    std::vector<bad_file> out;
    const auto folder = std::filesystem::path(trialgate::test::source_folder()) / "tests" / "mappings" / "bad-trials";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() != ".json")
            continue;
        std::ifstream in(entry.path(), std::ios::binary);
        bad_file f;
        f.source = {entry.path().filename().string(), std::string(std::istreambuf_iterator<char>(in), {})};
        std::istringstream lines(f.source.text);
        for (std::string line; std::getline(lines, line) && line.starts_with("// expect: ");) {
            std::istringstream words(line.substr(11));
            expectation e;
            char colon = 0;
            words >> e.code >> e.line >> colon >> e.column;
            f.expected.push_back(e);
        }
        out.push_back(std::move(f));
    }
    std::sort(out.begin(), out.end(), [](const bad_file& a, const bad_file& b) { return a.source.name < b.source.name; });
    return out;
}

bool is_warning(const std::string& code) { return code == "unreachable-criterion" || code == "unused-setting"; }

} // namespace

TEST_CASE("bad_trials: each file is refused with exactly the problems that it names, at their places") {
    const auto codes = tests::small_catalog();
    const auto files = bad_files();
    REQUIRE(files.size() >= documented.size());
    for (const bad_file& f : files) {
        DYNAMIC_SECTION(f.source.name) {
            REQUIRE_FALSE(f.expected.empty());
            std::vector<problem> problems;
            const auto read = read_trial(f.source, {}, *codes, {}, problems);
            std::vector<expectation> found;
            bool errors = false;
            for (const problem& p : problems) {
                UNSCOPED_INFO(to_string(p));
                found.push_back({p.code, p.line, p.column});
                CHECK(p.file == f.source.name);
                CHECK((p.level_ == problem::level::warning) == is_warning(p.code));
                errors = errors || p.level_ == problem::level::error;
            }
            auto expected = f.expected;
            std::sort(expected.begin(), expected.end());
            std::sort(found.begin(), found.end());
            CHECK(found == expected);
            CHECK(read.has_value() == !errors);
        }
    }
}

TEST_CASE("bad_trials: every documented problem has a file of its name, and no other code is reported") {
    std::set<std::string> named, expected;
    for (const bad_file& f : bad_files()) {
        named.insert(f.source.name.substr(0, f.source.name.find('.')));
        for (const expectation& e : f.expected)
            expected.insert(e.code);
    }
    for (const std::string& code : documented) {
        INFO(code);
        CHECK(named.count(code) == 1);
        CHECK(expected.count(code) == 1);
    }
    for (const std::string& code : expected) {
        INFO(code);
        CHECK(documented.count(code) == 1);
    }
}

TEST_CASE("bad_trials: the text of every problem fits one line and near names are hinted") {
    const auto codes = tests::small_catalog();
    std::set<std::string> hints;
    for (const bad_file& f : bad_files()) {
        std::vector<problem> problems;
        read_trial(f.source, {}, *codes, {}, problems);
        for (const problem& p : problems) {
            CHECK_FALSE(p.text.empty());
            CHECK(p.text.find('\n') == std::string::npos);
            hints.insert(p.hint);
        }
    }
    for (const char* hint : {"did you mean 'ana.titer'?", "did you mean 'labWindow'?", "did you mean 'criteria'?", "did you mean 'observation'?",
                             "did you mean 'past-course'?", "did you mean 'drug.azathioprine'?", "did you mean 'female'?", "did you mean 'dosing'?",
                             "did you mean 'visit:v4'?"}) {
        INFO(hint);
        CHECK(hints.count(hint) == 1);
    }
}
