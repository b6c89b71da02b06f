// Reads a resource or a Bundle from text and keeps what is needed to look at the result.
#pragma once

#include "fhir/bundle.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace trialgate::tests {

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The text, parsed; issues of whatever is read from it.
struct parsed_text {
    explicit parsed_text(std::string_view text) {
        const auto read = parser.parse_copy(text);
        INFO(text.substr(0, 200));
        REQUIRE(read.has_value());
        root = *read;
    }
    /// The first issue at `path`, or nullptr.
    const fhir::issue* at(std::string_view path) const {
        const auto found = std::find_if(
            issues.issues.begin(), issues.issues.end(), [&](const fhir::issue& i) { return i.path == path; }
        );
        return found == issues.issues.end() ? nullptr : &*found;
    }
    bool has(std::string_view path, fhir::severity s, fhir::issue_type t) const {
        const auto* found = at(path);
        return found && found->severity_ == s && found->type == t && !found->text.empty();
    }

    fhir::json::parser parser;
    fhir::json::value root;
    fhir::issue_list issues;
};

template <class Type>
struct resource_text : parsed_text {
    explicit resource_text(std::string_view text) : parsed_text(text), read(fhir::read_resource(root, issues)) {
        REQUIRE(std::holds_alternative<Type>(read));
    }
    const Type& operator*() const { return *std::get_if<Type>(&read); }
    const Type* operator->() const { return std::get_if<Type>(&read); }
    bool clean() const { return issues.issues.empty(); }

    fhir::resource read;
};

struct bundle_text : parsed_text {
    explicit bundle_text(std::string_view text) : parsed_text(text), read(fhir::read_bundle(root, issues)) {}
    const fhir::bundle* operator->() const { return &read; }
    fhir::bundle read;
};

inline std::string printed(const std::optional<fhir::decimal>& d) { return d ? d->to_string() : "none"; }

/// "2026-03-15", "2026-03", "2026", "2026-03-15T10:00:00+3600"; "none".
inline std::string printed(const std::optional<fhir::date_time>& t) {
    if (!t)
        return "none";
    const auto two = [](auto n) { return (n < 10 ? "0" : "") + std::to_string(n); };
    std::string out = std::to_string(t->at.year);
    if (t->precise >= fhir::precision::month)
        out += "-" + two(t->at.month);
    if (t->precise >= fhir::precision::day)
        out += "-" + two(t->at.day);
    if (t->precise == fhir::precision::second) {
        const auto s = t->second_of_day;
        out += "T" + two(s / 3600) + ":" + two(s / 60 % 60) + ":" + two(s % 60);
        if (t->offset)
            out += "+" + std::to_string(*t->offset);
    }
    return out;
}

/// "value|unit|system|code".
inline std::string printed(const fhir::quantity& q) {
    return printed(q.value) + "|" + std::string(q.unit) + "|" + std::string(q.system) + "|" + std::string(q.code);
}

} // namespace trialgate::tests
