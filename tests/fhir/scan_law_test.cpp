// The promises of `fhir::scan` on random, damaged and real text (tests/support/scan_oracle.hpp says what they
// are).
#include "tests/support/scan_oracle.hpp"
#include "tests/support/shared.hpp"
#include "tests/support/source_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

using namespace trialgate;
using namespace trialgate::fhir::scan;
using trialgate::tests::exact_interest;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.is_regular_file())
            out.push_back(entry.path());
    std::sort(out.begin(), out.end());
    return out;
}

/// Random JSON of the kind that is hard on a scanner: keys named code and meta, escapes of every sort, any
/// white space.
class random_json {
public:
    explicit random_json(std::uint64_t seed) : random_(seed) {}

    std::string resource() {
        const bool usual = upto(1) == 0;
        std::string out = usual ? R"({"resourceType":"Observation","id":"o1")" : "{";
        bool first = !usual;
        for (int i = upto(7); i > 0; --i) {
            out += first ? blank() : blank() + "," + blank();
            first = false;
            switch (upto(9)) {
            case 0:
            case 1:
                out += R"("resourceType")" + colon() +
                       one_of({R"("Observation")", R"("Claim")", R"("Patient")", R"("X\u0059")"});
                break;
            case 2:
            case 3:
                out += R"("id")" + colon() + one_of({R"("o1")", R"("o2")", "7", R"("a\/b")", R"(" o3")"});
                break;
            case 4:
            case 5:
                out += R"("meta")" + colon() +
                       one_of(
                           {R"({"versionId":"2"})", R"({"tag":[{"code":"1-8"}],"lastUpdated":"2026"})", "{}",
                            "[]", R"({"version\u0049d":"4"})"}
                       );
                break;
            default:
                out += member(3);
            }
        }
        return out + blank() + "}";
    }

    int upto(int n) { return std::uniform_int_distribution<int>(0, n)(random_); }

private:
    std::string one_of(std::initializer_list<const char*> all) {
        return all.begin()[upto(static_cast<int>(all.size()) - 1)];
    }
    std::string blank() { return one_of({"", "", "", "", " ", "\n\t", "  \r\n"}); }
    std::string colon() { return blank() + ":" + blank(); }
    std::string string() {
        std::string out = "\"";
        for (int i = upto(upto(6) == 0 ? 80 : 5); i > 0; --i)
            out += one_of(
                {"code",
                 "\\\"",
                 "\\\\",
                 "\\u0063",
                 "\\u00e9",
                 "\\n",
                 "meta",
                 "{",
                 "}",
                 "[",
                 "]",
                 ",",
                 ":",
                 "1-8",
                 "a/b",
                 "a\\/b",
                 "\\\"code\\\":\\\"1-8\\\"",
                 "e",
                 "c",
                 " ",
                 "é"}
            );
        return out + "\"";
    }
    std::string key() {
        return one_of(
            {R"("code")", R"("code")", R"("co\u0064e")", R"("\u0063\u006f\u0064\u0065")", R"("meta")",
             R"("me\u0074a")", R"("id")", R"("text")", R"("a\"code")", R"("entry")", R"("c\u006Fde")",
             R"("Code")", R"("\\code")"}
        );
    }
    std::string scalar() {
        switch (upto(5)) {
        case 0:
            return R"("1-8")";
        case 1:
            return one_of({"77", "1.50", "-2e9", "null", "true", "false"});
        case 2:
            return one_of({R"("1\u002d8")", R"("2-9")", R"("")", R"("code")"});
        default:
            return string();
        }
    }
    std::string member(int depth) { return key() + colon() + value(depth); }
    std::string value(int depth) {
        const int kind = upto(3);
        if (depth == 0 || kind < 2)
            return scalar();
        std::string out = kind == 2 ? "{" : "[";
        for (int i = upto(4); i > 0; --i)
            out +=
                blank() + (kind == 2 ? member(depth - 1) : value(depth - 1)) + blank() + (i > 1 ? "," : "");
        return out + (kind == 2 ? "}" : "]");
    }

    std::mt19937_64 random_;
};

} // namespace

