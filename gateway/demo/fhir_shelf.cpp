#include "gateway/demo/fhir_shelf.hpp"

#include "fhir/datetime.hpp"
#include "fhir/instant.hpp"
#include "fhir/search.hpp"
#include "gateway/core/json_text.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

using fhir::json::value;

void write_meta(json_text& out, value meta, const shelf_version& v) {
    out.key("meta").begin_object();
    for (const auto& m : meta.members())
        if (m.name != "versionId" && m.name != "lastUpdated")
            out.key(m.name).copy(m.content);
    out.key("versionId").string(std::to_string(v.number));
    out.key("lastUpdated").string(to_text(v.updated));
    out.end_object();
}

bool in_time(instant updated, std::string_view wanted) {
    const std::string_view prefix = wanted.substr(0, 2);
    const instant at = fhir::parse_instant(wanted.size() > 2 && (wanted[0] < '0' || wanted[0] > '9') ? wanted.substr(2) : wanted).value_or(0);
    return prefix == "gt" ? updated > at : prefix == "le" ? updated <= at : prefix == "lt" ? updated < at : updated >= at;
}

bool token_in(value v, std::string_view wanted) {
    const auto bar = wanted.find('|');
    const std::string_view system = bar == wanted.npos ? std::string_view() : wanted.substr(0, bar);
    const std::string_view code = bar == wanted.npos ? wanted : wanted.substr(bar + 1);
    const auto is = [&](value one) {
        const value word = one["code"] ? one["code"] : one["value"];
        return (system.empty() || one["system"].text() == system) && (code.empty() || word.text() == code);
    };
    if (v.is_string())
        return v.text() == code;
    if (v.is_array())
        return std::any_of(v.elements().begin(), v.elements().end(), [&](value e) { return token_in(e, wanted); });
    if (v["coding"])
        return token_in(v["coding"], wanted);
    return v.is_object() && is(v);
}

bool refers_to(value v, std::string_view wanted) {
    const std::string_view literal = v["reference"].text();
    return !literal.empty() && (literal == wanted || literal.ends_with("/" + std::string(wanted)));
}

/// Nothing: this parameter is not understood.
std::optional<bool> fits(value r, const shelf_match& m, const std::string& name, const std::string& wanted) {
    const auto any = [&](auto test) {
        for (std::string_view rest = wanted; !rest.empty();) {
            const auto comma = rest.find(',');
            if (test(rest.substr(0, comma)))
                return true;
            rest = comma == rest.npos ? std::string_view() : rest.substr(comma + 1);
        }
        return false;
    };
    if (name == "_id")
        return any([&](std::string_view w) { return m.id == w; });
    if (name == "_lastUpdated")
        return in_time(m.version->updated, wanted);
    if (name == "_tag")
        return any([&](std::string_view w) { return token_in(r["meta"]["tag"], w); });
    if (name == "identifier" || name == "code" || name == "status" || name == "category")
        return any([&](std::string_view w) { return token_in(r[name], w); });
    if (name == "url")
        return r["url"].text() == wanted || r["endpoint"].text() == wanted || r["channel"]["endpoint"].text() == wanted;
    if (name == "patient" || name == "subject" || name == "individual")
        return any([&](std::string_view w) {
            for (const char* member : {"subject", "patient", "individual"})
                if (refers_to(r[member], w))
                    return true;
            return false;
        });
    return std::nullopt;
}

} // namespace

std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> out;
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view one = query.substr(0, end);
        const auto equals = one.find('=');
        if (!one.empty())
            out.emplace_back(fhir::percent_decode(one.substr(0, equals), true),
                             equals == one.npos ? std::string() : fhir::percent_decode(one.substr(equals + 1), true));
        query = end == query.npos ? std::string_view() : query.substr(end + 1);
    }
    return out;
}

instant fhir_shelf::next_instant() { return last_ = std::max(last_ + 1, time_->now()); }

std::optional<shelf_match> fhir_shelf::put(std::string_view type, std::string_view id, std::string_view text) {
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(text);
    if (!tree || (*tree)["resourceType"].text() != type)
        return std::nullopt;
    std::string name(id);
    if (name.empty())
        name = "s" + std::to_string(++next_id_);
    auto& versions = all_[std::string(type)][name];
    shelf_version v;
    v.number = versions.empty() ? 1 : versions.back().number + 1;
    v.updated = next_instant();
    json_text out;
    out.begin_object();
    out.key("resourceType").string(type).key("id").string(name);
    write_meta(out, (*tree)["meta"], v);
    for (const auto& m : tree->members())
        if (m.name != "resourceType" && m.name != "id" && m.name != "meta")
            out.key(m.name).copy(m.content);
    out.end_object();
    v.text = std::string(out.text());
    versions.push_back(std::move(v));
    return shelf_match{std::string(type), name, &versions.back()};
}

bool fhir_shelf::remove(const std::string& type, const std::string& id) {
    const shelf_version* const last = latest(type, id);
    if (!last || last->text.empty())
        return false;
    all_[type][id].push_back({last->number + 1, next_instant(), {}});
    return true;
}

const shelf_version* fhir_shelf::latest(const std::string& type, const std::string& id) const {
    const auto of_type = all_.find(type);
    if (of_type == all_.end())
        return nullptr;
    const auto found = of_type->second.find(id);
    return found == of_type->second.end() ? nullptr : &found->second.back();
}

std::vector<shelf_match> fhir_shelf::search(const std::string& type, std::string_view query, std::vector<std::string>& ignored) const {
    std::vector<shelf_match> out;
    const auto of_type = all_.find(type);
    if (of_type == all_.end())
        return out;
    const auto parameters = query_parameters(query);
    fhir::json::parser parser;
    for (const auto& [id, versions] : of_type->second) {
        const shelf_match m{type, id, &versions.back()};
        if (m.version->text.empty())
            continue;
        const auto tree = parser.parse_copy(m.version->text);
        bool all = static_cast<bool>(tree);
        for (const auto& [name, wanted] : parameters) {
            const auto fit = all ? fits(*tree, m, name, wanted) : std::optional<bool>(false);
            if (!fit && name[0] != '_' && std::find(ignored.begin(), ignored.end(), name) == ignored.end())
                ignored.push_back(name);
            all &= fit.value_or(true);
        }
        if (all)
            out.push_back(m);
    }
    std::sort(out.begin(), out.end(), [](const shelf_match& a, const shelf_match& b) { return a.version->updated < b.version->updated; });
    return out;
}

std::vector<shelf_match> fhir_shelf::history(const std::string& type, instant since) const {
    std::vector<shelf_match> out;
    if (const auto of_type = all_.find(type); of_type != all_.end())
        for (const auto& [id, versions] : of_type->second)
            for (const shelf_version& v : versions)
                if (v.updated >= since)
                    out.push_back({type, id, &v});
    std::sort(out.begin(), out.end(), [](const shelf_match& a, const shelf_match& b) { return a.version->updated > b.version->updated; });
    return out;
}

std::vector<std::string> fhir_shelf::types() const {
    std::vector<std::string> out;
    for (const auto& [type, all] : all_)
        out.push_back(type);
    return out;
}

} // namespace trialgate::gateway
