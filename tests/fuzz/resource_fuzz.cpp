// Any JSON: reading it ends, is repeatable, keeps nothing of a forbidden resource, and every issue is complete.
#include "fhir/resources.hpp"

#include <cstdint>
#include <cstdlib>

using namespace trialgate::fhir;

namespace {

void require(bool fact) {
    if (!fact)
        std::abort();
}

void check(const resource& read, const issue_list& issues, std::size_t size) {
    const bool fatal = issues.has(severity::fatal);
    std::visit(
        [&](const auto& r) {
            if constexpr (requires { r.header; }) {
                require(r.header.usable != fatal);
                require(is_read(r.header.type));
                require(r.header.usable || r.identifiers.empty());
            }
        },
        read
    );
    for (const issue& i : issues.issues)
        require(!i.text.empty() && i.offset <= size && i.theirs.size() <= 200);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static json::parser parser({.depth = 200});
    const auto root = parser.parse_copy({reinterpret_cast<const char*>(data), size});
    if (!root)
        return 0;
    issue_list first, second, header_only;
    const resource read = read_resource(*root, first);
    check(read, first, size);
    require(read_resource(*root, second).index() == read.index());
    require(first.issues.size() == second.issues.size());
    read_context context(header_only);
    require(read_header(*root, context).usable != header_only.has(severity::fatal));
    return 0;
}
