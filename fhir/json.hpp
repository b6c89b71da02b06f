// A JSON document as a tree of small values, made for reading FHIR.
//
// What differs from an ordinary DOM, and why:
//  - a number keeps its text (`8.20` stays "8.20", `0.010` cannot be mistaken for "0.010"): FHIR decimals carry precision;
//  - every value knows its byte offset, so that a message can name line and column;
//  - parsing is iterative, in situ, with limits on depth, size and number of values: no input can overflow the
//    stack or run away with memory;
//  - a parser owns one arena and reuses it, so parsing allocates nothing after the first few documents.
//
//   json::parser p;
//   auto doc = p.parse(buffer);                       // buffer is overwritten in place
//   if (!doc) return doc.error();                     // issue with offset
//   if (auto code = (*doc)["code"]; code.is_object()) ...
//
// RapidJSON does the lexing; it stays out of this header.
#pragma once

#include "fhir/issue.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace trialgate::fhir::json {

enum class kind : std::uint8_t { missing, null, boolean, number, string, array, object };

struct member;

/// A view of one JSON value: cheap to copy, valid until its parser parses again or dies.
/// A default-constructed value is `missing`, which every accessor treats as absent; chains need no checks.
class value {
public:
    value() noexcept = default;

    kind type() const noexcept { return kind_; }
    explicit operator bool() const noexcept { return kind_ != kind::missing; }
    bool is_null() const noexcept { return kind_ == kind::null; }
    bool is_object() const noexcept { return kind_ == kind::object; }
    bool is_array() const noexcept { return kind_ == kind::array; }
    bool is_string() const noexcept { return kind_ == kind::string; }
    bool is_number() const noexcept { return kind_ == kind::number; }
    bool is_boolean() const noexcept { return kind_ == kind::boolean; }

    /// The text of a string (unescaped) or of a number (as written); empty for everything else.
    std::string_view text() const noexcept;
    bool as_bool(bool otherwise = false) const noexcept;

    /// Member of an object by name; `missing` when absent or when this is no object. With duplicate keys the first wins.
    value operator[](std::string_view name) const noexcept;
    /// Element of an array; `missing` beyond the end or when this is no array.
    value operator[](std::size_t index) const noexcept;

    /// Number of elements or members; 0 for scalars.
    std::size_t size() const noexcept;
    std::span<const value> elements() const noexcept; ///< empty unless array
    std::span<const member> members() const noexcept; ///< empty unless object

    /// Byte offset in the parsed buffer at which the value ends (scalars) or begins (array, object).
    std::uint32_t offset() const noexcept { return offset_; }

private:
    friend class tree_builder;
    kind kind_ = kind::missing;
    bool bool_ = false;
    std::uint32_t size_ = 0;   ///< bytes of text, or number of children
    std::uint32_t offset_ = 0;
    union {
        const char* text_ = nullptr;
        const value* elements_;
        const member* members_;
    };
};

struct member {
    std::string_view name;
    value content;
    std::uint32_t offset; ///< where the key ends
};

struct limits {
    std::uint32_t depth = 64;
    std::size_t bytes = std::size_t{256} << 20;
    std::uint32_t values = 20'000'000;
};

enum class dialect : std::uint8_t {
    strict,        ///< RFC 8259
    with_comments, ///< plus // and /* */ comments and trailing commas: files that people write
};

/// Parses documents one after the other. Not thread-safe; one a thread.
class parser {
public:
    explicit parser(limits allowed = {});
    ~parser();
    parser(parser&&) noexcept;
    parser& operator=(parser&&) noexcept;

    /// Parses `buffer` in situ: its bytes are overwritten, and it must outlive the returned value.
    /// Exactly one value is accepted, with white space (and a UTF-8 byte order mark) around it.
    /// Fails with severity fatal and the offset of the trouble; never throws on any input. Refused beyond RFC 8259's
    /// grammar: half a surrogate pair in an escape, and a number of 1.8e308 or more.
    result<value> parse(std::span<char> buffer, dialect d = dialect::strict);

    /// As above on a copy that the parser keeps until the next call.
    result<value> parse_copy(std::string_view text, dialect d = dialect::strict);

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// `text` as a JSON string literal with quotes, escaped. A byte that is not UTF-8 becomes U+FFFD.
std::string quote(std::string_view text);

} // namespace trialgate::fhir::json
