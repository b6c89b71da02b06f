// A second opinion on JSON: what RapidJSON's own document says of the same text, and the tree written out
// again.
#pragma once

#include "fhir/json.hpp"

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

// RapidJSON's stack adds to a null pointer before its first allocation, which is harmless and undefined.
#ifdef __clang__
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/document.h>
#ifdef __clang__
#pragma clang attribute pop
#endif

namespace trialgate::tests {

/// RapidJSON's fast conversion errs by a bit per digit; its exact one has undefined behaviour for 0e-200.
inline bool nearly(double a, double b) {
    return std::abs(a - b) <= std::abs(a) * 1e-12 + std::numeric_limits<double>::min();
}

inline bool same_tree(const fhir::json::value& ours, const rapidjson::Value& theirs) {
    if (theirs.IsNull())
        return ours.is_null();
    if (theirs.IsBool())
        return ours.is_boolean() && ours.as_bool(!theirs.GetBool()) == theirs.GetBool();
    if (theirs.IsNumber())
        return ours.is_number() &&
               nearly(std::strtod(std::string(ours.text()).c_str(), nullptr), theirs.GetDouble());
    if (theirs.IsString())
        return ours.is_string() &&
               ours.text() == std::string_view(theirs.GetString(), theirs.GetStringLength());
    if (ours.size() != (theirs.IsArray() ? theirs.Size() : theirs.MemberCount()))
        return false;
    if (theirs.IsArray()) {
        for (std::size_t i = 0; i < ours.size(); ++i)
            if (!ours.is_array() || !same_tree(ours[i], theirs[static_cast<rapidjson::SizeType>(i)]))
                return false;
        return ours.is_array();
    }
    auto their_member = theirs.MemberBegin();
    for (const fhir::json::member& m : ours.members()) {
        if (m.name !=
                std::string_view(their_member->name.GetString(), their_member->name.GetStringLength()) ||
            !same_tree(m.content, their_member->value))
            return false;
        ++their_member;
    }
    return ours.is_object();
}

inline bool same_tree(const fhir::json::value& a, const fhir::json::value& b) {
    if (a.type() != b.type() || a.text() != b.text() || a.size() != b.size() || a.as_bool() != b.as_bool())
        return false;
    for (std::size_t i = 0; i < a.elements().size(); ++i)
        if (!same_tree(a.elements()[i], b.elements()[i]))
            return false;
    for (std::size_t i = 0; i < a.members().size(); ++i)
        if (a.members()[i].name != b.members()[i].name ||
            !same_tree(a.members()[i].content, b.members()[i].content))
            return false;
    return true;
}

inline void write_json(const fhir::json::value& v, std::string& out) {
    using fhir::json::kind;
    switch (v.type()) {
    case kind::missing:
        break;
    case kind::null:
        out += "null";
        break;
    case kind::boolean:
        out += v.as_bool() ? "true" : "false";
        break;
    case kind::number:
        out += v.text();
        break;
    case kind::string:
        out += fhir::json::quote(v.text());
        break;
    case kind::array: {
        char separator = '[';
        for (const auto& e : v.elements()) {
            out += separator;
            write_json(e, out);
            separator = ',';
        }
        out += v.size() == 0 ? "[]" : "]";
        break;
    }
    case kind::object: {
        char separator = '{';
        for (const auto& m : v.members()) {
            out += separator;
            out += fhir::json::quote(m.name) + ':';
            write_json(m.content, out);
            separator = ',';
        }
        out += v.size() == 0 ? "{}" : "}";
        break;
    }
    }
}

} // namespace trialgate::tests
