// The files of the page, in the program.
#pragma once

#include "gateway/net/http.hpp"

#include <map>
#include <span>

namespace trialgate::gateway {

struct embedded_file {
    const char* name;
    const unsigned char* bytes;
    std::size_t size;
};
/// Of gateway/page/web and gateway/page/openapi.json; embed.cmake writes it.
std::span<const embedded_file> embedded_files() noexcept;

/// Answers with files. Compresses them once, when it is made.
class assets {
public:
    explicit assets(std::span<const embedded_file> files);
    /// 200 or 304; nothing when there is no such file.
    std::optional<http_response> answer(std::string_view name, const http_headers& asked) const;

private:
    struct kept {
        std::string_view plain;
        std::string packed; ///< gzip; empty: not worth it
        std::string etag, type;
    };
    std::map<std::string, kept, std::less<>> all_;
};

} // namespace trialgate::gateway
