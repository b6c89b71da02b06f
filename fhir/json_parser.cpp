#include "fhir/json.hpp"
#include "fhir/json_arena.hpp"
#include "fhir/json_stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// RapidJSON's stack adds to a null pointer before its first allocation, which is harmless and undefined.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/reader.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

namespace trialgate::fhir::json {

namespace {

/// RapidJSON's hook for encodings, used for two things it lacks: validation by runs instead of by bytes, and
/// refusal of an unpaired low surrogate, which it would write as invalid UTF-8.
struct checked_utf8 : rapidjson::UTF8<> {
    template <class OutputStream>
    static void Encode(OutputStream& os, unsigned codepoint) {
        if constexpr (std::is_same_v<OutputStream, bounded_stream>)
            if (codepoint >= 0xD800 && codepoint <= 0xDFFF)
                os.note_lone_surrogate();
        rapidjson::UTF8<>::Encode(os, codepoint);
    }
    template <class InputStream, class OutputStream>
    static bool Validate(InputStream& is, OutputStream& os) {
        if constexpr (std::is_same_v<OutputStream, bounded_stream>)
            return is.copy_characters();
        else
            return rapidjson::UTF8<>::Validate(is, os);
    }
};

using reader = rapidjson::GenericReader<checked_utf8, checked_utf8>;

constexpr unsigned strict_flags = rapidjson::kParseIterativeFlag | rapidjson::kParseInsituFlag |
                                  rapidjson::kParseNumbersAsStringsFlag |
                                  rapidjson::kParseValidateEncodingFlag;
constexpr unsigned lenient_flags =
    strict_flags | rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag;

template <class T>
void recycle(std::vector<T>& v) {
    v.clear();
    if (v.capacity() * sizeof(T) > retained_bytes)
        v.shrink_to_fit();
}

enum class stop_reason : std::uint8_t { none, too_deep, too_many, half_character };

} // namespace

/// RapidJSON's handler: grows children on two stacks and moves them to the arena when their parent closes.
class tree_builder {
public:
    explicit tree_builder(limits allowed) : allowed_(allowed) {}

    void begin(const bounded_stream& in, const char* head) {
        in_ = &in;
        head_ = head;
        nodes_.reset();
        recycle(open_);
        recycle(values_);
        recycle(members_);
        root_ = {};
        count_ = 0;
        reason_ = stop_reason::none;
        notes = {};
    }
    const value& root() const noexcept { return root_; }
    stop_reason reason() const noexcept { return reason_; }

    stream_notes notes;

    bool Null() { return add(make(kind::null, in_->Tell())); }
    bool Bool(bool b) {
        value v = make(kind::boolean, in_->Tell());
        v.bool_ = b;
        return add(v);
    }
    bool RawNumber(const char* text, rapidjson::SizeType length, bool) {
        return add(make_text(kind::number, text, length, static_cast<std::size_t>(text - head_) + length));
    }
    bool String(const char* text, rapidjson::SizeType length, bool) {
        return whole_characters() && add(make_text(kind::string, text, length, notes.string_end));
    }
    bool Key(const char* text, rapidjson::SizeType length, bool) {
        if (!whole_characters())
            return false;
        members_.push_back({{text, length}, {}, static_cast<std::uint32_t>(notes.string_end)});
        return true;
    }
    bool StartObject() { return open(true); }
    bool StartArray() { return open(false); }
    bool EndObject(rapidjson::SizeType count) {
        value v = make(kind::object, open_.back().offset);
        v.size_ = count;
        v.members_ = nodes_.copy(members_.data() + (members_.size() - count), count);
        members_.erase(members_.end() - static_cast<std::ptrdiff_t>(count), members_.end());
        return close(v);
    }
    bool EndArray(rapidjson::SizeType count) {
        value v = make(kind::array, open_.back().offset);
        v.size_ = count;
        v.elements_ = nodes_.copy(values_.data() + (values_.size() - count), count);
        values_.erase(values_.end() - static_cast<std::ptrdiff_t>(count), values_.end());
        return close(v);
    }

    // Numbers arrive as text; RapidJSON wants the rest of its handler concept to exist.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

private:
    struct frame {
        std::uint32_t offset;
        bool is_object;
    };

