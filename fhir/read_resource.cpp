#include "fhir/read_types.hpp"
#include "fhir/resource_types.hpp"

#include <algorithm>
#include <array>

namespace trialgate::fhir {

namespace reading {

namespace {

bool forbidden(scope& s) {
    const json::value v = s.root;
    bool found = false;
    if (present(v["implicitRules"])) {
        s.context.report(
            severity::fatal, issue_type::not_supported, "implicitRules", "made under rules that are not known here",
            v["implicitRules"], std::string(v["implicitRules"].text())
        );
        found = true;
    }
    if (has_modifier(v)) {
        const json::value modifier = v["modifierExtension"];
        s.context.report(
            severity::fatal, issue_type::not_supported, "modifierExtension",
            "an unknown modifier extension, so the resource is not used", modifier,
            std::string(modifier[std::size_t{0}]["url"].text())
        );
        found = true;
    }
    return found;
}

} // namespace

bool read_header(scope& s, resource_header& out) {
    const json::value v = s.root;
    out.type = v["resourceType"].text();
    out.id = read_token(s, v, "id");
    out.usable = !forbidden(s);

    const json::value meta = v["meta"];
    if (!present(meta))
        return out.usable;
    const step here(s.context, "meta");
    if (!usable_object(s, meta))
        return out.usable;
    out.version_id = read_token(s, meta, "versionId");
    out.last_updated = read_token(s, meta, "lastUpdated");
    out.source = read_token(s, meta, "source");
    read_list(s, meta, "security", out.security);
    read_list(s, meta, "tag", out.tags);
    return out.usable;
}

namespace {

template <class Type>
resource read_as(scope& s) {
    resource out(std::in_place_type<Type>);
    Type& read = *std::get_if<Type>(&out);
    if (read_header(s, read.header)) {
        // QuestionnaireResponse.identifier is single in R4 and a list in R5.
        read_list(s, s.root, "identifier", read.identifiers, cardinality::one_or_many);
        read_body(s, read);
    }
    // An unusable resource keeps its header only: nothing is left in it that could be taken for a fact.
    if (!read.header.usable) {
        Type bare;
        bare.header = std::move(read.header);
        read = std::move(bare);
    }
    return out;
}

struct entry {
    std::string_view type;
    resource (*read)(scope&);
};

constexpr std::array<entry, 17> readers{{
    {"Observation", read_as<observation>},
    {"MedicationRequest", read_as<medication_request>},
    {"Condition", read_as<condition>},
    {"Encounter", read_as<encounter>},
    {"Procedure", read_as<procedure>},
    {"DiagnosticReport", read_as<diagnostic_report>},
    {"Patient", read_as<patient>},
    {"MedicationDispense", read_as<medication_dispense>},
    {"MedicationAdministration", read_as<medication_administration>},
    {"MedicationStatement", read_as<medication_statement>},
    {"Medication", read_as<medication>},
    {"Specimen", read_as<specimen>},
    {"Consent", read_as<consent>},
    {"ResearchStudy", read_as<research_study>},
    {"ResearchSubject", read_as<research_subject>},
    {"QuestionnaireResponse", read_as<questionnaire_response>},
    {"Appointment", read_as<appointment>},
}};

const entry* find_reader(std::string_view type) noexcept {
    const auto found =
        std::find_if(readers.begin(), readers.end(), [&](const entry& e) { return e.type == type; });
    return found == readers.end() ? nullptr : &*found;
}

/// Empty, with a fatal issue, when `v` is no resource.
std::string_view resource_type(read_context& context, json::value v) {
    const json::value type = v["resourceType"];
    if (type.is_string() && !type.text().empty())
        return type.text();
    if (!v.is_object())
        context.report(severity::fatal, issue_type::structure, {}, "not a resource: no JSON object", v);
    else
        context.report(
            severity::fatal, issue_type::structure, "resourceType", "not a resource: resourceType is missing or no string",
            type ? type : v
        );
    return {};
}

} // namespace

} // namespace reading

std::span<const std::string_view> readable_types() noexcept {
    static const auto names = [] {
        std::array<std::string_view, reading::readers.size()> out;
        std::transform(reading::readers.begin(), reading::readers.end(), out.begin(), [](const reading::entry& e) { return e.type; });
        return out;
    }();
    return names;
}

resource read_resource(json::value v, issue_sink& sink) {
    read_context context(sink);
    const std::string_view type = reading::resource_type(context, v);
    const reading::entry* const reader = reading::find_reader(type);
    if (!reader)
        return {};
    reading::scope s{context, v};
    const read_context::step here(context, type);
    return reader->read(s);
}

resource_header read_header(json::value v, read_context& context) {
    resource_header out;
    const std::string_view type = reading::resource_type(context, v);
    if (type.empty()) {
        out.usable = false;
        return out;
    }
    reading::scope s{context, v};
    const read_context::step here(context, type);
    reading::read_header(s, out);
    return out;
}

bool is_read(std::string_view resource_type) noexcept { return reading::find_reader(resource_type) != nullptr; }

} // namespace trialgate::fhir
