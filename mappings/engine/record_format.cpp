#include "mappings/engine/record_format.hpp"

namespace trialgate::mappings::codec_detail {

namespace {

// What a text in a shape is told as; from `first_text` on its number in the table. A number that is new is
// followed by the text, among what differs.
constexpr std::uint64_t empty_text = 0, long_text = 1, first_text = 2;

} // namespace

void writing::shape_text(const std::string& s) {
    if (s.empty())
        return shape_.number(empty_text);
    if (s.size() > text_table::longest) {
        shape_.number(long_text);
        return text(s);
    }
    const auto [n, fresh] = before.texts.number_of(s);
    shape_.number(n + first_text);
    if (fresh)
        text(s);
}

void reading::shape_text(std::string& s) {
    const std::uint64_t told = shape_.number();
    if (told == empty_text) {
        s.clear();
    } else if (told == long_text) {
        text(s);
    } else if (told - first_text < before.texts.size()) {
        s = before.texts[static_cast<std::size_t>(told - first_text)];
    } else if (told - first_text == before.texts.size()) {
        text(s);
        if (s.empty() || s.size() > text_table::longest)
            return fail();
        before.texts.add(s);
    } else {
        fail();
    }
}

} // namespace trialgate::mappings::codec_detail
