#include "fhir/search.hpp"

#include "fhir/ascii.hpp"
#include "fhir/read_types.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace trialgate::fhir {

namespace {

using reading::present;

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view white = " \t\r\n";
    const auto first = text.find_first_not_of(white);
    return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(white) - first + 1);
}

bool is_unreserved(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

void encode_into(std::string& out, std::string_view text, std::string_view readable) {
    constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_unreserved(c) || readable.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
}

// What stands readable in a query; see `query::add`.
constexpr std::string_view readable = ",:/";

/// Calls `use` with each element of a list, or with the one object that stands where a list belongs.
template <class Use>
void each(json::value list, Use&& use) {
    if (list.is_object())
        return use(list);
    for (const json::value v : list.elements())
        if (v.is_object())
            use(v);
}

std::string_view link_of(json::value bundle, std::string_view relation) {
    std::string_view found;
    each(bundle["link"], [&](json::value link) {
        if (found.empty() && same_word(trimmed(link["relation"].text()), relation))
            found = trimmed(link["url"].text());
    });
    return found;
}

std::optional<std::int64_t> count_of(json::value v) {
    const std::string_view text = trimmed(v.text());
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || n < 0)
        return std::nullopt;
    return n;
}

constexpr std::array<std::string_view, 7> transient_codes{"transient", "lock-error", "no-store",  "exception",
                                                          "timeout",   "incomplete", "throttled"};

// http://hl7.org/fhir/issue-type, R4 and R5.
constexpr std::array<std::string_view, 30> other_codes{
    "invalid",   "structure", "required",  "value",     "invariant",     "security",         "login",         "unknown",
    "expired",   "forbidden", "suppressed", "processing", "not-supported", "duplicate",      "multiple-matches", "not-found",
    "deleted",   "too-long",  "code-invalid", "extension", "too-costly", "business-rule",    "conflict",      "limited-filter",
    "informational", "success", "too-many-values", "http", "redirect",   "content"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) noexcept {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_outcome(json::value v) noexcept { return v["resourceType"].text() == "OperationOutcome"; }

bool is_error(json::value outcome_issue) noexcept {
    const std::string_view s = trimmed(outcome_issue["severity"].text());
    return s == "error" || s == "fatal";
}

bool is_transient(json::value outcome_issue) noexcept { return among(transient_codes, trimmed(outcome_issue["code"].text())); }

/// True when it says that the answer may lack something.
bool admits_lack(json::value outcome) {
    bool lacks = false;
    each(outcome["issue"], [&](json::value i) {
        lacks = lacks || is_error(i) || (trimmed(i["severity"].text()) == "warning" && is_transient(i));
    });
    return lacks;
}

issue unusable(json::value at, std::string path, std::string text) {
    issue out;
    out.severity_ = severity::fatal;
    out.type = issue_type::structure;
    out.path = std::move(path);
    out.text = std::move(text);
    out.offset = at.offset();
    return out;
}

} // namespace

std::string percent_encode(std::string_view text) {
    std::string out;
    encode_into(out, text, {});
    return out;
}

std::string percent_decode(std::string_view text, bool plus) {
    const auto digit = [](char c) {
        if (c >= '0' && c <= '9')
            return c - '0';
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && text.size() - i > 2 && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            out += plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string search_escape(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\' || c == ',' || c == '$' || c == '|')
            out += '\\';
        out += c;
    }
    return out;
}

query& query::add(std::string_view name, std::string_view value) {
    if (text_.find('?') == std::string::npos)
        text_ += '?';
    else if (text_.back() != '?' && text_.back() != '&')
        text_ += '&';
    encode_into(text_, name, readable);
    text_ += '=';
    encode_into(text_, value, readable);
    return *this;
}

std::vector<std::string> token_lists(std::span<const std::pair<std::string, std::string>> system_and_code, std::size_t most_bytes) {
    std::vector<std::string> out;
    std::size_t used = 0;
    std::string encoded;
    for (const auto& [system, code] : system_and_code) {
        const std::string token = system.empty() ? search_escape(code) : search_escape(system) + "|" + search_escape(code);
        encoded.clear();
        encode_into(encoded, token, readable);
        if (out.empty() || used + 1 + encoded.size() > most_bytes) {
            out.push_back(token);
            used = encoded.size();
        } else {
            out.back() += ',';
            out.back() += token;
            used += 1 + encoded.size();
        }
    }
    return out;
}

result<page> read_page(json::value v, issue_sink& sink) {
    if (v["resourceType"].text() != "Bundle")
        return unusable(v, v.is_object() ? "resourceType" : "", "not a Bundle");
    page out;
    out.content = read_bundle(v, sink);
    if (!out.content.header.usable)
        return unusable(v, "Bundle", "a Bundle that must not be used");
    const std::string_view type = out.content.type;
    if (type != "searchset" && type != "history" && type != "collection")
        return unusable(v["type"] ? v["type"] : v, "Bundle.type", "not an answer to a search (expected searchset or history)");
    out.next = link_of(v, "next");
    out.self = link_of(v, "self");
    out.last_updated = out.content.header.last_updated;
    out.total = count_of(v["total"]);
    out.incomplete = admits_lack(v["issues"]) || std::any_of(out.content.entries.begin(), out.content.entries.end(), [](const bundle_entry& e) {
                         return is_outcome(e.resource) && admits_lack(e.resource);
                     });
    return out;
}

std::string outcome_codes(json::value v) {
    std::string out;
    if (!is_outcome(v))
        return out;
    each(v["issue"], [&](json::value i) {
        if (!out.empty())
            return;
        const std::string_view severity = trimmed(i["severity"].text()), code = trimmed(i["code"].text());
        const bool known = is_error(i) || severity == "warning" || severity == "information" || severity == "success";
        out += known ? severity : "unknown";
        out += ' ';
        out += is_transient(i) || among(other_codes, code) ? code : "unknown";
    });
    return out;
}

bool outcome_transient(json::value v) {
    bool any = false, all = true;
    if (is_outcome(v))
        each(v["issue"], [&](json::value i) {
            any = any || is_error(i);
            all = all && (!is_error(i) || is_transient(i));
        });
    return any && all;
}

} // namespace trialgate::fhir
