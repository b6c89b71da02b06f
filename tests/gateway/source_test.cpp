#include "gateway/input/source.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <zlib.h>

using namespace trialgate::gateway;
namespace fs = std::filesystem;

namespace {

struct folder : trialgate::tests::scratch_folder {
    std::string zip(const std::string& name, const std::string& text) const {
        const std::string file = *this / name;
        gzFile out = ::gzopen(file.c_str(), "wb");
        ::gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
        ::gzclose(out);
        return file;
    }
};

struct seen {
    std::vector<std::string> texts;
    std::vector<std::uint64_t> lines;
    std::uint64_t bytes = 0;
    std::optional<input_problem> failed;
};

seen read(const std::string& file) {
    seen out;
    out.failed = read_pieces(
        file,
        [&](const piece& p) {
            out.texts.emplace_back(p.text);
            out.lines.push_back(p.first_line);
        },
        [&](std::uint64_t n) { out.bytes += n; });
    return out;
}

} // namespace

TEST_CASE("source: NDJSON is cut into lines, whatever the name of the file") {
    const folder here;
    const std::string text = "{\"a\":1}\n\n{\"b\":\n{\"c\":3}";
    for (const std::string& file : {here.write("x.json", text), here.zip("x.gz", text)}) {
        const seen s = read(file);
        REQUIRE_FALSE(s.failed);
        REQUIRE(s.texts == std::vector<std::string>{"{\"a\":1}", "{\"b\":", "{\"c\":3}"});
        REQUIRE(s.lines == std::vector<std::uint64_t>{1, 3, 4});
    }
}

TEST_CASE("source: a document may span lines, and several may follow one another") {
    const folder here;
    const std::string text = "\xef\xbb\xbf{\n \"a\": \"}\"\n}\n\n{\n \"b\": [1,\n 2]\n}\n";
    for (const std::string& file : {here.write("x.json", text), here.zip("x.gz", text)}) {
        const seen s = read(file);
        REQUIRE(s.texts == std::vector<std::string>{"{\n \"a\": \"}\"\n}", "{\n \"b\": [1,\n 2]\n}"});
        REQUIRE(s.lines == std::vector<std::uint64_t>{1, 5});
    }
}

TEST_CASE("source: a document that does not end is handed on, for the parser to say where") {
    const folder here;
    REQUIRE(read(here.write("x.json", "{\n \"a\": [1,\n")).texts.size() == 1);
}

TEST_CASE("source: all bytes are counted, once") {
    const folder here;
    std::string text;
    for (int n = 0; n < 40'000; ++n)
        text += "{\"resourceType\":\"Basic\",\"id\":\"" + std::to_string(n) + "\"}\n";
    const seen s = read(here.write("x.ndjson", text));
    REQUIRE(s.texts.size() == 40'000);
    REQUIRE(s.bytes == text.size());
}

TEST_CASE("source: a gzip that is cut short gives what came before and says so") {
    const folder here;
    std::string text;
    for (int n = 0; n < 20'000; ++n)
        text += "{\"resourceType\":\"Basic\",\"id\":\"" + std::to_string(n * 7919) + "\"}\n";
    const std::string file = here.zip("x.ndjson.gz", text);
    fs::resize_file(file, fs::file_size(file) / 2);
    const seen s = read(file);
    REQUIRE(s.failed);
    REQUIRE(s.texts.size() > 100);
    REQUIRE(s.texts.size() < 20'000);
}

TEST_CASE("source: folders are walked in order, and only for files of records") {
    const folder here;
    here.write("b/two.ndjson", "{}");
    here.write("a/one.json", "{}");
    here.write("a/readme.txt", "{}");
    here.write(".hidden/three.json", "{}");
    std::vector<input_problem> problems;
    const auto files = list_inputs({here.path().string(), here / "none.json"}, problems);
    REQUIRE(files.size() == 2);
    REQUIRE(files[0].name.ends_with("one.json"));
    REQUIRE(files[1].name.ends_with("two.ndjson"));
    REQUIRE(problems.size() == 1);
}
