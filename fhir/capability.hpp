// What a server says it can do, as far as a gateway asks. http://hl7.org/fhir/R4/capabilitystatement.html
#pragma once

#include "fhir/issue.hpp"
#include "fhir/json.hpp"

#include <map>
#include <string>
#include <vector>

namespace trialgate::fhir {

struct resource_capability {
    bool read = false, vread = false, search = false, create = false, update = false, remove = false;
    bool history_type = false, history_instance = false;
    bool update_create = false, conditional_create = false, conditional_update = false;
    std::string versioning; ///< no-version | versioned | versioned-update; may be empty
    std::vector<std::string> search_parameters;
    bool has_parameter(std::string_view name) const noexcept;
};

enum class release : std::uint8_t { unknown, r4, r4b, r5 };

struct capability {
    release version = release::unknown; ///< fhirVersion 4.0.x, 4.3.x (4.1: r4b), 5.x
    std::string fhir_version, software, software_version;
    std::map<std::string, resource_capability, std::less<>> resources;
    bool transaction = false, batch = false, history_system = false;
    bool export_operation = false;
    std::vector<std::string> topics;      ///< canonical URLs named by the Backport extension
    bool backport = false;                ///< Subscription's supportedProfile or `instantiates` names the Backport guide
    bool events_operation = false, status_operation = false; ///< Subscription $events, $status
    std::string websocket_url;            ///< R4 websocket extension
    std::string token_url;                ///< rest.security oauth-uris
    const resource_capability* of(std::string_view type) const noexcept;
};

/// Fails when `v` is no CapabilityStatement; tolerant otherwise (missing rest, several rest blocks: mode server counts).
result<capability> read_capability(json::value v);

} // namespace trialgate::fhir
