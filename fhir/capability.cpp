#include "fhir/capability.hpp"

#include <algorithm>
#include <cctype>

namespace trialgate::fhir {

namespace {

// Guides write their canonical URLs with and without a version.
bool names(std::string_view canonical, std::string_view url) noexcept { return canonical.substr(0, canonical.find('|')) == url; }

bool any_names(json::value list, std::string_view url) noexcept {
    if (list.is_string())
        return names(list.text(), url);
    return std::any_of(list.elements().begin(), list.elements().end(), [&](json::value v) { return names(v.text(), url); });
}

bool ends_with_word(std::string_view text, std::string_view word) noexcept {
    return text.ends_with(word) && (text.size() == word.size() || !std::isalnum(static_cast<unsigned char>(text[text.size() - word.size() - 1])));
}

/// The first value of an extension with this URL, whatever type of URI it is written as.
std::string_view uri_of(json::value extension) noexcept {
    for (const char* member : {"valueCanonical", "valueUri", "valueUrl", "valueString"})
        if (extension[member].is_string())
            return extension[member].text();
    return {};
}

release release_of(std::string_view fhir_version) noexcept {
    if (fhir_version.starts_with("4.0"))
        return release::r4;
    if (fhir_version.starts_with("4.1") || fhir_version.starts_with("4.3"))
        return release::r4b;
    return fhir_version.starts_with("5.") ? release::r5 : release::unknown;
}

void read_interaction(std::string_view code, resource_capability& out) {
    const std::pair<std::string_view, bool resource_capability::*> known[] = {
        {"read", &resource_capability::read},
        {"vread", &resource_capability::vread},
        {"search-type", &resource_capability::search},
        {"create", &resource_capability::create},
        {"update", &resource_capability::update},
        {"delete", &resource_capability::remove},
        {"history-type", &resource_capability::history_type},
        {"history-instance", &resource_capability::history_instance},
    };
    for (const auto& [name, member] : known)
        if (code == name)
            out.*member = true;
}

void read_parameters(json::value list, std::vector<std::string>& out) {
    for (const json::value p : list.elements())
        if (const std::string_view name = p["name"].text(); !name.empty() && std::find(out.begin(), out.end(), name) == out.end())
            out.emplace_back(name);
}

void read_operation(json::value v, bool of_subscription, capability& out) {
    std::string_view name = v["name"].text();
    if (name.starts_with('$'))
        name.remove_prefix(1);
    // DSTU2 habit: a Reference instead of a canonical URL.
    const json::value said = v["definition"];
    std::string_view definition = said.is_object() ? said["reference"].text() : said.text();
    definition = definition.substr(0, definition.find('|'));
    out.export_operation = out.export_operation || ends_with_word(name, "export") || ends_with_word(definition, "export");
    if (!of_subscription && definition.find("ubscription") == std::string_view::npos)
        return;
    out.events_operation = out.events_operation || ends_with_word(name, "events") || ends_with_word(definition, "events");
    out.status_operation = out.status_operation || ends_with_word(name, "status") || ends_with_word(definition, "status");
}

constexpr std::string_view backport_base = "http://hl7.org/fhir/uv/subscriptions-backport/";

void read_extensions(json::value holder, capability& out) {
    for (const json::value e : holder["extension"].elements()) {
        const std::string_view url = e["url"].text(), value = uri_of(e);
        if (value.empty())
            continue;
        if (url == std::string(backport_base) + "StructureDefinition/capabilitystatement-subscriptiontopic-canonical") {
            out.backport = true;
            if (std::find(out.topics.begin(), out.topics.end(), value) == out.topics.end())
                out.topics.emplace_back(value);
        } else if (url == "http://hl7.org/fhir/StructureDefinition/capabilitystatement-websocket")
            out.websocket_url = value;
    }
}

void read_security(json::value security, capability& out) {
    for (const json::value outer : security["extension"].elements())
        if (outer["url"].text().ends_with("/oauth-uris"))
            for (const json::value inner : outer["extension"].elements())
                if (inner["url"].text() == "token")
                    out.token_url = uri_of(inner);
}

void read_resource_part(json::value v, capability& out) {
    const std::string_view type = v["type"].is_string() ? v["type"].text() : std::string_view{};
    if (type.empty())
        return;
    resource_capability& can = out.resources[std::string(type)]; // a type that is listed twice can what either says
    for (const json::value i : v["interaction"].elements())
        read_interaction(i["code"].text(), can);
    read_parameters(v["searchParam"], can.search_parameters);
    if (v["versioning"].is_string())
        can.versioning = v["versioning"].text();
    can.update_create = can.update_create || v["updateCreate"].as_bool();
    can.conditional_create = can.conditional_create || v["conditionalCreate"].as_bool();
    can.conditional_update = can.conditional_update || v["conditionalUpdate"].as_bool();
    const bool subscription = type == "Subscription";
    for (const json::value o : v["operation"].elements())
        read_operation(o, subscription, out);
    if (!subscription)
        return;
    read_extensions(v, out);
    const std::string profile = std::string(backport_base) + "StructureDefinition/backport-subscription";
    const json::value base = v["profile"].is_object() ? v["profile"]["reference"] : v["profile"];
    out.backport = out.backport || any_names(v["supportedProfile"], profile) || any_names(base, profile);
}

void read_rest(json::value rest, capability& out) {
    read_extensions(rest, out);
    read_security(rest["security"], out);
    for (const json::value r : rest["resource"].elements())
        read_resource_part(r, out);
    for (const json::value i : rest["interaction"].elements()) {
        const std::string_view code = i["code"].text();
        out.transaction = out.transaction || code == "transaction";
        out.batch = out.batch || code == "batch";
        out.history_system = out.history_system || code == "history-system";
    }
    for (const json::value o : rest["operation"].elements())
        read_operation(o, false, out);
    for (auto& [type, can] : out.resources) // rest.searchParam holds for every type
        read_parameters(rest["searchParam"], can.search_parameters);
}

} // namespace

bool resource_capability::has_parameter(std::string_view name) const noexcept {
    return std::find(search_parameters.begin(), search_parameters.end(), name) != search_parameters.end();
}

const resource_capability* capability::of(std::string_view type) const noexcept {
    const auto found = resources.find(type);
    return found == resources.end() ? nullptr : &found->second;
}

result<capability> read_capability(json::value v) {
    if (v["resourceType"].text() != "CapabilityStatement")
        return issue{
            severity::fatal, issue_type::structure, v.is_object() ? "resourceType" : "", "not a CapabilityStatement",
            std::string(v["resourceType"].text()), v.offset()
        };
    capability out;
    out.fhir_version = v["fhirVersion"].text();
    out.version = release_of(out.fhir_version);
    out.software = v["software"]["name"].text();
    out.software_version = v["software"]["version"].text();
    for (const json::value guide : v["instantiates"].elements())
        out.backport = out.backport || guide.text().starts_with(std::string(backport_base) + "CapabilityStatement/backport-subscription-server");
    // Several blocks: how the server acts as a client does not concern us. A block without a mode is taken for the server's.
    for (const json::value rest : v["rest"].elements())
        if (rest["mode"].text() != "client")
            read_rest(rest, out);
    return out;
}

} // namespace trialgate::fhir
