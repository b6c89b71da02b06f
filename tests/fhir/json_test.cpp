#include "fhir/json.hpp"
#include "tests/support/json_oracle.hpp"
#include "tests/support/shared.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace json = trialgate::fhir::json;
using namespace trialgate;
using namespace std::string_literals;

namespace {

std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Parses in a buffer without a byte to spare, so that a sanitizer sees a step beyond the end.
struct document {
    explicit document(std::string_view text, json::dialect d = json::dialect::strict, json::limits l = {})
        : bytes(new char[text.size()]), parser(l) {
        std::copy(text.begin(), text.end(), bytes.get());
        read = parser.parse({bytes.get(), text.size()}, d);
    }
    std::unique_ptr<char[]> bytes;
    json::parser parser;
    fhir::result<json::value> read{json::value{}};

    json::value operator*() const { return read ? *read : json::value{}; }
};

struct failure {
    std::string text;
    std::string sentence;
    std::uint32_t offset;
};

void check_failure(const failure& f, json::dialect d = json::dialect::strict) {
    CAPTURE(f.text);
    const document doc(f.text, d);
    REQUIRE_FALSE(doc.read.has_value());
    const fhir::issue& e = doc.read.error();
    CHECK(e.severity_ == fhir::severity::fatal);
    CHECK(e.type == fhir::issue_type::structure);
    CHECK(e.text == f.sentence);
    CHECK(e.offset == f.offset);
}

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

} // namespace

TEST_CASE("json: every kind of value is read") {
    const document doc(R"( {"s":"x","n":8.20,"t":true,"f":false,"z":null,"a":[1,"b"],"o":{"k":{}}} )");
    const json::value v = *doc;
    REQUIRE(v.is_object());
    CHECK(v.size() == 7);
    CHECK(v["s"].is_string());
    CHECK(v["s"].text() == "x");
    CHECK(v["n"].is_number());
    CHECK(v["n"].text() == "8.20");
    CHECK(v["t"].as_bool());
    CHECK(v["f"].is_boolean());
    CHECK_FALSE(v["f"].as_bool(true));
    CHECK(v["z"].is_null());
    CHECK(v["a"].is_array());
    CHECK(v["a"].size() == 2);
    CHECK(v["a"][0].text() == "1");
    CHECK(v["a"][1].text() == "b");
    CHECK(v["o"]["k"].is_object());
    CHECK(v["o"]["k"].size() == 0);
    CHECK(v.members()[1].name == "n");
}

TEST_CASE("json: a scalar is a document") {
    CHECK((*document("\"a\"")).text() == "a");
    CHECK((*document("-1.50E+3")).text() == "-1.50E+3");
    CHECK((*document(" null\n")).is_null());
}

TEST_CASE("json: what is absent is missing, and chains need no checks") {
    const document doc(R"({"a":[1],"s":"text"})");
    const json::value v = *doc;
    CHECK_FALSE(v["b"]);
    CHECK(v["b"]["c"][3]["d"].type() == json::kind::missing);
    CHECK_FALSE(v["a"][1]);
    CHECK_FALSE(v["a"]["a"]);
    CHECK_FALSE(v["s"][0]);
    CHECK_FALSE(v[0]);
    CHECK_FALSE(v["s"]["s"]);
    CHECK(v["b"].text().empty());
    CHECK(v["b"].as_bool(true));
    CHECK(v["s"].as_bool(true));
    CHECK(v["s"].size() == 0);
    CHECK(v["s"].elements().empty());
    CHECK(v["a"].members().empty());
    CHECK(v["a"].text().empty());
    CHECK_FALSE(json::value{}["x"]);
}

TEST_CASE("json: of duplicate keys the first wins and all are listed") {
    const document doc(R"({"a":1,"b":2,"a":3})");
    CHECK((*doc)["a"].text() == "1");
    CHECK((*doc).members()[2].content.text() == "3");
}

TEST_CASE("json: an empty name is a name") {
    const document doc(R"({"":1,"b":2})");
    CHECK((*doc)[""].text() == "1");
}

TEST_CASE("json: a number keeps its text") {
    for (const auto* text :
         {"0", "-0", "0.010", "8.20", "1e5", "1E-400", "123456789012345678901234567890.10"}) {
        const document doc("[" + std::string(text) + "]");
        REQUIRE(doc.read.has_value());
        CHECK((*doc)[0].is_number());
        CHECK((*doc)[0].text() == text);
    }
}

TEST_CASE("json: a number in quotes is a string") {
    const document doc(R"(["0.010",0.010])");
    CHECK((*doc)[0].is_string());
    CHECK((*doc)[1].is_number());
}

