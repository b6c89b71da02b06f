#include "fhir/notification_status.hpp"

#include "fhir/read_types.hpp"

#include <algorithm>
#include <charconv>

namespace trialgate::fhir {

namespace {

using namespace reading;

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view white = " \t\r\n";
    const auto first = text.find_first_not_of(white);
    return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(white) - first + 1);
}

/// Calls `use` with each object of a list, or with the one that stands where a list belongs.
template <class Use>
void each(json::value list, Use&& use) {
    if (list.is_object())
        return use(list);
    for (const json::value v : list.elements().first(std::min(list.size(), list_limit)))
        if (v.is_object())
            use(v);
}

/// value[x] of a parameter, whatever its type: servers disagree (valueString, valueInteger, valueUnsignedInt for one number).
json::value value_of(json::value parameter) noexcept {
    for (const json::member& m : parameter.members())
        if (m.name.starts_with("value") && present(m.content))
            return m.content;
    return {};
}

/// integer64 travels as a string, and some send a number.
std::optional<std::int64_t> number_of(scope& s, json::value v, std::string_view name) {
    if (!present(v))
        return std::nullopt;
    const std::string_view text = trimmed(v.text());
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (!text.empty() && error == std::errc{} && end == text.data() + text.size() && n >= 0)
        return n;
    s.context.report(severity::warning, issue_type::value, name, "not a whole number (integer64)", v, std::string(v.text()));
    return std::nullopt;
}

/// A Reference, or its text where a server sends a string or a URI.
reference reference_of(scope& s, json::value v, std::string_view name) {
    reference out;
    if (v.is_string()) {
        out = parse_reference(trimmed(v.text()));
    } else if (present(v)) {
        const step here(s.context, name);
        if (reference read; read_into(s, v, read))
            out = read;
    }
    if (out.id.empty() && !out.literal.empty()) {
        const std::string found = type_and_id(out.literal);
        if (const auto at = out.literal.rfind(found); !found.empty() && at != std::string_view::npos) {
            out.type = out.literal.substr(at, found.find('/'));
            out.id = out.literal.substr(at + found.find('/') + 1, found.size() - found.find('/') - 1);
        }
    }
    return out;
}

/// The first code of an error: a CodeableConcept or a Coding, or a list of them. Nothing that is no plain code: the rest may quote our URL.
std::string_view error_code(json::value v) noexcept {
    const json::value concept_ = v.is_array() ? v[std::size_t{0}] : v;
    const json::value coding_ = concept_["coding"].is_array() ? concept_["coding"][std::size_t{0}] : concept_;
    const std::string_view code = trimmed(coding_["code"].text());
    const bool plain = code.size() <= 64 && std::all_of(code.begin(), code.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                       });
    return plain ? code : std::string_view{};
}

std::optional<notification_kind> kind_of(std::string_view code) noexcept {
    constexpr std::pair<std::string_view, notification_kind> kinds[] = {
        {"handshake", notification_kind::handshake},      {"heartbeat", notification_kind::heartbeat},
        {"event-notification", notification_kind::event}, {"query-status", notification_kind::query_status},
        {"query-event", notification_kind::query_event},
    };
    for (const auto& [name, kind] : kinds)
        if (code == name)
            return kind;
    return std::nullopt;
}

notified_event read_event_part(scope& s, json::value parameter) {
    notified_event out;
    out.id = parameter["id"].text();
    each(parameter["part"], [&](json::value part) {
        const std::string_view name = trimmed(part["name"].text());
        const json::value v = value_of(part);
        if (name == "event-number")
            out.number = number_of(s, v, "event-number");
        else if (name == "focus")
            out.focus = reference_of(s, v, "focus");
        else if (name == "additional-context")
            out.context.push_back(reference_of(s, v, "additional-context"));
        else if (name == "id")
            out.id = trimmed(v.text());
    });
    return out;
}

/// Returns the code of the kind.
std::string_view read_parameters(scope& s, json::value status, notification& out) {
    std::string_view type;
    each(status["parameter"], [&](json::value parameter) {
        const std::string_view name = trimmed(parameter["name"].text());
        const json::value v = value_of(parameter);
        if (name == "subscription")
            out.subscription = reference_of(s, v, "subscription").literal;
        else if (name == "topic")
            out.topic = trimmed(v.text());
        else if (name == "status")
            out.status = trimmed(v.text());
        else if (name == "type")
            type = trimmed(v.text());
        else if (name == "events-since-subscription-start")
            out.events_since_start = number_of(s, v, "events-since-subscription-start");
        else if (name == "events-in-notification")
            out.relative_numbers = present(v);
        else if (name == "error" && out.error_text.empty())
            out.error_text = error_code(v);
        else if (name == "notification-event")
            out.events.push_back(read_event_part(s, parameter));
    });
    return type;
}

std::string_view read_subscription_status(scope& s, json::value status, notification& out) {
    out.subscription = reference_of(s, status["subscription"], "subscription").literal;
    out.topic = trimmed(status["topic"].text());
    out.status = trimmed(status["status"].text());
    out.events_since_start = number_of(s, status["eventsSinceSubscriptionStart"], "eventsSinceSubscriptionStart");
    out.relative_numbers = present(status["eventsInNotification"]);
    out.error_text = error_code(status["error"]);
    each(status["notificationEvent"], [&](json::value v) {
        notified_event event;
        event.id = trimmed(v["id"].text());
        event.number = number_of(s, v["eventNumber"], "eventNumber");
        event.focus = reference_of(s, v["focus"], "focus");
        each(v["additionalContext"], [&](json::value c) { event.context.push_back(reference_of(s, c, "additionalContext")); });
        out.events.push_back(std::move(event));
    });
    return trimmed(status["type"].text());
}

} // namespace

bool is_status(json::value v) noexcept {
    const std::string_view type = v["resourceType"].text();
    if (type != "Parameters")
        return type == "SubscriptionStatus";
    bool found = false;
    each(v["parameter"], [&](json::value parameter) {
        const std::string_view name = trimmed(parameter["name"].text());
        found = found || name == "notification-event" || name == "events-since-subscription-start" ||
                (name == "type" && kind_of(trimmed(value_of(parameter).text())));
    });
    return found;
}

void read_status(json::value status, notification_kind otherwise, notification& out, issue_sink& sink) {
    read_context context(sink);
    scope s{context, status};
    const std::string_view resource_type = status["resourceType"].text();
    const step here(context, resource_type);
    const std::string_view code = resource_type == "Parameters" ? read_parameters(s, status, out) : read_subscription_status(s, status, out);
    if (const auto kind = kind_of(code)) {
        out.kind = *kind;
    } else {
        const json::value at = status["type"] ? status["type"] : status;
        context.report(severity::warning, issue_type::code_invalid, "type", "no kind of notification", at, std::string(code));
        out.kind = out.events.empty() ? otherwise : notification_kind::event;
    }
    if (out.relative_numbers)
        out.events_since_start.reset();
}

} // namespace trialgate::fhir
