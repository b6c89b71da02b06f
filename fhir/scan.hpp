// Looking at resources without parsing them.
//
// A hospital export is gigabytes in which one resource in fifty concerns a trial. `scan` finds resource
// boundaries and, of a resource, what is needed to say "no trial reads this": type, id, version, and every
// code it carries. It is exact in one direction by construction: when it cannot be sure (an escape in a key
// or in a code, an unusual shape) it says so, and the caller parses. It never calls a resource irrelevant
// that the full reader would have used.
//
// Why a sweep for the six bytes `"code"` misses no code. Every member named code that is spelled literally is
// these six bytes, whatever is around it, and its value is judged by its own bytes: one with a backslash in
// it is `unsure`. What is left is a key spelled with escapes; each of its letters that is not literal is then
// \u0063, \u006f, \u0064 or \u0065, and one of these anywhere makes the resource `unsure`. Other escapes (\n,
// \", \u00e9, \u003c as .NET writes '<') cannot hide a code and cost nothing.
//
// Why text is rarely taken for a code. A quotation mark inside a string is written \", so a narrative that
// quotes "code" holds the bytes \"code\", in which a backslash follows the last letter: no match. A string
// that ends in \"code" does match, and is taken for a key if a colon follows it: one parse more, never a code
// less.
//
//   interest_set wanted({.codes = {"29463-7"}, .never = {"Claim"}});
//   for (line : lines)
//       if (const glimpse seen = look(line, wanted); seen.found != finding::irrelevant)
//           parse(line);
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trialgate::fhir::scan {

/// Decides by the raw text of a JSON string found under a key that can hold a code. Must be cheap. The view
/// holds no escapes.
class interest {
public:
    virtual ~interest() = default;
    /// True when a resource with this `code` value anywhere may be read by a trial.
    virtual bool code(std::string_view raw) const noexcept = 0;
    /// True when resources of this type are read whatever their codes (Patient, Consent, Specimen, ...).
    virtual bool type(std::string_view resource_type) const noexcept = 0;
    /// True when resources of this type are never read.
    virtual bool never(std::string_view resource_type) const noexcept = 0;
    /// True when resources of this type may be read because of words in its text (uncoded medications).
    virtual bool by_words(std::string_view resource_type) const noexcept = 0;
};

enum class finding : std::uint8_t {
    irrelevant, ///< surely read by nobody
    relevant,   ///< may be read: parse it
    unsure,     ///< could not be told without parsing: parse it
    broken,     ///< no balanced JSON object
};

/// What was learned of one resource. Views into the input.
///
/// Of an irrelevant resource `type` is set, and, unless its type is never read, so are `id` and whatever
/// `meta` says of the version (an irrelevant new version takes away what an older, relevant one gave). Of
/// other findings the members are set as far as the look went.
struct glimpse {
    finding found = finding::unsure;
    std::string_view type; ///< empty when not found
    std::string_view id;
    std::string_view version_id;
    std::string_view last_updated;
};

/// One resource, the whole of `object` (from '{' to '}' with white space, or a byte order mark, around it).
///
/// Members may come in any order; resourceType, id, meta at the head are the quick way. A `code` value is a
/// string (or a number) directly under a key named code, at any depth, contained resources and extensions
/// included.
///
/// Checked of every object: it starts with '{' and ends with '}', else `broken`. Checked of an object that is
/// not of a type never read: its braces pair (those in strings counted too), else `unsure`; so a resource
/// that was cut off is handed to the parser. Not checked of an irrelevant object: that the rest is valid JSON
/// and UTF-8.
glimpse look(std::string_view object, const interest& wanted) noexcept;

/// The length of the balanced JSON value that starts at text[0] (an object or an array), strings and escapes
/// respected; nothing when it does not end. Does not check more than balance and string termination; brackets
/// and braces count alike.
std::optional<std::size_t> balanced_length(std::string_view text) noexcept;

/// Calls `entry` with the text of each element of the top-level "entry" array of a Bundle and `head` for the
/// text of every other top-level member, in one pass, without building a tree. Exact for valid JSON: keys
/// without quotes, values as written without white space around. False when `bundle` is no object of that
/// shape (nor when a top-level key holds an escape, or "entry" comes twice); then parse it, and forget what
/// was called until then. A Bundle without entries is of that shape.
bool for_each_entry(
    std::string_view bundle, const std::function<void(std::string_view key, std::string_view value)>& head,
    const std::function<void(std::string_view entry)>& entry
);

/// What an `interest_set` is made of.
struct interest_lists {
    std::vector<std::string_view> codes;         ///< whole codes
    std::vector<std::string_view> code_prefixes; ///< codes that start so, e.g. "M32" for a family of ICD-10
    std::vector<std::string_view> types;         ///< read whatever their codes
    std::vector<std::string_view> never;         ///< never read; a type that is also in another list is read
    std::vector<std::string_view> by_words;      ///< read for words in their text
};

/// An `interest` made of lists. Codes compare without regard to ASCII case and to white space around them: a
/// superset of what a reader accepts, so that its leniency loses nothing here. Codes need no vetting for
/// characters that JSON may escape (a slash, a quotation mark, an accent): `look` asks about a code only if
/// its bytes hold no escape, and is unsure otherwise. Copies what it needs.
class interest_set final : public interest {
public:
    explicit interest_set(const interest_lists& lists);

    bool code(std::string_view raw) const noexcept override;
    bool type(std::string_view resource_type) const noexcept override;
    bool never(std::string_view resource_type) const noexcept override;
    bool by_words(std::string_view resource_type) const noexcept override;

private:
    struct slot {
        std::uint64_t hash;
        std::uint32_t begin;
        std::uint32_t size; ///< 0: free
    };
    struct named_type {
        std::string name;
        std::uint8_t roles;
    };
    bool listed(std::string_view code, std::uint64_t hash) const noexcept;
    std::uint8_t roles(std::string_view resource_type) const noexcept;

    std::string text_; ///< the codes, in lower case, one after the other
    std::vector<slot> slots_;
    std::uint64_t mask_ = 0;
    std::vector<std::string> prefixes_;
    std::vector<named_type> types_;
    bool empty_code_ = false;
};

} // namespace trialgate::fhir::scan