TEST_CASE("json: escapes are resolved") {
    const document doc(
        R"(["\"\\\/\b\f\n\r\t","\u00e9\u20AC\ud83d\ude00","a\u0000b","plain and \u0041 long enough to move"])"
    );
    CHECK((*doc)[0].text() == "\"\\/\b\f\n\r\t");
    CHECK((*doc)[1].text() == "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    CHECK((*doc)[2].text() == "a\0b"s);
    CHECK((*doc)[3].text() == "plain and A long enough to move");
}

TEST_CASE("json: strings of any length and any special character at any place are read") {
    for (std::size_t length = 0; length < 40; ++length)
        for (std::size_t at = 0; at < length; ++at)
            for (const std::string special : {"\\n", "\xC3\xA9", "\\\"", "\x7F"}) {
                std::string text =
                    "\"" + std::string(at, 'x') + special + std::string(length - at, 'y') + "\"";
                std::string expected = std::string(at, 'x');
                expected += special == "\\n" ? "\n" : special == "\\\"" ? "\"" : special;
                expected += std::string(length - at, 'y');
                const document doc(text);
                REQUIRE((*doc).text() == expected);
                text[at + 1] = '\x1F';
                REQUIRE_FALSE(document(text).read.has_value());
            }
}

TEST_CASE("json: offsets tell the end of scalars and keys and the beginning of containers") {
    const document doc(R"({"a": [12, "x\ny"], "b" : true, "c":{}, "d":null})");
    const json::value v = *doc;
    CHECK(v.offset() == 0);
    CHECK(v["a"].offset() == 6);
    CHECK(v["a"][0].offset() == 9);
    CHECK(v["a"][1].offset() == 17);
    CHECK(v["b"].offset() == 30);
    CHECK(v["c"].offset() == 36);
    CHECK(v["d"].offset() == 48);
    CHECK(v.members()[0].offset == 4);
    CHECK(v.members()[1].offset == 23);
}

TEST_CASE("json: a byte order mark is skipped and counted") {
    const document doc("\xEF\xBB\xBF [1]");
    CHECK((*doc).offset() == 4);
    CHECK((*doc)[0].text() == "1");
    check_failure({"\xEF\xBB\xBF", "the document is empty", 3});
    check_failure({"\xEF\xBB", "expected a JSON value", 0});
}

TEST_CASE("json: what is not JSON fails with a sentence and the offset of the trouble") {
    const failure cases[] = {
        {"", "the document is empty", 0},
        {" \n", "the document is empty", 2},
        {"{\"a\":1 \"b\":2}", "expected ',' or '}' after an object member", 7},
        {"{\"a\":1,}", "a comma before '}'", 7},
        {"{\"a\" 1}", "expected ':' after a member name", 5},
        {"{a:1}", "expected a member name in double quotes", 1},
        {"{'a':1}", "expected a member name in double quotes", 1},
        {"[1 2]", "expected ',' or ']' after an array element", 3},
        {"[1,]", "a comma before ']', or a value is missing", 3},
        {"[1}", "expected ',' or ']' after an array element", 2},
        {"{", "the document ends inside an object: expected a member name or '}'", 1},
        {"{\"a\":", "the document ends where a value is expected", 5},
        {"{\"a\":1", "the document ends inside an object: expected ',' or '}' after an object member", 6},
        {"[1", "the document ends inside an array: expected ',' or ']' after an array element", 2},
        {"[\"abc", "a string that starts here is not closed", 1},
        {"\"a\\q\"", "an escape that JSON does not know", 2},
        {"\"a\tb\"", "an unescaped control character in a string", 2},
        {"\"\\u12G4\"", "\\u is not followed by four hexadecimal digits", 1},
        {"{} x", "text after the end of the document", 3},
        {"{}{}", "text after the end of the document", 2},
        {"01", "text after the end of the document", 1},
        {"1.", "expected a digit after the decimal point", 2},
        {"1.x", "expected a digit after the decimal point", 2},
        {"1e", "expected a digit in the exponent", 2},
        {"+1", "expected a JSON value", 0},
        {".5", "expected a JSON value", 0},
        {"nul", "the document ends where a value is expected", 3},
        {"NaN", "expected a JSON value", 0},
        {"}", "expected a JSON value", 0},
        {"// x\n{}", "expected a JSON value", 0},
        {"[1e400]", "a number beyond 1.8e308", 1},
    };
    for (const failure& f : cases)
        check_failure(f);
}

TEST_CASE("json: half a surrogate pair is refused, in keys too") {
    const std::string sentence = "an escape encodes half a character (unpaired surrogate)";
    check_failure({R"("ab\ud800")", sentence, 3});
    check_failure({R"("ab\ud800x")", sentence, 3});
    check_failure({R"("ab\ud800\u0041")", sentence, 3});
    check_failure({R"(["\u00e9","ab\udc00x"])", sentence, 13});
    check_failure({R"({"\udfff":1})", sentence, 2});
    check_failure({R"(["\"\\\/83d\ude00\u0000"])", sentence, 11});
}

