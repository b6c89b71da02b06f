// What stands on the server: laying ours over it, and telling who wrote it last.
#include "gateway/outbox/fhir_shapes.hpp"

#include "fhir/instant.hpp"
#include "fhir/resources.hpp"
#include "gateway/core/json_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace trialgate::gateway {

using fhir::json::member;
using fhir::json::value;

namespace {

constexpr std::array<std::string_view, 4> our_states{"eligible", "candidate", "potential-candidate", "ineligible"};

bool by_server(std::string_view name) noexcept { return name == "versionId" || name == "lastUpdated" || name == "source"; }

void write_meta(json_text& out, const shape& ours, value theirs) {
    out.key("meta").begin_object();
    for (const member& m : theirs.members())
        if (!by_server(m.name) && m.name != "tag")
            out.key(m.name).copy(m.content);
    out.key("tag").begin_array();
    for (const value& tag : theirs["tag"].elements())
        out.copy(tag);
    const auto add = [&](std::string_view system, std::string_view code) {
        for (const value& tag : theirs["tag"].elements())
            if (tag["system"].text() == system && tag["code"].text() == code)
                return;
        out.begin_object().key("system").string(system).key("code").string(code).end_object();
    };
    add(tag_system, generated_tag);
    for (const auto& [system, code] : ours.tags)
        add(system, code);
    out.end_array().end_object();
}

void write_extensions(json_text& out, const shape& ours, value theirs) {
    if (ours.written.empty() && theirs.size() == 0)
        return;
    bool done = ours.written.empty();
    const auto put = [&] {
        if (!std::exchange(done, true))
            out.begin_object().key("url").string(written_url).key("valueString").string(ours.written).end_object();
    };
    out.key("extension").begin_array();
    for (const value& e : theirs.elements())
        e["url"].text() == written_url ? put() : static_cast<void>(out.copy(e));
    put();
    out.end_array();
}

void write_identifiers(json_text& out, const shape& ours, value theirs) {
    out.key("identifier").begin_array();
    bool there = false;
    for (const value& i : theirs.elements()) {
        out.copy(i);
        there = there || (i["system"].text() == ours.identifier_system && i["value"].text() == ours.identifier_value);
    }
    if (!there)
        out.begin_object().key("system").string(ours.identifier_system).key("value").string(ours.identifier_value).end_object();
    out.end_array();
}

/// Not copied from theirs: what was written before, what belongs to our members ("_status"), and a narrative that no longer tells the truth.
bool replaced(const shape& ours, std::string_view name) {
    if (name.starts_with('_'))
        name.remove_prefix(1);
    if (name == "resourceType" || name == "id" || name == "meta" || name == "text" || name == "extension")
        return true;
    if (name == "identifier" && !ours.identifier_system.empty())
        return true;
    return std::any_of(ours.members.begin(), ours.members.end(), [&](const auto& m) { return m.first == name; });
}

void write_canonical(json_text& out, value v, int depth) {
    if (v.is_array()) {
        out.begin_array();
        for (const value& e : v.elements())
            write_canonical(out, e, depth + 2);
        out.end_array();
        return;
    }
    if (!v.is_object()) {
        out.copy(v);
        return;
    }
    std::vector<const member*> all;
    for (const member& m : v.members())
        all.push_back(&m);
    std::stable_sort(all.begin(), all.end(), [](const member* a, const member* b) { return a->name < b->name; });
    out.begin_object();
    for (const member* m : all) {
        if (depth == 0 && m->name == "text")
            continue;
        if (depth == 1 && by_server(m->name))
            continue;
        out.key(m->name);
        // Of the members of the resource only meta is the server's own; the others' are content.
        write_canonical(out, m->content, depth == 0 && m->name == "meta" ? 1 : 2);
    }
    out.end_object();
}

std::string_view written_in(value resource) {
    for (const value& e : resource["extension"].elements())
        if (e["url"].text() == written_url)
            return e["valueString"].text();
    return {};
}

/// "7 1773568800000 candidate"
void read_written(std::string_view text, subject_standing& out, std::string_view& status) {
    const std::size_t first = text.find(' '), second = first == std::string_view::npos ? first : text.find(' ', first + 1);
    if (second == std::string_view::npos)
        return;
    std::from_chars(text.data(), text.data() + first, out.number);
    std::from_chars(text.data() + first + 1, text.data() + second, out.occurred);
    status = text.substr(second + 1);
}

/// R4: the status. R5: the state that began last; empty when that cannot be told.
std::string state_of(value resource) {
    struct deaf final : fhir::issue_sink {
        void report(fhir::issue) override {}
    } ignored;
    const fhir::resource read = fhir::read_resource(resource, ignored);
    const auto* subject = std::get_if<fhir::research_subject>(&read);
    return subject ? std::string(subject->status) : std::string();
}

/// Day of a date or of an instant as written: of a zone nothing is known here.
std::optional<fhir::date> day_of(std::string_view text) { return fhir::parse_date(text.substr(0, 10)); }

std::optional<fhir::date> begin_of(value resource) {
    std::optional<fhir::date> out;
    for (const value& p : resource["progress"].elements())
        if (const auto day = day_of(p["startDate"].text()); day && (!out || *out <= *day))
            out = day;
    return out ? out : day_of(resource["period"]["start"].text());
}

} // namespace