    static value make(kind k, std::size_t offset) noexcept {
        value v;
        v.kind_ = k;
        v.offset_ = static_cast<std::uint32_t>(offset);
        return v;
    }
    static value make_text(kind k, const char* text, std::uint32_t length, std::size_t offset) noexcept {
        value v = make(k, offset);
        v.size_ = length;
        v.text_ = text;
        return v;
    }
    bool stop(stop_reason why) noexcept {
        reason_ = why;
        return false;
    }
    bool whole_characters() noexcept {
        return notes.lone_surrogate == stream_notes::none || stop(stop_reason::half_character);
    }
    bool open(bool is_object) {
        if (open_.size() >= allowed_.depth)
            return stop(stop_reason::too_deep);
        if (++count_ > allowed_.values)
            return stop(stop_reason::too_many);
        open_.push_back({static_cast<std::uint32_t>(in_->Tell()), is_object});
        return true;
    }
    bool close(const value& v) {
        open_.pop_back();
        place(v);
        return true;
    }
    bool add(const value& v) {
        if (++count_ > allowed_.values)
            return stop(stop_reason::too_many);
        place(v);
        return true;
    }
    void place(const value& v) {
        if (open_.empty())
            root_ = v;
        else if (open_.back().is_object)
            members_.back().content = v;
        else
            values_.push_back(v);
    }

    limits allowed_;
    const bounded_stream* in_ = nullptr;
    const char* head_ = nullptr;
    arena nodes_;
    std::vector<frame> open_;
    std::vector<value> values_;
    std::vector<member> members_;
    value root_;
    std::uint32_t count_ = 0;
    stop_reason reason_ = stop_reason::none;
};

} // namespace trialgate::fhir::json

namespace rapidjson {
template <>
inline void SkipWhitespace(trialgate::fhir::json::bounded_stream& is) {
    is.skip_white_space();
}
template <>
struct StreamTraits<trialgate::fhir::json::bounded_stream> {
    enum { copyOptimization = 1 };
};
} // namespace rapidjson

namespace trialgate::fhir::json {

namespace {

issue fatal(issue_type type, std::size_t offset, std::string text) {
    return {severity::fatal, type, {}, std::move(text), {}, static_cast<std::uint32_t>(offset)};
}

constexpr const char* half_character = "an escape encodes half a character (unpaired surrogate)";

struct finding {
    const char* text;
    std::size_t offset;
};

finding explain_string(rapidjson::ParseErrorCode code, std::size_t offset, const stream_notes& notes) {
    switch (code) {
    case rapidjson::kParseErrorStringMissQuotationMark:
        return {"a string that starts here is not closed", notes.string_begin - 1};
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
        return {"\\u is not followed by four hexadecimal digits", offset};
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
        return {half_character, offset};
    case rapidjson::kParseErrorStringInvalidEncoding:
        return {"not UTF-8", offset};
    default:
        return {"", offset};
    }
}

/// What a person is told. `found` is the byte at the offset, NUL at the end of the document.
finding explain(
    rapidjson::ParseErrorCode code, std::size_t offset, bool at_end, char found, const stream_notes& notes
) {
    switch (code) {
    case rapidjson::kParseErrorDocumentEmpty:
        return {at_end ? "the document is empty" : "expected a JSON value", offset};
    case rapidjson::kParseErrorDocumentRootNotSingular:
        return {"text after the end of the document", offset};
    case rapidjson::kParseErrorObjectMissName:
        if (at_end)
            return {"the document ends inside an object: expected a member name or '}'", offset};
        return {found == '}' ? "a comma before '}'" : "expected a member name in double quotes", offset};
    case rapidjson::kParseErrorObjectMissColon:
        return {"expected ':' after a member name", offset};
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
        return {
            at_end ? "the document ends inside an object: expected ',' or '}' after an object member"
                   : "expected ',' or '}' after an object member",
            offset};
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
        return {
            at_end ? "the document ends inside an array: expected ',' or ']' after an array element"
                   : "expected ',' or ']' after an array element",
            offset};
    case rapidjson::kParseErrorValueInvalid:
        if (at_end)
            return {"the document ends where a value is expected", offset};
        return {found == ']' ? "a comma before ']', or a value is missing" : "expected a JSON value", offset};
    case rapidjson::kParseErrorStringEscapeInvalid:
        return {
            found == '\\' ? "an escape that JSON does not know"
                          : "an unescaped control character in a string",
            offset};
    case rapidjson::kParseErrorNumberTooBig:
        return {"a number beyond 1.8e308", offset};
    case rapidjson::kParseErrorNumberMissFraction:
        return {"expected a digit after the decimal point", offset};
    case rapidjson::kParseErrorNumberMissExponent:
        return {"expected a digit in the exponent", offset};
    case rapidjson::kParseErrorUnspecificSyntaxError:
        return {at_end ? "a comment is not closed" : "expected // or /*", offset};
    default:
        return explain_string(code, offset, notes);
    }
}

/// A few bytes for the operator, cut between characters. The buffer from an error onward is still as it came.
std::string excerpt(std::string_view from) {
    constexpr std::size_t enough = 24;
    std::size_t length = 0;
    while (length < std::min(from.size(), enough)) {
        const std::size_t step = utf8_length(from.data() + length, from.data() + from.size());
        if (step == 0 || static_cast<unsigned char>(from[length]) < 0x20)
            break;
        length += step;
    }
    return std::string(from.substr(0, length));
}

std::size_t byte_order_mark(std::string_view text) {
    return text.starts_with("\xEF\xBB\xBF") ? 3 : 0;
}

bool looks_like_utf16(std::string_view text) {
    return text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
           text.starts_with(std::string_view("{\0", 2)) || text.starts_with(std::string_view("\0{", 2));
}

} // namespace

struct parser::state {
    explicit state(limits l) : allowed(l), builder(l) {}

