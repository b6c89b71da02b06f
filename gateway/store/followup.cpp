#include "gateway/store/followup.hpp"

#include "fhir/json.hpp"
#include "gateway/core/json_text.hpp"

#include <charconv>

namespace trialgate::gateway {

std::string encode_anchors(const std::map<std::string, mappings::anchor_point>& anchors) {
    json_text out;
    out.begin_object();
    for (const auto& [name, point] : anchors) {
        out.key(name).begin_object().key("on").string(to_string(point.on));
        if (point.at)
            out.key("at").number(*point.at);
        if (!point.from.empty())
            out.key("from").string(point.from);
        out.end_object();
    }
    out.end_object();
    return std::string(out.text());
}

std::map<std::string, mappings::anchor_point> decode_anchors(std::string_view text) {
    std::map<std::string, mappings::anchor_point> out;
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(text.empty() ? std::string_view("{}") : text);
    if (!tree)
        return out;
    for (const fhir::json::member& m : tree->members()) {
        const auto on = fhir::parse_date(m.content["on"].text());
        if (!on)
            continue;
        mappings::anchor_point point{*on};
        const std::string_view digits = m.content["at"].text();
        std::int64_t at = 0;
        if (!digits.empty() && std::from_chars(digits.data(), digits.data() + digits.size(), at).ec == std::errc{})
            point.at = at;
        point.from = m.content["from"].text();
        out.emplace(m.name, std::move(point));
    }
    return out;
}

mappings::participant participant_of(const participant_row& row) {
    mappings::participant out;
    out.number = row.number;
    out.trial = row.trial;
    out.protocol_version = row.protocol_version;
    out.state = mappings::participation_state_of(row.state).value_or(mappings::participation_state::withdrawn);
    out.since = row.since;
    out.anchors = decode_anchors(row.anchors);
    return out;
}

} // namespace trialgate::gateway
