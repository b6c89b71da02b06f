// Asking a FHIR server: query strings, pages, links. http://hl7.org/fhir/R4/search.html; servers' habits: fhir-protocol.md, section 3.
#pragma once

#include "fhir/bundle.hpp"

#include <span>
#include <string>
#include <vector>

namespace trialgate::fhir {

/// Everything but A-Z a-z 0-9 - . _ ~ as %XX. For what stands between separators in a URL; `query::add` does it for parameters.
std::string percent_encode(std::string_view text);
/// %XX and, with `plus`, '+' for a space; bytes that are no valid escape stay.
std::string percent_decode(std::string_view text, bool plus = false);

/// Escapes '\', ',', '$' and '|' of a value as search wants it, before percent-encoding.
std::string search_escape(std::string_view text);

class query {
public:
    /// `type` may already have a query: "Observation?category=laboratory", as R4 criteria are written.
    explicit query(std::string_view type) : text_(type) {}
    /// Both are percent-encoded ('|' becomes %7C, '+' %2B); ',' that separates values, ':' and '/' stay readable.
    query& add(std::string_view name, std::string_view value);
    const std::string& text() const noexcept { return text_; } ///< "Observation?patient=p1&_count=200"
private:
    std::string text_;
};

/// Values "system|c1,system|c2,..." of a token parameter, for `query::add`: escaped as search wants it and not percent-encoded. Each as long as its
/// percent-encoded form stays within `most_bytes`, but of one token at least. A pair without system gives the code alone; one without code "system|".
std::vector<std::string> token_lists(std::span<const std::pair<std::string, std::string>> system_and_code, std::size_t most_bytes);

/// What a searchset or history Bundle says about itself. Views into the Bundle.
struct page {
    std::string_view next;      ///< link, as sent; empty: this is the last page
    std::string_view self;
    std::string_view last_updated; ///< Bundle.meta.lastUpdated
    std::optional<std::int64_t> total;
    /// An OperationOutcome entry (or R5 Bundle.issues) of severity error or fatal, or a warning of the transient family (incomplete, timeout, ...):
    /// the cursor must not advance.
    bool incomplete = false;
    bundle content;
};
/// Fails when `v` is no Bundle of type searchset, history or (some servers) collection.
result<page> read_page(json::value v, issue_sink& sink);

/// True when the parameter stands in the query of `url`, with or without modifier: a server leaves out of `self` what it ignored.
bool has_parameter(std::string_view url, std::string_view name);

/// Resolves `link` (absolute, scheme-relative, absolute path, "?query", relative) against the absolute URL `asked`. RFC 3986, section 5. Beyond it,
/// a link that begins with the host of `asked` but has no scheme is taken for absolute. Without fragment. Empty when `asked` is needed and not absolute.
std::string resolve_url(std::string_view link, std::string_view asked);

/// First issue of an OperationOutcome as "severity code" (no diagnostics: they may hold patient data; a code that FHIR does not have reads "unknown");
/// empty when `v` is none or has no issue.
std::string outcome_codes(json::value v);
/// True when the OperationOutcome has errors and each is of the transient family (transient lock-error no-store exception timeout incomplete throttled).
bool outcome_transient(json::value v);

} // namespace trialgate::fhir
