#include "fhir/notification.hpp"

#include "fhir/notification_status.hpp"
#include "fhir/read_types.hpp"
#include "fhir/search.hpp"

#include <algorithm>
#include <set>

namespace trialgate::fhir {

namespace {

issue unusable(json::value at, issue_type type, std::string path, std::string text, std::string_view theirs = {}) {
    issue out;
    out.severity_ = severity::fatal;
    out.type = type;
    out.path = std::move(path);
    out.text = std::move(text);
    out.theirs = theirs.substr(0, 200);
    out.offset = at.offset();
    return out;
}

/// "Observation/o1" of the path below the hook: decoded, without query and slashes around it.
std::string tail_of(std::string_view sent) {
    sent = sent.substr(0, sent.find_first_of("?#"));
    while (sent.starts_with('/'))
        sent.remove_prefix(1);
    while (sent.ends_with('/'))
        sent.remove_suffix(1);
    return percent_decode(sent);
}

std::string key_of(json::value resource) {
    const std::string_view type = resource["resourceType"].text(), id = resource["id"].text();
    return type.empty() || id.empty() ? std::string{} : std::string(type) + "/" + std::string(id);
}

std::string key_of(const bundle_entry& e) {
    if (e.deleted)
        return std::string(e.target.type) + "/" + std::string(e.target.id);
    if (e.resource && e.method != "PATCH")
        return key_of(e.resource);
    const std::string by_full_url = type_and_id(e.full_url);
    return by_full_url.empty() ? type_and_id(e.url) : by_full_url;
}

/// A PATCH carries what changed, not the resource.
bool brings_resource(const bundle_entry& e) noexcept { return e.resource && e.method != "PATCH"; }

bundle_entry deletion_of(std::string_view literal) {
    bundle_entry out;
    out.method = "DELETE";
    out.url = literal;
    out.deleted = true;
    const std::string key = type_and_id(literal);
    out.target = parse_reference(literal);
    if (out.target.id.empty()) {
        const auto at = literal.rfind(key);
        out.target = parse_reference(literal.substr(at));
    }
    return out;
}

class bundle_reader {
public:
    bundle_reader(const bundle& read, notification& out) : bundle_(read), out_(out) {}

    void read() {
        std::vector<const bundle_entry*> without;
        for (const bundle_entry& e : bundle_.entries) {
            if (brings_resource(e) && is_status(e.resource)) // there are several in the answer of a $status of the type
                continue;
            if (!e.deleted && !brings_resource(e)) {
                without.push_back(&e);
                continue;
            }
            out_.entries.push_back(e);
            brought_.insert(key_of(e));
            if (!e.full_url.empty())
                full_urls_.insert(e.full_url);
        }
        if (out_.kind == notification_kind::handshake || out_.kind == notification_kind::heartbeat || out_.kind == notification_kind::query_status)
            return;
        for (const notified_event& e : out_.events)
            out_.unnamed = !fetch_focus(e) || out_.unnamed;
        if (!out_.events.empty() && !out_.unnamed)
            return;
        for (const bundle_entry* e : without)
            fetch(key_of(*e));
    }

private:
    void fetch(std::string key) {
        if (!key.empty() && brought_.insert(key).second)
            out_.to_fetch.push_back(std::move(key));
    }

    /// athenahealth announces by AuditEvents: what changed is their entity.
    const bundle_entry* audit_of(const notified_event& event) const {
        const auto found = std::find_if(out_.entries.begin(), out_.entries.end(), [&](const bundle_entry& e) {
            if (e.resource["resourceType"].text() != "AuditEvent")
                return false;
            const std::string_view id = e.resource["id"].text();
            return !id.empty() && (id == event.id || (event.focus.type == "AuditEvent" && id == event.focus.id));
        });
        return found == out_.entries.end() ? nullptr : &*found;
    }

    /// False when the event does not tell what changed.
    bool fetch_focus(const notified_event& event) {
        if (!event.focus.id.empty() && event.focus.type != "AuditEvent") {
            fetch(std::string(event.focus.type) + "/" + std::string(event.focus.id));
            return true;
        }
        if (!event.focus.literal.empty() && full_urls_.contains(event.focus.literal) && event.focus.id.empty())
            return true;
        const bundle_entry* const audit = audit_of(event);
        if (!audit)
            return false;
        bool named = false;
        for (const json::value entity : audit->resource["entity"].elements()) {
            std::string key = type_and_id(entity["what"]["reference"].text());
            named = named || !key.empty();
            fetch(std::move(key));
        }
        return named;
    }