TEST_CASE("json: what is not UTF-8 is refused at its first byte") {
    for (const std::string bad :
         {"\xFF", "\x80", "\xC3", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80",
          "\xED\xBF\xBF", "\xF0\x80\x80\x80", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
          "\xC3("}) {
        check_failure({"[\"ok\xC3\xA9" + bad + "\"]", "not UTF-8", 6});
        const document cut("\"" + bad);
        CHECK_FALSE(cut.read.has_value());
    }
    for (const std::string good :
         {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
          "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        CHECK((*document("\"" + good + "\"")).text() == good);
    check_failure({"\xFF\xFE{"s, "UTF-16 text; FHIR JSON is UTF-8", 0});
    check_failure({"{\0\"\0"s, "UTF-16 text; FHIR JSON is UTF-8", 1});
}

TEST_CASE("json: a NUL byte is refused wherever it stands") {
    const std::string sentence = "a NUL byte in the document";
    check_failure({"\0"s, sentence, 0});
    check_failure({"[1]\0"s, sentence, 3});
    check_failure({"[1]\0garbage"s, sentence, 3});
    check_failure({"[\0]"s, sentence, 1});
    check_failure({"[\"a\0b\"]"s, sentence, 3});
    check_failure({"[1 \0"s, sentence, 3});
}

TEST_CASE("json: the offending text is kept apart from the sentence") {
    const document doc(R"({"name":"Ann" "family":"Smith"})");
    REQUIRE_FALSE(doc.read.has_value());
    CHECK(doc.read.error().theirs == R"("family":"Smith"})");
    CHECK(doc.read.error().text.find("Smith") == std::string::npos);
}

TEST_CASE("json: comments and trailing commas are accepted only where people write") {
    const std::string text = "// head\n{/* a */\"a\":[1,2,/* **/],}\n// tail";
    CHECK_FALSE(document(text).read.has_value());
    const document doc(text, json::dialect::with_comments);
    REQUIRE(doc.read.has_value());
    CHECK((*doc)["a"].size() == 2);
    CHECK((*doc).size() == 1);
    const auto lenient = json::dialect::with_comments;
    check_failure({"[,]", "expected a JSON value", 1}, lenient);
    check_failure({"{,}", "expected a member name in double quotes", 1}, lenient);
    check_failure({"[1,,2]", "expected a JSON value", 3}, lenient);
    check_failure({"[1] /* x", "a comment is not closed", 8}, lenient);
    check_failure({"[1] /x", "expected // or /*", 5}, lenient);
}

