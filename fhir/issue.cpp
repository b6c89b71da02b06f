#include "fhir/issue.hpp"

#include <algorithm>
#include <stdexcept>

namespace trialgate::fhir {

std::string_view to_code(severity s) noexcept {
    switch (s) {
    case severity::information:
        return "information";
    case severity::warning:
        return "warning";
    case severity::error:
        return "error";
    case severity::fatal:
        return "fatal";
    }
    return "fatal";
}

std::string_view to_code(issue_type t) noexcept {
    switch (t) {
    case issue_type::structure:
        return "structure";
    case issue_type::required:
        return "required";
    case issue_type::value:
        return "value";
    case issue_type::invariant:
        return "invariant";
    case issue_type::not_supported:
        return "not-supported";
    case issue_type::code_invalid:
        return "code-invalid";
    case issue_type::too_long:
        return "too-long";
    case issue_type::too_costly:
        return "too-costly";
    case issue_type::duplicate:
        return "duplicate";
    case issue_type::informational:
        return "informational";
    }
    return "processing";
}

bool issue_list::has(severity at_least) const noexcept {
    return std::any_of(issues.begin(), issues.end(), [at_least](const issue& i) {
        return i.severity_ >= at_least;
    });
}

line_column locate(std::string_view text, std::size_t offset) noexcept {
    const std::string_view before = text.substr(0, std::min(offset, text.size()));
    const auto line_breaks = std::count(before.begin(), before.end(), '\n');
    const std::size_t last = before.rfind('\n');
    const std::size_t line_start = last == std::string_view::npos ? 0 : last + 1;
    return {
        static_cast<std::uint32_t>(line_breaks + 1),
        static_cast<std::uint32_t>(before.size() - line_start + 1)};
}

// `theirs` stays out: what() of an escaped exception ends in a log.
void throw_exception_from_error(const issue& e, const boost::source_location& loc) {
    throw std::logic_error(
        "result of " + std::string(e.path.empty() ? "a reader" : e.path) +
        " used without a check: " + e.text + " at " + loc.to_string()
    );
}

} // namespace trialgate::fhir
