#include "gateway/store/fold.hpp"

#include <algorithm>
#include <cwctype>
#include <locale.h>

namespace trialgate::gateway {

namespace {

static_assert(sizeof(wchar_t) == 4, "a wide character is a code point");

locale_t unicode() noexcept {
    static const locale_t out = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr); // for the life of the process
    return out;
}

/// The character that begins here and how many bytes it has; 0 when there is none.
std::size_t read_character(std::string_view text, char32_t& out) noexcept {
    const auto c = static_cast<unsigned char>(text.front());
    const std::size_t length = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    if (length == 0 || length > text.size())
        return 0;
    out = c & (0xFFU >> (length + 1));
    for (std::size_t n = 1; n < length; ++n) {
        const auto next = static_cast<unsigned char>(text[n]);
        if ((next & 0xC0U) != 0x80U)
            return 0;
        out = out << 6 | (next & 0x3FU);
    }
    return length;
}

void write_character(std::string& to, char32_t c) {
    if (c < 0x80) {
        to += static_cast<char>(c);
        return;
    }
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr unsigned char leads[] = {0, 0xC0, 0xE0, 0xF0};
    to += static_cast<char>(leads[more] | (c >> (6 * more)));
    for (int n = more - 1; n >= 0; --n)
        to += static_cast<char>(0x80U | ((c >> (6 * n)) & 0x3FU));
}

} // namespace

std::string fold_case(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const char first = text.front();
        char32_t c = 0;
        const std::size_t length = static_cast<unsigned char>(first) < 0x80 || !unicode() ? 0 : read_character(text, c);
        if (length == 0)
            out += first >= 'A' && first <= 'Z' ? static_cast<char>(first - 'A' + 'a') : first;
        else // through upper case: some letters have several lower ones
            write_character(out, static_cast<char32_t>(towlower_l(towupper_l(static_cast<wint_t>(c), unicode()), unicode())));
        text.remove_prefix(std::max<std::size_t>(1, length));
    }
    return out;
}

} // namespace trialgate::gateway
