#include "gateway/probe/scrub.hpp"

#include "fhir/ascii.hpp"
#include "fhir/datetime.hpp"
#include "fhir/resources.hpp"
#include "fhir/search.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/net/fhir_client.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

using fhir::json::value;

template <std::size_t N>
bool in(std::string_view word, const std::string_view (&list)[N]) noexcept {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

constexpr std::string_view dropped[] = {"text",
                                        "name",
                                        "telecom",
                                        "address",
                                        "contact",
                                        "photo",
                                        "identifier",
                                        "note",
                                        "display",
                                        "div",
                                        "birthDate",
                                        "deceasedDateTime",
                                        "gender",
                                        "comment",
                                        "description",
                                        "title",
                                        "unit",
                                        "source",
                                        "valueString",
                                        "endpoint",
                                        "header",
                                        "error",
                                        "reason",
                                        "diagnostics",
                                        "details",
                                        "maritalStatus",
                                        "communication",
                                        "link_text",
                                        "multipleBirthInteger",
                                        "issuer",
                                        "data",
                                        "valueAttachment",
                                        "content"};
/// Of what the server says of itself nothing is about people; what people wrote goes all the same.
constexpr std::string_view dropped_of_server[] = {"description", "documentation", "publisher", "contact", "text",
                                                  "div",         "purpose",       "copyright", "title"};
constexpr std::string_view code_like[] = {"status",
                                          "use",
                                          "mode",
                                          "type",
                                          "method",
                                          "relation",
                                          "severity",
                                          "intent",
                                          "versioning",
                                          "kind",
                                          "fhirVersion",
                                          "code",
                                          "interaction",
                                          "comparator",
                                          "valueCode",
                                          "operator",
                                          "eventsSinceSubscriptionStart",
                                          "eventNumber"};
constexpr std::string_view plain_parameters[] = {"_count",
                                                 "_summary",
                                                 "_type",
                                                 "_elements",
                                                 "_total",
                                                 "_format",
                                                 "_outputFormat",
                                                 "_pretty",
                                                 "_bundletype",
                                                 "_sort",
                                                 "_include",
                                                 "_revinclude",
                                                 "trialgate-no-such-parameter"};
constexpr std::string_view plain_segments[] = {"_history", "_search", "metadata", ".well-known", "smart-configuration", ".", ".."};
/// What servers have besides the types that fhir/ reads.
constexpr std::string_view other_types[] = {"Flag",           "Task",           "Provenance",           "CommunicationRequest",
                                            "DetectedIssue",  "Subscription",   "SubscriptionTopic",    "SubscriptionStatus",
                                            "Basic",          "Bundle",         "Group",                "Practitioner",
                                            "PractitionerRole", "Organization", "Location",             "Device",
                                            "AuditEvent",     "Binary",         "Parameters",           "OperationOutcome",
                                            "ServiceRequest", "CarePlan",       "CapabilityStatement",  "CareTeam"};

bool code_shaped(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 40 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '.' || c == '_' || c == '$';
    });
}

bool digits(std::string_view text, std::size_t most) noexcept {
    return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

bool date_shaped(std::string_view t) noexcept {
    return t.size() >= 4 && digits(t.substr(0, 4), 4) && (t.size() == 4 || (t[4] == '-' && t.size() >= 7)) &&
           fhir::parse_date_time(t).has_value();
}

} // namespace

/// json_text, and which resource is written.
class scrub_writer {
public:
    json_text out;
    bool of_server = false; ///< CapabilityStatement and the like
};

scrubber::scrubber(std::string base, std::set<std::string, std::less<>> systems, std::string key, int shift_days, std::string run)
    : base_(std::move(base)), key_(std::move(key)), run_(std::move(run)), systems_(std::move(systems)), shift_(shift_days) {
    std::string_view path(base_);
    path.remove_prefix(std::min(path.size(), path.find('/', path.find("://") + 3)));
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto one = path.substr(0, path.find('/'));
        base_segments_.emplace(one);
        path.remove_prefix(one.size());
    }
}

std::string scrubber::id(std::string_view text) const {
    if (text.empty() || (!run_.empty() && text.find(run_) != text.npos))
        return std::string(text);
    return "x" + to_hex(hmac_sha256(key_, text)).substr(0, 12);
}

std::string scrubber::version(std::string_view text) const { return digits(text, 6) ? std::string(text) : id(text); }

std::string scrubber::time(std::string_view text) const {
    if (!date_shaped(text))
        return std::string(text);
    const auto month = text.size() >= 7 ? text.substr(5, 2) : std::string_view("06");
    const auto day = text.size() >= 10 ? text.substr(8, 2) : std::string_view("15");
    const auto number = [](std::string_view s) { return static_cast<unsigned>((s[0] - '0') * 10 + (s[1] - '0')); };
    const auto was = fhir::make_date(static_cast<int>(number(text) * 100 + number(text.substr(2))), number(month), number(day));
    if (!was)
        return std::string(text);
    const std::string is = fhir::to_string(*was + shift_);
    return is.substr(0, std::min<std::size_t>(text.size(), 10)) + std::string(text.substr(std::min<std::size_t>(text.size(), 10)));
}

