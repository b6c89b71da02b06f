// Content-Encoding gzip and deflate, taken apart with bounded memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace trialgate::gateway {

class unpacker {
public:
    /// "gzip", "x-gzip" or "deflate"; nothing for others.
    static std::unique_ptr<unpacker> of(std::string_view content_encoding);
    ~unpacker();

    enum class outcome { more_input, more_output, finished, broken };
    /// Appends at most `most` bytes to `out` and takes what it used from `in`. `more_output`: call again with the rest of `in`.
    outcome step(std::string_view& in, std::string& out, std::size_t most);
    /// True when the packed data ended where it should (also before the first byte: an empty body).
    bool complete() const noexcept;

private:
    struct state;
    explicit unpacker(std::unique_ptr<state> s);
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
