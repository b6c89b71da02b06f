// Any bytes: the parser agrees with RapidJSON's own document on what is JSON and what it says, stays within
// its buffer and limits, and what it read can be written and read again.
#include "fhir/json.hpp"
#include "tests/support/json_oracle.hpp"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace json = trialgate::fhir::json;
using trialgate::fhir::issue_type;
using trialgate::fhir::severity;

namespace {

void require(bool fact) {
    if (!fact)
        std::abort();
}

/// A copy without a byte to spare, so that a sanitizer sees a step beyond the end.
struct exact_buffer {
    explicit exact_buffer(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
        if (size != 0)
            std::memcpy(bytes.get(), text.data(), size);
    }
    std::span<char> span() const { return {bytes.get(), size}; }
    std::unique_ptr<char[]> bytes;
    std::size_t size;
};

void check_offsets(const json::value& v, std::size_t size) {
    require(v.offset() <= size);
    for (const auto& e : v.elements())
        check_offsets(e, size);
    for (const auto& m : v.members()) {
        require(m.offset <= size && m.offset <= m.content.offset());
        check_offsets(m.content, size);
    }
}

bool stricter_than_the_oracle(const trialgate::fhir::issue& e, std::string_view text) {
    return e.type == issue_type::too_costly || e.text.find("half a character") != std::string::npos ||
           text.find('\0') != std::string_view::npos;
}

void compare_with_oracle(std::string_view text, const trialgate::fhir::result<json::value>& ours) {
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    rapidjson::Document oracle;
    constexpr unsigned flags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
    // RapidJSON reads beyond the terminator where a multi-byte character is cut short.
    const std::string padded = std::string(text) + std::string(4, '\0');
    oracle.Parse<flags>(padded.c_str());
    if (ours)
        require(!oracle.HasParseError() && trialgate::tests::same_tree(*ours, oracle));
    else
        require(oracle.HasParseError() || stricter_than_the_oracle(ours.error(), text));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    static json::parser parser;
    static json::parser second;
    static json::parser limited({.depth = 3, .bytes = 64, .values = 8});

    const exact_buffer buffer(text);
    const auto read = parser.parse(buffer.span());
    compare_with_oracle(text, read);
    if (!read) {
        const auto& e = read.error();
        require(e.severity_ == severity::fatal && !e.text.empty() && e.offset <= size);
    }

    const exact_buffer lenient_buffer(text);
    const auto lenient = second.parse(lenient_buffer.span(), json::dialect::with_comments);
    if (read) {
        check_offsets(*read, size);
        require(lenient && trialgate::tests::same_tree(*read, *lenient));
        std::string written;
        trialgate::tests::write_json(*read, written);
        const auto again = second.parse_copy(written);
        require(again && trialgate::tests::same_tree(*read, *again));
    }
    const auto small = limited.parse_copy(text);
    if (small)
        require(read && trialgate::tests::same_tree(*read, *small));
    return 0;
}
