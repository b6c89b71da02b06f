// What is wrong with data, as opposed to what went wrong with an operation.
//
// A reader never throws and never stops at the first problem of a resource: it reports issues to a sink and
// goes on with what is readable. Severities have FHIR's meanings (http://hl7.org/fhir/R4/valueset-issue-severity.html):
//   information  nothing to worry about
//   warning      the element is usable, something around it is odd
//   error        the element is not usable; the rest of the resource is
//   fatal        the resource must not be used at all
// The rule of the product: an issue that touches a leaf makes that leaf unknown; it never makes it false.
//
// `text` is ours and safe to log. Whatever came from the data goes to `theirs`, which may hold patient data and
// is shown to an operator on request but never logged.
//
//   Patient.birthDate: not a date (expected YYYY, YYYY-MM or YYYY-MM-DD)
#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::fhir {

enum class severity : std::uint8_t { information, warning, error, fatal };

/// The part of http://hl7.org/fhir/R4/valueset-issue-type.html that reading needs.
enum class issue_type : std::uint8_t {
    structure,     ///< not JSON, or JSON of the wrong shape
    required,      ///< a mandatory element is missing
    value,         ///< an element's value is out of its type's range
    invariant,     ///< elements contradict each other
    not_supported, ///< an element that must not be ignored and is not understood (implicitRules, modifierExtension)
    code_invalid,  ///< a code outside its required value set
    too_long,      ///< a size limit
    too_costly,    ///< a depth or count limit
    duplicate,     ///< the same key or identity twice
    informational,
};

/// FHIR's own code of the two enums ("warning", "not-supported", ...).
std::string_view to_code(severity s) noexcept;
std::string_view to_code(issue_type t) noexcept;

/// One finding about data.
struct issue {
    severity severity_ = severity::error;
    issue_type type = issue_type::value;
    std::string path;         ///< element path with indexes, e.g. "Observation.component[1].valueQuantity.value"
    std::string text;         ///< one sentence of ours; no patient data
    std::string theirs;       ///< the offending text, possibly patient data; may be empty
    std::uint32_t offset = 0; ///< byte offset in the input that was parsed; line and column by `line_column`
};

template <class T>
using result = boost::system::result<T, issue>;

/// Receives issues. Not thread-safe; one sink a thread.
class issue_sink {
public:
    virtual ~issue_sink() = default;
    virtual void report(issue found) = 0;
};

/// Keeps what is reported.
class issue_list final : public issue_sink {
public:
    void report(issue found) override { issues.push_back(std::move(found)); }
    /// True when something of this severity or worse was reported.
    bool has(severity at_least) const noexcept;
    std::vector<issue> issues;
};

struct line_column {
    std::uint32_t line;   ///< from 1
    std::uint32_t column; ///< from 1, in bytes
};
/// Where `offset` is in `text`. Call it on the original text: in-situ parsing changes the buffer.
line_column locate(std::string_view text, std::size_t offset) noexcept;

/// `result<T>::value()` on an error is a programming error here: it throws std::logic_error, without `theirs`.
/// Boost looks for this function in the namespace of its argument.
[[noreturn]] void throw_exception_from_error(const issue& e, const boost::source_location& loc);

} // namespace trialgate::fhir