    const bundle& bundle_;
    notification& out_;
    std::set<std::string> brought_;
    std::set<std::string_view> full_urls_;
};

result<notification> read_bundle_body(json::value body, issue_sink& sink) {
    const bundle read = read_bundle(body, sink);
    if (!read.header.usable)
        return unusable(body, issue_type::not_supported, "Bundle", "a Bundle that must not be used");
    notification out;
    out.wants_bundle = true;
    const auto status = std::find_if(read.entries.begin(), read.entries.end(), [](const bundle_entry& e) {
        return brings_resource(e) && is_status(e.resource);
    });
    const bool topic = status != read.entries.end();
    if (topic)
        read_status(status->resource, read.type == "searchset" ? notification_kind::query_status : notification_kind::heartbeat, out, sink);
    bundle_reader(read, out).read();
    if (!topic)
        out.kind = out.entries.empty() && out.to_fetch.empty() ? notification_kind::nudge : notification_kind::content;
    else if (out.kind == notification_kind::heartbeat && !out.entries.empty())
        out.kind = notification_kind::event; // a server that names no kind, or the wrong one, and sends content
    return out;
}

result<notification> read_resource_body(json::value body, issue_sink& sink) {
    notification out;
    if (is_status(body)) {
        read_status(body, notification_kind::heartbeat, out, sink);
        const bundle none;
        bundle_reader(none, out).read();
        return out;
    }
    out.kind = notification_kind::content;
    bundle_entry only;
    only.resource = body;
    out.entries.push_back(only);
    return out;
}

/// What a request without usable body says: by the path alone.
result<notification> read_without_body(std::string_view tail) {
    notification out;
    if (std::string key = type_and_id(tail); !key.empty()) {
        out.kind = notification_kind::content;
        out.to_fetch.push_back(std::move(key));
    }
    return out;
}

result<notification> read_deletion(std::string text, json::value at) {
    if (type_and_id(text).empty())
        return unusable(at, issue_type::value, {}, "a deletion that does not tell which resource", text);
    notification out;
    out.kind = notification_kind::content;
    out.kept = std::make_shared<const std::string>(std::move(text));
    out.entries.push_back(deletion_of(*out.kept));
    return out;
}

/// Nothing when path and resource agree. A path that names no resource (a type, a conditional update) is not compared.
std::optional<issue> disagreement(std::string_view tail, json::value body) {
    const std::string wanted = type_and_id(tail);
    const std::string given = key_of(body);
    if (wanted.empty() || wanted == given)
        return std::nullopt;
    if (body["id"].text().empty())
        return unusable(body, issue_type::required, std::string("id"), "the resource that was PUT has no id", tail);
    return unusable(body, issue_type::invariant, std::string("id"), "the path names another resource than the body holds", tail);
}

} // namespace

std::string type_and_id(std::string_view reference) {
    constexpr std::string_view white = " \t\r\n";
    const auto first = reference.find_first_not_of(white);
    if (first == std::string_view::npos)
        return {};
    reference = reference.substr(first, reference.find_last_not_of(white) - first + 1);
    if (reference.starts_with('#') || reference.starts_with("urn:"))
        return {};
    const auto scheme = reference.find("://");
    const auto path = reference.find_first_of("/?#");
    if (scheme != std::string_view::npos && scheme < path)
        reference.remove_prefix(scheme + 3);
    else
        reference.remove_prefix(std::min(reference.size(), reference.find_first_not_of('/')));
    // Under a base that is no host of anybody, every relative form is an absolute one.
    const std::string literal = (scheme != std::string_view::npos && scheme < path ? "http://" : "http://_/") + std::string(reference);
    const fhir::reference read = parse_reference(literal);
    return read.id.empty() ? std::string{} : std::string(read.type) + "/" + std::string(read.id);
}

result<notification> read_notification(const notification_request& request, json::value body, issue_sink& sink) {
    std::string tail = tail_of(request.tail);
    const bool empty = !body || body.is_null() || (body.is_object() && body.size() == 0);

    if (!request.deleted_resource.empty() && !type_and_id(request.deleted_resource).empty())
        return read_deletion(std::string(request.deleted_resource), body);
    if (request.method == "DELETE")
        return read_deletion(type_and_id(tail).empty() && !empty ? key_of(body) : std::move(tail), body);
    if (request.method != "POST" && request.method != "PUT")
        return unusable(body, issue_type::not_supported, {}, "neither POST nor PUT nor DELETE", request.method);
    if (empty)
        return read_without_body(tail);
    if (!body.is_object())
        return unusable(body, issue_type::structure, {}, "not an object");
    if (body["resourceType"].text().empty())
        return unusable(body, issue_type::structure, "resourceType", "no FHIR resource: it does not say which type it is");

    // A Bundle can be what was subscribed to (a document, say); its path says so.
    const bool stored = request.method == "PUT" && !type_and_id(tail).empty();
    if (stored)
        if (auto other = disagreement(tail, body))
            return std::move(*other);
    if (body["resourceType"].text() == "Bundle" && !stored)
        return read_bundle_body(body, sink);
    return read_resource_body(body, sink);
}

} // namespace trialgate::fhir
