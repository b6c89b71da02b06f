#include "gateway/core/terminal.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sys/ioctl.h>
#include <unistd.h>

namespace trialgate::gateway {

std::string painter::operator()(style s, std::string_view text) const {
    static constexpr const char* codes[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[33m"};
    if (!colours_ || s == style::plain)
        return std::string(text);
    return codes[static_cast<int>(s)] + std::string(text) + "\033[0m";
}

bool is_terminal(int descriptor) noexcept { return ::isatty(descriptor) == 1; }

bool wants_colours(int descriptor) noexcept {
    const char* no = std::getenv("NO_COLOR");
    return is_terminal(descriptor) && (!no || !*no);
}

unsigned terminal_width(int descriptor) noexcept {
    winsize size{};
    if (::ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col;
    return 100;
}

std::size_t columns(std::string_view text) noexcept {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string_view text, std::size_t width) {
    std::string out(text);
    if (const std::size_t used = columns(text); used < width)
        out.append(width - used, ' ');
    return out;
}

std::string wrapped(std::string_view text, std::size_t width, std::size_t indent) {
    std::string out;
    std::size_t at = 0;
    while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, space);
        if (at > 0 && at + 1 + columns(word) > width) {
            out += '\n' + std::string(indent, ' ');
            at = 0;
        } else if (at > 0) {
            out += ' ';
            ++at;
        }
        out += word;
        at += columns(word);
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    return out;
}

std::string printable(std::string_view text) {
    std::string out;
    for (char c : text)
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out;
}

progress::progress(std::uint64_t total_bytes) : shown_(is_terminal(STDERR_FILENO) && total_bytes > (8u << 20)), total_(total_bytes) {}

progress::~progress() {
    if (shown_)
        std::fputs("\r\033[K", stderr);
}

void progress::advance(std::uint64_t bytes) {
    done_ += bytes;
    if (shown_ && (done_ - drawn_ > total_ / 200 || done_ >= total_))
        draw();
}

void progress::draw() {
    drawn_ = done_;
    const auto filled = static_cast<int>(std::min<std::uint64_t>(40, done_ * 40 / std::max<std::uint64_t>(total_, 1)));
    std::fprintf(stderr, "\r  reading [%s%s] %3d%%  %llu MB", std::string(static_cast<std::size_t>(filled), '#').c_str(),
                 std::string(static_cast<std::size_t>(40 - filled), '.').c_str(), filled * 100 / 40,
                 static_cast<unsigned long long>(done_ >> 20));
}

} // namespace trialgate::gateway
