#include "fhir/read_types.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::fhir::reading {

namespace {

bool is_space(char c) noexcept { return static_cast<unsigned char>(c) <= ' '; }

std::string_view trim(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_space(text.back()))
        text.remove_suffix(1);
    return text;
}

void wrong_type(scope& s, std::string_view name, json::value v, const char* expected) {
    s.context.report(
        severity::error, issue_type::structure, name, std::string("not ") + expected, v, std::string(v.text())
    );
}

} // namespace

std::string_view read_string(scope& s, json::value parent, std::string_view name) {
    const json::value v = parent[name];
    if (!present(v))
        return {};
    if (!v.is_string()) {
        wrong_type(s, name, v, "a string");
        return {};
    }
    return v.text();
}

std::string_view read_token(scope& s, json::value parent, std::string_view name) {
    const std::string_view text = read_string(s, parent, name);
    if (text.empty() || (!is_space(text.front()) && !is_space(text.back())))
        return text;
    s.context.report(
        severity::warning, issue_type::value, name, "white space around a code, cut", parent[name],
        std::string(text)
    );
    return trim(text);
}

std::string_view
read_code(scope& s, json::value parent, std::string_view name, std::initializer_list<std::string_view> allowed) {
    const std::string_view code = read_token(s, parent, name);
    if (code.empty() || std::find(allowed.begin(), allowed.end(), code) != allowed.end())
        return code;
    s.context.report(
        severity::error, issue_type::code_invalid, name, "not a code of the required value set", parent[name],
        std::string(code)
    );
    return {};
}

std::optional<bool> read_bool(scope& s, json::value parent, std::string_view name) {
    const json::value v = parent[name];
    if (!present(v))
        return std::nullopt;
    if (!v.is_boolean()) {
        wrong_type(s, name, v, "a boolean");
        return std::nullopt;
    }
    return v.as_bool();
}

std::optional<decimal> read_decimal(scope& s, json::value parent, std::string_view name, bool* exact) {
    const json::value v = parent[name];
    if (!present(v))
        return std::nullopt;
    if (!v.is_number() && !v.is_string()) {
        wrong_type(s, name, v, "a number");
        return std::nullopt;
    }
    const auto number = parse_decimal(v.is_string() ? trim(v.text()) : v.text(), exact);
    if (!number)
        s.context.report(
            severity::error, issue_type::value, name, "not a number", v, std::string(v.text())
        );
    else if (v.is_string())
        s.context.report(
            severity::warning, issue_type::structure, name, "a number sent as a string", v, std::string(v.text())
        );
    return number;
}

std::optional<std::int64_t> read_integer(scope& s, json::value parent, std::string_view name) {
    bool exact = true;
    const auto number = read_decimal(s, parent, name, &exact);
    if (!number)
        return std::nullopt;

    std::int64_t result = number->mantissa;
    bool fits = exact;
    for (int i = number->exponent; fits && i < 0 && result != 0; ++i) {
        fits = result % 10 == 0;
        result /= 10;
    }
    for (int i = 0; fits && i < number->exponent && result != 0; ++i) {
        constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 10;
        fits = result <= most && result >= -most;
        result = fits ? result * 10 : result;
    }
    if (fits)
        return result;
    s.context.report(
        severity::error, issue_type::value, name, "not an integer", parent[name], std::string(parent[name].text())
    );
    return std::nullopt;
}

std::optional<date_time> read_date_time(scope& s, json::value parent, std::string_view name) {
    const json::value v = parent[name];
    if (!present(v))
        return std::nullopt;
    if (!v.is_string()) {
        wrong_type(s, name, v, "a date or time");
        return std::nullopt;
    }
    const auto when = parse_date_time(v.text());
    if (!when)
        s.context.report(
            severity::error, issue_type::value, name, "not a date or time (expected YYYY, YYYY-MM, YYYY-MM-DD or a time with zone)",
            v, std::string(v.text())
        );
    else if (when->precise == precision::second && !when->offset)
        s.context.report(
            severity::warning, issue_type::value, name, "a time without time zone", v, std::string(v.text())
        );
    return when;
}

bool has_modifier(json::value v) noexcept {
    const json::value found = v["modifierExtension"];
    if (!present(found))
        return false;
    if (!found.is_array())
        return true;
    const auto elements = found.elements();
    return std::any_of(elements.begin(), elements.end(), present);
}

bool usable_object(scope& s, json::value v) {
    if (!v.is_object()) {
        s.context.report(
            severity::error, issue_type::structure, {}, "not an object", v, std::string(v.text())
        );
        return false;
    }
    if (has_modifier(v)) {
        s.context.report(
            severity::error, issue_type::not_supported, "modifierExtension",
            "an unknown modifier extension, so the element is not used", v["modifierExtension"]
        );
        return false;
    }
    return true;
}

void forbid(scope& s, resource_header& header, std::string_view name) {
    s.context.report(
        severity::fatal, issue_type::not_supported, name,
        "changes the meaning of the resource and cannot be read, so the resource is not used", s.root[name]
    );
    header.usable = false;
}

void require(scope& s, json::value parent, std::string_view name) { require_any(s, parent, name, {name}); }

void require_any(
    scope& s, json::value parent, std::string_view shown, std::initializer_list<std::string_view> names
) {
    for (const std::string_view name : names)
        if (present(parent[name]))
            return;
    for (const std::string_view name : names)
        if (parent["_" + std::string(name)]["extension"].size() > 0)
            return;
    s.context.report(severity::error, issue_type::required, shown, "mandatory, and missing", parent);
}

namespace detail {

void report_not_a_list(scope& s, json::value v) {
    s.context.report(severity::error, issue_type::structure, {}, "not a list", v, std::string(v.text()));
}

void report_single(scope& s, json::value v) {
    s.context.report(severity::warning, issue_type::structure, {}, "one object where a list is expected", v);
}

void report_cut(scope& s, std::string_view name, json::value first_left_out, std::size_t limit) {
    s.context.report(
        severity::error, issue_type::too_costly, name,
        "more than " + std::to_string(limit) + " elements; the others are left out", first_left_out
    );
}

} // namespace detail

} // namespace trialgate::fhir::reading
