#include "mappings/followup/plan_definition.hpp"
#include "mappings/followup/plan_shape.hpp"

#include <algorithm>

namespace trialgate::mappings {

namespace {

using fhir::json::quote;

std::string days(int n) { return R"({"value": )" + std::to_string(n) + R"(, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"})"; }

std::string extension(std::string_view url, std::string_view type, std::string_view value) {
    return R"({"url": )" + quote(url) + ", " + quote("value" + std::string(type)) + ": " + std::string(value) + '}';
}

bool is_index(const visit& v) {
    return v.kind == visit_kind::planned && !v.anchor.starts_with(plan_shape::relative_to_visit) && v.earliest == 0 && v.target == 0 && v.latest == 0;
}

class plan_writer {
public:
    explicit plan_writer(const trial& t) : trial_(t) {}

    std::string actions() {
        std::string out;
        for (const std::string& name : bare_anchors())
            add(out, event_action(name));
        for (const visit& v : trial_.visits)
            add(out, visit_action(v));
        return out;
    }

private:
    static void add(std::string& list, const std::string& item) { list += (list.empty() ? "\n    " : ",\n    ") + item; }

    const visit* index_of(std::string_view anchor) const {
        for (const visit& v : trial_.visits)
            if (is_index(v) && v.anchor == anchor)
                return &v;
        return nullptr;
    }

    /// Anchors on whose day there is no visit.
    std::vector<std::string> bare_anchors() const {
        std::vector<std::string> out;
        for (const visit& v : trial_.visits)
            if (v.kind != visit_kind::unscheduled && !v.anchor.starts_with(plan_shape::relative_to_visit) && !index_of(v.anchor) &&
                std::find(out.begin(), out.end(), v.anchor) == out.end())
                out.push_back(v.anchor);
        return out;
    }

    std::string action_id(std::string_view anchor) const {
        if (anchor.starts_with(plan_shape::relative_to_visit))
            return std::string(anchor.substr(plan_shape::relative_to_visit.size()));
        const visit* index = index_of(anchor);
        return index ? index->id : "anchor-" + std::string(anchor);
    }

    std::string event_action(const std::string& name) const {
        return R"({"extension": [)" + extension(plan_shape::event, "Code", quote(name)) + R"(], "id": )" + quote(action_id(name)) + R"(, "title": )" +
               quote(name) + '}';
    }

    /// How far `v` is from its anchor; nothing for the index itself.
    std::string relation(const visit& v) const {
        const bool before = v.target < 0;
        const int sign = before ? -1 : 1;
        const int low = before ? -v.latest : v.earliest, high = before ? -v.earliest : v.latest;
        return R"({"extension": [{"url": )" + quote(plan_shape::offset_range) + R"(, "valueRange": {"low": )" + days(low) + R"(, "high": )" +
               days(high) + R"(}}],
       "actionId": )" +
               quote(action_id(v.anchor)) + R"(, "relationship": )" + (before ? R"("before")" : R"("after")") + R"(, "offsetDuration": )" +
               days(sign * v.target) + '}';
    }

    std::string extensions(const visit& v) const {
        std::string out;
        const auto put = [&](const std::string& e) { out += (out.empty() ? "" : ", ") + e; };
        if (index_of(v.anchor) == &v)
            put(extension(plan_shape::anchor, "Code", quote(v.anchor)));
        if (v.kind != visit_kind::planned)
            put(extension(plan_shape::kind, "Code", v.kind == visit_kind::unscheduled ? R"("unscheduled")" : R"("early-termination")"));
        if (v.assumed)
            put(extension(plan_shape::assumed, "Boolean", "true"));
        if (const auto& w = v.while_unknown)
            put(R"({"url": )" + quote(plan_shape::otherwise) + R"(, "extension": [)" + extension("anchor", "Code", quote(w->anchor)) + ", " +
                extension("earliest", "Integer", std::to_string(w->earliest)) + ", " +
                extension("target", "Integer", std::to_string(w->target)) + ", " +
                extension("latest", "Integer", std::to_string(w->latest)) + "]}");
        return out;
    }

    std::string visit_action(const visit& v) const {
        std::string out = "{";
        if (const std::string more = extensions(v); !more.empty())
            out += R"("extension": [)" + more + "], ";
        out += R"("id": )" + quote(v.id);
        if (!v.title.empty())
            out += R"(, "title": )" + quote(v.title);
        if (v.kind != visit_kind::unscheduled && index_of(v.anchor) != &v)
            out += ",\n     \"relatedAction\": [" + relation(v) + ']';
        std::string done;
        for (const std::string& p : v.procedures)
            done += (done.empty() ? "" : ", ") + (R"({"title": )" + quote(p) + '}');
        if (!done.empty())
            out += ",\n     \"action\": [" + done + ']';
        return out + '}';
    }

    const trial& trial_;
};

} // namespace

std::string write_plan_definition(const trial& t, std::string_view url) {
    std::string out = "{\n  \"resourceType\": \"PlanDefinition\",\n  \"meta\": {\"profile\": "
                      "[\"http://hl7.org/fhir/uv/vulcan-schedule/StructureDefinition/StudyProtocolSoa\"]},\n";
    out += "  \"url\": " + quote(url.empty() ? "urn:trialgate:plan:" + t.id : std::string(url)) + ",\n";
    for (const std::string& i : t.identifiers)
        out += (&i == &t.identifiers.front() ? "  \"identifier\": [{\"value\": " : ", {\"value\": ") + quote(i) + '}' +
               (&i == &t.identifiers.back() ? "],\n" : "");
    if (!t.version.empty())
        out += "  \"version\": " + quote(t.version) + ",\n";
    out += "  \"title\": " + quote(t.title) + ",\n  \"status\": \"active\",\n";
    out += "  \"type\": {\"coding\": [{\"system\": \"http://terminology.hl7.org/CodeSystem/plan-definition-type\", "
           "\"code\": \"clinical-protocol\"}]},\n";
    return out + "  \"action\": [" + plan_writer(t).actions() + "]\n}\n";
}

} // namespace trialgate::mappings