std::string render(const shape& ours, value theirs, std::string_view id) {
    json_text out;
    out.begin_object().key("resourceType").string(ours.type);
    if (!id.empty())
        out.key("id").string(id);
    write_meta(out, ours, theirs["meta"]);
    write_extensions(out, ours, theirs["extension"]);
    if (!ours.identifier_system.empty())
        write_identifiers(out, ours, theirs["identifier"]);
    for (const auto& [name, json] : ours.members)
        if (!json.empty())
            out.key(name).json(json);
    for (const member& m : theirs.members())
        if (!replaced(ours, m.name))
            out.key(m.name).copy(m.content);
    out.end_object();
    return std::string(out.text());
}

bool same(const shape& ours, value theirs) {
    fhir::json::parser parser;
    const auto sent = parser.parse_copy(render(ours, theirs, theirs["id"].text()));
    return sent && canonical(*sent) == canonical(theirs);
}

std::string canonical(value resource) {
    json_text out;
    write_canonical(out, resource, 0);
    return std::string(out.text());
}

bool has_tag(value resource, std::string_view system, std::string_view code) {
    const auto all = resource["meta"]["tag"].elements();
    return std::any_of(all.begin(), all.end(), [&](const value& t) { return t["system"].text() == system && t["code"].text() == code; });
}

subject_standing read_subject(value resource) {
    subject_standing out;
    out.status = state_of(resource);
    const std::string_view sent = resource["status"].text();
    const bool retired = resource["progress"] && sent != "active" && out.status != sent; // R5: the record itself was taken back
    if (out.status.empty() || retired)
        out.status = sent;
    std::string_view written;
    read_written(written_in(resource), out, written);
    // What somebody marked on the page was written by us, too.
    const bool ours = std::find(our_states.begin(), our_states.end(), out.status) != our_states.end() || (!written.empty() && written == out.status);
    out.by_person = !ours || !has_tag(resource, tag_system, generated_tag) || has_tag(resource, tag_system, human_tag) ||
                    (!written.empty() && written != out.status);
    out.since = begin_of(resource);
    out.updated = fhir::parse_instant(resource["meta"]["lastUpdated"].text());
    for (const value& i : resource["identifier"].elements()) {
        const std::string_view text = i["value"].text();
        const std::size_t colon = text.rfind(':');
        if (i["system"].text() != subject_system && out.given_number.empty())
            out.given_number = text;
        if (i["system"].text() != subject_system || colon == std::string_view::npos)
            continue;
        out.trial = text.substr(0, colon);
        out.subject = text.substr(colon + 1);
    }
    return out;
}

bool newer_than(const subject_standing& there, const message& m) {
    // Numbers begin again when a store is lost; what happened later is newer nevertheless.
    return there.number > m.number && there.occurred >= m.occurred;
}

std::string written_mark(const message& m, std::string_view status) {
    return std::to_string(m.number) + ' ' + std::to_string(m.occurred) + ' ' + std::string(status);
}

bool alert_out_of_reach(value resource, const message& m) {
    subject_standing there;
    std::string_view written;
    read_written(written_in(resource), there, written);
    return !has_tag(resource, tag_system, generated_tag) || has_tag(resource, tag_system, human_tag) ||
           (!written.empty() && resource["status"].text() != written) || newer_than(there, m);
}

bool moved_by_person(value resource) {
    const std::string_view status = resource["status"].text(), written = written_in(resource);
    if (!has_tag(resource, tag_system, generated_tag) || has_tag(resource, tag_system, human_tag))
        return true;
    if (!written.empty())
        return status != written;
    return status != "requested" && status != "cancelled" && status != "active" && status != "inactive";
}

} // namespace trialgate::gateway