TEST_CASE("json: depth has a limit and no nesting overflows the stack") {
    CHECK(document(nested(64)).read.has_value());
    for (const std::string& text : {nested(65), std::string(2'000'000, '['), nested(1'000'000)}) {
        const document doc(text);
        REQUIRE_FALSE(doc.read.has_value());
        CHECK(doc.read.error().type == fhir::issue_type::too_costly);
        CHECK(doc.read.error().text == "nested deeper than 64 levels");
        CHECK(doc.read.error().offset == 64);
    }
    CHECK(document(nested(1'000'000), json::dialect::strict, {.depth = 1'000'000}).read.has_value());
    std::string objects;
    for (int i = 0; i < 200'000; ++i)
        objects += "{\"a\":";
    CHECK(document(objects).read.error().type == fhir::issue_type::too_costly);
}

TEST_CASE("json: bytes and values have limits") {
    const json::limits small{.depth = 4, .bytes = 12, .values = 4};
    CHECK(document("[1,2,3]", json::dialect::strict, small).read.has_value());
    const document many("[1,2,3,4]", json::dialect::strict, small);
    CHECK(many.read.error().type == fhir::issue_type::too_costly);
    CHECK(many.read.error().text == "more than 4 values");
    const document longer("[1,       2] ", json::dialect::strict, small);
    CHECK(longer.read.error().type == fhir::issue_type::too_long);
    CHECK(longer.read.error().text == "longer than 12 bytes");
    json::parser p(small);
    CHECK(p.parse_copy("[1,       2] ").error().type == fhir::issue_type::too_long);
}

TEST_CASE("json: a parser reads one document after the other, also after a failure") {
    json::parser p;
    for (int i = 0; i < 50; ++i) {
        CHECK_FALSE(p.parse_copy("[{\"a\":[1,2").has_value());
        const auto good = p.parse_copy("[[" + std::to_string(i) + "],{\"k\":\"v\"}]");
        REQUIRE(good.has_value());
        CHECK((*good)[0][0].text() == std::to_string(i));
        CHECK((*good)[1]["k"].text() == "v");
    }
    json::parser moved = std::move(p);
    CHECK(moved.parse_copy("1").has_value());
}

TEST_CASE("json: a document larger than the memory that is kept is read, and a small one after it") {
    std::string text = "{";
    for (int i = 0; i < 1'500'000; ++i)
        text += "\"\":1,";
    text += "\"last\":2}";
    json::parser p;
    for (int round = 0; round < 2; ++round) {
        const auto large = p.parse_copy(text);
        REQUIRE(large.has_value());
        CHECK(large->size() == 1'500'001);
        CHECK((*large)["last"].text() == "2");
        const auto little = p.parse_copy("{\"a\":[1,2]}");
        REQUIRE(little.has_value());
        CHECK((*little)["a"][1].text() == "2");
    }
}

TEST_CASE("json: every prefix and every single-byte change of a document is read or refused without harm") {
    const std::string text = R"({"a":[1.5e3,"\u00e9\n",true],"b":{"c":null,"d":""}})";
    for (std::size_t n = 0; n < text.size(); ++n)
        CHECK_FALSE(document(text.substr(0, n)).read.has_value());
    for (std::size_t at = 0; at < text.size(); ++at)
        for (int byte = 0; byte < 256; byte += 5) {
            std::string changed = text;
            changed[at] = static_cast<char>(byte);
            const document doc(changed, json::dialect::with_comments);
            if (!doc.read)
                REQUIRE(doc.read.error().offset <= text.size());
        }
}

TEST_CASE("json: quote escapes what JSON requires and repairs what is not UTF-8") {
    CHECK(json::quote("") == "\"\"");
    CHECK(json::quote("a\"b\\c/d") == R"("a\"b\\c/d")");
    CHECK(json::quote("\n\r\t\b\x1F\0"s) == R"("\n\r\t\u0008\u001f\u0000")");
    CHECK(json::quote("\xC3\xA9\xF0\x9F\x98\x80") == "\"\xC3\xA9\xF0\x9F\x98\x80\"");
    CHECK(json::quote("a\xFF\xC3") == "\"a\xEF\xBF\xBD\xEF\xBF\xBD\"");
    CHECK(json::quote("\xED\xA0\x80") == "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST_CASE("json: broken resources of the FHIR test cases are located by line and column") {
    const auto shared = tests::shared_folder("broken JSON of the FHIR test cases");
    if (!shared)
        return;
    struct located {
        const char* file;
        std::uint32_t line;
        std::uint32_t column;
        const char* sentence;
    };
    const located cases[] = {
        {"bad-json-close-1.json", 15, 11, "expected ',' or '}' after an object member"},
        {"bad-json-close-2.json", 15, 11, "expected ',' or '}' after an object member"},
        {"bad-json-close-3.json", 16, 9, "expected ',' or ']' after an array element"},
        {"json-no-quotes-1.json", 2, 3, "expected a member name in double quotes"},
        {"json-no-quotes-2.json", 8, 9, "expected a JSON value"},
        {"list-bad-syntax.json", 7, 3, "expected ',' or '}' after an object member"},
    };
    for (const located& c : cases) {
        CAPTURE(c.file);
        const std::string text = read_file(*shared / "data/bad-json" / c.file);
        REQUIRE_FALSE(text.empty());
        const document doc(text);
        REQUIRE_FALSE(doc.read.has_value());
        CHECK(doc.read.error().text == c.sentence);
        CHECK(fhir::locate(text, doc.read.error().offset).line == c.line);
        CHECK(fhir::locate(text, doc.read.error().offset).column == c.column);
    }
    for (const auto* good : {"json-comments.json", "json-prop-key.json", "unicode-problem.json"})
        CHECK(document(read_file(*shared / "data/bad-json" / good)).read.has_value());
}

TEST_CASE("json: whole records read as RapidJSON's document does and survive writing") {
    const auto shared = tests::shared_folder("patient records as JSON input");
    if (!shared)
        return;
    json::parser p;
    json::parser second;
    int files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(*shared / "data")) {
        if (entry.path().extension() != ".json" || entry.path().parent_path().filename() == "bad-json")
            continue;
        if (entry.file_size() > 600'000)
            continue;
        CAPTURE(entry.path().filename().string());
        const std::string text = read_file(entry.path());
        const auto ours = p.parse_copy(text);
        REQUIRE(ours.has_value());
        rapidjson::Document oracle;
        oracle.Parse(text.c_str() + (text.starts_with("\xEF\xBB\xBF") ? 3 : 0));
        REQUIRE_FALSE(oracle.HasParseError());
        CHECK(tests::same_tree(*ours, oracle));
        std::string written;
        tests::write_json(*ours, written);
        const auto again = second.parse_copy(written);
        REQUIRE(again.has_value());
        CHECK(tests::same_tree(*ours, *again));
        ++files;
    }
    CHECK(files > 60);
}
