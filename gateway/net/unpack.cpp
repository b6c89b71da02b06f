#include "gateway/net/unpack.hpp"

#include "fhir/ascii.hpp"

#include <zlib.h>

#include <algorithm>
#include <stdexcept>

namespace trialgate::gateway {

namespace {
constexpr int gzip_or_zlib = 15 + 32, raw_deflate = -15;
}

struct unpacker::state {
    z_stream z{};
    bool gzip = false, begun = false, member_open = false;
    explicit state(bool is_gzip) : gzip(is_gzip) {
        if (inflateInit2(&z, gzip_or_zlib) != Z_OK)
            throw std::runtime_error("zlib cannot be set up");
    }
    state(const state&) = delete;
    ~state() { inflateEnd(&z); }
};

unpacker::unpacker(std::unique_ptr<state> s) : state_(std::move(s)) {}
unpacker::~unpacker() = default;

std::unique_ptr<unpacker> unpacker::of(std::string_view content_encoding) {
    const std::string name = fhir::lower(content_encoding);
    if (name != "gzip" && name != "x-gzip" && name != "deflate")
        return nullptr;
    return std::unique_ptr<unpacker>(new unpacker(std::make_unique<state>(name != "deflate")));
}

unpacker::outcome unpacker::step(std::string_view& in, std::string& out, std::size_t most) {
    state& s = *state_;
    if (in.empty() && !s.begun)
        return outcome::more_input;
    if (!s.begun) {
        s.begun = s.member_open = true;
        // "deflate" is zlib's format (RFC 9110, section 8.4.1.2), but some servers send it without zlib's header, whose low nibble is 8.
        if (!s.gzip && (static_cast<unsigned char>(in.front()) & 0x0f) != 8)
            inflateReset2(&s.z, raw_deflate);
    }
    if (!s.member_open) {
        if (in.empty() || !s.gzip)
            return in.empty() ? outcome::finished : outcome::broken;
        inflateReset(&s.z); // gzip: members one after the other are one text (RFC 1952, section 2.2)
        s.member_open = true;
    }
    const std::size_t before = out.size();
    out.resize(before + most);
    s.z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    s.z.avail_in = static_cast<uInt>(in.size());
    s.z.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    s.z.avail_out = static_cast<uInt>(most);
    const int result = inflate(&s.z, Z_NO_FLUSH);
    in.remove_prefix(in.size() - s.z.avail_in);
    out.resize(out.size() - s.z.avail_out);
    if (result == Z_STREAM_END) {
        s.member_open = false;
        return in.empty() ? outcome::finished : outcome::more_output;
    }
    if (result != Z_OK && result != Z_BUF_ERROR)
        return outcome::broken;
    return s.z.avail_out == 0 ? outcome::more_output : outcome::more_input;
}

bool unpacker::complete() const noexcept {
    return !state_->begun || !state_->member_open;
}

} // namespace trialgate::gateway
