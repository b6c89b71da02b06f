#include "gateway/page/assets.hpp"

#include "gateway/core/crypto.hpp"

#include <utility>
#include <zlib.h>

namespace trialgate::gateway {

namespace {

std::string_view type_of(std::string_view name) noexcept {
    static constexpr std::pair<std::string_view, std::string_view> known[] = {
        {".html", "text/html; charset=utf-8"},  {".js", "text/javascript; charset=utf-8"}, {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},    {".json", "application/json"},             {".svg", "image/svg+xml"},
        {".png", "image/png"},                  {".ico", "image/x-icon"},                  {".woff2", "font/woff2"},
        {".webmanifest", "application/manifest+json"}, {".txt", "text/plain; charset=utf-8"}};
    for (const auto& [end, type] : known)
        if (name.ends_with(end))
            return type;
    return "application/octet-stream";
}

/// Empty when it saves nothing.
std::string packed(std::string_view plain) {
    z_stream z{};
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) // + 16: gzip
        return {};
    std::string out(deflateBound(&z, static_cast<uLong>(plain.size())), '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    z.avail_in = static_cast<uInt>(plain.size());
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    const int ended = deflate(&z, Z_FINISH);
    out.resize(z.total_out);
    deflateEnd(&z);
    return ended == Z_STREAM_END && out.size() + 64 < plain.size() ? out : std::string();
}

/// An ETag in If-None-Match; "*" and weak comparison (RFC 9110, section 13.1.2).
bool has_etag(std::string_view list, std::string_view etag) noexcept { return list == "*" || list.find(etag) != list.npos; }

/// "gzip;q=0" is no welcome, but nobody writes it.
bool takes_gzip(std::string_view accepted) noexcept { return accepted.find("gzip") != accepted.npos && accepted.find("gzip;q=0") == accepted.npos; }

} // namespace

assets::assets(std::span<const embedded_file> files) {
    for (const embedded_file& f : files) {
        kept k;
        k.plain = {reinterpret_cast<const char*>(f.bytes), f.size};
        k.type = type_of(f.name);
        k.etag = '"' + to_hex(sha256(k.plain)).substr(0, 16) + '"';
        k.packed = packed(k.plain);
        all_.emplace(f.name, std::move(k));
    }
}

std::optional<http_response> assets::answer(std::string_view name, const http_headers& asked) const {
    const auto at = all_.find(name);
    if (at == all_.end())
        return std::nullopt;
    const kept& k = at->second;
    http_response out;
    out.headers = {{"ETag", k.etag}, {"Cache-Control", "no-cache"}, {"Vary", "Accept-Encoding"}};
    if (has_etag(asked["If-None-Match"], k.etag)) {
        out.status = 304;
        return out;
    }
    out.headers.add("Content-Type", k.type);
    const bool gzip = !k.packed.empty() && takes_gzip(asked["Accept-Encoding"]);
    if (gzip)
        out.headers.add("Content-Encoding", "gzip");
    out.body = gzip ? k.packed : std::string(k.plain);
    return out;
}

} // namespace trialgate::gateway