bool scrubber::known(std::string_view s) const {
    return systems_.contains(s) || s.starts_with("http://terminology.hl7.org/") || s.starts_with("http://hl7.org/fhir") ||
           s.starts_with("urn:trialgate:") || s == "http://unitsofmeasure.org";
}

std::string scrubber::system(std::string_view s) const { return s.empty() || known(s) ? std::string(s) : "urn:scrubbed:" + id(s); }

std::string scrubber::token(std::string_view t) const {
    const auto bar = t.find('|');
    if (bar == t.npos)
        return code_shaped(t) && fhir::lower(t) == t && !digits(t, 99) ? std::string(t) : id(t);
    const auto s = t.substr(0, bar);
    return system(s) + '|' + (known(s) ? std::string(t.substr(bar + 1)) : id(t.substr(bar + 1)));
}

std::string scrubber::reference(std::string_view t) const {
    const auto slash = t.find('/');
    return slash == t.npos ? id(t) : url(t);
}

std::string scrubber::parameter(std::string_view full, const std::string& v) const {
    const auto name = full.substr(0, full.find(':'));
    if (in(name, plain_parameters))
        return v;
    const std::size_t prefix =
        v.size() > 2 && std::isalpha(static_cast<unsigned char>(v[0])) && std::isalpha(static_cast<unsigned char>(v[1])) ? 2 : 0;
    if (name == "_lastUpdated" || name == "_since" || name == "date")
        return v.substr(0, prefix) + time(std::string_view(v).substr(prefix));
    if (name == "code" || name == "category" || name == "status" || name == "_tag" || name == "type") {
        std::string out;
        for (std::string_view rest = v; !rest.empty();) {
            const auto one = rest.substr(0, rest.find(','));
            out += (out.empty() ? "" : ",") + token(one);
            rest.remove_prefix(std::min(rest.size(), one.size() + 1));
        }
        return out;
    }
    if (name == "identifier")
        return v.starts_with("urn:trialgate:") ? v : system(v.substr(0, v.find('|'))) + '|' + id(v);
    if (name == "patient" || name == "subject" || name == "individual" || name == "_id")
        return reference(v);
    return digits(v, 4) ? v : id(v);
}

std::string scrubber::query(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
        const auto one = text.substr(0, text.find('&'));
        const auto equals = one.find('=');
        const std::string name = fhir::percent_decode(one.substr(0, equals), true);
        out += out.empty() ? "" : "&";
        out += code_shaped(name) || name.find(':') != name.npos ? name : id(name);
        if (equals != one.npos)
            out += '=' + fhir::percent_encode(parameter(name, fhir::percent_decode(one.substr(equals + 1), true)));
        text.remove_prefix(std::min(text.size(), one.size() + 1));
    }
    return out;
}

std::string scrubber::url(std::string_view text) const {
    if (text.starts_with("urn:"))
        return "urn:uuid:" + id(text);
    if (text.starts_with('#'))
        return "#" + id(text);
    const auto mark = text.find('?');
    std::string_view path = text.substr(0, mark);
    std::string out;
    if (const auto scheme = path.find("://"); scheme != path.npos) {
        const auto end = std::min(path.size(), path.find('/', scheme + 3));
        out = path.substr(0, end);
        path.remove_prefix(end);
    }
    std::string_view before;
    while (!path.empty()) {
        if (path.front() == '/') {
            out += '/';
            path.remove_prefix(1);
            continue;
        }
        const auto one = path.substr(0, path.find('/'));
        const bool plain = fhir::is_read(one) || in(one, other_types) || in(one, plain_segments) || base_segments_.contains(one) ||
                           one.starts_with('$');
        out += plain ? std::string(one) : before == "_history" ? version(one) : id(fhir::percent_decode(one));
        before = one;
        path.remove_prefix(one.size());
    }
    if (mark != text.npos)
        out += '?' + query(text.substr(mark + 1));
    return out;
}

std::optional<std::string> scrubber::own_words(std::string_view name, std::string_view v) const {
    if (in(name, dropped_of_server))
        return std::nullopt;
    return date_shaped(v) ? time(v) : std::string(v);
}

