// Bundles of every type: the entries as resources or deletions.
#pragma once

#include "fhir/resources.hpp"

namespace trialgate::fhir {

struct bundle_entry {
    std::string_view full_url;
    json::value resource;          ///< missing for deletions and for id-only notifications
    std::string_view method;       ///< request.method, e.g. DELETE in a history; empty when absent
    std::string_view url;          ///< request.url
    std::string_view response_status; ///< first three digits of response.status; empty when absent
    std::string_view last_modified, etag; ///< response
    std::string_view search_mode;  ///< match | include | outcome
    /// A deletion: method DELETE, or response 204/410 without resource in a history.
    bool deleted = false;
    /// Type and id (and version) of a deletion, from request.url first, fullUrl second.
    reference target;
};

struct bundle {
    resource_header header;
    std::string_view type; ///< document message transaction transaction-response batch batch-response history searchset collection subscription-notification
    std::vector<bundle_entry> entries; ///< in document order; OperationOutcome entries of a searchset included
};

/// Reads a Bundle; reports entries that are unusable and leaves them out. Nested Bundles (an entry whose resource is a Bundle, as in
/// batch-response of searches) stay entries: the caller recurses with its own limit.
bundle read_bundle(json::value v, issue_sink& sink);

} // namespace trialgate::fhir