    /// Offsets are 32 bits wide, whatever the limit says.
    std::size_t most_bytes() const {
        return std::min<std::size_t>(allowed.bytes, std::numeric_limits<std::uint32_t>::max());
    }
    issue too_long() const {
        return fatal(issue_type::too_long, 0, "longer than " + std::to_string(most_bytes()) + " bytes");
    }
    issue failure(rapidjson::ParseErrorCode code, std::size_t offset, std::span<char> buffer) const;

    limits allowed;
    tree_builder builder;
    reader lexer{nullptr, std::size_t{16} << 10};
    std::string copy;
};

issue parser::state::failure(rapidjson::ParseErrorCode code, std::size_t offset, std::span<char> buffer)
    const {
    switch (builder.reason()) {
    case stop_reason::too_deep:
        return fatal(
            issue_type::too_costly, offset, "nested deeper than " + std::to_string(allowed.depth) + " levels"
        );
    case stop_reason::too_many:
        return fatal(
            issue_type::too_costly, offset, "more than " + std::to_string(allowed.values) + " values"
        );
    case stop_reason::half_character:
        return fatal(issue_type::structure, builder.notes.lone_surrogate, half_character);
    case stop_reason::none:
        break;
    }
    const std::string_view text(buffer.data(), buffer.size());
    const bool at_end = offset >= text.size();
    const char found = at_end ? '\0' : text[offset];
    const finding what = explain(code, offset, at_end, found, builder.notes);
    if (!at_end && found == '\0')
        return fatal(
            issue_type::structure, offset,
            looks_like_utf16(text) ? "UTF-16 text; FHIR JSON is UTF-8" : "a NUL byte in the document"
        );
    if (offset == 0 && looks_like_utf16(text))
        return fatal(issue_type::structure, offset, "UTF-16 text; FHIR JSON is UTF-8");
    issue e = fatal(issue_type::structure, what.offset, what.text);
    e.theirs = excerpt(text.substr(std::min(offset, text.size())));
    return e;
}

parser::parser(limits allowed) : state_(std::make_unique<state>(allowed)) {}
parser::~parser() = default;
parser::parser(parser&&) noexcept = default;
parser& parser::operator=(parser&&) noexcept = default;

result<value> parser::parse(std::span<char> buffer, dialect d) {
    if (buffer.size() > state_->most_bytes())
        return state_->too_long();
    tree_builder& builder = state_->builder;
    bounded_stream in(buffer, byte_order_mark({buffer.data(), buffer.size()}), builder.notes);
    builder.begin(in, buffer.data());
    const rapidjson::ParseResult done = d == dialect::strict
                                            ? state_->lexer.Parse<strict_flags>(in, builder)
                                            : state_->lexer.Parse<lenient_flags>(in, builder);
    if (done.IsError())
        return state_->failure(done.Code(), done.Offset(), buffer);
    // RapidJSON takes a NUL byte for the end.
    if (in.Tell() != buffer.size())
        return state_->failure(rapidjson::kParseErrorDocumentRootNotSingular, in.Tell(), buffer);
    return builder.root();
}

result<value> parser::parse_copy(std::string_view text, dialect d) {
    if (text.size() > state_->most_bytes())
        return state_->too_long();
    std::string& copy = state_->copy;
    copy.assign(text);
    if (copy.capacity() > retained_bytes && text.size() < retained_bytes)
        copy.shrink_to_fit();
    return parse({copy.data(), copy.size()}, d);
}

} // namespace trialgate::fhir::json
