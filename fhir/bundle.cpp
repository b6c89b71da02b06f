#include "fhir/bundle.hpp"

#include "fhir/read_types.hpp"

#include <algorithm>

namespace trialgate::fhir {

namespace {

using namespace reading;

// Far above what a parser with its default limits yields in practice; an entry is small here.
constexpr std::size_t most_entries = 2'000'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// "200" of "200", "200 OK" and "200 ok"; the number 200 is tolerated.
std::string_view read_status(scope& s, json::value response) {
    const json::value v = response["status"];
    if (!present(v))
        return {};
    const std::string_view text = v.text();
    if (text.size() >= 3 && std::all_of(text.begin(), text.begin() + 3, is_digit) &&
        (text.size() == 3 || !is_digit(text[3])))
        return text.substr(0, 3);
    s.context.report(
        severity::warning, issue_type::value, "status", "does not start with an HTTP status", v, std::string(text)
    );
    return {};
}

/// The object `name` of an entry, or missing. False: it must not be read.
bool read_part(scope& s, json::value entry, std::string_view name, json::value& out) {
    if (!present(entry[name]))
        return true;
    const step here(s.context, name);
    out = entry[name];
    return usable_object(s, out);
}

reference deleted_by_url(std::string_view url) noexcept {
    // "Observation?identifier=x" deletes by search and names no resource; "Observation/o1?_cascade=delete" does.
    url = url.substr(0, url.find('?'));
    if (url.starts_with('/'))
        url.remove_prefix(1);
    return parse_reference(url);
}

/// The version of W/"3", "3" and W/3.
std::string_view version_of(std::string_view etag) noexcept {
    if (etag.starts_with("W/"))
        etag.remove_prefix(2);
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
        etag = etag.substr(1, etag.size() - 2);
    return etag.find_first_of("\"/ ") == std::string_view::npos ? etag : std::string_view{};
}

bool is_deletion(const bundle_entry& e, std::string_view bundle_type) noexcept {
    if (e.method == "DELETE")
        return true;
    if (present(e.resource) || (bundle_type != "history" && bundle_type != "subscription-notification"))
        return false;
    // 204 also answers an update that returns nothing.
    return e.response_status == "410" || (e.response_status == "204" && e.method.empty());
}

/// False, with an issue, when it cannot be told what was deleted.
bool read_deletion(scope& s, json::value v, bundle_entry& e) {
    e.deleted = true;
    e.target = deleted_by_url(e.url);
    if (e.target.id.empty())
        e.target = parse_reference(e.full_url);
    if (e.target.id.empty() && e.resource["id"].is_string()) {
        e.target = {};
        e.target.type = e.resource["resourceType"].text();
        e.target.id = e.resource["id"].text();
    }
    if (e.target.version.empty())
        e.target.version = version_of(e.etag);
    e.resource = {};
    if (!e.target.type.empty() && !e.target.id.empty())
        return true;
    s.context.report(
        severity::error, issue_type::value, {}, "a deletion that does not tell which resource", v,
        std::string(e.url.empty() ? e.full_url : e.url)
    );
    return false;
}

bool read_entry(scope& s, json::value v, std::string_view bundle_type, bundle_entry& out) {
    if (!usable_object(s, v))
        return false;
    out.full_url = read_token(s, v, "fullUrl");

    json::value request, response, search;
    // A modifier inside `search` cannot change what the resource says.
    if (!read_part(s, v, "request", request) || !read_part(s, v, "response", response))
        return false;
    out.method = read_token(s, request, "method");
    out.url = read_token(s, request, "url");
    {
        const step here(s.context, "response");
        out.response_status = read_status(s, response);
        out.last_modified = read_token(s, response, "lastModified");
        out.etag = read_token(s, response, "etag");
    }
    if (read_part(s, v, "search", search))
        out.search_mode = read_token(s, search, "mode");

    const json::value content = v["resource"];
    if (present(content) && !content.is_object()) {
        s.context.report(severity::error, issue_type::structure, "resource", "not an object", content);
        return false;
    }
    if (present(content))
        out.resource = content;
    if (is_deletion(out, bundle_type))
        return read_deletion(s, v, out);
    if (out.resource || request || response || !out.full_url.empty())
        return true;
    s.context.report(
        severity::error, issue_type::invariant, {}, "an entry without resource, request, response and fullUrl", v
    );
    return false;
}

} // namespace

bundle read_bundle(json::value v, issue_sink& sink) {
    bundle out;
    read_context context(sink);
    scope s{context, v};
    if (v["resourceType"].text() != "Bundle") {
        context.report(
            severity::fatal, issue_type::structure, v.is_object() ? "resourceType" : "", "not a Bundle",
            v["resourceType"] ? v["resourceType"] : v
        );
        out.header.usable = false;
        return out;
    }
    const step here(context, "Bundle");
    if (!read_header(s, out.header))
        return out;
    require(s, v, "type");
    out.type = read_token(s, v, "type");
    if (v["entry"].is_array())
        out.entries.reserve(std::min(v["entry"].size(), most_entries));
    for_each(
        s, v, "entry",
        [&](json::value element) {
            if (bundle_entry read; read_entry(s, element, out.type, read))
                out.entries.push_back(read);
        },
        cardinality::many, most_entries
    );
    return out;
}

} // namespace trialgate::fhir
