// Pieces of resources as JSON; internal to the shapes.
#pragma once

#include "gateway/core/json_text.hpp"
#include "gateway/outbox/fhir_shapes.hpp"

namespace trialgate::gateway {

template <class Write>
std::string json_of(Write write) {
    json_text out;
    write(out);
    return std::string(out.text());
}
inline std::string text_json(std::string_view text) {
    return json_of([&](json_text& out) { out.string(text); });
}
inline std::string object_json(std::initializer_list<std::pair<std::string_view, std::string_view>> members) {
    return json_of([&](json_text& out) {
        out.begin_object();
        for (const auto& [name, text] : members)
            out.key(name).string(text);
        out.end_object();
    });
}
inline std::string concept_json(std::string_view system, std::string_view code, std::string_view text = {}) {
    return json_of([&](json_text& out) {
        out.begin_object().key("coding").begin_array().begin_object();
        out.key("system").string(system).key("code").string(code).end_object().end_array();
        if (!text.empty())
            out.key("text").string(text);
        out.end_object();
    });
}
inline std::string logical_json(std::string_view system, std::string_view identifier, std::string_view type,
                                std::string_view display = {}) {
    return json_of([&](json_text& out) {
        out.begin_object();
        if (!type.empty())
            out.key("type").string(type);
        out.key("identifier").begin_object().key("system").string(system).key("value").string(identifier).end_object();
        if (!display.empty())
            out.key("display").string(display);
        out.end_object();
    });
}

inline std::string person_json(const shape_rules& rules, const message& m) {
    if (!rules.references)
        return logical_json(pseudonym_system, m.subject, "Patient");
    return object_json({{"reference", m.patient_url.empty() ? m.patient : m.patient_url}});
}

/// A member that would be an empty list is absent.
inline std::string unless_empty(std::string json) { return json == "[]" ? std::string() : json; }

} // namespace trialgate::gateway