TEST_CASE("scan: balanced_length agrees with a walk byte by byte at every length") {
    std::mt19937_64 random(7);
    const std::string_view letters = "\\\\\\\"\"{}[]a, :";
    for (int round = 0; round < 20'000; ++round) {
        std::string text = "{";
        for (auto size = random() % 200; size > 0; --size)
            text += letters[random() % (round % 2 == 0 ? letters.size() : 5)];
        const auto expected = tests::plain_balanced_length(text);
        for (const detail::kernel* k : detail::kernels())
            REQUIRE(detail::balanced_length(text, *k) == expected);
    }
}

TEST_CASE("scan: random resources and Bundles of them are judged as the JSON parser would") {
    tests::scan_oracle oracle;
    random_json random(11);
    std::size_t irrelevant = 0;
    for (int round = 0; round < 20'000; ++round) {
        const std::string resource = random.resource();
        INFO(resource);
        REQUIRE(oracle.check(resource, exact_interest{}) == "");
        irrelevant += look(resource, exact_interest{}).found == finding::irrelevant ? 1 : 0;
        if (round % 10 == 0)
            REQUIRE(
                oracle.check(
                    R"({"type":"x","entry":[)" + resource + " , " + random.resource() + "]}", exact_interest{}
                ) == ""
            );
        std::string cut = resource;
        cut[static_cast<std::size_t>(random.upto(static_cast<int>(cut.size()) - 1))] =
            "\"\\{}:,ce6\0x"[random.upto(10)];
        INFO(cut);
        REQUIRE(oracle.check(cut, exact_interest{}) == "");
    }
    CHECK(irrelevant > 3000);
}

TEST_CASE("scan: the seeds of the fuzzer keep the promises") {
    tests::scan_oracle oracle;
    const auto seeds = files_of(std::filesystem::path(trialgate::test::source_folder()) / "tests/fuzz/corpus/scan");
    CHECK(seeds.size() >= 10);
    for (const auto& path : seeds) {
        INFO(path);
        const std::string text = read_file(path);
        CHECK(oracle.check(text, exact_interest{}) == "");
        for (std::size_t size = 0; size < text.size(); ++size)
            REQUIRE(oracle.check(std::string_view(text).substr(0, size), exact_interest{}) == "");
    }
}

TEST_CASE("scan: real resources and Bundles keep the promises") {
    const auto shared = tests::shared_folder("scan of real resources");
    if (!shared)
        return;
    const interest_set wanted(
        {.codes = {"8302-2", "2339-0", "430193006"},
         .code_prefixes = {},
         .types = {"Patient"},
         .never = {"Claim"},
         .by_words = {}}
    );
    tests::scan_oracle oracle;
    std::size_t entries = 0;
    for (const char* folder :
         {"data/r4-examples", "data/us-core-labs", "data/patients", "data/notifications", "data/bad-json"}) {
        std::size_t bundles = 0;
        for (const auto& path : files_of(*shared / folder)) {
            INFO(path);
            const std::string text = read_file(path);
            if (text.size() > 100'000 && ++bundles > 4)
                continue;
            CHECK(oracle.check(text, wanted) == "");
            for (const std::string_view entry :
                 tests::scan_bundle(text, *detail::kernels().front()).entries) {
                ++entries;
                const auto at = entry.find("\"resource\"");
                const auto open = at == std::string_view::npos ? at : entry.find('{', at);
                if (open == std::string_view::npos)
                    continue;
                const auto length = balanced_length(entry.substr(open));
                REQUIRE(length);
                REQUIRE(oracle.check(entry.substr(open, *length), wanted) == "");
            }
        }
    }
    CHECK(entries > 1000);
}