std::optional<std::string> scrubber::text(std::string_view name, std::string_view v, value parent) const {
    if (name == "resourceType")
        return std::string(v);
    if (in(name, dropped) && !(name == "valueString" && digits(v, 12)))
        return std::nullopt;
    if (name == "id")
        return id(v);
    if (name == "versionId")
        return version(v);
    if (date_shaped(v) && name != "code")
        return time(v);
    if (name == "system")
        return system(v);
    if (name == "code" && parent["system"])
        return known(parent["system"].text()) ? std::string(v) : id(v);
    if (name == "reference" || name == "fullUrl" || name == "criteria" || name == "location" ||
        (name == "url" && (parent["relation"] || parent["method"])))
        return url(v);
    if (name == "etag" || name == "url" || name == "profile" || name == "valueCanonical" || name == "valueUri" || name == "topic")
        return name == "etag"          ? header("ETag", v)
               : v.starts_with("http") ? std::optional<std::string>(v)
                                       : std::optional<std::string>(url(v));
    if (name == "status" && digits(v.substr(0, 3), 3)) // response.status: "201 Created"
        return std::string(v.substr(0, 3));
    if (in(name, code_like) && code_shaped(v))
        return std::string(v);
    return std::nullopt;
}

void scrubber::write(scrub_writer& to, value v, std::string_view name, value parent) const {
    if (v.is_object()) {
        const bool before = to.of_server;
        if (const auto type = v["resourceType"].text(); !type.empty())
            to.of_server = type == "CapabilityStatement" || type == "SubscriptionTopic";
        to.out.begin_object();
        for (const auto& m : v.members()) {
            // An object under a name that is dropped may hold anything; in what the server says of itself names are names of parameters.
            const bool drop = to.of_server ? in(m.name, dropped_of_server)
                                           : in(m.name, dropped) && !(m.name == "valueString") &&
                                                 !(m.name == "name" && v["name"].is_string() &&
                                                   (v["valueCode"] || v["part"] || v["valueString"] || v["valueReference"]));
            if (drop)
                continue;
            if (m.content.is_string()) {
                auto kept = to.of_server       ? own_words(m.name, m.content.text())
                            : m.name == "name" ? std::optional<std::string>(m.content.text())
                                               : text(m.name, m.content.text(), v);
                if (kept)
                    to.out.key(m.name).string(*kept);
                continue;
            }
            to.out.key(code_shaped(m.name) ? std::string(m.name) : id(m.name));
            write(to, m.content, m.name, v);
        }
        to.out.end_object();
        to.of_server = before;
    } else if (v.is_array()) {
        to.out.begin_array();
        for (const auto& one : v.elements()) {
            if (!one.is_string())
                write(to, one, name, parent);
            else if (const auto kept = to.of_server ? own_words(name, one.text()) : text(name, one.text(), parent))
                to.out.string(*kept);
        }
        to.out.end_array();
    } else if (v.is_number()) {
        if (to.of_server || name == "total")
            to.out.copy(v);
        else
            to.out.number(0);
    } else {
        to.out.copy(v);
    }
}

std::string scrubber::body(std::string_view text) const {
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(text);
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos)
        return {};
    if (!tree)
        return text[first] == '<' ? "<html>scrubbed</html>" : text[first] == '{' ? "{scrubbed" : "scrubbed";
    scrub_writer to;
    // A smart-configuration is about the server. Of another document that is no resource nothing is known.
    to.of_server = !(*tree)["resourceType"] && (*tree)["token_endpoint"].is_string();
    write(to, *tree, "", {});
    return std::string(to.out.text());
}

std::optional<std::string> scrubber::header(std::string_view name, std::string_view v) const {
    const std::string n = fhir::lower(name);
    if (n == "content-type" || n == "cache-control" || n == "prefer" || n == "accept" || n == "retry-after")
        return std::string(v);
    if (n == "date" || n == "last-modified" || n == "expires") {
        const auto at = parse_http_date(v);
        return at ? std::optional(http_date(*at + static_cast<std::int64_t>(shift_) * 24 * hour_ms)) : std::nullopt;
    }
    if (n == "location" || n == "content-location")
        return url(v);
    if (n == "etag" || n == "if-match" || n == "if-none-match") {
        const auto open = v.find('"'), close = v.rfind('"');
        if (open == v.npos || close <= open)
            return version(v);
        return std::string(v.substr(0, open + 1)) + version(v.substr(open + 1, close - open - 1)) + '"';
    }
    if (n == "if-none-exist")
        return query(v);
    if (n == "www-authenticate")
        return std::string(v.substr(0, v.find(' ')));
    return std::nullopt;
}

std::string http_date(std::int64_t ms) {
    static constexpr const char* days[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const std::string at = to_text(ms); // 2026-03-15T10:00:00.000Z
    const auto date = fhir::parse_date(at.substr(0, 10)).value_or(fhir::date{});
    const auto day = fhir::civil(date);
    return std::string(days[((date.days % 7) + 7) % 7]) + ", " + at.substr(8, 2) + ' ' + months[day.month - 1] + ' ' + at.substr(0, 4) +
           ' ' + at.substr(11, 8) + " GMT";
}

} // namespace trialgate::gateway::probe
