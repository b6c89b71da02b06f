// Any JSON as a Bundle: entries are at most those sent, a deletion always names a resource, and the entries can be read.
#include "fhir/bundle.hpp"

#include <cstdint>
#include <cstdlib>

using namespace trialgate::fhir;

namespace {

void require(bool fact) {
    if (!fact)
        std::abort();
}

void check(const bundle_entry& e) {
    require(e.response_status.empty() || e.response_status.size() == 3);
    if (e.deleted)
        require(!e.resource && !e.target.type.empty() && !e.target.id.empty());
    if (!e.resource)
        return;
    require(e.resource.is_object());
    issue_list issues;
    read_resource(e.resource, issues);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static json::parser parser;
    const auto root = parser.parse_copy({reinterpret_cast<const char*>(data), size});
    if (!root)
        return 0;
    issue_list issues;
    const bundle read = read_bundle(*root, issues);
    require(read.header.usable != issues.has(severity::fatal));
    require(read.header.usable || read.entries.empty());
    const std::size_t sent = (*root)["entry"].is_array() ? (*root)["entry"].size() : 1;
    require(read.entries.size() <= sent);
    for (const bundle_entry& e : read.entries)
        check(e);
    return 0;
}
