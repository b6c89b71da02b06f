// What a terminal can do, and what a pipe must not get.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trialgate::gateway {

enum class style : std::uint8_t { plain, bold, dim, good, bad, open };

/// Colours only on a terminal, and never with NO_COLOR set (https://no-color.org).
class painter {
public:
    explicit painter(bool colours) noexcept : colours_(colours) {}
    std::string operator()(style s, std::string_view text) const;

private:
    bool colours_;
};

bool is_terminal(int descriptor) noexcept;
bool wants_colours(int descriptor) noexcept;
/// Columns of the terminal, 100 where there is none.
unsigned terminal_width(int descriptor) noexcept;
/// Columns that a UTF-8 text takes, one a code point.
std::size_t columns(std::string_view text) noexcept;
/// Padded with spaces on the right.
std::string padded(std::string_view text, std::size_t width);
/// Breaks text into lines of at most `width` columns at spaces; later lines begin with `indent` spaces.
std::string wrapped(std::string_view text, std::size_t width, std::size_t indent);
/// Control characters taken out: what a hospital's text says must not steer the terminal.
std::string printable(std::string_view text);

/// A progress bar on standard error when that is a terminal; otherwise nothing at all.
class progress {
public:
    explicit progress(std::uint64_t total_bytes);
    ~progress();
    void advance(std::uint64_t bytes);

private:
    void draw();
    bool shown_;
    std::uint64_t total_, done_ = 0, drawn_ = 0;
};

} // namespace trialgate::gateway
