#include "fhir/json.hpp"

#include "fhir/utf8.hpp"

namespace trialgate::fhir::json {

std::string_view value::text() const noexcept {
    if (kind_ != kind::string && kind_ != kind::number)
        return {};
    return {text_, size_};
}

bool value::as_bool(bool otherwise) const noexcept {
    return kind_ == kind::boolean ? bool_ : otherwise;
}

value value::operator[](std::string_view name) const noexcept {
    for (const member& m : members())
        if (m.name == name)
            return m.content;
    return {};
}

value value::operator[](std::size_t index) const noexcept {
    const auto all = elements();
    return index < all.size() ? all[index] : value{};
}

std::size_t value::size() const noexcept {
    return kind_ == kind::array || kind_ == kind::object ? std::size_t{size_} : 0;
}

std::span<const value> value::elements() const noexcept {
    if (kind_ != kind::array)
        return {};
    return {elements_, size_};
}

std::span<const member> value::members() const noexcept {
    if (kind_ != kind::object)
        return {};
    return {members_, size_};
}

std::string quote(std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string out;
    out.reserve(text.size() + 2);
    out += '"';
    const char* const end = text.data() + text.size();
    for (const char* p = text.data(); p != end;) {
        const auto c = static_cast<unsigned char>(*p);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += *p++;
        } else if (c == '\n' || c == '\r' || c == '\t') {
            out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
            ++p;
        } else if (c < 0x20) {
            out += "\\u00";
            out += hex[c >> 4];
            out += hex[c & 0xF];
            ++p;
        } else if (const std::size_t length = utf8_length(p, end); length != 0) {
            out.append(p, length);
            p += length;
        } else {
            out += "\xEF\xBF\xBD";
            ++p;
        }
    }
    out += '"';
    return out;
}

} // namespace trialgate::fhir::json
